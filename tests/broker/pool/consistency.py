"""What must hold of the books and of the machines, always and at rest."""

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from tests.broker.city import City
from tests.fakes.providers import ObedientProvider

S = DesktopState
RUNNING = {S.READY, S.RESERVED, S.IN_USE}
AT_REST = {S.READY, S.RESERVED, S.IN_USE, S.STOPPED, S.ABSENT, S.FAULTY}


async def check_books(city: City) -> None:
    """No desktop with two people, no person with two, every seat held by a session and every session by its seat."""
    async with city.store.read() as tx:
        tenant_id = (await tx.people.list_tenants())[0].id
        desktops = {desktop.id: desktop for desktop in await tx.pools.list_desktops(tenant_id)}
        assignments = await tx.sessions.list_assignments(tenant_id)
        sessions = await tx.sessions.list_sessions(tenant_id)
        attachments = await tx.sessions.list_open_attachments()
    assert len({a.desktop_id for a in assignments}) == len(assignments), "a desktop with two people"
    assert len({(a.pool_id, a.user_id) for a in assignments}) == len(assignments), "a person with two desktops"
    by_assignment = {session.assignment_id: session for session in sessions if session.assignment_id is not None}
    assert {a.id for a in assignments} == set(by_assignment), "a seat without a session, or the other way round"
    for assignment in assignments:
        session = by_assignment[assignment.id]
        assert (session.user_id, session.desktop_id) == (assignment.user_id, assignment.desktop_id)
        owner = desktops[assignment.desktop_id].owner_id
        assert owner in {None, assignment.user_id}, "somebody on a desktop that is not theirs"
    for session in sessions:
        is_waiting = session.state is SessionState.QUEUED
        assert is_waiting == (session.desktop_id is None), "a session in the queue with a desktop"
        if session.state is SessionState.ACTIVE:
            assert desktops[session.desktop_id or desktops.popitem()[0]].state in {S.RESERVED, S.IN_USE}
    seated = {a.desktop_id for a in assignments}
    for desktop in desktops.values():
        if desktop.state in {S.RESERVED, S.IN_USE}:
            assert desktop.id in seated, "a desktop that is kept for nobody"
    live = {session.id for session in sessions}
    assert len({a.session_id for a in attachments}) == len(attachments), "two attachments of one session"
    assert {a.session_id for a in attachments} <= live, "an attachment of a session that is over"


async def check_at_rest(city: City, provider: ObedientProvider) -> None:
    """After everything was reconciled: nothing half done, nothing leaked, nobody waits while there is room."""
    await check_books(city)
    desktops = [d for d in await city.desktops() if d.state is not S.RETIRED]
    assert {desktop.state for desktop in desktops} <= AT_REST, "something is still half done"
    assert set(provider.machines) == {d.id for d in desktops if d.state in RUNNING}, "lost or leaked machines"
    async with city.store.read() as tx:
        for tenant in await tx.people.list_tenants():
            for pool in await tx.pools.list_pools(tenant.id):
                queue = await tx.sessions.list_queue(tenant.id, pool.id)
                mine = [d for d in desktops if d.pool_id == pool.id]
                usable = [d for d in mine if d.state is not S.FAULTY]
                assert not queue or (
                    len(mine) >= pool.max_size and all(d.state in {S.RESERVED, S.IN_USE} for d in usable)
                ), "somebody waits although there is room"
                assert len(mine) <= pool.max_size, "more desktops than the pool may have"
    for session in await city.live_sessions():
        if session.desktop_id is not None:
            desktop = next(d for d in desktops if d.id == session.desktop_id)
            assert desktop.state in {S.RESERVED, S.IN_USE}, "somebody waits for a desktop that nobody starts"
