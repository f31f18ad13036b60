"""Tickets: given out, redeemed once, refused for every other reason."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from broker.lifecycle.session import SessionState
from broker.model.grants import Grants
from broker.model.ids import SessionId, ZoneId
from broker.model.kinds import CertificateState, Origin
from broker.model.reasons import DenyReason, EndReason, TicketRefusal
from broker.session.records import (
    NoSuchSession,
    OpenDenied,
    Preparing,
    RedeemDenied,
    RedeemOk,
    RedeemOutcome,
    SessionOver,
    TicketIssued,
)
from broker.wire.messages import EventKind
from tests.broker.city import City
from tests.factories import CITY, GATEWAY, LGWAN, OWN, RESIDENT, SHARED, a_user, a_web_session, tunnel_of
from tests.fakes.providers import ObedientProvider


async def issued(city: City) -> TicketIssued:
    await city.settle()
    return await city.ticket(await city.open())


async def redeem(
    city: City,
    ticket: str,
    cookie: str = tunnel_of(1),
    *,
    zones: tuple[ZoneId, ...] = (LGWAN, RESIDENT),
    entrance: str = "portal",
) -> RedeemOutcome:
    return await city.sessions.redeem(
        ticket=ticket, tunnel_cookie=cookie, gateway_id=GATEWAY, zones=zones, entrance=entrance, address="192.0.2.1"
    )


async def refusal(city: City, ticket: TicketIssued, cookie: str = tunnel_of(1)) -> TicketRefusal:
    outcome = await redeem(city, ticket.ticket.reveal(), cookie)
    assert isinstance(outcome, RedeemDenied), outcome
    if outcome.code is not TicketRefusal.UNKNOWN:
        assert (await city.audit("ticket.refused"))[-1].outcome == outcome.code
    return outcome.code


async def test_a_ticket_is_good_for_half_a_minute_by_the_databases_clock(city: City) -> None:
    ticket = await issued(city)
    async with city.store.read() as tx:
        assert timedelta(seconds=28) < ticket.expires_at - tx.now <= timedelta(seconds=30)
    assert not ticket.takes_over
    city.pass_time(30)
    assert await refusal(city, ticket) is TicketRefusal.EXPIRED


async def test_a_redeemed_ticket_gives_everything_that_the_gateway_needs(
    city: City, provider: ObedientProvider
) -> None:
    await city.settle()
    session = await city.open()
    spec = await city.redeem(await city.ticket(session))
    assert session.desktop_id is not None
    assert spec.parameters["hostname"] == f"/run/{session.desktop_id}.sock"
    assert spec.parameters["password"] == provider.machines[session.desktop_id].password
    assert (spec.zone_id, spec.guacd_group, spec.max_unsupervised_s) == (LGWAN, LGWAN, 900)
    assert spec.grants == Grants()
    assert spec.session_id == session.id
    attachment = await city.attachment(spec.attachment_id)
    assert (attachment.gateway_id, attachment.address) == (GATEWAY, "192.0.2.1")


async def test_no_password_and_no_ticket_shows_in_records_or_audit(city: City) -> None:
    ticket = await issued(city)
    spec = await city.redeem(ticket)
    told = " ".join(repr(record) for record in await city.audit())
    for secret in (ticket.ticket.reveal(), spec.parameters["password"], tunnel_of(1)):
        assert secret not in told + repr(spec) + repr(ticket) + repr(await city.desktops())


async def test_a_ticket_counts_once(city: City) -> None:
    ticket = await issued(city)
    await city.redeem(ticket)
    assert await refusal(city, ticket) is TicketRefusal.USED


async def test_of_many_redemptions_at_once_one_wins(city: City) -> None:
    ticket = await issued(city)
    outcomes = await asyncio.gather(*(redeem(city, ticket.ticket.reveal()) for _ in range(10)))
    assert sum(isinstance(outcome, RedeemOk) for outcome in outcomes) == 1


async def test_an_invented_ticket_is_unknown(city: City) -> None:
    assert await redeem(city, "x" * 43) == RedeemDenied(TicketRefusal.UNKNOWN)
    assert await redeem(city, "") == RedeemDenied(TicketRefusal.UNKNOWN)


async def test_whoever_invents_tickets_holds_up_no_writer(city: City) -> None:
    async with city.store.write():
        answer = asyncio.create_task(redeem(city, "x" * 43))
        async with asyncio.timeout(5):
            assert await answer == RedeemDenied(TicketRefusal.UNKNOWN)


async def test_another_browser_cannot_use_a_ticket_nor_use_it_up(city: City) -> None:
    ticket = await issued(city)
    for cookie in (tunnel_of(2), "", tunnel_of(1) + "x"):
        assert await refusal(city, ticket, cookie=cookie) is TicketRefusal.WRONG_TUNNEL
    await city.redeem(ticket)


async def test_a_gateway_that_does_not_serve_the_zone_gets_nothing(city: City) -> None:
    ticket = await issued(city)
    outcome = await redeem(city, ticket.ticket.reveal(), zones=(RESIDENT,))
    assert outcome == RedeemDenied(TicketRefusal.WRONG_ZONE)


async def test_a_gateway_of_another_entrance_gets_nothing_and_the_audit_says_so(city: City) -> None:
    ticket = await issued(city)
    for entrance in ("internet", ""):
        outcome = await redeem(city, ticket.ticket.reveal(), entrance=entrance)
        assert outcome == RedeemDenied(TicketRefusal.WRONG_ENTRANCE)
        ticket = await city.ticket(await city.open())
    refused = (await city.audit("ticket.refused"))[-1]
    assert (refused.outcome, refused.detail["entrance"]) == ("wrong_entrance", "portal")
    assert not await city.audit("session.attached")


async def test_a_ticket_dies_with_the_sign_in(city: City) -> None:
    ticket = await issued(city)
    async with city.store.write() as tx:
        await tx.signin.remove_web_session(a_web_session(1).token_hash)
    assert await refusal(city, ticket) is TicketRefusal.SIGNED_OUT


async def test_a_ticket_dies_with_the_session(city: City) -> None:
    await city.settle()
    session = await city.open()
    ticket = await city.ticket(session)
    await city.sessions.log_off(city.person(), session.id)
    assert await refusal(city, ticket) is TicketRefusal.SESSION_ENDED


@pytest.mark.parametrize("what", ["locked", "group", "closed"])
async def test_policy_is_asked_again_when_the_ticket_is_redeemed(city: City, what: str) -> None:
    ticket = await issued(city)
    match what:
        case "locked":
            await city.change_user(1, is_locked=True)
        case "group":
            await city.change_user(1, groups=frozenset())
        case _:
            await city.change_pool(SHARED, is_open=False)
    assert await refusal(city, ticket) is TicketRefusal.POLICY


async def test_a_lost_desktop_is_not_connected_to(city: City, provider: ObedientProvider) -> None:
    ticket = await issued(city)
    provider.machines.clear()
    for _ in range(3):
        await city.settle()
        city.pass_time(2)
    assert await refusal(city, ticket) in {TicketRefusal.SESSION_ENDED, TicketRefusal.NO_DESKTOP}


async def test_policy_is_asked_again_for_every_ticket(city: City) -> None:
    await city.settle()
    session = await city.open()
    await city.ticket(session)
    await city.change_user(1, is_locked=True)
    outcome = await city.sessions.issue_ticket(city.person(), session.id)
    assert isinstance(outcome, OpenDenied)
    assert outcome.reason is DenyReason.ACCOUNT_LOCKED
    assert (await city.audit("policy.denied"))[-1].outcome == "account_locked"


async def test_new_grants_and_a_new_origin_count_from_the_next_ticket(city: City) -> None:
    session, _ = await city.work()
    await city.change_pool(SHARED, grants=Grants(read_only=True), origins=frozenset({Origin.OFFICE, Origin.SATELLITE}))
    async with city.store.write() as tx:
        await tx.signin.remove_web_session(a_web_session(1).token_hash)
        moved = msgspec.structs.replace(
            a_web_session(1, now=tx.now), origin=Origin.SATELLITE, certificate=CertificateState.VALID
        )
        await tx.signin.add_web_session(moved)
    spec = await city.redeem(await city.ticket(session))
    assert spec.grants.read_only
    assert (await city.session(session.id)).origin is Origin.SATELLITE


async def test_nobody_gets_a_ticket_for_somebody_elses_session(city: City) -> None:
    session = await city.open(1)
    assert await city.sessions.issue_ticket(city.person(2), session.id) == NoSuchSession()
    assert await city.sessions.issue_ticket(city.person(1), SessionId("invented")) == NoSuchSession()


async def test_a_session_that_is_over_says_why(city: City) -> None:
    await city.settle()
    session = await city.open()
    await city.sessions.log_off(city.person(), session.id)
    outcome = await city.sessions.issue_ticket(city.person(), session.id)
    assert outcome == SessionOver(EndReason.LOGGED_OFF)


async def test_a_desktop_on_its_way_up_is_being_prepared(city: City) -> None:
    session = await city.open(1, OWN)
    outcome = await city.sessions.issue_ticket(city.person(), session.id)
    assert outcome == Preparing(state=SessionState.REQUESTED, position=0, waiting_since=session.created_at)


async def test_a_second_tab_takes_over(city: City) -> None:
    session, first = await city.work()
    ticket = await city.ticket(session)
    assert ticket.takes_over
    assert (await city.session(session.id)).state is SessionState.ACTIVE  # nothing changes before it is redeemed
    second = await city.redeem(ticket)
    assert city.tunnels.told == [(first.attachment_id, EndReason.TAKEN_OVER)]
    assert (await city.audit("session.taken_over"))[-1].subject == f"session:{session.id}"
    await city.tell(second, EventKind.ATTACHED)
    await city.tell(first, EventKind.DETACHED, EndReason.TAKEN_OVER, sent=77)
    assert (await city.session(session.id)).state is SessionState.ACTIVE
    old = await city.attachment(first.attachment_id)
    assert (old.close_reason, old.bytes_to_browser) == (EndReason.TAKEN_OVER, 77)


async def test_the_absolute_limit_is_that_of_the_whole_session(city: City) -> None:
    session, spec = await city.work()
    await city.tell(spec, EventKind.DETACHED, EndReason.CLIENT_CLOSED)
    city.pass_time(1000)
    again = await city.redeem(await city.ticket(session))
    assert Grants().absolute_limit_s - 1005 < again.grants.absolute_limit_s <= Grants().absolute_limit_s - 1000


async def test_another_tenant_with_the_same_ids_gets_nothing(city: City) -> None:
    session = await city.open(1)
    stranger = msgspec.structs.replace(
        city.person(1), user=msgspec.structs.replace(a_user(1), tenant_id=type(CITY)("other"))
    )
    assert await city.sessions.issue_ticket(stranger, session.id) == NoSuchSession()
