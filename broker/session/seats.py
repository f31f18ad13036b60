"""Where a session's desktop connection is held, as the books keep it: sealed, since its id opens the desktop."""

import msgspec

from broker.errors import SealBroken
from broker.model.ids import AttachmentId, TenantId
from broker.model.records import Attachment
from broker.secret import Sealed, SealingKey, Secret
from broker.wire.messages import GuacdSeat


def seat_purpose(tenant_id: TenantId, attachment_id: AttachmentId) -> str:
    return f"guacd-seat:{tenant_id}:{attachment_id}"


def seal_seat(sealing: SealingKey, attachment: Attachment, seat: GuacdSeat) -> Sealed:
    plain = Secret(msgspec.json.encode(seat).decode("utf-8"))
    return sealing.seal(seat_purpose(attachment.tenant_id, attachment.id), plain)


def open_seat(sealing: SealingKey, attachment: Attachment) -> GuacdSeat | None:
    """``None`` where there is none, or none that opens: then a new connection begins."""
    if attachment.seat is None:
        return None
    try:
        plain = sealing.open(seat_purpose(attachment.tenant_id, attachment.id), attachment.seat)
        return msgspec.json.decode(plain.reveal(), type=GuacdSeat)
    except (SealBroken, msgspec.MsgspecError):
        return None
