"""Devices in words: states, and why an order was not carried out. Every text is a message id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.device.records import DeviceRefusal, DeviceState
from broker.model.kinds import DeviceKind
from web.language import gettext_noop as _

STATES: Final[Mapping[DeviceState, str]] = MappingProxyType(
    {
        DeviceState.ACTIVE: _("有効"),
        DeviceState.EXPIRING: _("まもなく期限"),
        DeviceState.EXPIRED: _("期限切れ"),
        DeviceState.REVOKED: _("失効"),
    }
)

KINDS: Final[Mapping[DeviceKind, str]] = MappingProxyType(
    {DeviceKind.MANAGED: _("貸与端末"), DeviceKind.BYOD: _("私物端末")}
)
"""Kinds that a device in the books may have."""

REFUSALS: Final[Mapping[DeviceRefusal, str]] = MappingProxyType(
    {
        DeviceRefusal.NAME_INVALID: _(
            "端末名は64文字までで入力してください。前後の空白と、目に見えない文字は使えません。"
        ),
        DeviceRefusal.NAME_TAKEN: _(
            "同じ名前の端末が登録されています。別の名前にするか、登録済みの端末を先に失効させてください。"
        ),
        DeviceRefusal.KIND_INVALID: _("端末の種別は、貸与端末か私物端末を選んでください。"),
        DeviceRefusal.OWNER_INVALID: _("使用者は職員IDで入力してください。共用の端末では空欄にします。"),
        DeviceRefusal.SIM_LINE_INVALID: _("SIM回線は64文字までで入力してください。"),
        DeviceRefusal.REASON_MISSING: _("理由を入力してください。監査ログに残ります。"),
        DeviceRefusal.REQUEST_UNREADABLE: _(
            "証明書署名要求（CSR）を読み取れません。PEM形式の全文（BEGINの行からENDの行まで）を貼り付けてください。"
        ),
        DeviceRefusal.REQUEST_NOT_SIGNED: _(
            "証明書署名要求（CSR）の署名が正しくありません。端末で作り直してください。"
        ),
        DeviceRefusal.KEY_TOO_WEAK: _(
            "この種類の鍵は使えません。P-256、P-384、またはRSA 2048ビット以上の鍵で作り直してください。"
        ),
        DeviceRefusal.ALREADY_REVOKED: _("この端末は失効しています。使う場合は、新しい端末として登録してください。"),
    }
)

FIELDS: Final[Mapping[DeviceRefusal, str]] = MappingProxyType(
    {
        DeviceRefusal.NAME_INVALID: "name",
        DeviceRefusal.NAME_TAKEN: "name",
        DeviceRefusal.KIND_INVALID: "kind",
        DeviceRefusal.OWNER_INVALID: "owner",
        DeviceRefusal.SIM_LINE_INVALID: "sim_line",
        DeviceRefusal.REQUEST_UNREADABLE: "request",
        DeviceRefusal.REQUEST_NOT_SIGNED: "request",
        DeviceRefusal.KEY_TOO_WEAK: "request",
    }
)
"""Fields of the forms that a refusal is about."""
