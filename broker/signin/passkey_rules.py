"""What a passkey is worth at the door. Pure."""

import unicodedata
from datetime import datetime
from typing import Final

from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User
from broker.model.text import clean_text
from broker.signin.rules import refuse_attempt

MAX_NAME: Final = 40
_UNNAMED: Final = "パスキー"


def refuse_signin(pending: PendingSignin, user: User | None, *, now: datetime, max_codes: int) -> SigninRefusal | None:
    """Why no key completes this sign-in."""
    if cause := refuse_attempt(pending, user, now=now, max_codes=max_codes):
        return cause
    # A factor was shown already: this token opens the change of a password and nothing else.
    return SigninRefusal.NOT_ENROLLED if pending.must_enrol or pending.factor is not None else None


def refuse_first_key(
    pending: PendingSignin, user: User | None, *, now: datetime, max_codes: int, may_enrol_here: bool
) -> SigninRefusal | None:
    """Why this sign-in may not enrol a first key: the rule is that of the authenticator app."""
    if cause := refuse_attempt(pending, user, now=now, max_codes=max_codes):
        return cause
    return None if pending.must_enrol and may_enrol_here else SigninRefusal.ENROLMENT_NOT_ALLOWED_HERE


def name_key(typed: str) -> str:
    """The name of a key as it is kept: what the person typed, bounded and without what can't be seen."""
    return clean_text(unicodedata.normalize("NFC", typed), MAX_NAME).strip() or _UNNAMED
