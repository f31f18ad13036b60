"""Under which purpose a stored value was sealed. Pure."""

from broker.device.authority import authority_purpose
from broker.model.ids import AttachmentId, DesktopId, UserId
from broker.model.sealing import SealedKind, SealedRow
from broker.pool.credentials import credential_purpose
from broker.session.seats import seat_purpose
from broker.signin.enrolment import enrolment_purpose
from broker.signin.proving import totp_purpose


def purpose_of(row: SealedRow) -> str:
    """The same purpose as where the value is used, or it would not open there any more."""
    match row.kind:
        case SealedKind.TOTP:
            return totp_purpose(row.tenant_id, UserId(row.subject))
        case SealedKind.ENROLMENT:
            return enrolment_purpose(row.tenant_id, row.subject)
        case SealedKind.DESKTOP:
            return credential_purpose(row.tenant_id, DesktopId(row.subject))
        case SealedKind.DEVICE_AUTHORITY:
            return authority_purpose(row.tenant_id)
        case SealedKind.SEAT:
            return seat_purpose(row.tenant_id, AttachmentId(row.subject))
