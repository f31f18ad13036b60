"""Passkeys between pages and scripts: options as JSON, the authenticator's answer as a field of a form."""

from typing import Final

import msgspec
from aiohttp import web

from broker.signin.records import PasskeyQuestion
from web.forms import read_long_field
from web.language import gettext_noop as _

MAX_ANSWER_CHARS: Final = 32_768
NO_ANSWER: Final = _("パスキーの応答がありません。ブラウザーのJavaScriptを有効にするか、別の方法で確認してください。")
REFUSED: Final = _("パスキーで確認できませんでした。登録したパスキーでもう一度試すか、別の方法で確認してください。")


def send_question(question: PasskeyQuestion) -> web.Response:
    """What the script gives to ``navigator.credentials``."""
    return web.Response(body=msgspec.json.encode(question.options), content_type="application/json")


def send_away(path: str) -> web.Response:
    """No question: the script goes there instead."""
    return web.Response(body=msgspec.json.encode({"go": path}), content_type="application/json", status=409)


async def read_answer(request: web.Request) -> str:
    """The answer as the script wrote it; empty when there is none, and unreadable when it is too long."""
    return await read_long_field(request, "answer", MAX_ANSWER_CHARS)
