"""The fake that other tests sign in with behaves as a directory does."""

import pytest

from broker.model.kinds import Role
from tests.auth.authenticator_conformance import AuthenticatorConformance, Known
from tests.fakes.authenticator import FakeAuthenticator, FakePerson


class TestFakeAuthenticator(AuthenticatorConformance):
    @pytest.fixture
    def directory(self) -> Known:
        return Known(
            authenticator=FakeAuthenticator(
                FakePerson(login="yamada", password="yamada-secret", groups=frozenset({"telework", "所属長"})),
                FakePerson(
                    login="kamiya",
                    password="kamiya-secret",
                    display_name="神谷 髙志",
                    department="税務課",
                    groups=frozenset({"監査担当", "係長, 市民課"}),
                    roles=frozenset({Role.AUDITOR}),
                ),
                FakePerson(login="disabled", password="disabled-secret", is_disabled=True),
            )
        )
