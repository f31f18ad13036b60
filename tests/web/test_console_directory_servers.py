"""The IT desk sees how the servers of the directories are, and has each step of a sign-in tried there."""

from tests.web.browsing import Visitor
from tests.web.fakes import FakeCity


async def test_the_page_shows_how_each_server_is(visitor: Visitor) -> None:
    await visitor.sign_in("p9001")
    page = await visitor.get("/console/directory")
    for shown in (
        "dc1.city.example.jp:636",
        "応答あり",
        "12 ms／47 ms",
        "312 件",
        "4180 / 2",
        "3 / 8",
        "dc2.city.example.jp:636",
        "応答なし",
        "socket connection error while opening: timed out",
        "8 / 8",
        "待ち 5 件",
    ):
        assert shown in page.text


async def test_a_check_says_what_works_and_what_to_do_about_the_rest(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9001")
    await visitor.get("/console/directory")
    page = await visitor.submit("/console/directory/check")
    assert page.status == 200
    assert city.directory_servers.checks == 1
    for shown in ("2027-03-31", "kamiya, yamada, 佐藤", "認証局の証明書を置いてください", "self-signed", "未実施"):
        assert shown in page.text


async def test_an_auditor_sees_them_and_may_not_have_them_checked(visitor: Visitor, city: FakeCity) -> None:
    await visitor.sign_in("p9002")
    page = await visitor.get("/console/directory")
    assert "dc1.city.example.jp:636" in page.text
    assert "接続を確かめる" not in page.text
    assert (await visitor.submit("/console/directory/check")).status == 403
    assert (await visitor.call("/api/v1/admin/directory/check")).status == 403
    assert city.directory_servers.checks == 0


async def test_staff_see_none_of_it(visitor: Visitor) -> None:
    await visitor.sign_in("p1001")
    for path in ("/console/directory", "/api/v1/admin/directory/servers"):
        assert (await visitor.get(path)).status == 403
