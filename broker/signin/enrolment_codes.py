"""One-time codes of the IT desk (登録用コード): with one, a first factor is enrolled from outside of the office.

A code has 60 random bits, written like a recovery code (``XXXX-XXXX-XXXX``). It ends after a day or with its first use,
and each wrong one counts as a wrong code does: five to a sign-in, then waits that grow.
"""

import hashlib
import hmac
import secrets
from typing import Final

import msgspec

from broker.model.ids import TenantId, UserId
from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User
from broker.ports import Transaction
from broker.secret import SealingKey, Secret
from broker.signin.recovery import read_code, write_code

_BITS: Final = 60


class EnrolmentCode(msgspec.Struct, frozen=True):
    """``written``: as it is told to the person."""

    written: Secret

    def hash_by(self, sealing: SealingKey, user: User) -> bytes:
        """What is kept of it."""
        return _hash(sealing, user.tenant_id, user.id, read_code(self.written.reveal()) or "")


def new_enrolment_code() -> EnrolmentCode:
    return EnrolmentCode(Secret(write_code(secrets.randbits(_BITS))))


async def redeem(tx: Transaction, sealing: SealingKey, pending: PendingSignin, typed: str) -> PendingSignin | None:
    """The sign-in as one that may enrol, from wherever it comes; None: the code opens nothing here.

    Only for a password that passed and a person without any factor. The code is used up by it.
    """
    if pending.password_refusal != SigninRefusal.ENROLMENT_NOT_ALLOWED_HERE or pending.user_id is None:
        return None
    plain = read_code(typed)
    if plain is None:
        return None
    hashed = _hash(sealing, pending.tenant_id, pending.user_id, plain)
    if not await tx.signin.use_enrolment_code(pending.tenant_id, pending.user_id, hashed):
        return None
    opened = msgspec.structs.replace(pending, password_refusal=None, must_enrol=True, may_enrol_anywhere=True)
    await tx.signin.update_pending(opened)
    return opened


def _hash(sealing: SealingKey, tenant_id: TenantId, user_id: UserId, plain: str) -> bytes:
    text = f"{tenant_id}\0{user_id}\0{plain}"
    return hmac.digest(sealing.derive("enrolment-codes"), text.encode(), hashlib.sha256)
