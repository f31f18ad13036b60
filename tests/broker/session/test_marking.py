"""The text that a connection carries: whose picture, on which device, from where, since when."""

from zoneinfo import ZoneInfo

import msgspec
import pytest

from broker.model.grants import Grants
from broker.model.reasons import TicketRefusal
from broker.model.watermark import OnMissing, WatermarkStyle
from broker.session.records import RedeemDenied
from broker.wire.messages import EventKind
from tests.broker.city import City
from tests.broker.device.desk import Desk
from tests.factories import CITY, GATEWAY, LGWAN, SHARED, a_user, a_web_session, tunnel_of

ALL = "{name}|{login}|{department}|{device}|{address}|{origin}|{pool}|{time}"


async def demand(city: City, template: str, style: WatermarkStyle | None = None) -> None:
    async with city.store.write() as tx:
        pool = await tx.pools.get_pool(CITY, SHARED)
        assert pool is not None
        grants = Grants(watermark_text=template, watermark=style or WatermarkStyle())
        await tx.pools.put_pool(msgspec.structs.replace(pool, grants=grants))


async def test_a_connection_carries_the_text_and_the_style(city: City) -> None:
    style = WatermarkStyle(opacity_percent=40, on_missing=OnMissing.END)
    await demand(city, ALL, style)
    await city.settle()
    spec = await city.redeem(await city.ticket(await city.open()))
    assert spec.grants.watermark == style
    assert spec.grants.watermark_text is not None
    name, login, department, device, address, origin, _, time = spec.grants.watermark_text.split("|")
    person = a_user(1)
    assert (name.replace("\xa0", " "), login) == (person.display_name, person.login)
    assert (department, device, address, origin) == (person.department or "-", "貸与端末", "192.0.2.1", "庁内")
    attachment = await city.attachment(spec.attachment_id)
    local = attachment.redeemed_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert time == local.strftime("%Y-%m-%d\xa0%H:%M")


async def test_a_device_that_is_known_by_its_certificate_is_named(city: City) -> None:
    await demand(city, "{login} {device}")
    issued = await Desk(city.store, CITY).enrol(name="PC-0101", owner=a_user(1).login)
    async with city.store.write() as tx:
        web = a_web_session(1, now=tx.now)
        await tx.signin.remove_web_session(web.token_hash)
        await tx.signin.add_web_session(msgspec.structs.replace(web, device_id=issued.device.id))
    await city.settle()
    spec = await city.redeem(await city.ticket(await city.open()))
    assert spec.grants.watermark_text == f"{a_user(1).login} PC-0101"


async def test_without_a_demand_there_is_no_text(city: City) -> None:
    await city.settle()
    assert (await city.redeem(await city.ticket(await city.open()))).grants.watermark_text is None


@pytest.mark.parametrize("template", ["{gone}", "nobody", ""])
async def test_a_stored_template_that_can_not_be_filled_in_lets_nobody_through(city: City, template: str) -> None:
    await demand(city, template)
    await city.settle()
    ticket = await city.ticket(await city.open())
    outcome = await city.sessions.redeem(
        ticket=ticket.ticket.reveal(),
        tunnel_cookie=tunnel_of(1),
        gateway_id=GATEWAY,
        entrance="portal",
        zones=(LGWAN,),
        address="192.0.2.1",
    )
    assert outcome == RedeemDenied(TicketRefusal.POLICY)
    assert "watermark" in (await city.audit("ticket.refused"))[-1].detail["why"]


async def test_a_watermark_that_was_let_fall_is_audited(city: City) -> None:
    session, spec = await city.work()
    await city.tell(spec, EventKind.WATERMARK_NOT_ACKNOWLEDGED)
    (record,) = await city.audit("watermark.not_acknowledged")
    assert (record.subject, record.outcome) == (f"session:{session.id}", "noticed")
    assert record.detail["attachment"] == spec.attachment_id
