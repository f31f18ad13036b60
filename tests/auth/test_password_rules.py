"""New passwords of local accounts: what is taken, and what is refused with its reason."""

import pytest

from auth.password_rules import refuse_new_password, rules_of
from broker.account_settings import LocalAccountSettings
from broker.model.ids import TenantId, UserId
from broker.model.passwords import NewPasswordFault
from broker.model.records import Tenant, User

TOWN = Tenant(
    id=TenantId("hinode"),
    name_ja="日の出町",
    name_en="Hinode Town",
    hostnames=frozenset({"portal.hinode.lg.jp"}),
)
PERSON = User(
    tenant_id=TOWN.id,
    id=UserId("u"),
    login="okubo",
    display_name="大久保 さくら子",
    department="総務課",
    groups=frozenset(),
    roles=frozenset(),
)
RULES = rules_of(TOWN, LocalAccountSettings(refused_words=["kappazuka"]))


@pytest.mark.parametrize(
    "password", ["q7Rk-w2Zp-m4Tn", "Umi9 to kaizoku no tokei", "霧の中のキリン42!abc", "Ab1霧雨霰雹朧霞靄霄凪颪"]
)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    assert refuse_new_password(password, PERSON, RULES) is None


@pytest.mark.parametrize(
    "password, fault",
    [
        ("q7Rk-w2Zp-m", NewPasswordFault.TOO_SHORT),
        ("", NewPasswordFault.TOO_SHORT),
        ("qzrkwxzpmvtn", NewPasswordFault.TOO_SIMPLE),
        ("QZRKWXZPmvtn", NewPasswordFault.TOO_SIMPLE),
        ("xx-Okubo-73-qq", NewPasswordFault.CONTAINS_NAME),
        ("xx-ｏｋｕｂｏ-73-QQ", NewPasswordFault.CONTAINS_NAME),
        ("xx-大久保-73-QQabc", NewPasswordFault.CONTAINS_NAME),
        ("Password1234!", NewPasswordFault.COMMON),
        ("P@ssw0rd2026!", NewPasswordFault.COMMON),
        ("Qwertyuiop123!", NewPasswordFault.COMMON),
        ("Shiyakusho2026", NewPasswordFault.COMMON),
        ("Sh1yakush0-2026", NewPasswordFault.COMMON),
        ("Hinode-Town-2026", NewPasswordFault.COMMON),
        ("日の出町-Hinode-1", NewPasswordFault.COMMON),
        ("Kappazuka-2026", NewPasswordFault.COMMON),
        ("Kanrisha-Kanrisha1", NewPasswordFault.COMMON),
        ("Aa1Aa1Aa1Aa1Aa1", NewPasswordFault.COMMON),
        ("2026/11/22-Ab", NewPasswordFault.COMMON),
    ],
)
def test_what_is_guessed_first_is_refused_with_its_reason(password: str, fault: NewPasswordFault) -> None:
    assert refuse_new_password(password, PERSON, RULES) is fault


def test_a_site_chooses_length_and_kinds() -> None:
    strict = rules_of(TOWN, LocalAccountSettings(min_length=20, min_kinds=4))
    assert refuse_new_password("q7Rk-w2Zp-m4Tn", PERSON, strict) is NewPasswordFault.TOO_SHORT
    assert refuse_new_password("q7Rkxw2Zpxm4Tnxb9Vcxh3Jy", PERSON, strict) is NewPasswordFault.TOO_SIMPLE
    assert refuse_new_password("q7Rk-w2Zp-m4Tn-b9Vc-h3Jy", PERSON, strict) is None


def test_a_password_of_ten_thousand_signs_is_judged_at_once() -> None:
    assert refuse_new_password("q7Rk-w2Zp-m4Tn-" * 667, PERSON, RULES) in {None, NewPasswordFault.COMMON}
