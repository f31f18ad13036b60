"""Settings: one TOML file per site into frozen structs. A field that nobody knows stops the start with its path.

Secrets come only from files (``*_file``), which hold nothing else. Times are in seconds.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from broker.account_settings import LocalAccountSettings, PasswordHashSettings
from broker.directory_settings import LdapSettings
from broker.errors import ConfigurationError
from broker.model.consent_settings import ConsentSettings
from broker.model.flow_settings import ClientNetworkSettings, FurtherFlowSettings, HostSettings
from broker.model.kinds import (
    Mode,
    Origin,
    Role,
    SameLogin,
)
from broker.model.pool_settings import PoolSettings
from broker.model.rules import Calendar, Restrictions, Waiver
from broker.model.watermark_settings import WatermarkSettings
from broker.network_settings import EntranceListenerSettings, EntranceSettings, PortalSettings, WireSettings
from broker.secret import Secret


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class SigninSettings(_Settings, frozen=True, kw_only=True):
    issuer: str = "Sekisho"
    """Name under which the account appears in the authenticator app."""
    idle_limit_s: int = 1800
    absolute_limit_s: int = 36000
    pending_limit_s: int = 600
    max_codes_per_attempt: int = 5
    free_failures: int = 5
    """Failures of an account from one address before it is made to wait there; each further one doubles the wait."""
    free_failures_per_account: int = 20
    """The same for an account from all addresses where it has not signed in lately."""
    free_failures_per_address: int = 300
    """The same for an address, attempts between password and code included: a whole office may sit behind one."""
    free_failures_of_strangers: int = 1000
    """Failures at one entrance from one of sixteen groups of networks, under whatever names, by whom nothing is known:
    neither address nor browser nor device. From then on such strangers wait ``max_stranger_block_s`` for each other."""
    max_stranger_block_s: int = 10
    fresh_factor_s: Annotated[int, msgspec.Meta(ge=30, le=600)] = 300
    """How old the second factor of an administrator may be who changes something in the console or by the API. An older
    one is asked for again (``step_up_required``)."""
    base_block_s: int = 30
    max_block_s: int = 3600
    max_account_block_s: int = 900
    """Longest wait of an account that strangers' failures cause. It binds nobody at an address where that account
    has signed in lately."""
    known_address_s: int = 2_592_000
    """For so long after a sign-in its address and its browser are known (30 days)."""
    failure_memory_s: int = 7200
    password_change_factor_age_s: int = 900
    """How old the second factor may be when a signed-in person changes their own password."""
    password_warning_days: int = 14
    """From so many days before a password runs out the portal tells its owner."""
    enrol_networks: list[str] = []
    """Networks (CIDR) from which a first authenticator app may be enrolled by password alone. Empty: none."""
    enrol_origins: list[Origin] = msgspec.field(default_factory=lambda: [Origin.OFFICE])
    """The entrance has to say so too: its origin has to be one of these. An address alone tells nothing where private
    ranges are used in several networks."""


class ZoneSettings(_Settings, frozen=True, kw_only=True):
    id: str
    name_ja: str
    name_en: str
    max_unsupervised_s: int = 3600
    baseline_kind: str = ""
    """Kind of network by whose rules of the baseline it goes (``lgwan``, ``resident``, ``internet_zone``); empty: the
    zone's own id. A kind that the baseline does not know has its strictest rules."""


class PolicySettings(_Settings, frozen=True, kw_only=True):
    """Rules of a tenant. The strictest of baseline, tenant and pool holds; exceptions loosen the baseline alone."""

    baseline: str = "2025"
    """Version of a profile that is shipped with the product."""
    baseline_file: str = ""
    """A profile of the site's own (TOML), instead of a shipped one."""
    restrictions: Restrictions = msgspec.field(default_factory=Restrictions)
    """Without ``devices`` only ``managed`` ones are let in: private devices are the tenant's explicit choice."""
    exceptions: list[Waiver] = []
    calendar: Calendar = msgspec.field(default_factory=Calendar)


class TenantSettings(_Settings, frozen=True, kw_only=True):
    id: str
    name_ja: str
    name_en: str
    hostnames: list[str]
    time_zone: str = "Asia/Tokyo"
    mode: Mode = Mode.NORMAL
    """Only for the first start; from then on the IT desk sets it (``sekisho mode set``)."""
    policy: PolicySettings = msgspec.field(default_factory=PolicySettings)
    watermark: WatermarkSettings = msgspec.field(default_factory=WatermarkSettings)
    cover_unfocused: bool = False
    """The session page covers the picture of every pool while its window is not in use; a pool may ask for it alone
    by ``grants.cover_unfocused``."""
    consent: ConsentSettings | None = None
    keep_desktops_on_password_change: bool = False
    """Desktops stay connected when a changed password ends the person's other sign-ins."""
    directory: LdapSettings | None = None
    """For a tenant with one directory. With several: ``[[tenants.directories]]``."""
    directories: list[LdapSettings] = []
    """Several, each with an id, asked in this order."""
    same_login: SameLogin = SameLogin.REFUSE
    """What becomes of a name that several directories have under the same form."""
    local_accounts: LocalAccountSettings = msgspec.field(default_factory=LocalAccountSettings)
    zones: list[ZoneSettings]
    pools: list[PoolSettings]
    passkey_required_roles: list[Role] = []
    """Roles that count only after a sign-in (or a step-up) by passkey: with a code alone the console stays shut."""
    passkey_user_verification: Literal["required", "preferred"] = "required"
    """Whether the authenticator has to check finger, face or PIN, or only that somebody is there."""
    passkey_aaguids: list[str] = []
    """Models of authenticators that may be enrolled. Empty: every model, and none is asked to prove what it is."""
    passkey_rp_id: str = ""
    """The name that passkeys are made for, where all host names end in it. Empty: each host name has its own. Changing
    it makes the passkeys that are there useless."""

    @property
    def every_directory(self) -> list[LdapSettings]:
        """However they are written, in their order."""
        return [*([self.directory] if self.directory else []), *self.directories]


