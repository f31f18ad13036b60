"""Rules of use on a real store: confirmed once a version, seen by the desk, obeyed at the door."""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from broker.errors import ConfigurationError
from broker.model.actor import Actor
from broker.model.consent import ConsentRule, ConsentText, TrainingPage
from broker.model.consent_settings import ConsentSettings
from broker.model.kinds import Origin, Role
from broker.people.consents import AnswersWrong, ConsentDesk, ConsentKept, ConsentShown, NothingDemanded, TextChanged
from broker.policy.administration import NotAllowed
from broker.pool.consent_files import read_consent
from broker.settings import SiteSettings, TenantSettings
from broker.signin.records import Authenticated
from broker.store import SqlStore
from tests.broker.signin.city import TENANT, City, open_city

TEXT = ConsentText(
    rule=ConsentRule(version="2026-1", digest="d1", origins=frozenset({Origin.OFFICE}), renew_months=12),
    dated=date(2026, 4, 1),
    text_ja="守ること。",
    text_en="",
    training=(TrainingPage(title_ja="一", text_ja="二", question_ja="三", choices_ja=("四", "五"), right=1),),
)
DESK = Actor(tenant_id=TENANT, name="user:desk", roles=frozenset({Role.TENANT_ADMIN}), address="10.0.0.9")


class Office(City):
    """A city whose people confirm rules of use."""

    def desk(self, text: ConsentText | None = TEXT) -> ConsentDesk:
        return ConsentDesk(self.store, {} if text is None else {TENANT: text})

    async def auth(self, login: str = "yamada") -> Authenticated:
        signed_in = await self.enrol(login)
        return Authenticated(session=signed_in.session, user=signed_in.user)


@pytest.fixture
async def office(sqlite_store: SqlStore) -> Office:
    city = await open_city(sqlite_store)
    return Office(sqlite_store, city.directory)


async def is_due(desk: ConsentDesk, auth: Authenticated) -> bool:
    shown = await desk.show(auth)
    assert isinstance(shown, ConsentShown)
    return shown.is_due


async def test_a_text_is_confirmed_once_and_every_change_asks_again(office: Office) -> None:
    auth, desk = await office.auth(), office.desk()
    assert await is_due(desk, auth)
    assert await desk.give(auth, "d0", [1]) == TextChanged()
    for answers in ([], [0], [None], [7], [-1]):
        assert await desk.give(auth, "d1", answers) == AnswersWrong((0,))
    assert await is_due(desk, auth)
    kept = await desk.give(auth, "d1", [1])
    assert isinstance(kept, ConsentKept)
    assert not await is_due(desk, auth)
    (record,) = await office.audit("consent")
    assert (record.event, record.detail["version"], record.detail["digest"]) == ("consent.given", "2026-1", "d1")

    for changed in ({"version": "2026-2"}, {"digest": "d2"}):
        assert await is_due(office.desk(replace(TEXT, rule=replace(TEXT.rule, **changed))), auth)
    office.wait(timedelta(days=367))
    assert await is_due(desk, auth)
    async with office.store.read() as tx:
        last = await tx.policy.get_consent(TENANT, auth.user.id)
    assert last == kept.consent


async def test_from_elsewhere_nothing_is_asked_and_without_a_text_there_is_nothing(office: Office) -> None:
    auth = await office.auth()
    away = replace(TEXT, rule=replace(TEXT.rule, origins=frozenset({Origin.INTERNET})))
    assert not await is_due(office.desk(away), auth)
    nothing = office.desk(None)
    assert await nothing.show(auth) == NothingDemanded()
    assert await nothing.give(auth, "d1", [1]) == NothingDemanded()


async def test_the_desk_sees_everybody_and_nobody_else_does(office: Office) -> None:
    one, other = await office.auth("yamada"), await office.auth("suzuki")
    desk = office.desk()
    await desk.give(one, "d1", [1])
    rows = await desk.list_all(DESK)
    assert not isinstance(rows, NotAllowed)
    assert [(row.user.login, row.is_current) for row in rows] == [("suzuki", False), ("yamada", True)]
    assert isinstance(await desk.list_all(replace(DESK, roles=other.user.roles)), NotAllowed)
    assert await desk.note_export(DESK, 2) is None
    assert (await office.audit("consent.exported"))[0].detail == {"rows": "2"}


def tenant_with(consent: ConsentSettings) -> TenantSettings:
    return TenantSettings(
        id="demo", name_ja="関所市", name_en="Sekisho", hostnames=["localhost"], consent=consent, zones=[], pools=[]
    )


def asked(folder: Path, **changes: object) -> ConsentText | None:
    (folder / "rules.md").write_text("# 利用規程\n\n守ること。", "utf-8")
    settings = ConsentSettings(version="2026-1", dated=date(2026, 4, 1), text_file="rules.md")
    return read_consent(SiteSettings(data_dir=str(folder)), tenant_with(replace(settings, **changes)))


def test_a_changed_letter_is_another_text(tmp_path: Path) -> None:
    first = asked(tmp_path)
    (tmp_path / "other.md").write_text("# 利用規程\n\n守ること！", "utf-8")
    second = asked(tmp_path, text_file="other.md")
    assert first is not None
    assert second is not None
    assert first.rule.origins == {Origin.CLOSED_SIM, Origin.SATELLITE, Origin.INTERNET}
    assert first.rule.digest != second.rule.digest


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"version": " "}, "version: is empty"),
        ({"origins": []}, "origins: an empty list"),
        ({"renew_months": 121}, "renew_months: 121"),
        ({"text_file": "missing.md"}, "can't be read"),
        ({"text_file": "empty.md"}, "is empty"),
        ({"text_file": "noise.md"}, "can't be read"),
        ({"training_file": "empty.md"}, "is empty"),
        ({"training_file": "wrong.toml"}, "right names one of them"),
        ({"training_file": "unknown.toml"}, "contains unknown field"),
    ],
)
def test_what_cannot_be_is_named_before_anything_starts(tmp_path: Path, changes: dict[str, object], why: str) -> None:
    page = '[[pages]]\ntitle_ja="一"\ntext_ja="二"\nquestion_ja="三"\nchoices_ja=["四","五"]\nright='
    (tmp_path / "empty.md").write_text("  \n")
    (tmp_path / "noise.md").write_bytes(os.urandom(64) + b"\xff")
    (tmp_path / "wrong.toml").write_text(page + "2\n", "utf-8")
    (tmp_path / "unknown.toml").write_text(page + '1\nhint="x"\n', "utf-8")
    with pytest.raises(ConfigurationError, match=why):
        asked(tmp_path, **changes)
