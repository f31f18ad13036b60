"""An auditor reads the list of permitted flows, and takes it to the network section."""

import csv
import io

import msgspec

from tests.broker.flow.site import document, settings_of
from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity


async def test_an_auditor_sees_the_list_and_narrows_it(visitor: Visitor) -> None:
    await visitor.sign_in("p9002")
    page = await visitor.get("/console/flows")
    for shown in (
        "特定通信一覧",
        "職員の端末（closed_sim）",
        "10.9.0.0/17",
        "TCP 443",
        "ディレクトリへの職員の認証",
        "2026-12-31",
    ):
        assert shown in page.text
    narrowed = await visitor.get("/console/flows?q=GW-LAN")
    assert "gateway-guacd" not in narrowed.text  # ids are for the packet filter
    assert "guacd-r" in narrowed.text
    assert "職員の端末（closed_sim）" not in narrowed.text


async def test_the_file_is_in_the_audit_before_it_leaves(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9002")
    page = await visitor.get("/console/flows.csv")
    head, *rows = csv.reader(io.StringIO(page.text.removeprefix("\ufeff")))
    assert head[:3] == ["番号", "発信元", "発信元アドレス"]
    assert city.flows.exported == [("user:u-p9002", len(rows))]


async def test_a_site_without_hosts_says_so(visitor: Visitor, city: FakeCity) -> None:
    city.flows.settings = settings_of(document() | {"hosts": [], "client_networks": [], "further_flows": []})
    await visitor.sign_in("p9001")
    page = (await visitor.get("/console/flows")).text
    assert "機器（[[hosts]]）が書かれていません" in page
    assert "中継装置から担当領域の guacd への画面転送" in page, "what will be listed is told all the same"
    assert "/console/flows.csv" not in page


async def test_staff_do_not_see_it(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p1001")
    for path in ("/console/flows", "/console/flows.csv", "/api/v1/admin/flows"):
        assert (await visitor.get(path)).status == 403
    assert city.flows.exported == []


async def test_the_api_has_every_field(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    flows = msgspec.json.decode((await visitor.get("/api/v1/admin/flows")).text)["flows"]
    guacd = next(flow for flow in flows if flow["id"] == "gateway-guacd/gw-lan/guacd-r/tcp-4822")
    assert guacd["source"]["host_id"] == "gw-lan"
    assert guacd["target"] == {"name": "guacd-r", "host_id": "guacd-r", "zone": "resident", "addresses": ["10.4.0.5"]}
    assert guacd["settings"] == ["wire.gateways.gw-lan.zones", "hosts.guacd-r.roles"]
