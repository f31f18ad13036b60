"""The sealing key is changed while the site runs, and nobody notices."""

from pathlib import Path

import pytest

from broker.errors import ConfigurationError, SealBroken
from broker.key_file import KeyFile, read_keys, write_keys
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.policy.administration import NotAllowed
from broker.sealing import service
from broker.sealing.records import RetireRefusal, RetireRefused, Stage
from broker.sealing.rules import SETTLES_WITHIN
from broker.sealing.watch import HEARD_WITHIN
from broker.secret import Sealed, SealingKey, Secret
from broker.store import SqlStore
from broker.store.columns import SealedBytes
from broker.store.schema import METADATA
from broker.store.sealing import PLACES
from tests.broker.sealing.site import PEOPLE, ROOT, STEPS, Site, counts, found_site
from tests.broker.signin.city import STEP, TENANT
from tests.fakes.mortal import Fuse, Killed, MortalStore

VALUES = len(PEOPLE) + 4
"""Apps, an offer, a desktop's account, an authority's key, a seat at a guacd."""


@pytest.fixture
async def site(store: SqlStore, tmp_path: Path) -> Site:
    return await found_site(store, tmp_path / "sealing.key")


async def test_two_brokers_go_through_a_rotation_without_a_restart(site: Site) -> None:
    one, other = await site.start(), await site.start()
    old = one.sealing.seals_by
    assert counts(await one.status()) == {old: VALUES}
    status = await one.rotate(begins=True)
    for _ in range(STEPS):
        # At every moment both open whatever either has sealed.
        for node, reader in ((one, other), (other, one)):
            await site.open_all(node.sealing)
            assert reader.sealing.open("p", node.sealing.seal("p", Secret("x"))) == Secret("x")
        if status.stage is Stage.AT_REST:
            break
        await other.watch.look()
        status = await one.rotate()
    assert status.stage is Stage.AT_REST
    assert counts(status) == {old: 0, status.keys[-1].id: VALUES}
    assert other.sealing.seals_by == one.sealing.seals_by == status.keys[-1].id != old
    events = [record.event for record in await site.city.audit("sealing_key")]
    assert events == ["sealing_key.rotated", "sealing_key.promoted", "sealing_key.added"]
    await site.enrol_newcomer(other.sealing)
    await site.sign_in(other.sealing)
    await site.recover(one.sealing)


async def test_a_retired_key_opens_nothing_and_everybody_still_gets_in(site: Site) -> None:
    node = await site.start()
    first = read_keys(site.path)
    await site.finish(node, begins=True)
    site.wait(SETTLES_WITHIN)
    await node.watch.look()
    status = await node.keys.retire(ROOT, first.oldest)
    assert not isinstance(status, RetireRefused | NotAllowed), status
    assert list(read_keys(site.path).keys) == [status.keys[0].id] != [first.oldest]
    fresh = await site.start()
    await site.open_all(fresh.sealing)
    with pytest.raises(SealBroken):
        await site.open_all(SealingKey(first))
    await site.sign_in(fresh.sealing)
    # Codes are kept as hashes, which no key can make anew: what they were hashed with has stayed.
    await site.recover(fresh.sealing)
    assert SealingKey(first).derive("recovery-codes") == fresh.sealing.derive("recovery-codes")
    assert first.keys[first.oldest].hex() not in site.path.read_text()


async def test_nothing_is_sealed_by_a_key_that_a_broker_on_another_host_does_not_have(
    site: Site, tmp_path: Path
) -> None:
    copied = site.copy_keys(tmp_path / "host-2")
    one, far = await site.start(), await site.start(copied)
    old = one.sealing.seals_by
    await one.rotate(begins=True)
    for _ in range(5):
        status = await one.rotate()
        await far.watch.look()
    assert status.stage is Stage.AWAITS_BROKERS
    assert len(status.waits_for) == 1
    assert one.sealing.seals_by == old
    assert counts(status)[old] == VALUES
    await site.open_all(far.sealing)
    # The operator copies the file: both go on by themselves.
    site.copy_keys(tmp_path / "host-2")
    await far.watch.look()
    assert (await site.finish(one, far)).left == 0
    await site.open_all(far.sealing)


async def test_a_broker_that_has_stopped_is_not_waited_for(site: Site, tmp_path: Path) -> None:
    one = await site.start()
    stopped, dead = await site.start(), await site.start(site.copy_keys(tmp_path / "host-2"))
    await stopped.watch.end()
    status = await one.rotate(begins=True)
    assert len(status.waits_for) == 1
    assert len(status.brokers) == 2
    del dead
    site.wait(HEARD_WITHIN + STEP)
    await one.watch.look()
    assert (await site.finish(one)).stage is Stage.AT_REST


