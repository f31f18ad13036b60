"""HAProxy's configuration for one entrance (HAProxy 2.6 configuration manual), from the site's settings."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from broker.errors import ConfigurationError
from broker.network_settings import EntranceSettings
from broker.settings import SiteSettings
from broker.wire.entrance_headers import CLIENT_ADDRESS, DEVICE_CERTIFICATE
from sekisho.entrance.upstreams import find_brokers, find_gateways

TEMPLATE: Final = "haproxy.cfg.j2"
MAX_BODY_BYTES: Final = 65_536
"""As much as the portal takes."""


def entrance_named(settings: SiteSettings, entrance_id: str) -> EntranceSettings:
    """Raises :class:`ConfigurationError` for an entrance that the settings do not have."""
    for entrance in settings.entrances:
        if entrance.id == entrance_id:
            return entrance
    known = ", ".join(entrance.id for entrance in settings.entrances) or "none"
    raise ConfigurationError(f"there is no entrance {entrance_id!r}; the settings have: {known}")


def haproxy_config(settings: SiteSettings, entrance_id: str) -> str:
    """The whole file. Raises :class:`ConfigurationError` for what could not be served."""
    entrance = entrance_named(settings, entrance_id)
    if entrance.certificate_required and not entrance.proxy.device_ca:
        raise ConfigurationError(
            f"$.entrances.{entrance.id}.proxy.device_ca: needed, because certificate_required is set"
        )
    public = urlsplit(entrance.public_url)
    # Not for HTML: what stands in the file are names, addresses and paths whose form the settings have checked.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE).render(
        entrance=entrance,
        proxy=entrance.proxy,
        hostname=public.hostname,
        public_origin=f"{public.scheme}://{public.netloc}",
        brokers=find_brokers(settings, entrance),
        gateways=find_gateways(settings, entrance),
        client_address=CLIENT_ADDRESS,
        device_certificate=DEVICE_CERTIFICATE,
        max_body_bytes=MAX_BODY_BYTES,
    )