class DeviceSettings(_Settings, frozen=True, kw_only=True):
    """Certificates of devices (端末証明書)."""

    certificate_days: Annotated[int, msgspec.Meta(ge=1, le=1095)] = 365
    """For so many days a new certificate is good. Its end is told 60, 30, 14, 7 days and 1 day before."""


class DatabaseSettings(_Settings, frozen=True, kw_only=True):
    """``url_file`` (which holds a URL with its password) wins over ``url``; empty: SQLite in ``data_dir``."""

    url: str = ""
    url_file: str = ""
    pool_size: int = 10


class AuditSettings(_Settings, frozen=True, kw_only=True):
    seal_interval_s: float = 0.5
    checkpoint_interval_s: float = 5.0
    """How long a record may be without a signature outside of the database. One line of about 250 bytes for each
    tenant and interval in which anything was audited: at most 4.3 MB for each tenant and day."""
    checkpoint_key_file: str = "keys/audit-signing.key"
    checkpoint_file: str = "audit/checkpoints.jsonl"
    """Anchor outside of the database: keep it on other storage than the database's."""


class ReconcileSettings(_Settings, frozen=True, kw_only=True):
    interval_s: float = 1.0
    start_deadline_s: float = 60.0
    reset_deadline_s: float = 60.0
    gateway_silence_s: float = 30.0
    """A gateway that was silent for so long has lost its sessions as far as the books go."""


class LogSettings(_Settings, frozen=True, kw_only=True):
    level: str = "info"
    format: str = "json"


class SiteSettings(_Settings, frozen=True, kw_only=True):
    """A whole site as the broker sees it. Relative paths start at ``data_dir``."""

    data_dir: str
    sealing_key_file: str = "keys/sealing.key"
    portal: PortalSettings = msgspec.field(default_factory=PortalSettings)
    entrances: list[EntranceSettings] = []
    entrance_listener: EntranceListenerSettings = msgspec.field(default_factory=EntranceListenerSettings)
    signin: SigninSettings = msgspec.field(default_factory=SigninSettings)
    password_hash: PasswordHashSettings = msgspec.field(default_factory=PasswordHashSettings)
    database: DatabaseSettings = msgspec.field(default_factory=DatabaseSettings)
    wire: WireSettings = msgspec.field(default_factory=WireSettings)
    devices: DeviceSettings = msgspec.field(default_factory=DeviceSettings)
    audit: AuditSettings = msgspec.field(default_factory=AuditSettings)
    reconcile: ReconcileSettings = msgspec.field(default_factory=ReconcileSettings)
    log: LogSettings = msgspec.field(default_factory=LogSettings)
    tenants: list[TenantSettings] = []
    hosts: list[HostSettings] = []
    """Every machine of the site: permitted flows (特定通信) and packet filters are derived from them."""
    client_networks: list[ClientNetworkSettings] = []
    further_flows: list[FurtherFlowSettings] = []

    @property
    def portal_host(self) -> str:
        """Where the broker's own listener for people is; empty: nowhere."""
        if self.portal.host is not None:
            return self.portal.host
        return "" if self.entrances else "127.0.0.1"

    def path(self, relative: str) -> Path:
        """A path of the settings, resolved against ``data_dir``."""
        return Path(self.data_dir) / relative


_MAX_FILE_BYTES: Final = 1 << 20


def load_settings(path: Path) -> SiteSettings:
    """Read and check a settings file. Raises :class:`ConfigurationError` with the path of what is wrong."""
    return msgspec_convert(read_toml(path), path)


def read_toml(path: Path) -> dict[str, Any]:
    """Raises :class:`ConfigurationError` when the file can't be read or is not TOML."""
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ConfigurationError(f"{path}: larger than {_MAX_FILE_BYTES} bytes")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error


def msgspec_convert(raw: dict[str, Any], path: Path) -> SiteSettings:
    """Settings from parsed TOML; messages carry ``path`` and the field's own path (``$.portal.port``)."""
    try:
        return msgspec.convert(raw, SiteSettings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def read_secret_file(path: Path) -> Secret:
    """One line from a file that others can't read. Raises :class:`ConfigurationError`."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{path}: readable by others; run: chmod 600 {path}")
        return Secret(path.read_text("utf-8").rstrip("\n"))
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read: {error.strerror}") from error
