"""What a tenant and a pool say about their watermark; checked as it is read."""

import msgspec

from broker.model.watermark import DEFAULT_TEMPLATE, Degrees, Density, OnMissing, Percent, refuse_template


class WatermarkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The watermark (透かし) on every picture of the tenant; a pool may say otherwise."""

    enabled: bool = True
    """When it is on, a picture that can't be marked is not shown: the session ends."""
    template: str = DEFAULT_TEMPLATE
    """One line of text with fields: ``{name}``, ``{login}``, ``{department}``, ``{device}``, ``{address}``,
    ``{origin}``, ``{pool}``, ``{time}`` (when the connection began). Long text is broken at spaces."""
    opacity_percent: Percent = 20
    """5 to 100."""
    angle_degrees: Degrees = 20
    """-90 to 90, against the clock."""
    density: Density = Density.NORMAL
    on_missing: OnMissing = OnMissing.RECORD
    """When a browser shows that it did not take the watermark: ``record`` writes ``watermark.not_acknowledged``
    into the audit, ``end`` ends the connection as well."""

    def __post_init__(self) -> None:
        _check_template(self.template)


class PoolWatermarkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pool says otherwise than its tenant; what is not set is the tenant's."""

    enabled: bool | None = None
    template: str | None = None
    opacity_percent: Percent | None = None
    angle_degrees: Degrees | None = None
    density: Density | None = None
    on_missing: OnMissing | None = None

    def __post_init__(self) -> None:
        if self.template is not None:
            _check_template(self.template)


def _check_template(template: str) -> None:
    """Raises :class:`ValueError`, to which msgspec adds the place."""
    if (refused := refuse_template(template)) is not None:
        raise ValueError(f"template: {refused.why}")
