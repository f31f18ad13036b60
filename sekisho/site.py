"""From settings to objects: the parts of a broker, wired together. The only place that knows them all."""

import os
from pathlib import Path

from broker.audit import CheckpointKey
from broker.errors import ConfigurationError
from broker.flow import refusals_of_flows
from broker.model.service_name import is_service_id
from broker.network_settings import PORTAL_ENTRANCE
from broker.policy.checking import list_refusals
from broker.policy.entrances import refusals_of_entrances
from broker.policy.ranges import refusals_of_ranges
from broker.pool.desired_rules import read_desired_rules
from broker.secret import SealingKey
from broker.settings import SiteSettings, read_secret_file
from sekisho.directories import check_directories
from sekisho.passkeys import passkey_rules


def database_url(settings: SiteSettings) -> str:
    """The URL that SQLAlchemy connects to. SQLite in the data folder unless the settings name another."""
    if settings.database.url_file:
        return read_secret_file(settings.path(settings.database.url_file)).reveal()
    if settings.database.url:
        return settings.database.url
    return f"sqlite+aiosqlite:///{settings.path('sekisho.sqlite3').absolute()}"


def check_site(settings: SiteSettings) -> None:
    """Find what can't work before anything is started. Raises :class:`ConfigurationError`."""
    if not settings.tenants:
        raise ConfigurationError("no [[tenants]]: a site needs at least one")
    if refusals := refusals_of_ranges("$.signin.enrol_networks", settings.signin.enrol_networks):
        raise ConfigurationError(list_refusals(refusals))
    check_directories(settings)
    passkey_rules(settings)
    _check_entrances(settings)
    _check_peers(settings)
    for tenant in settings.tenants:
        read_desired_rules(settings, tenant)
    if refusals := refusals_of_flows(settings):
        raise ConfigurationError(list_refusals(refusals))


def _check_entrances(settings: SiteSettings) -> None:
    if refusals := refusals_of_entrances("$.entrances", settings.entrances, PORTAL_ENTRANCE):
        raise ConfigurationError(list_refusals(refusals))
    if settings.entrances and not settings.entrance_listener.host:
        raise ConfigurationError("$.entrance_listener: without it no entrance's proxy can reach the broker")
    if not settings.entrances and (settings.entrance_listener.host or not settings.portal_host):
        raise ConfigurationError("$.entrances: there is none, so nobody could come in")
    known = {PORTAL_ENTRANCE, *(entrance.id for entrance in settings.entrances)}
    for index, gateway in enumerate(settings.wire.gateways):
        if gateway.entrance not in known:
            raise ConfigurationError(f"$.wire.gateways[{index}].entrance: there is no entrance {gateway.entrance!r}")


def _check_peers(settings: SiteSettings) -> None:
    known = {zone.id for tenant in settings.tenants for zone in tenant.zones}
    for kind, peers in (("gateways", settings.wire.gateways), ("agents", settings.wire.agents)):
        for peer in peers:
            if not is_service_id(peer.id):
                raise ConfigurationError(f"$.wire.{kind}: {peer.id!r}: an id of a-z, 0-9, '.', '_' and '-'")
            if unknown := set(peer.zones) - known:
                raise ConfigurationError(f"$.wire.{kind}: {peer.id} serves {sorted(unknown)}, which no tenant has")


def prepare_data_dir(settings: SiteSettings) -> None:
    """Folders and keys that a first start makes. An existing key is never replaced."""
    os.umask(0o077)
    for folder in ("run", "keys", "audit", "log"):
        settings.path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    peers = (*settings.wire.gateways, *settings.wire.agents)
    for key_file in (settings.sealing_key_file, *(peer.key_file for peer in peers)):
        SealingKey.create(settings.path(key_file))
    CheckpointKey.create(settings.path(settings.audit.checkpoint_key_file))


def load_sealing_key(settings: SiteSettings) -> SealingKey:
    return SealingKey.load(Path(settings.path(settings.sealing_key_file)))