async def test_a_broker_that_starts_with_an_old_file_says_what_is_missing(site: Site, tmp_path: Path) -> None:
    copied = site.copy_keys(tmp_path / "host-2")
    node = await site.start()
    await site.finish(node, begins=True)
    with pytest.raises(ConfigurationError, match=f"{node.sealing.seals_by} is in use and not in this host's key file"):
        await site.start(copied)


async def test_a_damaged_file_changes_nothing_for_a_running_broker(site: Site) -> None:
    node = await site.start()
    kept = site.path.read_text()
    site.path.write_text("half of a fi")
    await node.watch.look()
    await site.open_all(node.sealing)
    site.path.write_text(kept)
    await node.watch.look()
    await site.open_all(node.sealing)


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=[pytest.mark.full, pytest.mark.timeout(600)])])
async def test_a_kill_at_every_await_and_at_every_write_of_the_file(
    site: Site, monkeypatch: pytest.MonkeyPatch, stride: int
) -> None:
    """A broker dies at each point of a rotation; the next one opens everything and ends what was begun."""
    fuse = Fuse()

    def write_or_die(path: Path, held: KeyFile) -> None:
        fuse.tick()
        write_keys(path, held)
        fuse.tick()

    monkeypatch.setattr(service, "write_keys", write_or_die)
    for awaits in range(stride, 400, stride):
        fuse = Fuse(awaits, is_fine=False)
        try:
            mortal = await site.start(store=MortalStore(site.store, fuse))
            before = mortal.sealing.ids
            await site.finish(mortal, begins=len(before) == 1)
            site.wait(SETTLES_WITHIN)
            await mortal.watch.look()
            await mortal.keys.retire(ROOT, before[0])
        except Killed:
            fuse = Fuse()
        else:
            assert awaits > 15
            break
        site.wait(HEARD_WITHIN + STEP)
        heir = await site.start()
        await site.open_all(heir.sealing)
        await site.finish(heir)
        await site.open_all(heir.sealing)
        if len(heir.sealing.ids) > 1:
            site.wait(SETTLES_WITHIN)
            await heir.watch.look()
            assert not isinstance(await heir.keys.retire(ROOT, heir.sealing.ids[0]), RetireRefused)
        await heir.watch.end()
    await site.sign_in((await site.start()).sealing)


@pytest.mark.parametrize("moment", ["unknown", "in use", "coming", "still needed", "too early"])
async def test_a_key_that_may_still_be_needed_stays(site: Site, moment: str) -> None:
    node = await site.start()
    old = node.sealing.seals_by
    key, why = old, RetireRefusal.KEY_IN_USE
    match moment:
        case "unknown":
            key, why = "00000000", RetireRefusal.UNKNOWN_KEY
        case "coming":
            await node.rotate(begins=True)
        case "too early":
            await site.finish(node, begins=True)
            why = RetireRefusal.TOO_EARLY
        case "still needed":
            await site.finish(node, begins=True)
            before = SealingKey.load(site.path)
            before.seal_by(old)
            await site.make_offer(before)
            site.wait(SETTLES_WITHIN)
            why = RetireRefusal.STILL_SEALED
    refused = await node.keys.retire(ROOT, key)
    assert isinstance(refused, RetireRefused)
    assert refused.why is why
    assert old in read_keys(site.path).keys


async def test_only_a_system_administrator_keeps_keys(site: Site) -> None:
    node = await site.start()
    desk = Actor(tenant_id=TENANT, name="user:x", roles=frozenset({Role.TENANT_ADMIN}), address="10.0.0.1")
    assert isinstance(await node.keys.rotate(desk, begins=True), NotAllowed)
    assert isinstance(await node.keys.retire(desk, node.sealing.seals_by), NotAllowed)
    assert isinstance(await node.keys.status(desk), NotAllowed)
    assert read_keys(site.path).is_plain


async def test_a_value_that_no_key_opens_stops_the_rotation_by_its_name(site: Site) -> None:
    node = await site.start()
    async with site.store.write() as tx:
        desktop = (await tx.pools.list_desktops(TENANT))[0]
    async with site.store.write() as tx:
        rows = [row for kind in PLACES for row in await tx.sealing.list_others(kind, b"\x00SK1", 10)]
        desk = next(row for row in rows if row.subject == desktop.id)
        assert await tx.sealing.reseal(desk, Sealed(b"\x01" * 60))
        assert not await tx.sealing.reseal(desk, Sealed(b"\x02" * 60))
    with pytest.raises(SealBroken, match=f"desktop {desktop.id} of {TENANT}"):
        await site.finish(node, begins=True)


def test_every_column_that_holds_a_sealed_value_takes_part() -> None:
    sealed = {
        column for table in METADATA.tables.values() for column in table.columns if isinstance(column.type, SealedBytes)
    }
    assert {place.sealed for place in PLACES.values()} == sealed
