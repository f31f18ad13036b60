"""What every authenticator must do, told once. A suite gives ``directory``: the authenticator and what it knows."""

import asyncio
from typing import Protocol

import msgspec
import pytest

from broker.model.kinds import Role
from broker.model.reasons import SigninRefusal
from broker.ports import (
    Authenticator,
    DirectoryReader,
    PasswordAccepted,
    PasswordRejected,
    PersonGone,
    PersonStands,
)
from broker.secret import Secret


class Directory(Authenticator, DirectoryReader, Protocol):
    """Both sides of a directory."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """``yamada`` and ``kamiya`` with the password ``<login>-secret``; ``disabled`` is one who left."""

    authenticator: Directory


def secret_of(login: str) -> Secret:
    return Secret(f"{login}-secret")


class AuthenticatorConformance:
    async def test_the_right_password_shows_the_person_as_the_directory_has_them(self, directory: Known) -> None:
        outcome = await directory.authenticator.verify("kamiya", secret_of("kamiya"))
        assert isinstance(outcome, PasswordAccepted)
        person = outcome.person
        # 神 is U+FA19 and 髙 is U+9AD9: normalised, they would be other characters.
        assert (person.login, person.display_name, person.department) == ("kamiya", "神谷 髙志", "税務課")
        assert person.groups == {"監査担当", "係長, 市民課"}
        assert person.roles == {Role.AUDITOR}

    async def test_a_group_elsewhere_grants_nothing(self, directory: Known) -> None:
        outcome = await directory.authenticator.verify("yamada", secret_of("yamada"))
        assert isinstance(outcome, PasswordAccepted)
        assert outcome.person.groups == {"telework", "所属長"}
        assert outcome.person.roles == frozenset()

    async def test_however_the_login_is_typed_the_person_is_one(self, directory: Known) -> None:
        outcome = await directory.authenticator.verify("YAMADA", secret_of("yamada"))
        assert isinstance(outcome, PasswordAccepted)
        assert outcome.person.login == "yamada"

    @pytest.mark.parametrize("typed", ["wrong", "kamiya-secret", "yamada-secret ", "YAMADA-SECRET", "ｙamada-secret"])
    async def test_a_wrong_password_is_rejected(self, directory: Known, typed: str) -> None:
        outcome = await directory.authenticator.verify("yamada", Secret(typed))
        assert outcome == PasswordRejected(SigninRefusal.WRONG_PASSWORD)

    async def test_nobody_by_that_name_is_rejected(self, directory: Known) -> None:
        outcome = await directory.authenticator.verify("nobody", Secret("nobody-secret"))
        assert outcome == PasswordRejected(SigninRefusal.UNKNOWN_USER)

    @pytest.mark.parametrize("login", ["y\u0430mada", "yam\u00e5da", "yamada\u0301", "\u1e8f\u0251mada"])
    async def test_a_name_that_only_looks_like_one_is_nobodys(self, directory: Known, login: str) -> None:
        outcome = await directory.authenticator.verify(login, secret_of("yamada"))
        assert outcome == PasswordRejected(SigninRefusal.UNKNOWN_USER)

    @pytest.mark.parametrize("login", ["yamada", "nobody", "disabled"])
    async def test_an_empty_password_is_never_an_anonymous_bind(self, directory: Known, login: str) -> None:
        outcome = await directory.authenticator.verify(login, Secret(""))
        assert outcome == PasswordRejected(SigninRefusal.EMPTY_PASSWORD)

    @pytest.mark.parametrize(
        "login",
        ["*", "yam*", "yamada)(uid=*", "*)(objectClass=*", "yamada*))(|(uid=*", "\\2a", "yamad\\61", "{dn}", "|", "&"],
    )
    async def test_metacharacters_of_filters_find_nobody(self, directory: Known, login: str) -> None:
        outcome = await directory.authenticator.verify(login, secret_of("yamada"))
        assert outcome == PasswordRejected(SigninRefusal.UNKNOWN_USER)

    @pytest.mark.parametrize("login", ["", "  ", "yamada\0", "\0", "yamada\n", "yama\u200bda", "\ud800", "y" * 129])
    async def test_a_login_that_cannot_be_one_is_rejected(self, directory: Known, login: str) -> None:
        outcome = await directory.authenticator.verify(login, secret_of("yamada"))
        assert outcome == PasswordRejected(SigninRefusal.LOGIN_MALFORMED)

    @pytest.mark.parametrize("typed", ["yamada-secret\0", "\0", "\ud800", "x" * 10_000])
    async def test_a_password_that_no_keyboard_makes_is_rejected(self, directory: Known, typed: str) -> None:
        outcome = await directory.authenticator.verify("yamada", Secret(typed))
        assert outcome == PasswordRejected(SigninRefusal.WRONG_PASSWORD)

    async def test_who_left_is_rejected_with_the_right_password(self, directory: Known) -> None:
        outcome = await directory.authenticator.verify("disabled", secret_of("disabled"))
        assert outcome == PasswordRejected(SigninRefusal.ACCOUNT_DISABLED)

    async def test_many_at_once_never_get_each_others_answers(self, directory: Known) -> None:
        logins = ["yamada", "kamiya", "disabled", "nobody"] * 6
        outcomes = await asyncio.gather(*(directory.authenticator.verify(login, secret_of(login)) for login in logins))
        seen = [outcome.person.login if isinstance(outcome, PasswordAccepted) else None for outcome in outcomes]
        assert seen == ["yamada", "kamiya", None, None] * 6

    async def test_people_are_looked_up_without_their_password(self, directory: Known) -> None:
        found = await directory.authenticator.look_up(["yamada", "disabled", "nobody", "*"])
        assert isinstance(found, dict)
        signed_in = await directory.authenticator.verify("yamada", secret_of("yamada"))
        assert isinstance(signed_in, PasswordAccepted)
        assert found == {
            "yamada": PersonStands(signed_in.person),
            "disabled": PersonGone(SigninRefusal.ACCOUNT_DISABLED),
            "nobody": PersonGone(SigninRefusal.UNKNOWN_USER),
            "*": PersonGone(SigninRefusal.UNKNOWN_USER),
        }
