"""Waits at sign-in in words: what is counted, why somebody waits, what to do about it. Every text is a message id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.model.throttle import Scope
from broker.people.locks import LockRefusal
from web.language import gettext_noop as _

LOCK_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Scope.PAIR: _("職員ID（一つの接続元）"),
        Scope.ADDRESS: _("接続元アドレス"),
        Scope.ACCOUNT: _("職員ID（見覚えのない接続元）"),
        Scope.TENANT: _("見覚えのない接続元（まとめて）"),
        Scope.BROWSER: _("職員ID（見覚えのあるブラウザー）"),
        Scope.DEVICE: _("職員ID（登録された端末）"),
        Scope.BLOCK: _("担当者による遮断"),
    }
)

LOCK_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Scope.PAIR: _("この接続元から、続けてログインに失敗しました。ほかの接続元からはログインできます。"),
        Scope.ADDRESS: _("この接続元から、多くのログインに失敗しました。見覚えのあるブラウザーと端末は止まりません。"),
        Scope.ACCOUNT: _("各地から、この職員IDで失敗しています。本人がふだん使う接続元とブラウザーは止まりません。"),
        Scope.TENANT: _("見覚えのない接続元から失敗が続いています。初めての接続元だけ、短い時間お待ちいただきます。"),
        Scope.BROWSER: _("このブラウザーで、続けてログインに失敗しました。"),
        Scope.DEVICE: _("この端末で、続けてログインに失敗しました。"),
        Scope.BLOCK: _("情報システム担当が、この接続元からのログインを止めています。"),
    }
)

LOCK_REFUSALS: Final[Mapping[LockRefusal, str]] = MappingProxyType(
    {
        LockRefusal.ADDRESS_INVALID: _(
            "IPアドレスか、範囲（IPv4は /24、/16、IPv6は /64、/56、/48、/32）を入力してください。"
        ),
        LockRefusal.OWN_ADDRESS: _("ご自分の接続元は遮断できません。同じ場所の職員がログインできなくなります。"),
        LockRefusal.MINUTES_INVALID: _("時間を選んでください。"),
    }
)

DURATIONS: Final = (
    (60, _("1時間")),
    (8 * 60, _("8時間")),
    (24 * 60, _("1日")),
    (7 * 24 * 60, _("7日")),
    (30 * 24 * 60, _("30日")),
)
"""Minutes and their name."""
