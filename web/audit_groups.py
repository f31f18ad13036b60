"""The events of the audit under headings, so that one of a hundred is found in a list. Pure."""

from collections.abc import Mapping
from typing import Final

from web.language import gettext_noop as _

_HEADINGS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (_("ログインと認証"), ("signin", "throttle", "address", "factor", "recovery_code", "websession")),
    (_("接続とセッション"), ("policy.denied", "session", "ticket", "input", "watermark")),
    (_("データの持込み・持出し、閲覧"), ("clipboard", "browser")),
    (_("利用の規則"), ("exception", "rules", "mode", "approval", "policy")),
    (_("職員とディレクトリ"), ("user", "directory")),
    (_("端末"), ("device",)),
    (_("デスクトップとプール"), ("assignment", "desktop", "pool")),
)
_OTHERS: Final = _("システムと監査")


def group_events(events: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Heading, and code and name of each event below it, in the order of ``events``. Each event stands once."""
    headings = [*(heading for heading, _nouns in _HEADINGS), _OTHERS]
    groups: dict[str, list[tuple[str, str]]] = {heading: [] for heading in headings}
    for code, name in events.items():
        groups[_heading_of(code)].append((code, name))
    return [(heading, listed) for heading, listed in groups.items() if listed]


def _heading_of(code: str) -> str:
    noun = code.partition(".")[0]
    fitting = (heading for heading, names in _HEADINGS if code in names or noun in names)
    return next(fitting, _OTHERS)
