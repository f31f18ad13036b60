"""Those who leave: people who are signed in or at work are looked up again in their directory.

Who is disabled, expired or gone there loses the signed-in browsers in the same transaction; live sessions end with
the next sweep. Groups and roles that changed count from then on.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

import msgspec
import structlog

from broker.apart import apart
from broker.model.ids import TenantId, UserId
from broker.model.records import User
from broker.people.leaver_rules import Changed, Finding, Left, Missing, Unchanged, is_certain, is_doubtful, judge
from broker.ports import AuditEntry, DirectoryReader, DirectoryUnavailable, Store, Transaction

_ACTOR: Final = "system:directory"
_log = structlog.stdlib.get_logger()


class LeaverWatch:
    """What one broker remembers is who was not found in the last round; it may be lost."""

    def __init__(self, store: Store, directories: Mapping[TenantId, DirectoryReader]) -> None:
        self._store = store
        self._directories = directories
        self._missing: dict[TenantId, frozenset[UserId]] = {}

    async def look(self, tenant_id: TenantId) -> None:
        """One round. A directory that does not answer changes nothing."""
        async with self._store.read() as tx:
            present = await tx.people.list_present(tenant_id)
        if not present:
            self._missing.pop(tenant_id, None)
            return
        answer = await self._directories[tenant_id].look_up([user.login for user in present])
        if isinstance(answer, DirectoryUnavailable):
            _log.warning("directory.review_failed", tenant=tenant_id, detail=answer.detail)
            return
        before = self._missing.get(tenant_id, frozenset())
        findings = [(user, judge(user, answer.get(user.login), was_missing=user.id in before)) for user in present]
        self._missing[tenant_id] = frozenset(user.id for user, finding in findings if isinstance(finding, Missing))
        if is_doubtful([finding for _, finding in findings], len(present)):
            self._missing[tenant_id] |= before
            await self._note_doubt(tenant_id, len(present))
            # Who vanished with many others stays; who was locked out meanwhile must not stay with them.
            findings = [(user, finding) for user, finding in findings if is_certain(finding)]
        for user, finding in findings:
            if not isinstance(finding, Unchanged):
                # One person's change that can't be stored keeps nobody else here.
                await apart(tenant_id, partial(self._store_finding, user, finding))

    async def _store_finding(self, user: User, finding: Finding) -> None:
        async with self._store.write() as tx:
            await _apply(tx, user, finding)

    async def _note_doubt(self, tenant_id: TenantId, present: int) -> None:
        _log.error("directory.review_doubted", tenant=tenant_id)
        async with self._store.write() as tx:
            entry = AuditEntry(
                tenant_id=tenant_id,
                event="directory.review_doubted",
                actor=_ACTOR,
                subject=f"tenant:{tenant_id}",
                outcome="failed",
                detail={"present": str(present)},
            )
            await tx.audit.append(entry)


async def _apply(tx: Transaction, user: User, finding: Finding) -> None:
    match finding:
        case Unchanged():
            return
        case Missing():
            await tx.audit.append(_entry(user, "user.missed", {}))
        case Changed(person=person):
            if await tx.people.get_user(user.tenant_id, user.id) != user:
                return  # a sign-in or another broker has newer word of them: the next round looks again
            described = msgspec.structs.asdict(person)
            await tx.people.put_user(msgspec.structs.replace(user, **described))
            await tx.audit.append(_entry(user, "user.changed", _differences(user, person.groups)))
        case Left(cause=cause):
            if not await tx.people.mark_left(user.tenant_id, user.id):
                return
            signed_out = await tx.signin.remove_web_sessions_of(user.tenant_id, user.id)
            detail = {"cause": cause.value, "websessions": str(signed_out)}
            await tx.audit.append(_entry(user, "user.left", detail))


def _differences(user: User, groups: frozenset[str]) -> dict[str, str]:
    told = {"gained": sorted(groups - user.groups), "lost": sorted(user.groups - groups)}
    return {kind: ", ".join(names) for kind, names in told.items() if names}


def _entry(user: User, event: str, detail: Mapping[str, str]) -> AuditEntry:
    return AuditEntry(
        tenant_id=user.tenant_id,
        event=event,
        actor=_ACTOR,
        subject=f"user:{user.id}",
        detail={"login": user.login, **detail},
    )
