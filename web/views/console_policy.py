"""The console: could this person open this pool, from there, then? Every rule with what it looked at."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from broker.model.ids import PoolId
from broker.model.kinds import CertificateState, DeviceKind, Origin, Segment
from broker.model.place import Place
from broker.people.records import NoSuchPerson
from broker.policy.administration import NotAllowed
from broker.policy.decision import Deny
from broker.pool.records import NoSuchPool
from broker.session.desk_records import Explained, ExplainQuestion, ModeState
from web.errors import show_problem
from web.forms import read_query
from web.language import gettext_noop as _
from web.problems import Problem
from web.reasons import DENIALS, RULE_REASONS, RULES
from web.views.console import console_page
from web.visitor import TENANT, actor_of, services_of
from web.words import CERTIFICATE_STATES, DEVICE_KINDS, MODES, ORIGINS, SEGMENTS

NOT_FOUND: Final = _("職員IDとデスクトッププールを確かめてください。一度もログインしていない職員は調べられません。")
BAD_TIME: Final = _("日時を読み取れませんでした。")


class _Form(msgspec.Struct, frozen=True, kw_only=True):
    """The fields as they were typed, and the place that they tell."""

    user: str
    pool: str
    at: str
    place: Place


def _read_form(request: web.Request) -> _Form | None:
    try:
        return _Form(
            user=read_query(request, "user"),
            pool=read_query(request, "pool"),
            at=read_query(request, "at"),
            place=Place(
                origin=Origin(read_query(request, "origin") or Origin.OFFICE),
                segment=Segment(read_query(request, "segment") or Segment.WIRED),
                device=DeviceKind(read_query(request, "device") or DeviceKind.MANAGED),
                certificate=CertificateState(read_query(request, "certificate") or CertificateState.ABSENT),
            ),
        )
    except ValueError:
        return None


def _read_time(text: str, time_zone: str) -> datetime | None:
    """A local time like ``2026-04-01T09:00``. Raises :class:`ValueError`."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=ZoneInfo(time_zone))


async def show_policy(request: web.Request) -> web.Response:
    form = _read_form(request)
    if form is None:
        return show_problem(request, Problem.BAD_REQUEST)
    answer = await _answer(request, form)
    summaries = await services_of(request).pools.summaries(actor_of(request))
    mode = await services_of(request).policy.mode(actor_of(request))
    if isinstance(answer, NotAllowed) or isinstance(summaries, NotAllowed) or not isinstance(mode, ModeState):
        return show_problem(request, Problem.NOT_ALLOWED)
    told = answer if isinstance(answer, Explained) else None
    return console_page(
        request,
        "console/policy.html",
        "policy",
        form=form,
        pools=[summary.pool for summary in summaries],
        told=told,
        denied=told.decision if told is not None and isinstance(told.decision, Deny) else None,
        error=answer if isinstance(answer, str) else None,
        mode=mode,
        modes=MODES,
        rules=RULES,
        rule_reasons=RULE_REASONS,
        denials=DENIALS,
        choices={
            "origin": (_("接続元区分"), ORIGINS, form.place.origin),
            "segment": (_("回線"), SEGMENTS, form.place.segment),
            "device": (_("端末"), DEVICE_KINDS, form.place.device),
            "certificate": (_("端末証明書"), CERTIFICATE_STATES, form.place.certificate),
        },
    )


async def _answer(request: web.Request, form: _Form) -> Explained | NotAllowed | str | None:
    if not form.user:
        return None
    try:
        at = _read_time(form.at, request[TENANT].time_zone)
    except ValueError:
        return BAD_TIME
    question = ExplainQuestion(login=form.user, pool_id=PoolId(form.pool), place=form.place, at=at)
    match await services_of(request).policy.explain(actor_of(request), question):
        case Explained() as told:
            return told
        case NotAllowed() as refused:
            return refused
        case NoSuchPool() | NoSuchPerson():
            return NOT_FOUND
