"""The watermark of a pool: the tenant's, with what the pool says otherwise. Pure."""

import msgspec

from broker.errors import ConfigurationError
from broker.model.grants import Grants
from broker.model.pool_settings import PoolSettings
from broker.model.watermark import WatermarkStyle
from broker.model.watermark_settings import WatermarkSettings


def marked_grants(tenant: WatermarkSettings, pool: PoolSettings) -> Grants:
    """The pool's grants with template and style; without a template when the watermark is off."""
    asked = _merge(tenant, pool)
    style = WatermarkStyle(
        opacity_percent=asked.opacity_percent,
        angle_degrees=asked.angle_degrees,
        density=asked.density,
        on_missing=asked.on_missing,
    )
    return msgspec.structs.replace(
        pool.grants, watermark_text=asked.template if asked.enabled else None, watermark=style
    )


def check_watermark(where: str, pool: PoolSettings) -> None:
    """Raises :class:`ConfigurationError` for a watermark among the grants. Templates are checked as they are read."""
    if pool.grants.watermark_text is not None or pool.grants.watermark != WatermarkStyle():
        raise ConfigurationError(f"{where}.grants: a watermark is set up in {where}.watermark")


def _merge(tenant: WatermarkSettings, pool: PoolSettings) -> WatermarkSettings:
    told = {name: value for name, value in msgspec.structs.asdict(pool.watermark).items() if value is not None}
    return msgspec.structs.replace(tenant, **told)
