"""The tenants' directories, from settings to objects."""

from collections.abc import Iterator, Mapping

from auth.directories import TenantDirectories
from auth.ldap import LdapAuthenticator
from auth.ldap_listing import LdapListing
from auth.local import LocalAccounts
from auth.local_first import LocalFirst
from broker.directory.mapping import RulesOfTenant
from broker.directory.rules import Rhythm
from broker.directory_settings import LdapSettings
from broker.errors import ConfigurationError
from broker.model.ids import TenantId
from broker.model.login_forms import is_same_form, why_not
from broker.policy.mapping import refusals_of_mapping, rules_of
from broker.ports import PasswordHasher, Store
from broker.settings import SiteSettings, TenantSettings, read_secret_file


def make_authenticators(settings: SiteSettings) -> Mapping[TenantId, TenantDirectories]:
    """Each tenant's directories. Whoever makes them closes them. Raises :class:`ConfigurationError`."""
    return {TenantId(tenant.id): _open(settings, tenant) for tenant in settings.tenants}


def make_doors(
    settings: SiteSettings, store: Store, hasher: PasswordHasher, directories: Mapping[TenantId, TenantDirectories]
) -> Mapping[TenantId, LocalFirst]:
    """Each tenant's local accounts together with its directories."""
    return {
        tenant: LocalFirst(
            LocalAccounts(store, hasher, tenant, each.local_accounts),
            directories[tenant] if each.every_directory else None,
            changes_theirs=any(directory.password_change for directory in each.every_directory),
        )
        for each in settings.tenants
        if (tenant := TenantId(each.id))
    }


def directories_of(settings: SiteSettings) -> Mapping[TenantId, tuple[str, ...]]:
    """The ids of each tenant's directories, in their order."""
    return {TenantId(tenant.id): tuple(each.id for each in tenant.every_directory) for tenant in settings.tenants}


def mapping_rules(settings: SiteSettings) -> Mapping[TenantId, RulesOfTenant]:
    """What each directory's groups and attributes make of people."""
    return {
        TenantId(tenant.id): {each.id: rules_of(each.roles, each.rules) for each in tenant.every_directory}
        for tenant in settings.tenants
    }


def open_listings(settings: SiteSettings) -> Mapping[tuple[TenantId, str], LdapListing]:
    """Every directory as a source of a sync. Whoever makes them closes them. Raises :class:`ConfigurationError`."""
    return {
        (TenantId(tenant.id), each.id): LdapListing(
            each, read_secret_file(settings.path(each.bind_password_file)), settings.path(each.ca_file)
        )
        for tenant in settings.tenants
        for each in tenant.every_directory
    }


def rhythms_of(settings: SiteSettings) -> Mapping[tuple[TenantId, str], Rhythm]:
    return {
        (TenantId(tenant.id), each.id): Rhythm(changes_s=each.sync_interval_s, full_s=each.full_sync_interval_s)
        for tenant in settings.tenants
        for each in tenant.every_directory
    }


def check_directories(settings: SiteSettings) -> None:
    """Raises :class:`ConfigurationError` with the path of what can't be."""
    for tenant in settings.tenants:
        if refusals := list(_refusals(tenant)):
            raise ConfigurationError("; ".join(f"$.tenants.{tenant.id}.{refusal}" for refusal in refusals))


def _open(settings: SiteSettings, tenant: TenantSettings) -> TenantDirectories:
    directories = tenant.every_directory
    parts = [
        LdapAuthenticator(each, read_secret_file(settings.path(each.bind_password_file)), settings.path(each.ca_file))
        for each in directories
    ]
    return TenantDirectories(parts, [each.login_forms for each in directories], tenant.same_login)


def _refusals(tenant: TenantSettings) -> Iterator[str]:
    directories = tenant.every_directory
    is_local = tenant.local_accounts.is_only
    if not directories and not is_local:
        yield "directory: there is none, so nobody could sign in (local_accounts.is_only, where nobody else should)"
    if directories and is_local:
        yield "local_accounts.is_only: there is a directory as well; write it without this line"
    if tenant.directory and tenant.directories:
        yield "directory: with [[tenants.directories]] it belongs there as well"
    for place, directory in enumerate(directories):
        path = f"directories[{place}]" if tenant.directories else "directory"
        if any(directory.id == earlier.id for earlier in directories[:place]):
            yield f"{path}.id: {directory.id!r} is used twice"
        if not directory.id.strip() or len(directory.id) > 64:
            yield f"{path}.id: is empty or longer than 64 characters"
        yield from _refusals_of_forms(path, directory, directories[:place])
        for refusal in refusals_of_mapping(path, directory.roles, directory.rules):
            yield f"{refusal.path}: {refusal.why}"


def _refusals_of_forms(path: str, directory: LdapSettings, earlier: list[LdapSettings]) -> Iterator[str]:
    forms = directory.login_forms
    if not forms:
        yield f"{path}.login_forms: is empty, so nobody could type a name of this directory"
        return
    for form in forms:
        if why := why_not(form):
            yield f"{path}.login_forms: {why}"
    for other in earlier:
        is_shared = bool(other.login_forms) and is_same_form(forms[0], other.login_forms[0])
        if is_shared and {each.casefold() for each in forms} != {each.casefold() for each in other.login_forms}:
            yield (
                f"{path}.login_forms: people of {other.id} are known by the same first form {forms[0]!r}; "
                "then all forms must be the same, or the first ones must differ"
            )
