"""What the pages and the API stand on: the services as small Protocols, and one struct of them all."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from broker.change.records import ChangeRow, ExceptionOrder, NoSuchChange, RulesInForce, RulesOrder
from broker.directory.mapping import MappingRow, MatchView, RuleNotUsable
from broker.directory.records import (
    DepartmentsAndGroups,
    DirectoryView,
    DoubtConfirmed,
    FoundPeople,
    NoSuchDirectory,
    NothingDoubted,
    Prepared,
    SyncAsked,
)
from broker.flow import Flow
from broker.flow.table import FlowRow, Words
from broker.lifecycle.policy_change import ChangeEvent
from broker.model.actor import Actor
from broker.model.arrival import Arrival
from broker.model.directory import SyncKind
from broker.model.directory_health import CheckFinding, ServerHealth
from broker.model.ids import DesktopId, PoolId, SessionId, UserId
from broker.model.kinds import Mode
from broker.model.mapping import MappingRule
from broker.model.policy_records import ChangeKind, ModeOrder, PolicyChange
from broker.model.records import AuditRecord, Tenant, User
from broker.model.rules import RuleSet, Waiver
from broker.model.throttle import Throttle
from broker.people.approvals import ApprovalOrder, ApprovalRow, ApprovalsKept, NoSuchApproval, OrderRefused
from broker.people.help_desk import PersonSheet
from broker.people.locks import BlockOrder, Lifted, LockRefused, NoSuchLock
from broker.people.records import NoSuchPerson, PersonDetails, PreviousSignin, ReasonMissing
from broker.policy.administration import NotAllowed
from broker.policy.decision import Allow, Deny
from broker.policy.second_person import ChangeRefused
from broker.pool.records import (
    DesktopChanged,
    DesktopMoved,
    DesktopRow,
    NoSuchDesktop,
    NoSuchPool,
    PoolChanged,
    PoolSummary,
)
from broker.ports import AuditQuery, DirectoryUnavailable
from broker.ports.naming import Names
from broker.secret import Secret
from broker.session.desk_records import Explained, ExplainQuestion, ModeAwaits, ModeState, Refusal, Rehearsed
from broker.session.records import (
    Disconnected,
    Ended,
    EndedForPerson,
    LiveSession,
    NoSuchSession,
    OpenOutcome,
    PoolView,
    TicketOutcome,
)
from broker.settings import SiteSettings
from broker.signin.records import (
    Authenticated,
    CodeAttempt,
    CodeOutcome,
    EnrolmentOffer,
    MustEnrol,
    PasswordAttempt,
    PasswordOutcome,
    Refused,
    SignedOut,
    StepUpOutcome,
)
from web.account_ports import AccountsPort, EmergenciesPort, FactorDeskPort, KeysPort
from web.device_ports import DevicesPort
from web.factor_ports import OwnFactorsPort, PasskeysPort, PersonPasskeysPort
from web.person_ports import ConsentsPort, PasswordsPort


class TenantsPort(Protocol):
    async def find_by_hostname(self, hostname: str) -> Tenant | None: ...
    async def find_for_stranger(self, hostname: str) -> Tenant | None: ...
    async def list_all(self) -> list[Tenant]: ...


class SigninPort(Protocol):
    async def submit_password(self, attempt: PasswordAttempt) -> PasswordOutcome: ...
    async def offer_enrolment(self, pending: Secret) -> EnrolmentOffer | Refused: ...
    async def submit_code(self, attempt: CodeAttempt) -> CodeOutcome | MustEnrol: ...
    async def confirm_enrolment(self, attempt: CodeAttempt) -> CodeOutcome: ...
    async def step_up_by_code(self, auth: Authenticated, code: str) -> StepUpOutcome: ...
    async def authenticate(self, token: Secret, arrival: Arrival) -> Authenticated | SignedOut | None: ...


class SessionsPort(Protocol):
    async def portal(self, auth: Authenticated) -> list[PoolView]: ...
    async def ended_lately(self, auth: Authenticated) -> list[EndedForPerson]: ...
    async def explain(self, auth: Authenticated, pool_id: PoolId) -> Allow | Deny | NoSuchPool: ...
    async def open(self, auth: Authenticated, pool_id: PoolId) -> OpenOutcome: ...
    async def issue_ticket(self, auth: Authenticated, session_id: SessionId) -> TicketOutcome: ...
    async def disconnect(self, auth: Authenticated, session_id: SessionId) -> Disconnected | NoSuchSession: ...
    async def log_off(self, auth: Authenticated, session_id: SessionId) -> Ended | NoSuchSession: ...
    async def list_live(self, actor: Actor) -> list[LiveSession] | NotAllowed: ...
    async def terminate(self, actor: Actor, session_id: SessionId, note: str) -> Ended | NoSuchSession | NotAllowed: ...


class PoolsPort(Protocol):
    async def summaries(self, actor: Actor) -> list[PoolSummary] | NotAllowed: ...
    async def desktops(self, actor: Actor, pool_id: PoolId) -> list[DesktopRow] | NoSuchPool | NotAllowed: ...
    async def set_open(
        self, actor: Actor, pool_id: PoolId, is_open: bool, reason: str
    ) -> PoolChanged | NoSuchPool | NotAllowed: ...
    async def repair(
        self, actor: Actor, desktop_id: DesktopId
    ) -> DesktopChanged | DesktopMoved | NoSuchDesktop | NotAllowed: ...


ChangeOutcome = User | NoSuchPerson | NotAllowed | ReasonMissing


class PeoplePort(Protocol):
    async def sign_out(self, token: Secret) -> Authenticated | None: ...
    async def sign_out_everywhere(self, auth: Authenticated) -> int: ...
    async def previous_signin(self, auth: Authenticated) -> PreviousSignin | None: ...
    async def search(self, actor: Actor, text: str) -> list[User] | NotAllowed: ...
    async def details(self, actor: Actor, user_id: UserId) -> PersonDetails | NoSuchPerson | NotAllowed: ...
    async def lock(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome: ...
    async def unlock(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome: ...

    async def end_signins(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        """End every browser's session of somebody else; their desktops are disconnected and keep the work."""
        ...


