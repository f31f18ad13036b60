"""Settings of one directory of a tenant."""

from typing import Annotated

import msgspec

from broker.model.kinds import DirectoryKind, Role
from broker.model.mapping import MappingRule


class LdapSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One directory. Plain LDAP without TLS does not exist here."""

    id: str = "directory"
    """Its name in the console, in the audit and on the command line."""
    login_forms: list[str] = msgspec.field(default_factory=lambda: ["{login}"])
    """What people of this directory may type, with ``{login}`` for the login as the directory stores it, such as
    ``{login}@edu.hinode.example`` or ``EDU\\{login}``. By the first form they are known everywhere else. A name goes
    to the directories with the closest form alone."""
    url: str
    """``ldap://host:port`` (StartTLS is always used) or ``ldaps://host:port``."""
    further_urls: list[str] = []
    """Further servers of the same directory, asked in this order when those before them fail or are slow."""
    failover_s: float = 1.5
    """How long a server may take before the next one is asked as well; the first answer counts."""
    ca_file: str
    bind_dn: str
    bind_password_file: str
    kind: DirectoryKind = DirectoryKind.LDAP
    """What server it is. It decides what the empty filters and attributes below stand for."""
    user_base: str
    user_filter: str = ""
    """Finds a person by ``{login}``. Empty: ``uid`` of ``inetOrgPerson``; in Active Directory ``sAMAccountName`` or
    ``userPrincipalName`` of a person."""
    group_base: str = ""
    """Only groups below it count. Empty: all that the person's own entry names (``memberOf``)."""
    group_filter: str = ""
    """Finds groups by ``{dn}`` or ``{login}``. Empty: ``groupOfNames`` by ``member``; in Active Directory also through
    groups in groups and the primary group."""
    login_attribute: str = ""
    """Empty: ``uid``; in Active Directory ``sAMAccountName``."""
    name_attribute: str = ""
    """Empty: ``cn``; in Active Directory ``displayName``."""
    department_attribute: str = ""
    """Empty: ``ou``; in Active Directory ``department``."""
    roles: dict[str, Role] = {}
    """Directory group → role in the console."""
    rules: list[MappingRule] = []
    """From groups and attributes to roles, entitlements, department and head of section."""
    manager_attribute: str = ""
    """Attribute with the name of a person's own head, such as ``manager``. Empty: not read."""
    connect_timeout_s: float = 3.0
    operation_timeout_s: float = 5.0
    assumed_lockout_threshold: int = 0
    """So many wrong passwords lock an account by rules that the directory hides. 0: it hides none."""
    password_change: bool = True
    """Without it people don't change their password here, and one that has to be changed gets nobody in."""
    max_threads: int = 8
    """For each server."""
    page_size: Annotated[int, msgspec.Meta(ge=10, le=1000)] = 500
    """Entries of a page when the whole directory is read. Active Directory gives at most 1000 at a time."""
    sync_interval_s: Annotated[float, msgspec.Meta(ge=1)] = 600.0
    """How often changes are read into the list of people, groups and departments."""
    full_sync_interval_s: Annotated[float, msgspec.Meta(ge=1)] = 21_600.0
    """How often everything is read. Only then entries that are gone are noticed."""
    recheck_interval_s: float = 120.0
    """How often those who are signed in or at work are looked up again. An account that is disabled or expired is shut
    out in that round; one that is no longer found, in the next."""
