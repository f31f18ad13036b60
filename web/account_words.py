"""Local accounts in words. Every text is a message id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.account.records import AccountRefusal
from web.language import gettext_noop as _

REFUSALS: Final[Mapping[AccountRefusal, str]] = MappingProxyType(
    {
        AccountRefusal.LOGIN_INVALID: _(
            "職員IDは128文字までで入力してください。空白と、目に見えない文字は使えません。"
        ),
        AccountRefusal.NAME_INVALID: _("氏名と所属は100文字までで入力してください。前後の空白は使えません。"),
        AccountRefusal.GROUPS_INVALID: _("グループは1行に1つ、100文字までで入力してください。"),
        AccountRefusal.LOGIN_TAKEN: _(
            "同じ職員ID（大文字・小文字、全角・半角だけが違うものを含む）が登録されています。別の職員IDにしてください。"
        ),
        AccountRefusal.IN_DIRECTORY: _(
            "この職員IDはディレクトリに登録されています。ディレクトリのアカウントをお使いになるか、別の職員IDにしてください。"
        ),
        AccountRefusal.DIRECTORY_SILENT: _(
            "同じ職員IDがディレクトリにないことを確かめられません。ディレクトリのサーバーの状態を確かめてから、もう一度操作してください。"
        ),
        AccountRefusal.ROLE_ABOVE: _("自分より上位の役割は付けられません。"),
        AccountRefusal.EXPIRY_PAST: _("有効期限には、今より後の日時を入力してください。"),
        AccountRefusal.REASON_MISSING: _("理由を入力してください。監査ログに残ります。"),
        AccountRefusal.STATE_CHANGED: _("アカウントの状態が変わっています。一覧を開き直してください。"),
        AccountRefusal.HOURS_INVALID: _("有効時間は72時間までで指定してください。"),
    }
)

FIELDS: Final[Mapping[AccountRefusal, str]] = MappingProxyType(
    {
        AccountRefusal.NAME_INVALID: "display_name",
        AccountRefusal.GROUPS_INVALID: "groups",
        AccountRefusal.ROLE_ABOVE: "roles",
        AccountRefusal.EXPIRY_PAST: "expires_on",
        AccountRefusal.REASON_MISSING: "reason",
    }
)
"""Which field of the form a refusal is about; the login, where none is named."""
