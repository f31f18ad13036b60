"""What a password and a code are worth, for every combination of facts."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from broker.model.ids import TenantId, UserId
from broker.model.kinds import Origin
from broker.model.reasons import SigninRefusal
from broker.model.records import PendingSignin, User, WebSession
from broker.ports import DirectoryPerson, FactorAccepted, FactorRejected, PasswordAccepted, PasswordRejected
from broker.signin.rules import (
    AcceptRecovery,
    AcceptStep,
    AskCode,
    AskEnrolment,
    LoginFacts,
    PasswordFacts,
    RecoveryTyped,
    RefuseLater,
    RefuseLogin,
    decide_enrolment,
    decide_login,
    decide_password,
    is_inside,
    is_live,
    parse_networks,
)

NOW = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
TENANT, YAMADA = TenantId("demo"), UserId("u1")
USER = User(
    tenant_id=TENANT, id=YAMADA, login="yamada", display_name="", department="", groups=frozenset(), roles=frozenset()
)
PENDING = PendingSignin(
    token_hash=b"", tenant_id=TENANT, login="yamada", user_id=YAMADA, password_refusal=None, must_enrol=False,
    enrolment_secret=None, code_failures=0, address="", user_agent="", created_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
)  # fmt: skip
PERSON = DirectoryPerson(login="yamada", display_name="", department="", groups=frozenset(), roles=frozenset())
MAX_CODES = 5

causes = st.sampled_from(SigninRefusal)
users = st.sampled_from(
    [
        None,
        USER,
        msgspec.structs.replace(USER, is_locked=True),
        msgspec.structs.replace(USER, id=UserId("u2")),
        msgspec.structs.replace(USER, tenant_id=TenantId("neighbour")),
    ]
)
pendings = st.builds(
    msgspec.structs.replace,
    st.just(PENDING),
    password_refusal=st.none() | causes.map(str),
    must_enrol=st.booleans(),
    code_failures=st.integers(0, 7),
    expires_at=st.sampled_from([NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)]),
    user_id=st.sampled_from([YAMADA, None]),
)
proofs = st.sampled_from(
    [None, FactorAccepted(7), FactorRejected(), FactorRejected(drift_steps=4), RecoveryTyped(b"hash")]
)
login_facts = st.builds(
    LoginFacts,
    now=st.just(NOW),
    pending=pendings,
    max_codes=st.just(MAX_CODES),
    user=users,
    proof=proofs,
    may_enrol_here=st.sampled_from([None, True, False]),
)


def is_sound(facts: LoginFacts) -> bool:
    """Everything that must be true, written once more, independently."""
    pending = facts.pending
    return (
        pending.password_refusal is None
        and pending.expires_at > facts.now
        and pending.code_failures < MAX_CODES
        and pending.user_id == YAMADA
        and facts.user == USER
    )


@given(login_facts)
def test_only_a_sound_attempt_with_a_right_code_signs_in(facts: LoginFacts) -> None:
    decision = decide_login(facts)
    may = is_sound(facts) and not facts.pending.must_enrol
    assert isinstance(decision, AcceptStep) == (may and isinstance(facts.proof, FactorAccepted))
    assert isinstance(decision, AcceptRecovery) == (may and isinstance(facts.proof, RecoveryTyped))


@given(login_facts)
def test_only_a_sound_attempt_from_a_trusted_network_enrols(facts: LoginFacts) -> None:
    decision = decide_enrolment(facts)
    may = is_sound(facts) and facts.pending.must_enrol and facts.may_enrol_here is True
    assert isinstance(decision, AcceptStep) == (may and isinstance(facts.proof, FactorAccepted))


@given(login_facts)
def test_a_refused_password_stays_the_cause_of_an_open_attempt(facts: LoginFacts) -> None:
    decision = decide_login(facts)
    pending = facts.pending
    if pending.password_refusal and pending.expires_at > NOW and pending.code_failures < MAX_CODES:
        assert isinstance(decision, RefuseLogin)
        assert decision.cause == pending.password_refusal


def test_no_factor_is_never_a_factor_that_passed() -> None:
    facts = LoginFacts(now=NOW, pending=PENDING, max_codes=MAX_CODES, user=USER, proof=None)
    assert decide_login(facts) == RefuseLogin(SigninRefusal.NOT_ENROLLED)


verdicts = st.just(PasswordAccepted(PERSON)) | causes.map(PasswordRejected)


@given(
    st.builds(
        PasswordFacts,
        verdict=verdicts,
        user=users,
        is_enrolled=st.sampled_from([None, True, False]),
        may_enrol_here=st.booleans(),
    )
)
def test_a_password_leads_on_only_for_a_known_open_account(facts: PasswordFacts) -> None:
    decision = decide_password(facts)
    is_open = isinstance(facts.verdict, PasswordAccepted) and facts.user is not None and not facts.user.is_locked
    assert isinstance(decision, AskCode) == (is_open and facts.is_enrolled is True)
    assert isinstance(decision, AskEnrolment) == (is_open and facts.is_enrolled is False and facts.may_enrol_here)
    if isinstance(facts.verdict, PasswordRejected):
        assert decision == RefuseLater(facts.verdict.cause)


@given(st.text())
def test_a_text_that_is_no_address_lies_in_no_network(text: str) -> None:
    everywhere = parse_networks(["0.0.0.0/0", "::/0"])
    assert not is_inside(f"{text}!", everywhere)


@given(st.ip_addresses())
def test_every_address_lies_everywhere_and_none_in_nothing(address: object) -> None:
    assert is_inside(str(address), parse_networks(["0.0.0.0/0", "::/0"]))
    assert not is_inside(str(address), ())


@given(st.integers(-7200, 7200), st.integers(-7200, 7200))
def test_a_browser_counts_until_it_is_idle_or_old(idle_s: int, age_left_s: int) -> None:
    session = WebSession(
        token_hash=b"", tenant_id=TENANT, user_id=YAMADA, csrf_token="", tunnel_hash=b"", factor="totp",
        origin=Origin.OFFICE, address="", user_agent="", created_at=NOW, seen_at=NOW - timedelta(seconds=idle_s),
        expires_at=NOW + timedelta(seconds=age_left_s), entrance="portal",
    )  # fmt: skip
    assert is_live(session, idle_limit_s=1800, now=NOW) == (idle_s < 1800 and age_left_s > 0)
