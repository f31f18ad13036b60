"""Why a sealing key stays. Every text is a message id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.sealing.records import RetireRefusal
from web.language import gettext_noop as _

REFUSALS: Final[Mapping[RetireRefusal, str]] = MappingProxyType(
    {
        RetireRefusal.UNKNOWN_KEY: _("この鍵は鍵ファイルにありません。sekisho key status で番号を確かめてください。"),
        RetireRefusal.KEY_IN_USE: _("この鍵は使用中です。先に sekisho key rotate を最後まで実行してください。"),
        RetireRefusal.STILL_SEALED: _(
            "この鍵で暗号化された値が残っています。sekisho key rotate をもう一度実行してください。"
        ),
        RetireRefusal.BROKERS_BEHIND: _(
            "まだ古い鍵で暗号化しているブローカーがあります。sekisho key status で確かめてください。"
        ),
        RetireRefusal.TOO_EARLY: _("鍵を切り替えた直後です。1分ほど待ってから、もう一度実行してください。"),
    }
)
