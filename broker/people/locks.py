"""Who is made to wait at sign-in, and which addresses are blocked, as the IT desk sees it, lifts it and sets it."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

import msgspec

from broker.model.actor import Actor
from broker.model.text import clean_reason
from broker.model.throttle import Scope, Throttle
from broker.people.records import ReasonMissing
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditEntry, Store, Transaction
from broker.signin.inputs import address_group
from broker.signin.visitor import block_key, read_network

MAX_SHOWN: Final = 500
MAX_LIFTED: Final = 500
MAX_BLOCK_MINUTES: Final = 30 * 24 * 60


class LockRefusal(StrEnum):
    """Why an address is not blocked."""

    ADDRESS_INVALID = "address_invalid"
    OWN_ADDRESS = "own_address"
    MINUTES_INVALID = "minutes_invalid"


class LockRefused(msgspec.Struct, frozen=True):
    """``why`` says what is wrong with which field, for the API and the command line."""

    refusal: LockRefusal
    why: str


class NoSuchLock(msgspec.Struct, frozen=True):
    """None of the keys is (any more) one of the tenant's."""


class Lifted(msgspec.Struct, frozen=True):
    """How many waits and blocks have ended."""

    count: int


class BlockOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``address``: one address (of IPv6 its /64), or a network of IPv4 /24 or /16, of IPv6 /64, /56, /48 or /32."""

    address: str
    minutes: int
    reason: str


class LockService:
    """Every change is stored with its line in the audit. Every node goes by it from the next attempt on."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list_all(self, actor: Actor) -> list[Throttle] | NotAllowed:
        """Waits and blocks that are on now, the longest first; at most 500."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        async with self._store.read() as tx:
            return await tx.signin.list_throttles(actor.tenant_id, MAX_SHOWN)

    async def lift(
        self, actor: Actor, keys: Sequence[str], reason: str
    ) -> Lifted | NoSuchLock | ReasonMissing | NotAllowed:
        """End waits and blocks; what was counted for them is forgotten."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        if not clean_reason(reason):
            return ReasonMissing()
        async with self._store.write() as tx:
            stored = await tx.signin.get_throttles(sorted(set(keys))[:MAX_LIFTED])
            mine = [throttle for throttle in stored.values() if throttle.tenant_id == actor.tenant_id]
            for throttle in mine:
                await tx.signin.clear_throttle(throttle.key)
                await tx.audit.append(_lifted(actor, throttle, reason))
        return Lifted(len(mine)) if mine else NoSuchLock()

    async def block(self, actor: Actor, order: BlockOrder) -> Throttle | LockRefused | ReasonMissing | NotAllowed:
        """Nobody signs in from there until the time is over. Who is signed in already stays so."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        if not clean_reason(order.reason):
            return ReasonMissing()
        network = read_network(order.address)
        if network is None:
            return LockRefused(LockRefusal.ADDRESS_INVALID, f"address: {_SIZES}")
        if not 1 <= order.minutes <= MAX_BLOCK_MINUTES:
            return LockRefused(LockRefusal.MINUTES_INVALID, f"minutes: from 1 to {MAX_BLOCK_MINUTES}")
        if _is_at(actor.address, network):
            return LockRefused(LockRefusal.OWN_ADDRESS, "address: your own; nobody at your place could sign in")
        async with self._store.write() as tx:
            return await _put_block(tx, actor, network, order)


_SIZES: Final = "an IP address, or a network of IPv4 /24 or /16, of IPv6 /64, /56, /48 or /32"


async def _put_block(tx: Transaction, actor: Actor, network: IPv4Network | IPv6Network, order: BlockOrder) -> Throttle:
    block = Throttle(
        key=block_key(actor.tenant_id, network),
        failures=0,
        first_failed_at=tx.now,
        blocked_until=tx.now + timedelta(minutes=order.minutes),
        tenant_id=actor.tenant_id,
        scope=Scope.BLOCK,
        address=str(network),
        reason=clean_reason(order.reason),
        set_by=actor.name,
    )
    await tx.signin.put_throttle(block)
    detail = {"reason": block.reason, "until": (tx.now + timedelta(minutes=order.minutes)).isoformat()}
    await tx.audit.append(
        AuditEntry(
            tenant_id=actor.tenant_id,
            event="address.blocked",
            actor=actor.name,
            subject=f"address:{network}",
            address=actor.address,
            detail=detail,
        )
    )
    return block


def _is_at(address: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        own = ip_address(address_group(address).partition("/")[0])
    except ValueError:
        return False
    return own.version == network.version and own in network


def _lifted(actor: Actor, throttle: Throttle, reason: str) -> AuditEntry:
    until = throttle.blocked_until
    told = {"scope": throttle.scope, "login": throttle.login, "from": throttle.address}
    told |= {"attempts": str(throttle.failures), "until": "" if until is None else until.isoformat()}
    return AuditEntry(
        tenant_id=throttle.tenant_id,
        event="throttle.lifted",
        actor=actor.name,
        subject=f"throttle:{throttle.key}",
        address=actor.address,
        detail={"reason": clean_reason(reason), **{name: value for name, value in told.items() if value}},
    )
