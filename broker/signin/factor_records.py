"""What a person sees of their own factors, and what comes of a change."""

from datetime import datetime
from enum import StrEnum

import msgspec

from broker.model.passkeys import Passkey


class FactorRefusal(StrEnum):
    """Why a factor was not changed. Pages translate it."""

    STEP_UP_NEEDED = "step_up_needed"
    LAST_FACTOR = "last_factor"
    NO_SUCH_PASSKEY = "no_such_passkey"
    NO_PASSKEYS_HERE = "no_passkeys_here"
    NO_APP = "no_app"
    PASSKEY_REFUSED = "passkey_refused"
    ALREADY_THERE = "already_there"
    TOO_MANY = "too_many"
    NOT_HERE = "not_here"
    WRONG_CODE = "wrong_code"


class FactorDenied(msgspec.Struct, frozen=True):
    code: FactorRefusal


class FactorChanged(msgspec.Struct, frozen=True):
    """Done, audited, and told on the portal."""


class CodesGiven(msgspec.Struct, frozen=True):
    """New recovery codes, given out once."""

    codes: tuple[str, ...]


class OwnFactors(msgspec.Struct, frozen=True, kw_only=True):
    """``needs_passkey``: a role of the person counts only with one, and this session has shown none."""

    app_since: datetime | None
    passkeys: tuple[Passkey, ...]
    recovery_codes_left: int
    is_fresh: bool
    needs_passkey: bool

    @property
    def factors(self) -> int:
        """How many there are, recovery codes apart."""
        return len(self.passkeys) + (self.app_since is not None)


FactorOutcome = FactorChanged | FactorDenied
