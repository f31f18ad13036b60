"""The keys that gateways and agents prove themselves by: one per kind, as bearer tokens (RFC 6750)."""

import hmac
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.secret import Secret
from broker.settings import SiteSettings, read_secret_file

MIN_KEY_CHARACTERS: Final = 32
_SCHEME: Final = "Bearer "


class WireKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Raises :class:`ConfigurationError` for a short key, and for one key given to both kinds."""

    gateway: Secret
    agent: Secret

    def __post_init__(self) -> None:
        for kind, key in (("gateway", self.gateway), ("agent", self.agent)):
            if len(key.reveal()) < MIN_KEY_CHARACTERS:
                raise ConfigurationError(f"the {kind} key has fewer than {MIN_KEY_CHARACTERS} characters")
        if self.gateway == self.agent:
            raise ConfigurationError("gateways and agents must not have the same key")


def load_keys(settings: SiteSettings) -> WireKeys:
    """Read both key files. Raises :class:`ConfigurationError`."""
    wire = settings.wire
    return WireKeys(
        gateway=read_secret_file(settings.path(wire.gateway_key_file)),
        agent=read_secret_file(settings.path(wire.agent_key_file)),
    )


def is_bearer_of(key: Secret, authorization: str | None) -> bool:
    """Whether an ``Authorization`` header carries this key; compared in constant time."""
    if authorization is None or not authorization.startswith(_SCHEME):
        return False
    shown = authorization.removeprefix(_SCHEME).encode("utf-8", "surrogateescape")
    return hmac.compare_digest(shown, key.reveal().encode())
