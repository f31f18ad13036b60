"""All fakes of the services together."""

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.session.records import (
    LiveSession,
)
from tests.web.fake_accounts import EmergencyAtTheHost, KeptAccounts
from tests.web.fake_changes import KeptChanges
from tests.web.fake_consents import ShelfOfConsents
from tests.web.fake_console import HelpfulPeople, ShelfOfPools, WrittenAudit
from tests.web.fake_devices import ShelfOfDevices
from tests.web.fake_directory import SyncedDirectory
from tests.web.fake_factor_desk import DeskOfFactors
from tests.web.fake_factors import DeskOfPasskeys, PlainPasskeys, ShelfOfFactors
from tests.web.fake_flows import ListedFlows
from tests.web.fake_help_desk import PatientHelpDesk
from tests.web.fake_keys import KeptKeys
from tests.web.fake_locks import ListedLocks
from tests.web.fake_mapping import SmallMapping
from tests.web.fake_passwords import ShelfOfPasswords
from tests.web.fake_policy import KeptApprovals, OpenMinded
from tests.web.fake_servers import TwoServers
from tests.web.fake_sessions import ScriptedSessions
from tests.web.fake_signin import OneCity, PlainSignin
from tests.web.people import (
    POOLS,
    STAFF,
    make_desktop,
    make_session,
)
from web.context import Services


class FakeCity:
    """All fakes together, and the services made of them."""

    def __init__(self) -> None:
        self.signin = PlainSignin()
        self.accounts = KeptAccounts()
        self.factor_desk = DeskOfFactors()
        self.passkeys = PlainPasskeys(self.signin)
        self.own_factors = ShelfOfFactors()
        self.person_passkeys = DeskOfPasskeys()
        self.sessions = ScriptedSessions()
        self.pools = ShelfOfPools()
        self.people = HelpfulPeople(self.signin)
        self.locks = ListedLocks()
        self.help_desk = PatientHelpDesk(self.signin, self.locks)
        self.audit = WrittenAudit()
        self.policy = OpenMinded()
        self.approvals = KeptApprovals()
        self.changes = KeptChanges()
        self.flows = ListedFlows()
        self.devices = ShelfOfDevices()
        self.directory = SyncedDirectory()
        self.passwords = ShelfOfPasswords(self.signin)
        self.directory_servers = TwoServers()
        self.mapping = SmallMapping()
        self.consents = ShelfOfConsents()
        first = POOLS[0][0]
        self.sessions.others = [
            LiveSession(
                session=make_session(first, STAFF, SessionState.ACTIVE),
                user=STAFF,
                pool=first,
                desktop=make_desktop(first, 1, DesktopState.IN_USE),
                address="192.0.2.10",
            )
        ]

    def services(self) -> Services:
        return Services(
            tenants=OneCity(),
            signin=self.signin,
            passkeys=self.passkeys,
            own_factors=self.own_factors,
            person_passkeys=self.person_passkeys,
            sessions=self.sessions,
            pools=self.pools,
            people=self.people,
            locks=self.locks,
            help_desk=self.help_desk,
            audit=self.audit,
            policy=self.policy,
            approvals=self.approvals,
            changes=self.changes,
            flows=self.flows,
            devices=self.devices,
            accounts=self.accounts,
            emergencies=EmergencyAtTheHost(),
            passwords=self.passwords,
            factor_desk=self.factor_desk,
            consents=self.consents,
            keys=KeptKeys(),
            directory=self.directory,
            directory_servers=self.directory_servers,
            mapping=self.mapping,
        )
