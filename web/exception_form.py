"""The form that asks for an exception. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date

from broker.change.records import ExceptionOrder
from broker.model.ids import PoolId
from broker.model.kinds import DeviceKind, Mode, Origin, Segment
from broker.model.rules import GrantName
from web.choices import checked, names_in
from web.language import gettext_noop as _

BAD_DATE = _("最終日を日付で入力してください。")


def read_exception(fields: Mapping[str, str], pools: Iterable[PoolId]) -> ExceptionOrder | None:
    """``None``: a date does not read."""
    try:
        ends_on = date.fromisoformat(fields.get("ends_on", ""))
        starts_on = date.fromisoformat(fields["starts_on"]) if fields.get("starts_on") else None
    except ValueError:
        return None
    return ExceptionOrder(
        ends_on=ends_on,
        starts_on=starts_on,
        pools=frozenset(pool_id for pool_id in pools if f"pool-{pool_id}" in fields),
        groups=names_in(fields.get("groups", "")),
        for_mode=Mode.BCP if fields.get("for_mode") == Mode.BCP else Mode.NORMAL,
        origins=checked(fields, "origin", Origin),
        segments=checked(fields, "segment", Segment),
        devices=checked(fields, "device", DeviceKind),
        grants=checked(fields, "grant", GrantName),
        without_approval_from=checked(fields, "noapproval", Origin),
        without_certificate_from=checked(fields, "nocertificate", Origin),
        outside_hours="outside_hours" in fields,
    )
