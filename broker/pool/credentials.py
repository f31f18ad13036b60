"""The account inside a desktop, sealed as JSON under the desktop's own purpose."""

from collections.abc import Mapping

import msgspec

from broker.errors import SealBroken
from broker.model.ids import DesktopId, TenantId
from broker.model.records import Desktop
from broker.secret import Sealed, SealingKey, Secret


def credential_purpose(tenant_id: TenantId, desktop_id: DesktopId) -> str:
    """Under which purpose an account is sealed."""
    return f"desktop:{tenant_id}:{desktop_id}"


def seal_credential(
    sealing: SealingKey, tenant_id: TenantId, desktop_id: DesktopId, credential: Mapping[str, Secret]
) -> Sealed:
    """``credential`` holds ``username`` and ``password``, as far as there are any."""
    text = msgspec.json.encode({name: secret.reveal() for name, secret in credential.items()}).decode()
    return sealing.seal(credential_purpose(tenant_id, desktop_id), Secret(text))


def open_credential(sealing: SealingKey, desktop: Desktop) -> dict[str, Secret]:
    """Empty for a desktop without an account. Raises :class:`SealBroken`."""
    if desktop.credential is None:
        return {}
    opened = sealing.open(credential_purpose(desktop.tenant_id, desktop.id), desktop.credential)
    try:
        plain = msgspec.json.decode(opened.reveal(), type=dict[str, str])
    except msgspec.DecodeError:
        raise SealBroken("a sealed desktop credential does not hold what it should") from None
    return {name: Secret(text) for name, text in plain.items()}
