"""How the desk recognised a person, and what stands in the way of a reset. Every text is a message id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.people.factor_desk import IdentityCheck
from web.language import gettext_noop as _

IDENTITY_CHECKS: Final[Mapping[IdentityCheck, str]] = MappingProxyType(
    {
        IdentityCheck.EMPLOYEE_CARD: _("職員証を対面で確認"),
        IdentityCheck.CALLBACK: _("登録されている内線へ折り返して確認"),
        IdentityCheck.SUPERVISOR: _("上司に確認"),
    }
)
UNCHECKED: Final = _("本人であることをどのように確かめたかを選んでください。")
ALREADY_ENROLLED: Final = _("認証アプリかパスキーが登録されています。登録用コードを渡す前に、登録を解除してください。")
