"""Sign-in against a real OpenLDAP, over StartTLS and over LDAPS."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auth.ldap import LdapAuthenticator
from broker.errors import ConfigurationError
from broker.model.kinds import Role
from broker.model.reasons import SigninRefusal
from broker.ports import DirectoryUnavailable, PasswordAccepted, PasswordRejected
from broker.secret import Secret
from tests.auth.authenticator_conformance import AuthenticatorConformance, Known, secret_of
from tests.auth.mapping_conformance import MappingConformance
from tests.parts.slapd import SUFFIX, Slapd, make_other_ca

pytestmark = pytest.mark.real

Dial = Callable[..., LdapAuthenticator]


@pytest.fixture
def dial(slapd: Slapd) -> Iterator[Dial]:
    opened: list[LdapAuthenticator] = []

    def open_one(
        *, password: Secret | None = None, ca_path: Path | None = None, **changes: object
    ) -> LdapAuthenticator:
        settings = slapd.settings(**changes)
        opened.append(LdapAuthenticator(settings, password or slapd.service_password, ca_path or slapd.ca_file))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


class TestStartTls(AuthenticatorConformance):
    @pytest.fixture
    def directory(self, dial: Dial) -> Known:
        return Known(authenticator=dial())


class TestLdaps(AuthenticatorConformance):
    @pytest.fixture
    def directory(self, dial: Dial, slapd: Slapd) -> Known:
        return Known(authenticator=dial(url=f"ldaps://localhost:{slapd.tls_port}"))


class TestMapping(MappingConformance):
    pass


async def test_a_login_in_japanese_works(dial: Dial) -> None:
    outcome = await dial().verify("佐藤", secret_of("佐藤"))
    assert isinstance(outcome, PasswordAccepted)
    assert outcome.person.display_name == "佐藤 花子"


async def test_a_name_made_of_metacharacters_is_found_as_itself(dial: Dial) -> None:
    outcome = await dial().verify("(star*)", secret_of("(star*)"))
    assert isinstance(outcome, PasswordAccepted)
    assert outcome.person.groups == {"所属長"}


async def test_a_plain_group_without_member_of_gives_its_role(dial: Dial) -> None:
    outcome = await dial().verify("itdesk", secret_of("itdesk"))
    assert isinstance(outcome, PasswordAccepted)
    assert outcome.person.roles == {Role.TENANT_ADMIN}


async def test_two_people_with_one_login_are_nobody(dial: Dial) -> None:
    outcome = await dial().verify("double", secret_of("double"))
    assert outcome == PasswordRejected(SigninRefusal.AMBIGUOUS_USER)


async def test_an_account_without_a_password_is_rejected(dial: Dial) -> None:
    outcome = await dial().verify("passwordless", Secret("anything"))
    assert outcome == PasswordRejected(SigninRefusal.WRONG_PASSWORD)


async def test_a_filter_that_matches_everybody_signs_nobody_in(dial: Dial) -> None:
    authenticator = dial(user_filter="(|(uid={login})(objectClass=inetOrgPerson))")
    outcome = await authenticator.verify("yamada", secret_of("yamada"))
    assert outcome == PasswordRejected(SigninRefusal.AMBIGUOUS_USER)


async def test_an_entry_without_its_login_attribute_is_nobody(dial: Dial) -> None:
    outcome = await dial(login_attribute="mail").verify("yamada", secret_of("yamada"))
    assert outcome == PasswordRejected(SigninRefusal.UNKNOWN_USER)


async def test_a_certificate_of_another_ca_is_no_directory(dial: Dial, tmp_path: Path, slapd: Slapd) -> None:
    other = make_other_ca(tmp_path)
    for url in (f"ldap://localhost:{slapd.port}", f"ldaps://localhost:{slapd.tls_port}"):
        outcome = await dial(ca_path=other, url=url).verify("yamada", secret_of("yamada"))
        assert isinstance(outcome, DirectoryUnavailable)
        assert "certificate verify failed" in outcome.detail.lower()


async def test_a_certificate_for_another_name_is_no_directory(dial: Dial, slapd: Slapd) -> None:
    outcome = await dial(url=f"ldap://127.0.0.2:{slapd.port}").verify("yamada", secret_of("yamada"))
    assert isinstance(outcome, DirectoryUnavailable)
    assert "127.0.0.2" in outcome.detail


async def test_a_refused_service_account_is_said_as_the_directory_failing(dial: Dial) -> None:
    outcome = await dial(password=Secret("changed by somebody")).verify("yamada", secret_of("yamada"))
    assert isinstance(outcome, DirectoryUnavailable)
    assert "service account" in outcome.detail


@pytest.mark.parametrize("field", ["user_base", "group_base"])
async def test_a_search_that_fails_is_never_an_answer_about_a_person(dial: Dial, field: str) -> None:
    outcome = await dial(**{field: f"ou=nowhere,{SUFFIX}"}).verify("yamada", secret_of("yamada"))
    assert isinstance(outcome, DirectoryUnavailable)
    assert "search" in outcome.detail


async def test_nobody_listening_is_said_as_such(dial: Dial) -> None:
    outcome = await dial(url="ldap://127.0.0.1:9").verify("yamada", secret_of("yamada"))
    assert isinstance(outcome, DirectoryUnavailable)


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://localhost"},
        {"url": "ldap://"},
        {"url": "ldap://localhost:x"},
        {"url": "ldap://localhost/ou=people"},
        {"user_filter": "(uid=yamada)"},
        {"bind_dn": ""},
    ],
)
def test_settings_that_cannot_work_stop_the_start(dial: Dial, changes: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="directory"):
        dial(**changes)


def test_a_missing_ca_file_stops_the_start(dial: Dial, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.pem"):
        dial(ca_path=tmp_path / "none.pem")


async def test_of_two_people_with_one_login_there_is_no_word(dial: Dial) -> None:
    assert await dial().look_up(["double"]) == {}


async def test_a_directory_that_is_gone_says_nothing_about_anybody(dial: Dial) -> None:
    assert isinstance(await dial(url="ldap://127.0.0.1:9").look_up(["yamada"]), DirectoryUnavailable)


async def test_a_review_that_broke_off_is_no_review(dial: Dial) -> None:
    assert isinstance(
        await dial(group_base=f"ou=nowhere,{SUFFIX}").look_up(["disabled", "yamada"]), DirectoryUnavailable
    )
