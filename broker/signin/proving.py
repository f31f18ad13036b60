"""What a typed code proves of a person. Nothing is used up here: that is the caller's compare-and-swap."""

from broker.model.ids import TenantId, UserId
from broker.model.records import PendingSignin, User
from broker.ports import FactorRejected, SecondFactor, Transaction
from broker.secret import SealingKey
from broker.signin.enrolment_codes import redeem
from broker.signin.inputs import read_totp_code
from broker.signin.recovery import hash_code, read_code
from broker.signin.rules import Proof, RecoveryTyped


def totp_purpose(tenant_id: TenantId, user_id: UserId) -> str:
    """Under which purpose a person's secret is sealed."""
    return f"totp:{tenant_id}:{user_id}"


class CodeProver:
    """Tells an app's code from a recovery code, and checks it."""

    def __init__(self, factor: SecondFactor, sealing: SealingKey) -> None:
        self._factor = factor
        self._sealing = sealing
        self._decoy = factor.new_secret()

    async def redeem(self, tx: Transaction, pending: PendingSignin, typed: str) -> PendingSignin | None:
        """See :func:`broker.signin.enrolment_codes.redeem`."""
        return await redeem(tx, self._sealing, pending, typed)

    async def prove(
        self, tx: Transaction, tenant_id: TenantId, user_id: UserId, user: User | None, code: str
    ) -> Proof | None:
        """None: the person has no factor. For nobody the same work is done, against a secret that nobody has."""
        enrolment = await tx.signin.get_enrolment(tenant_id, user_id)
        if enrolment is None:
            secret = self._sealing.open("decoy", self._sealing.seal("decoy", self._decoy))
        else:
            secret = self._sealing.open(totp_purpose(tenant_id, user_id), enrolment.secret)
        proof: Proof
        if plain := read_code(code):
            proof = RecoveryTyped(hash_code(self._sealing, tenant_id, user_id, plain))
        elif typed := read_totp_code(code):
            proof = self._factor.verify(secret, typed, now=tx.now)
        else:
            proof = FactorRejected()
        return proof if user is not None and user.is_enrolled else None
