"""Servers of directories in words: states, steps of a check, and what to do about what was found."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.model.directory_health import CheckProblem, CheckResult, CheckStep, ServerState
from web.language import gettext_noop as _

SERVER_STATES: Final[Mapping[ServerState, str]] = MappingProxyType(
    {
        ServerState.UNASKED: _("未使用"),
        ServerState.UP: _("応答あり"),
        ServerState.FAILING: _("応答なし"),
    }
)

CHECK_STEPS: Final[Mapping[CheckStep, str]] = MappingProxyType(
    {
        CheckStep.CONNECT: _("接続"),
        CheckStep.CERTIFICATE: _("証明書"),
        CheckStep.BIND: _("検索用アカウント"),
        CheckStep.PEOPLE: _("職員の検索"),
        CheckStep.GROUPS: _("グループの検索"),
        CheckStep.LOCKOUT: _("ロックアウトの設定"),
    }
)

CHECK_RESULTS: Final[Mapping[CheckResult, str]] = MappingProxyType(
    {
        CheckResult.OK: _("正常"),
        CheckResult.FAILED: _("失敗"),
        CheckResult.WARNING: _("要確認"),
        CheckResult.SKIPPED: _("未実施"),
    }
)

CHECK_REMEDIES: Final[Mapping[CheckProblem, str]] = MappingProxyType(
    {
        CheckProblem.NAME_UNKNOWN: _(
            "サーバー名が見つかりません。url の綴りと、このサーバーの DNS の設定を確かめてください。"
        ),
        CheckProblem.REFUSED: _(
            "ポートが閉じています。ディレクトリのサービスが動いているか、url のポート番号が正しいか確かめてください。"
        ),
        CheckProblem.SILENT: _(
            "時間内に応答がありません。途中のファイアウォールと、ディレクトリのサーバーの負荷を確かめてください。"
        ),
        CheckProblem.TLS_REFUSED: _(
            "暗号化した接続を始められません。ldap:// は StartTLS のできるポート（389）、"
            "ldaps:// は LDAPS のポート（636）を指定し、サーバーに証明書が入っているか確かめてください。"
        ),
        CheckProblem.OTHER_AUTHORITY: _(
            "証明書が、設定した認証局のものではありません。"
            "ca_file に、サーバーの証明書を発行した認証局の証明書を置いてください。"
        ),
        CheckProblem.OTHER_NAME: _(
            "証明書の名前が url のサーバー名と違います。url を証明書にある名前で書くか、証明書を発行し直してください。"
        ),
        CheckProblem.CERTIFICATE_EXPIRED: _("サーバーの証明書の期限が切れています。発行し直してください。"),
        CheckProblem.CERTIFICATE_ENDS_SOON: _(
            "サーバーの証明書の期限まで30日を切りました。更新の予定を確かめてください。"
        ),
        CheckProblem.SERVICE_REFUSED: _(
            "検索用アカウントでログインできません。"
            "bind_dn と bind_password_file、アカウントの期限とロックを確かめてください。"
        ),
        CheckProblem.BASE_MISSING: _(
            "検索の起点がないか、検索用アカウントから見えません。user_base と group_base を確かめてください。"
        ),
        CheckProblem.NOT_READABLE: _("検索できません。検索用アカウントに読み取りの権限を与えてください。"),
        CheckProblem.NOBODY_FOUND: _(
            "見つかりません。検索の起点と、検索用アカウントの読み取りの権限を確かめてください。"
        ),
        CheckProblem.ATTRIBUTE_MISSING: _(
            "この属性を持つ職員が見つかりません。login_attribute などの属性名と、読み取りの権限を確かめてください。"
        ),
        CheckProblem.LOCKOUT_UNKNOWN: _(
            "何回の誤りでアカウントがロックされるかを読み取れません。"
            "検索用アカウントにパスワードポリシーの読み取りの権限を与えるか、"
            "assumed_lockout_threshold にロックまでの回数を設定してください。"
        ),
        CheckProblem.LOCKOUT_LOW: _(
            "ロックまでの回数が少ないため、少しの入力間違いでログインをお待たせすることがあります。ディレクトリの設定を5回以上にすることをお勧めします。"
        ),
        CheckProblem.BUSY: _(
            "待っている要求が多すぎます。しばらくしてからもう一度確かめ、続くときは max_threads を増やしてください。"
        ),
        CheckProblem.OTHER: _("サーバーの応答を確かめてください。"),
    }
)
