"""Operations on rules of use: a person's own confirmation, and the desk's list of who gave theirs."""

from datetime import date, datetime
from typing import Final

import msgspec
from aiohttp import web

from broker.people.consents import AnswersWrong, ConsentKept, ConsentRow, NothingDemanded, TextChanged
from broker.policy.administration import NotAllowed
from web.api.admin_pools import NOT_ALLOWED
from web.api.operation import Audience, Failure, Operation
from web.language import language_of
from web.problems import Problem
from web.views.consent import page_in, text_in
from web.visitor import actor_of, services_of, signed_in

_NOTHING: Final = Failure(problem=Problem.NOT_FOUND)


class Question(msgspec.Struct, frozen=True):
    title: str
    question: str
    choices: list[str]


class ConsentState(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of use in force. ``is_due``: pools do not open from here before they are confirmed."""

    version: str
    dated: date
    digest: str
    text: str
    questions: list[Question]
    is_due: bool
    given_at: datetime | None


class ConsentOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``digest`` is of the text that was read; ``answers`` are places of choices, from 0, in the questions' order."""

    digest: str
    answers: list[int] = []


class ConsentDone(msgspec.Struct, frozen=True):
    version: str
    given_at: datetime


class ConsentLine(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str
    login: str
    display_name: str
    department: str
    is_current: bool
    version: str | None
    digest: str | None
    given_at: datetime | None


class Consents(msgspec.Struct, frozen=True):
    consents: list[ConsentLine]


async def get_consent(request: web.Request, _body: None) -> ConsentState | Failure:
    shown = await services_of(request).consents.show(signed_in(request))
    if isinstance(shown, NothingDemanded):
        return _NOTHING
    text, language = shown.text, language_of(request)
    pages = [page_in(page, language) for page in text.training]
    return ConsentState(
        version=text.rule.version,
        dated=text.dated,
        digest=text.rule.digest,
        text=text_in(text, language),
        questions=[Question(page.title, page.question, list(page.choices)) for page in pages],
        is_due=shown.is_due,
        given_at=None if shown.given is None else shown.given.given_at,
    )


async def give_consent(request: web.Request, body: ConsentOrder) -> ConsentDone | Failure:
    match await services_of(request).consents.give(signed_in(request), body.digest, body.answers):
        case ConsentKept(consent):
            return ConsentDone(consent.version, consent.given_at)
        case TextChanged():
            return Failure(problem=Problem.STATE_CHANGED, code="text_changed")
        case AnswersWrong():
            return Failure(problem=Problem.BAD_REQUEST, code="answers_wrong")
        case NothingDemanded():
            return _NOTHING


async def list_consents(request: web.Request, _body: None) -> Consents | Failure:
    rows = await services_of(request).consents.list_all(actor_of(request))
    return NOT_ALLOWED if isinstance(rows, NotAllowed) else Consents([_line(row) for row in rows])


def _line(row: ConsentRow) -> ConsentLine:
    user, consent = row.user, row.consent
    return ConsentLine(
        user_id=user.id,
        login=user.login,
        display_name=user.display_name,
        department=user.department,
        is_current=row.is_current,
        version=None if consent is None else consent.version,
        digest=None if consent is None else consent.digest,
        given_at=None if consent is None else consent.given_at,
    )


CONSENT_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/consent",
        summary="The rules of use, and whether they have to be confirmed",
        audience=Audience.STAFF,
        handler=get_consent,
        response=ConsentState,
        problems=(Problem.NOT_FOUND,),
    ),
    Operation(
        method="POST",
        path="/consent",
        summary="Confirm the rules of use",
        audience=Audience.STAFF,
        handler=give_consent,
        request=ConsentOrder,
        response=ConsentDone,
        problems=(Problem.NOT_FOUND, Problem.STATE_CHANGED),
    ),
    Operation(
        method="GET",
        path="/admin/consents",
        summary="Everybody who has signed in, and which rules of use they confirmed",
        audience=Audience.CONSOLE,
        handler=list_consents,
        response=Consents,
    ),
)
