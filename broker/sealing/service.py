"""Rotation of the sealing key on a running site, a small step for each call; any step may be the last before a kill."""

from pathlib import Path
from typing import Final

from broker.errors import SealBroken
from broker.key_file import held_alone, read_keys, write_keys
from broker.model.actor import Actor
from broker.model.sealing import SealedKind, SealedRow
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditEntry, Store, Transaction
from broker.sealing.purposes import purpose_of
from broker.sealing.records import KeyRow, KeyStatus, RetireRefused, Stage
from broker.sealing.rules import AtRest, Await, KeyFacts, NextStep, Promote, Reseal, next_step, refuse_retiring
from broker.sealing.watch import HEARD_WITHIN, KeyWatch
from broker.secret import SealingKey, mark_of

_BATCH: Final = 50


class KeyService:
    """Keys belong to the site: what is done to them is in the audit of every tenant."""

    def __init__(self, store: Store, sealing: SealingKey, path: Path, watch: KeyWatch) -> None:
        self._store = store
        self._sealing = sealing
        self._path = path
        self._watch = watch

    async def status(self, actor: Actor) -> KeyStatus | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.KEEP_KEYS):
            return refusal
        return await self._describe()

    async def rotate(self, actor: Actor, *, begins: bool) -> KeyStatus | NotAllowed:
        """One step of the rotation that is under way; with ``begins`` a new one when there is none.

        To be called until the stage is ``at_rest``. Raises :class:`broker.errors.SealBroken` for a value that no
        key opens.
        """
        if refusal := refuse_action(actor.roles, Action.KEEP_KEYS):
            return refusal
        async with self._store.read() as tx:
            step = next_step(await self._facts(tx))
        match step:
            case AtRest():
                if begins:
                    await self._add_key(actor)
            case Await():
                pass
            case Promote(before, after):
                await self._promote(actor, before, after)
            case Reseal():
                await self._reseal_some(actor)
        await self._watch.look()
        return await self._describe()

    async def retire(self, actor: Actor, key: str) -> KeyStatus | RetireRefused | NotAllowed:
        """Take a key out of this host's file. A copy of it belongs to the backups that were made before."""
        if refusal := refuse_action(actor.roles, Action.KEEP_KEYS):
            return refusal
        async with self._store.write() as tx:
            facts = await self._facts(tx)
            sealed = await _count_needing(tx, key, facts.keys)
            if why := refuse_retiring(facts, key, sealed=sealed, now=tx.now):
                return why
            await _note(tx, actor, "sealing_key.retired", {"key": key})
        with held_alone(self._path):
            write_keys(self._path, read_keys(self._path).without(key))
        await self._watch.look()
        return await self._describe()

    async def _add_key(self, actor: Actor) -> None:
        with held_alone(self._path):
            held = read_keys(self._path)
            after = held.with_new_key()
        async with self._store.write() as tx:
            await _note(tx, actor, "sealing_key.added", {"key": after.newest})
        with held_alone(self._path):
            # Somebody else may have begun meanwhile: theirs counts.
            if read_keys(self._path) == held:
                write_keys(self._path, after)

    async def _promote(self, actor: Actor, before: str | None, after: str) -> None:
        async with self._store.write() as tx:
            # Looked at again where it counts: a broker may have started since.
            if next_step(await self._facts(tx)) == Promote(before, after) and await tx.sealing.promote_key(
                before, after
            ):
                await _note(tx, actor, "sealing_key.promoted", {"key": after})

    async def _reseal_some(self, actor: Actor) -> None:
        mark = mark_of(self._sealing.seals_by)
        for kind in SealedKind:
            async with self._store.write() as tx:
                rows = await tx.sealing.list_others(kind, mark, _BATCH)
                for row in rows:
                    await self._reseal(tx, row)
                if rows and not isinstance(next_step(await self._facts(tx)), Reseal):
                    await _note(tx, actor, "sealing_key.rotated", {"key": self._sealing.seals_by})
            if rows:
                return

    async def _reseal(self, tx: Transaction, row: SealedRow) -> None:
        purpose = purpose_of(row)
        try:
            opened = self._sealing.open(purpose, row.sealed)
        except SealBroken as error:
            raise SealBroken(f"{row.kind} {row.subject} of {row.tenant_id}: no key of this site opens it") from error
        await tx.sealing.reseal(row, self._sealing.seal(purpose, opened))

    async def _facts(self, tx: Transaction) -> KeyFacts:
        in_use = await tx.sealing.key_in_use()
        keys = tuple(read_keys(self._path).keys)
        counts = [
            await tx.sealing.count_sealed(kind, None) - await tx.sealing.count_sealed(kind, mark_of(keys[-1]))
            for kind in SealedKind
        ]
        return KeyFacts(
            keys=keys,
            in_use=in_use.key if in_use else None,
            promoted_at=in_use.promoted_at if in_use else None,
            holders=await tx.sealing.list_holders(HEARD_WITHIN),
            left=sum(counts),
        )

    async def _describe(self) -> KeyStatus:
        async with self._store.read() as tx:
            facts = await self._facts(tx)
            rows = [
                KeyRow(id=key, is_in_use=key == facts.seals, sealed=await _count_by(tx, key, facts.keys))
                for key in facts.keys
            ]
        step = next_step(facts)
        return KeyStatus(
            stage=_stage_of(step),
            keys=tuple(rows),
            brokers=tuple(facts.holders),
            waits_for=step.labels if isinstance(step, Await) else (),
            left=facts.left,
            promoted_at=facts.promoted_at,
        )


def _stage_of(step: NextStep) -> Stage:
    match step:
        case AtRest():
            return Stage.AT_REST
        case Reseal():
            return Stage.RESEALING
        case Await() | Promote():
            return Stage.AWAITS_BROKERS


async def _count_by(tx: Transaction, key: str, keys: tuple[str, ...]) -> dict[SealedKind, int]:
    """By kind, what names this key; what names none is counted with the oldest, which may have sealed it."""
    counts = {kind: await tx.sealing.count_sealed(kind, mark_of(key)) for kind in SealedKind}
    if key == keys[0]:
        for kind in SealedKind:
            named = [await tx.sealing.count_sealed(kind, mark_of(other)) for other in keys]
            counts[kind] += await tx.sealing.count_sealed(kind, None) - sum(named)
    return {kind: count for kind, count in counts.items() if count}


async def _count_needing(tx: Transaction, key: str, keys: tuple[str, ...]) -> int:
    """Values that this key, or nobody knows which one, has sealed."""
    others = [other for other in keys if other != key]
    return sum(
        [
            await tx.sealing.count_sealed(kind, None)
            - sum([await tx.sealing.count_sealed(kind, mark_of(other)) for other in others])
            for kind in SealedKind
        ]
    )


async def _note(tx: Transaction, actor: Actor, event: str, detail: dict[str, str]) -> None:
    for tenant in await tx.people.list_tenants():
        entry = AuditEntry(
            tenant_id=tenant.id,
            event=event,
            actor=actor.name,
            subject=f"sealing_key:{detail['key']}",
            address=actor.address,
            detail=detail,
        )
        await tx.audit.append(entry)
