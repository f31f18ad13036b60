"""A site's settings as the rows that they ask for. Refuses what can't work, with the path in the settings."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.model.ids import PoolId, ZoneId
from broker.model.pool_settings import PoolSettings, StaticDesktopSettings
from broker.model.records import Endpoint, Pool, Tenant, Zone
from broker.pool.desired_rules import read_desired_rules
from broker.pool.parameters import refuse_parameters
from broker.pool.watermarks import check_watermark
from broker.ports import DesktopProvider, MakesCredentials
from broker.secret import Secret
from broker.settings import SiteSettings, TenantSettings, read_secret_file

_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class DesiredHost(msgspec.Struct, frozen=True, kw_only=True):
    """A registered host with the account on it. ``name`` is what it is known by within its pool."""

    name: str
    endpoint: Endpoint
    credential: dict[str, Secret]


class DesiredPool(msgspec.Struct, frozen=True, kw_only=True):
    """``has_hosts``: its desktops are the registered hosts, and no others."""

    pool: Pool
    has_hosts: bool
    hosts: tuple[DesiredHost, ...]


class DesiredTenant(msgspec.Struct, frozen=True, kw_only=True):
    tenant: Tenant
    zones: tuple[Zone, ...]
    pools: tuple[DesiredPool, ...]


def read_desired(settings: SiteSettings, providers: Mapping[str, DesktopProvider]) -> list[DesiredTenant]:
    """The rows that the settings ask for, with accounts read from their files.

    Raises :class:`ConfigurationError`.
    """
    _refuse_twice("tenants", [tenant.id for tenant in settings.tenants])
    return [_tenant(settings, providers, tenant) for tenant in settings.tenants]


def _tenant(settings: SiteSettings, providers: Mapping[str, DesktopProvider], asked: TenantSettings) -> DesiredTenant:
    where = f"tenants.{asked.id}"
    _checked_id(where, asked.id)
    _refuse_twice(f"{where}.zones", [zone.id for zone in asked.zones])
    _refuse_twice(f"{where}.pools", [pool.id for pool in asked.pools])
    for zone in asked.zones:
        _checked_id(f"{where}.zones", zone.id)
    for pool in asked.pools:
        _check_pool(f"{where}.pools.{pool.id}", pool, {ZoneId(zone.id) for zone in asked.zones}, providers)
        check_watermark(f"{where}.pools.{pool.id}", pool)
    desired = read_desired_rules(settings, asked)
    by_id = {pool.id: pool for pool in desired.pools}
    return DesiredTenant(
        tenant=desired.tenant,
        zones=desired.zones,
        pools=tuple(_pool(settings, providers, by_id[PoolId(pool.id)], pool) for pool in asked.pools),
    )


def _pool(
    settings: SiteSettings, providers: Mapping[str, DesktopProvider], pool: Pool, asked: PoolSettings
) -> DesiredPool:
    hosts = tuple(_host(settings, host) for host in asked.desktops)
    return DesiredPool(pool=pool, has_hosts=not isinstance(providers[asked.provider], MakesCredentials), hosts=hosts)


def _host(settings: SiteSettings, asked: StaticDesktopSettings) -> DesiredHost:
    credential: dict[str, Secret] = {}
    if asked.username:
        credential["username"] = Secret(asked.username)
    if asked.password_file:
        credential["password"] = read_secret_file(settings.path(asked.password_file))
    return DesiredHost(name=asked.name, endpoint=Endpoint(host=asked.host, port=asked.port), credential=credential)


def _check_pool(where: str, asked: PoolSettings, zones: set[ZoneId], providers: Mapping[str, DesktopProvider]) -> None:
    _checked_id(where, asked.id)
    if ZoneId(asked.zone) not in zones:
        raise ConfigurationError(f"{where}.zone: there is no zone {asked.zone!r} in this tenant")
    provider = providers.get(asked.provider)
    if provider is None:
        known = ", ".join(sorted(providers))
        raise ConfigurationError(f"{where}.provider: there is no provider {asked.provider!r}; there are: {known}")
    if isinstance(provider, MakesCredentials) and asked.desktops:
        raise ConfigurationError(f"{where}.desktops: provider {asked.provider!r} makes its own desktops")
    if asked.target_ready > asked.max_size:
        raise ConfigurationError(f"{where}.target_ready: {asked.target_ready} is more than max_size {asked.max_size}")
    _refuse_twice(f"{where}.desktops", [host.name for host in asked.desktops])
    for host in asked.desktops:
        if not 0 <= host.port <= 65535:
            raise ConfigurationError(f"{where}.desktops.{host.name}.port: {host.port} is not a port")
    if (refused := refuse_parameters(asked.protocol, asked.parameters)) is not None:
        raise ConfigurationError(f"{where}.parameters.{refused.name}: {refused.why}")


def _checked_id(where: str, text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise ConfigurationError(f"{where}.id: {text!r} must be lower-case letters, digits, - and _, at most 63")
    return text


def _refuse_twice(where: str, names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"{where}: {twice[0]!r} is there twice")
