"""Records of the audit as people read them: names and words first, the code kept beside. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from broker.model.ids import DesktopId, DeviceId, PoolId, SessionId, UserId
from broker.model.records import AuditRecord
from broker.ports.naming import Names, PersonName
from web.audit_words import AUDIT_ITSELF, DETAIL_NAMES, GOOD_OUTCOMES, KINDS, SYSTEM, VALUES, name_outcome
from web.language import Language, translate
from web.language import gettext_noop as _
from web.reasons import RULES
from web.render import local_name
from web.words import AUDIT_EVENTS


class Told(msgspec.Struct, frozen=True):
    """``text`` for people, ``code`` as the record has it; without a text the code stands alone."""

    text: str
    code: str


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One record in one language. ``detail`` pairs the name of each item with its value."""

    record: AuditRecord
    event: Told
    actor: Told
    subject: Told
    outcome: Told
    is_good: bool
    detail: tuple[tuple[Told, Told], ...]


def tell_records(language: Language, records: list[AuditRecord], names: Names) -> list[AuditLine]:
    teller = _Teller(language, names)
    return [teller.tell(record) for record in records]


_STEP_S: Final = 30
_CLOCK_AHEAD: Final = _("約{seconds}秒進んでいます。日付と時刻の自動設定を確かめてもらってください。")
_CLOCK_BEHIND: Final = _("約{seconds}秒遅れています。日付と時刻の自動設定を確かめてもらってください。")


class _Teller:
    def __init__(self, language: Language, names: Names) -> None:
        self._language = language
        self._names = names

    def tell(self, record: AuditRecord) -> AuditLine:
        items = sorted(record.detail.items())
        return AuditLine(
            record=record,
            event=Told(self._word(AUDIT_EVENTS.get(record.event)), record.event),
            actor=Told(self._thing(record.actor, {}), record.actor),
            subject=Told(self._thing(record.subject, record.detail), record.subject),
            outcome=Told(self._word(name_outcome(record.outcome)), record.outcome),
            is_good=record.outcome in GOOD_OUTCOMES,
            detail=tuple(
                (Told(self._word(DETAIL_NAMES.get(key)), key), Told(self._value(key, value), value))
                for key, value in items
            ),
        )

    def _word(self, text: str | None) -> str:
        return translate(self._language, text) if text else ""

    def _thing(self, reference: str, detail: Mapping[str, str]) -> str:
        """An actor or subject. ``detail`` helps where the thing itself has no name."""
        if reference in {"system", "audit"}:
            return self._word(SYSTEM if reference == "system" else AUDIT_ITSELF)
        kind, _colon, value = reference.partition(":")
        match kind:
            case "user":
                return self._person(self._names.users.get(UserId(value)))
            case "session" if value in self._names.sessions:
                session = self._names.sessions[SessionId(value)]
                return self._work_of(session.user_id, session.pool_id)
            case "assignment" | "session":
                return self._work_of(detail.get("user", ""), detail.get("pool", ""))
            case "desktop":
                return self._names.desktops.get(DesktopId(value), "") or detail.get("name", "")
            case "device":
                return self._names.devices.get(DeviceId(value), "") or detail.get("name", "")
            case "pool":
                return self._pool(value)
            case "login" if value in self._names.logins:
                return f"{self._word(KINDS[kind])} {self._person(self._names.logins[value])}"
            case _:
                return f"{self._word(KINDS[kind])} {value}" if kind in KINDS and value else ""

    def _person(self, person: PersonName | None) -> str:
        return f"{person.display_name}（{person.login}）" if person else ""

    def _pool(self, pool_id: str) -> str:
        pool = self._names.pools.get(PoolId(pool_id))
        return local_name(self._language, pool) if pool else ""

    def _work_of(self, user_id: str, pool_id: str) -> str:
        """A session or an assignment by whose it is and where."""
        parts = (self._person(self._names.users.get(UserId(user_id))), self._pool(pool_id))
        return " ".join(part for part in parts if part)

    def _value(self, key: str, value: str) -> str:
        match key:
            case "user":
                return self._person(self._names.users.get(UserId(value)))
            case "pool":
                return self._pool(value)
            case "desktop":
                return self._names.desktops.get(DesktopId(value), "")
            case "device":
                return self._names.devices.get(DeviceId(value), "")
            case "rules":
                words = [self._word(RULES.get(rule)) or rule for rule in value.replace(",", " ").split()]
                return "、".join(words)
            case "drift_steps":
                return self._drift(value)
            case "event":
                return self._word(AUDIT_EVENTS.get(value))
            case _:
                return self._word(VALUES.get(key, {}).get(value))

    def _drift(self, value: str) -> str:
        """How far the clock of the app is off, in words; a step is 30 seconds (RFC 6238)."""
        steps = int(value) if value.removeprefix("-").isdecimal() else 0
        if not steps:
            return ""
        text = self._word(_CLOCK_AHEAD if steps > 0 else _CLOCK_BEHIND)
        return text.format(seconds=abs(steps) * _STEP_S)
