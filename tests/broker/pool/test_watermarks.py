"""The watermark in a site's settings: on by default, the pool's word over the tenant's."""

import msgspec
import pytest

from broker.errors import ConfigurationError
from broker.model.pool_settings import PoolSettings
from broker.model.watermark import DEFAULT_TEMPLATE, Density, WatermarkStyle
from broker.model.watermark_settings import WatermarkSettings
from broker.pool.watermarks import check_watermark, marked_grants

POOL = {
    "id": "p", "zone": "lgwan", "name_ja": "共有", "name_en": "shared", "kind": "floating", "provider": "local",
    "protocol": "vnc", "entitled_groups": ["g"],
}  # fmt: skip


def a_pool(**table: object) -> PoolSettings:
    return msgspec.convert(POOL | table, PoolSettings)


def test_every_pool_is_marked_unless_the_site_says_otherwise() -> None:
    assert marked_grants(WatermarkSettings(), a_pool()).watermark_text == DEFAULT_TEMPLATE
    assert marked_grants(WatermarkSettings(enabled=False), a_pool()).watermark_text is None


def test_a_pool_overrides_its_tenant_field_by_field() -> None:
    tenant = WatermarkSettings(enabled=False, opacity_percent=30, angle_degrees=0)
    grants = marked_grants(
        tenant,
        a_pool(watermark={"enabled": True, "template": "{login}", "density": "dense"}, grants={"audio_out": True}),
    )
    assert grants.watermark_text == "{login}"
    assert grants.watermark == WatermarkStyle(opacity_percent=30, angle_degrees=0, density=Density.DENSE)
    assert grants.audio_out
    assert marked_grants(WatermarkSettings(), a_pool(watermark={"enabled": False})).watermark_text is None


@pytest.mark.parametrize(
    "table, word",
    [
        ({"template": "{login} {who}"}, r"template: there is no field \{who\}.*at `\$\.watermark`"),
        ({"template": "{login}\a"}, r"U\+0007"),
        ({"template": "{login}" + "あ" * 200}, "at most 120"),
        ({"template": "関所市", "enabled": False}, "nobody"),
    ],
)
def test_a_template_that_can_not_be_drawn_is_refused_with_its_place(table: dict[str, object], word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=word):
        a_pool(watermark=table)
    with pytest.raises(msgspec.ValidationError, match="template"):
        msgspec.convert(table, WatermarkSettings)


@pytest.mark.parametrize("grants", [{"watermark_text": "{login}"}, {"watermark": {"opacity_percent": 5}}])
def test_the_watermark_is_not_set_up_among_the_grants(grants: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=r"pools\.p\.grants: a watermark is set up in pools\.p\.watermark"):
        check_watermark("pools.p", a_pool(grants=grants))
    check_watermark("pools.p", a_pool())


@pytest.mark.parametrize("table", [{"opacity_percent": 4}, {"opacity_percent": 101}, {"angle_degrees": 91}])
def test_a_style_out_of_range_is_refused(table: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, WatermarkSettings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, WatermarkStyle)
