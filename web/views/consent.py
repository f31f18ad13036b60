"""「利用規程の確認」: rules of use with a short training, confirmed before pools open; who confirmed them."""

from typing import Final

import msgspec
from aiohttp import web

from broker.model.consent import ConsentText, TrainingPage
from broker.people.consents import (
    AnswersWrong,
    ConsentKept,
    ConsentRow,
    ConsentShown,
    NothingDemanded,
    TextChanged,
)
from broker.policy.administration import NotAllowed
from web.errors import show_problem
from web.forms import parse_number, read_form, read_query, see_other
from web.language import Language, language_of, translate
from web.language import gettext_noop as _
from web.markdown_lite import Block, read_blocks
from web.password_words import CHANGED as PASSWORD_CHANGED
from web.problems import Problem
from web.render import format_time, render
from web.spreadsheet import write_csv
from web.views.console import console_page
from web.visitor import TENANT, actor_of, services_of, signed_in

NOT_READ: Final = _("内容を読み、「確認しました」にチェックを付けてください。")
WRONG: Final = _("正しくない解答があります。該当する項目をもう一度読んで、答え直してください。")
CHANGED: Final = _("利用規程が改定されました。新しい内容を確認してください。")
_HEAD: Final = (_("職員ID"), _("氏名"), _("所属"), _("版"), _("確認日時"), _("状態"), _("規程の照合値"))
STATES: Final = {True: _("確認済み"), False: _("未確認（期限切れ・旧版を含む）")}


class PageShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the training in one language."""

    title: str
    blocks: list[Block]
    question: str
    choices: tuple[str, ...]


async def show_consent(request: web.Request) -> web.Response:
    shown = await services_of(request).consents.show(signed_in(request))
    return show_problem(request, Problem.NOT_FOUND) if isinstance(shown, NothingDemanded) else _page(request, shown)


async def give_consent(request: web.Request) -> web.Response:
    """Confirm; then on to the portal."""
    consents, auth, form = services_of(request).consents, signed_in(request), await read_form(request)
    shown = await consents.show(auth)
    if isinstance(shown, NothingDemanded):
        return show_problem(request, Problem.NOT_FOUND)
    answers = [parse_number(form.get(f"answer-{place}", "")) for place in range(len(shown.text.training))]
    if form.get("confirmed") != "1":
        return _page(request, shown, answers=answers, error=NOT_READ)
    match await consents.give(auth, form.get("digest", ""), answers):
        case ConsentKept():
            return see_other("/?consent=1")
        case AnswersWrong(places):
            return _page(request, shown, answers=answers, wrong=places, error=WRONG)
        case TextChanged():
            return _page(request, shown, error=CHANGED)
        case NothingDemanded():
            return show_problem(request, Problem.NOT_FOUND)


def _page(
    request: web.Request,
    shown: ConsentShown,
    *,
    answers: list[int | None] | None = None,
    wrong: tuple[int, ...] = (),
    error: str | None = None,
) -> web.Response:
    text, language = shown.text, language_of(request)
    return render(
        request,
        "consent.html",
        status=422 if error else 200,
        shown=shown,
        note=PASSWORD_CHANGED if "password" in request.query else None,
        blocks=read_blocks(text_in(text, language)),
        pages=[page_in(page, language) for page in text.training],
        answers=answers or [None] * len(text.training),
        wrong=wrong,
        error=error,
        until=None,
    )


def text_in(text: ConsentText, language: Language) -> str:
    """In Japanese where there is no other."""
    return (text.text_en if language is Language.EN else "") or text.text_ja


def page_in(page: TrainingPage, language: Language) -> PageShown:
    if language is Language.EN and page.choices_en:
        return PageShown(
            title=page.title_en or page.title_ja,
            blocks=read_blocks(page.text_en or page.text_ja),
            question=page.question_en or page.question_ja,
            choices=page.choices_en,
        )
    return PageShown(
        title=page.title_ja, blocks=read_blocks(page.text_ja), question=page.question_ja, choices=page.choices_ja
    )


async def list_consents(request: web.Request) -> web.Response:
    """The console: who confirmed which version."""
    rows = await services_of(request).consents.list_all(actor_of(request))
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    text, only_missing = read_query(request, "q"), read_query(request, "missing") == "1"
    found = [row for row in rows if _speaks_of(row, text) and not (only_missing and row.is_current)]
    counted = sum(row.is_current for row in rows)
    return console_page(
        request,
        "console/consents.html",
        "people",
        rows=found[:_MOST],
        total=len(rows),
        counted=counted,
        found=len(found),
        text=text,
        only_missing=only_missing,
        states=STATES,
    )


_MOST: Final = 500


def _speaks_of(row: ConsentRow, text: str) -> bool:
    user = row.user
    return any(text.casefold() in cell.casefold() for cell in (user.login, user.display_name, user.department))


async def export_consents(request: web.Request) -> web.Response:
    """Everybody as CSV. Taking it home is in the audit before the file leaves."""
    consents = services_of(request).consents
    rows = await consents.list_all(actor_of(request))
    if isinstance(rows, NotAllowed) or await consents.note_export(actor_of(request), len(rows)) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    language = language_of(request)
    head = [translate(language, cell) for cell in _HEAD]
    return web.Response(
        body=write_csv([head, *(_cells(request, row, language) for row in rows)]),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="consents.csv"'},
    )


def _cells(request: web.Request, row: ConsentRow, language: Language) -> list[str]:
    user, consent = row.user, row.consent
    state = translate(language, STATES[row.is_current])
    if consent is None:
        return [user.login, user.display_name, user.department, "", "", state, ""]
    given_at = format_time(language, consent.given_at, request[TENANT].time_zone)
    return [user.login, user.display_name, user.department, consent.version, given_at, state, consent.digest]
