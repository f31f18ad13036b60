"""A person's sheet in words: what is in the way, the last sign-ins, which pools would be refused now and why."""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from broker.model.kinds import CertificateState, DeviceKind, Mode, Origin, Segment
from broker.model.place import Place
from broker.model.reasons import DenyReason
from broker.model.records import Pool
from broker.people.help_desk import PersonSheet
from broker.people.hindrances import Hindrance, HindranceKind, SigninKind, SigninTold
from broker.policy.administration import NotAllowed
from broker.policy.decision import Deny
from broker.session.desk_records import Explained, ExplainQuestion
from web.audit_words import SIGNIN_CAUSES, VALUES
from web.help_words import (
    DIRECTORY_SILENT_ADVICE,
    HINDRANCES,
    SIGNED_OUT_ADVICE,
    SIGNIN_ADVICE,
    SIGNIN_KINDS,
    THROTTLED_ADVICE,
)
from web.reasons import DENIALS
from web.visitor import actor_of, services_of
from web.words import MODES, ORIGINS

_AT_A_DESK: Final = Place(
    origin=Origin.OFFICE, segment=Segment.WIRED, device=DeviceKind.MANAGED, certificate=CertificateState.ABSENT
)


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """``what`` and ``advice`` are message ids; ``which`` is a name as it is, ``cause`` a message id or empty."""

    what: str
    advice: str
    cause: str
    which: str
    hindrance: Hindrance


class SigninLine(msgspec.Struct, frozen=True, kw_only=True):
    told: SigninTold
    title: str
    cause: str
    advice: str
    origin: str
    device: str
    is_good: bool


class PoolLine(msgspec.Struct, frozen=True, kw_only=True):
    """``why`` and ``remedy`` are message ids; empty: would be let in."""

    pool: Pool
    why: str
    remedy: str


def troubles_of(sheet: PersonSheet) -> list[Trouble]:
    return [_trouble_of(hindrance, sheet) for hindrance in sheet.hindrances]


def _trouble_of(hindrance: Hindrance, sheet: PersonSheet) -> Trouble:
    what, advice = HINDRANCES[hindrance.kind]
    cause = which = ""
    match hindrance.kind:
        case HindranceKind.LEFT | HindranceKind.LAST_REFUSED:
            cause = SIGNIN_CAUSES.get(hindrance.what, "")
            advice = SIGNIN_ADVICE.get(hindrance.what, advice)
            if sheet.signins and sheet.signins[0].kind is SigninKind.DIRECTORY_SILENT:
                advice = DIRECTORY_SILENT_ADVICE
        case HindranceKind.DEVICE_EXPIRED | HindranceKind.DEVICE_REVOKED:
            which = hindrance.what
        case HindranceKind.MODE:
            cause = MODES[Mode(hindrance.what)]
        case _:
            pass
    return Trouble(what=what, advice=advice, cause=cause, which=which, hindrance=hindrance)


def signin_lines(sheet: PersonSheet) -> list[SigninLine]:
    return [_line_of(told, sheet) for told in sheet.signins]


def _line_of(told: SigninTold, sheet: PersonSheet) -> SigninLine:
    cause, advice = _words_of(told)
    return SigninLine(
        told=told,
        title=SIGNIN_KINDS[told.kind],
        cause=cause,
        advice=advice,
        origin=ORIGINS[Origin(told.origin)] if told.origin in set(Origin) else "",
        device=sheet.device_names.get(told.device_id, told.device_id),
        is_good=told.kind is SigninKind.SIGNED_IN,
    )


def _words_of(told: SigninTold) -> tuple[str, str]:
    match told.kind:
        case SigninKind.REFUSED:
            return SIGNIN_CAUSES.get(told.cause, told.cause), SIGNIN_ADVICE.get(told.cause, "")
        case SigninKind.THROTTLED:
            return "", THROTTLED_ADVICE
        case SigninKind.DIRECTORY_SILENT:
            return "", DIRECTORY_SILENT_ADVICE
        case SigninKind.POOL_REFUSED if told.cause in set(DenyReason):
            reason = DENIALS[DenyReason(told.cause)]
            return reason.what, reason.remedy
        case SigninKind.SIGNED_OUT:
            return VALUES["reason"].get(told.cause, told.cause), SIGNED_OUT_ADVICE.get(told.cause, "")
        case _:
            return "", ""


def place_of(sheet: PersonSheet) -> Place:
    """Where the person is signed in; without a browser an office desk with a lent PC."""
    return sheet.browsers[0].place if sheet.browsers else _AT_A_DESK


async def pool_lines(request: web.Request, sheet: PersonSheet) -> Sequence[PoolLine] | NotAllowed:
    """What the door would say now to each pool, from where the person is."""
    services, actor = services_of(request), actor_of(request)
    summaries = await services.pools.summaries(actor)
    if isinstance(summaries, NotAllowed):
        return summaries
    lines: list[PoolLine] = []
    for summary in summaries:
        question = ExplainQuestion(login=sheet.user.login, pool_id=summary.pool.id, place=place_of(sheet))
        told = await services.policy.explain(actor, question)
        if isinstance(told, NotAllowed):
            return told
        if isinstance(told, Explained):
            reason = DENIALS[told.decision.reason] if isinstance(told.decision, Deny) else None
            why, remedy = ("", "") if reason is None else (reason.what, reason.remedy)
            lines.append(PoolLine(pool=told.pool, why=why, remedy=remedy))
    return lines
