"""The sealing keys of a site that is at rest."""

from datetime import UTC, datetime

from broker.model.actor import Actor
from broker.model.sealing import KeyHolder, SealedKind
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.sealing.records import KeyRow, KeyStatus, RetireRefusal, RetireRefused, Stage

SEEN = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
STATUS = KeyStatus(
    stage=Stage.AT_REST,
    keys=(KeyRow(id="1f0c9a2e", is_in_use=True, sealed={SealedKind.TOTP: 3}),),
    brokers=(KeyHolder(node="n", label="host:1", keys=("1f0c9a2e",), seals_by="1f0c9a2e", seen_at=SEEN),),
    waits_for=(),
    left=0,
    promoted_at=None,
)


class KeptKeys:
    async def status(self, actor: Actor) -> KeyStatus | NotAllowed:
        return refuse_action(actor.roles, Action.KEEP_KEYS) or STATUS

    async def rotate(self, actor: Actor, *, begins: bool) -> KeyStatus | NotAllowed:
        assert begins in {True, False}
        return refuse_action(actor.roles, Action.KEEP_KEYS) or STATUS

    async def retire(self, actor: Actor, key: str) -> KeyStatus | RetireRefused | NotAllowed:
        refusal = refuse_action(actor.roles, Action.KEEP_KEYS)
        return refusal or RetireRefused(RetireRefusal.KEY_IN_USE, key)
