"""Passkeys in the hands of the desk, in words. Every text is a message id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.people.passkeys import PasskeyRefusal
from web.language import gettext_noop as _

KEPT: Final[Mapping[PasskeyRefusal, str]] = MappingProxyType(
    {
        PasskeyRefusal.NO_SUCH_PASSKEY: _("そのパスキーはありません。一覧を確かめてください。"),
        PasskeyRefusal.LAST_FACTOR: _(
            "最後の認証方法なので、これだけを削除することはできません。本人を確かめてから、認証方法の登録を解除してください。"
        ),
    }
)