class HelpDeskPort(Protocol):
    async def look(self, actor: Actor, user_id: UserId) -> PersonSheet | NoSuchPerson | NotAllowed: ...


class LocksPort(Protocol):
    """Waits at sign-in and blocked addresses."""

    async def list_all(self, actor: Actor) -> list[Throttle] | NotAllowed: ...
    async def lift(
        self, actor: Actor, keys: Sequence[str], reason: str
    ) -> Lifted | NoSuchLock | ReasonMissing | NotAllowed: ...
    async def block(self, actor: Actor, order: BlockOrder) -> Throttle | LockRefused | ReasonMissing | NotAllowed: ...


RuleChangeOutcome = PolicyChange | ChangeRefused | NoSuchChange | NotAllowed


class PolicyPort(Protocol):
    async def explain(
        self, actor: Actor, question: ExplainQuestion
    ) -> Explained | NoSuchPool | NoSuchPerson | NotAllowed: ...
    async def rehearse(
        self, actor: Actor, settings: SiteSettings, mode: Mode | None = None
    ) -> Rehearsed | Refusal | NotAllowed: ...
    async def mode(self, actor: Actor) -> ModeState | NotAllowed: ...
    async def set_mode(
        self, actor: Actor, order: ModeOrder, reason: str
    ) -> ModeState | ModeAwaits | Refusal | NotAllowed: ...
    async def rehearse_rules(
        self, actor: Actor, subject: str, rules: RuleSet | None, mode: Mode | None = None
    ) -> Rehearsed | Refusal | NotAllowed: ...
    async def rehearse_exception(self, actor: Actor, waiver: Waiver) -> Rehearsed | Refusal | NotAllowed: ...


