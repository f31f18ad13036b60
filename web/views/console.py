"""What all pages of the console share: the tabs, the note about what was just done."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

from broker.policy.administration import Action, refuse_action
from web.forms import see_other
from web.language import gettext_noop as _
from web.render import render
from web.visitor import actor_of

DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pool_opened": _("受付を再開しました。"),
        "pool_closed": _("受付を停止しました。"),
        "desktop_repaired": _("修復を始めました。しばらくすると状態が変わります。"),
        "terminated": _("セッションを強制切断しました。"),
        "locked": _("利用を停止しました。"),
        "unlocked": _("利用停止を解除しました。"),
        "account_enabled": _("ローカルアカウントの利用を再開しました。"),
        "account_disabled": _("ローカルアカウントの利用を停止しました。"),
        "account_deleted": _("ローカルアカウントを削除しました。"),
        "factor_reset": _("認証方法の登録を解除しました。次回ログイン時に登録し直します。"),
        "passkey_removed": _("パスキーを削除しました。"),
        "approval_set": _("テレワークの承認を登録しました。"),
        "approval_of_stranger": _(
            "テレワークの承認を登録しました。この職員IDの職員は、まだ「職員」の一覧にいません。職員IDに誤りがないか確かめてください。"
        ),
        "approval_withdrawn": _("テレワークの承認を取り消しました。必要とするセッションはすぐに終わります。"),
        "change_requested": _("申請しました。別の管理者が承認すると有効になります。"),
        "change_approved": _("承認しました。すべてのサーバーで今から有効です。"),
        "change_rejected": _("却下しました。"),
        "change_withdrawn": _("申請を取り下げました。"),
        "change_revoked": _("取り消しました。この例外で認めていた接続はすぐに終わります。"),
        "rules_saved": _("新しい規則を保存しました。今から有効です。満たさないセッションはすぐに終わります。"),
        "mode_set": _("運用状態を切り替えました。"),
        "locks_lifted": _("ロックを解除しました。すぐにログインできます。"),
        "address_blocked": _("接続元を遮断しました。"),
        "device_revoked": _("端末を失効させました。利用中のセッションは数秒のうちに終了します。"),
        "sync_asked": _("同期を依頼しました。数秒のうちに始まります。"),
        "prepared": _("アカウントを用意しました。初回のログインの前に、登録用コードの発行などができます。"),
        "doubt_confirmed": _("確認しました。見つからなかった職員を、在籍していないものとして扱います。"),
        "signed_out": _("すべての端末からログアウトさせました。"),
    }
)

TABS: Final = (
    ("pools", "/console/pools", _("デスクトッププール"), Action.SEE_POOLS),
    ("sessions", "/console/sessions", _("利用中のセッション"), Action.SEE_SESSIONS),
    ("people", "/console/people", _("職員"), Action.SEE_PEOPLE),
    ("directory", "/console/directory", _("ディレクトリ"), Action.SEE_DIRECTORY),
    ("locks", "/console/locks", _("ロック"), Action.SEE_PEOPLE),
    ("devices", "/console/devices", _("端末"), Action.SEE_DEVICES),
    ("policy", "/console/policy", _("利用の規則"), Action.SEE_POLICY),
    ("approvals", "/console/approvals", _("テレワークの承認"), Action.SEE_POLICY),
    ("flows", "/console/flows", _("特定通信"), Action.SEE_FLOWS),
    ("audit", "/console/audit", _("監査ログ"), Action.SEE_AUDIT),
)


def console_page(request: web.Request, template: str, tab: str, *, status: int = 200, **context: Any) -> web.Response:
    """A page of the console with the tabs that the actor's roles open."""
    roles = actor_of(request).roles
    tabs = [(name, path, title) for name, path, title, action in TABS if refuse_action(roles, action) is None]
    allowed = frozenset(action for action in Action if refuse_action(roles, action) is None)
    done = DONE.get(request.query.get("done", ""))
    return render(request, template, status=status, tabs=tabs, tab=tab, done=done, allowed=allowed, **context)


async def show_console(request: web.Request) -> web.Response:
    """The first tab that is open to the actor."""
    roles = actor_of(request).roles
    return see_other(next((path for _name, path, _title, action in TABS if refuse_action(roles, action) is None), "/"))
