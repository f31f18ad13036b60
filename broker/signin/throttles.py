"""The throttles of a sign-in in the store, shared by every node, and what is known of where people sign in."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

import msgspec

from broker.device.recognition import recognise
from broker.model.ids import DeviceId
from broker.model.throttle import Scope, Throttle
from broker.ports import Transaction
from broker.secret import SealingKey, Secret
from broker.settings import SigninSettings
from broker.signin import trail
from broker.signin.browser_mark import BrowserMarks
from broker.signin.scopes import OWN, Keys, Source, begun_wait_until, counted, taken_back, wait_until
from broker.signin.throttling import Limits, blocks_until
from broker.signin.visitor import Visitor

MAX_KNOWN_ADDRESSES: Final = 16
"""Per account; the longest unused one makes room."""
_MAX_ENTRANCES: Final = 16


class _Books(msgspec.Struct, frozen=True):
    """What binds this attempt, and how it stands. ``blocked_until``: by the desk."""

    keys: Keys
    stored: dict[str, Throttle]
    blocked_until: datetime | None


class Throttles:
    """Reads and writes throttles inside the caller's transaction."""

    def __init__(self, settings: SigninSettings, sealing: SealingKey) -> None:
        self._budgets = budgets_of(settings)
        self._known_for = timedelta(seconds=settings.known_address_s)
        self._address_key = sealing.derive("known_address")
        self._marks = BrowserMarks(sealing, settings.known_address_s)

    async def admit(self, tx: Transaction, visitor: Visitor) -> datetime | None:
        """Count one attempt, unless it has to wait: then until when."""
        books = await self._open(tx, visitor)
        until = wait_until(books.stored, books.keys, now=tx.now)
        if books.blocked_until is not None or until is not None:
            return max(moment for moment in (books.blocked_until, until) if moment is not None)
        await self._count(tx, visitor, books)
        return None

    async def is_known(self, tx: Transaction, visitor: Visitor) -> bool:
        """Whether the name has signed in with this very browser or device before."""
        return bool({Scope.BROWSER, Scope.DEVICE} & (await self._recognise(tx, visitor)).keys())

    async def block_begun(self, tx: Transaction, visitor: Visitor, begun_at: datetime) -> datetime | None:
        """Until when an attempt has to wait that was admitted at ``begun_at``."""
        books = await self._open(tx, visitor)
        if books.blocked_until is not None:
            return books.blocked_until
        return begun_wait_until(books.stored, books.keys, self._budgets, now=tx.now, begun_at=begun_at)

    async def count(self, tx: Transaction, visitor: Visitor) -> None:
        """Count one more; the beginning of a wait is audited, the refusals during it are not."""
        await self._count(tx, visitor, await self._open(tx, visitor))

    async def take_back(self, tx: Transaction, visitor: Visitor, *, count: int) -> None:
        """Attempts that were none, after all."""
        await self._take_back(tx, await self._open(tx, visitor), count=count)

    async def rewrite(self, tx: Transaction, visitor: Visitor) -> None:
        """Change nothing, by two statements that do."""
        stored = list((await self._open(tx, visitor)).stored.values())
        for throttle in (*stored, *stored)[:2]:
            await tx.signin.put_throttle(throttle)

    async def forgive(self, tx: Transaction, visitor: Visitor, *, count: int) -> Secret:
        """After a sign-in: the name starts anew here. Everything else loses only what this sign-in had cost it, since
        others may stand behind the rest. From now on address and browser are known; the answer is the browser's mark.
        """
        books = await self._open(tx, visitor)
        await self._take_back(tx, books, count=count)
        for scope in OWN & books.keys.keys():
            await tx.signin.clear_throttle(books.keys[scope])
        device_id = await _device_of(tx, visitor)
        for place in (visitor.place, *([] if device_id is None else [_place_at(device_id)])):
            place_hash = self._hash_place(visitor, place)
            await tx.signin.remember_address(f"acct:{visitor.account}", place_hash, max_kept=MAX_KNOWN_ADDRESSES)
        return self._marks.give(visitor.account, visitor.arrival.browser_mark, tx.now)

    async def _open(self, tx: Transaction, visitor: Visitor) -> _Books:
        keys = await self._recognise(tx, visitor)
        blocks = visitor.block_keys()
        stored = await tx.signin.get_throttles(list(keys.values()), unheld=blocks)
        ends = [blocks_until(stored.pop(key, None), tx.now) for key in blocks]
        return _Books(keys, stored, max((end for end in ends if end is not None), default=None))

    async def _recognise(self, tx: Transaction, visitor: Visitor) -> Keys:
        """The keys that bind this attempt, by what is known of where it comes from."""
        number = self._marks.read(visitor.account, visitor.arrival.browser_mark, tx.now)
        if number is not None:
            return visitor.keys(Source.BROWSER, number)
        device_id = await _device_of(tx, visitor)
        if device_id is not None and await self._is_at_home(tx, visitor, device_id):
            return visitor.keys(Source.DEVICE, device_id)
        is_known = await self._is_known_place(tx, visitor, visitor.place)
        return visitor.keys(Source.PLACE if is_known else Source.STRANGER, "")

    async def _is_at_home(self, tx: Transaction, visitor: Visitor, device_id: DeviceId) -> bool:
        """A device without an owner speaks for those who have signed in at it: whoever holds it has every name."""
        device = await tx.devices.get_device(visitor.tenant_id, device_id)
        if device is not None and device.owner is not None:
            return True
        return await self._is_known_place(tx, visitor, _place_at(device_id))

    async def _is_known_place(self, tx: Transaction, visitor: Visitor, place: str) -> bool:
        since, place_hash = tx.now - self._known_for, self._hash_place(visitor, place)
        return await tx.signin.is_known_address(f"acct:{visitor.account}", place_hash, since=since)

    async def _count(self, tx: Transaction, visitor: Visitor, books: _Books) -> None:
        for scope, after in counted(books.stored, books.keys, self._budgets, now=tx.now).items():
            described = _describe(after, scope, visitor)
            await tx.signin.put_throttle(described)
            if described.blocked_until is not None:
                await tx.audit.append(trail.throttled(visitor, described))

    async def _take_back(self, tx: Transaction, books: _Books, *, count: int) -> None:
        for key, after in taken_back(books.stored, books.keys, self._budgets, count=count).items():
            await (tx.signin.put_throttle(after) if after else tx.signin.clear_throttle(key))

    def _hash_place(self, visitor: Visitor, place: str) -> bytes:
        """Keyed: where people live does not show in the database, nor in its backups."""
        text = f"acct:{visitor.account}\0{place}"
        return hmac.new(self._address_key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


async def _device_of(tx: Transaction, visitor: Visitor) -> DeviceId | None:
    """The device that this name shows a valid certificate of, and may use."""
    arrival = visitor.arrival
    return (await recognise(tx, visitor.tenant_id, arrival.certificate_der, login=visitor.login)).device_id


def _place_at(device_id: DeviceId) -> str:
    """A device as a place where somebody has signed in; no entrance has an empty name."""
    return f"/device/{device_id}"


def _describe(throttle: Throttle, scope: Scope, visitor: Visitor) -> Throttle:
    """The row as people read it. A scope that is of no one name names none."""
    return msgspec.structs.replace(
        throttle,
        tenant_id=visitor.tenant_id,
        scope=scope,
        login="" if scope in {Scope.ADDRESS, Scope.TENANT} else visitor.folded_login,
        address=visitor.address,
        entrances=frozenset(sorted(throttle.entrances | {visitor.arrival.entrance})[:_MAX_ENTRANCES]),
    )


def budgets_of(settings: SigninSettings) -> dict[Scope, Limits]:
    own = _limits(settings, settings.free_failures, settings.max_block_s)
    return {
        Scope.PAIR: own,
        Scope.BROWSER: own,
        Scope.DEVICE: own,
        Scope.ADDRESS: _limits(settings, settings.free_failures_per_address, settings.max_block_s),
        Scope.ACCOUNT: _limits(settings, settings.free_failures_per_account, settings.max_account_block_s),
        Scope.TENANT: _limits(settings, settings.free_failures_of_strangers, settings.max_stranger_block_s),
    }


def _limits(settings: SigninSettings, free: int, max_block_s: int) -> Limits:
    return Limits(
        free=free,
        base_block_s=min(settings.base_block_s, max_block_s),
        max_block_s=max_block_s,
        memory_s=settings.failure_memory_s,
    )