class ChangesPort(Protocol):
    """Exceptions, versions of rules and modes that want a second person."""

    async def list_all(self, actor: Actor, kind: ChangeKind) -> list[ChangeRow] | NotAllowed: ...
    async def find(self, actor: Actor, change_id: str) -> ChangeRow | NoSuchChange | NotAllowed: ...
    async def request_exception(self, actor: Actor, order: ExceptionOrder, reason: str) -> RuleChangeOutcome: ...
    async def rules(self, actor: Actor, subject: str) -> RulesInForce | NoSuchChange | NotAllowed: ...
    async def save_rules(self, actor: Actor, order: RulesOrder, reason: str) -> RuleChangeOutcome: ...
    async def go_back(self, actor: Actor, change_id: str, based_on: int, reason: str) -> RuleChangeOutcome: ...
    async def decide(self, actor: Actor, change_id: str, event: ChangeEvent, note: str) -> RuleChangeOutcome: ...


class ApprovalsPort(Protocol):
    async def list_all(self, actor: Actor) -> list[ApprovalRow] | NotAllowed: ...
    async def keep(
        self, actor: Actor, orders: Sequence[ApprovalOrder]
    ) -> ApprovalsKept | OrderRefused | NotAllowed: ...
    async def withdraw(self, actor: Actor, login: str, reason: str) -> ApprovalsKept | NoSuchApproval | NotAllowed: ...


class AuditPort(Protocol):
    async def search(self, actor: Actor, query: AuditQuery) -> list[AuditRecord] | NotAllowed: ...
    async def names_in(self, actor: Actor, records: Sequence[AuditRecord]) -> Names | NotAllowed: ...
    async def note_export(self, actor: Actor, query: AuditQuery, records: int) -> NotAllowed | None: ...


class DirectoryPort(Protocol):
    async def status(self, actor: Actor) -> list[DirectoryView] | NotAllowed: ...
    async def search(
        self, actor: Actor, text: str, after: tuple[str, str] | None = None, *, only_new: bool = False
    ) -> FoundPeople | NotAllowed: ...
    async def units(self, actor: Actor) -> DepartmentsAndGroups | NotAllowed: ...
    async def ask_sync(
        self, actor: Actor, kind: SyncKind, directory: str | None = None
    ) -> SyncAsked | NoSuchDirectory | NotAllowed: ...
    async def prepare(self, actor: Actor, login: str) -> Prepared | NoSuchPerson | NotAllowed: ...
    async def confirm_doubt(
        self, actor: Actor, directory: str, round_: int, reason: str
    ) -> DoubtConfirmed | NothingDoubted | NoSuchDirectory | ReasonMissing | NotAllowed: ...


class DirectoryServersPort(Protocol):
    async def health(self, actor: Actor) -> list[ServerHealth] | NotAllowed: ...
    async def check(self, actor: Actor) -> list[CheckFinding] | NotAllowed: ...


class MappingPort(Protocol):
    async def list_rules(self, actor: Actor) -> list[MappingRow] | NotAllowed: ...
    async def match(
        self, actor: Actor, directory: str, rule: MappingRule
    ) -> MatchView | RuleNotUsable | DirectoryUnavailable | NotAllowed: ...


class FlowsPort(Protocol):
    async def list_flows(self, actor: Actor) -> list[Flow] | NotAllowed: ...
    async def list_rows(self, actor: Actor, words: Words) -> list[FlowRow] | NotAllowed: ...
    async def note_export(self, actor: Actor, rows: int) -> NotAllowed | None: ...


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a view or an API handler may call."""

    tenants: TenantsPort
    signin: SigninPort
    passkeys: PasskeysPort
    own_factors: OwnFactorsPort
    person_passkeys: PersonPasskeysPort
    sessions: SessionsPort
    pools: PoolsPort
    people: PeoplePort
    locks: LocksPort
    help_desk: HelpDeskPort
    audit: AuditPort
    policy: PolicyPort
    approvals: ApprovalsPort
    changes: ChangesPort
    flows: FlowsPort
    devices: DevicesPort
    accounts: AccountsPort
    emergencies: EmergenciesPort
    passwords: PasswordsPort
    factor_desk: FactorDeskPort
    consents: ConsentsPort
    keys: KeysPort
    directory: DirectoryPort
    directory_servers: DirectoryServersPort
    mapping: MappingPort
