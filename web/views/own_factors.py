"""認証方法: what a person does about their own second factors. All of it wants a fresh one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web

from broker.signin.factor_records import CodesGiven, FactorChanged, FactorDenied, FactorOutcome, FactorRefusal
from broker.signin.records import EnrolmentOffer, PasskeyQuestion
from web.audit_words import VALUES
from web.forms import read_form, see_other
from web.hosts import hostname_of
from web.language import gettext_noop as _
from web.passkey_answers import NO_ANSWER, read_answer, send_away, send_question
from web.render import render
from web.step_up import ask_step_up, step_up_url
from web.views.enrolment import draw_qr
from web.views.signin import CODE_MISSING
from web.visitor import services_of, signed_in
from web.words import AUDIT_EVENTS

FACTORS_PATH: Final = "/factors"
APP_PATH: Final = "/factors/app"

DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "passkey_added": _("パスキーを登録しました。"),
        "passkey_renamed": _("パスキーの名前を変更しました。"),
        "passkey_removed": _("パスキーを削除しました。この画面のほかのログインは終わりました。"),
        "app_set": _("認証アプリを登録しました。前の認証アプリは、もう使えません。"),
        "app_removed": _("認証アプリの登録を解除しました。この画面のほかのログインは終わりました。"),
    }
)

DENIED: Final[Mapping[FactorRefusal, str]] = MappingProxyType(
    {
        FactorRefusal.STEP_UP_NEEDED: _("もう一度の本人確認をしてから操作してください。"),
        FactorRefusal.LAST_FACTOR: _(
            "最後の認証方法（管理者の場合は最後のパスキー）は削除できません。先に別の認証方法を登録してください。"
        ),
        FactorRefusal.NO_SUCH_PASSKEY: _("そのパスキーはありません。一覧を確かめてください。"),
        FactorRefusal.NO_PASSKEYS_HERE: _("このアドレスではパスキーを使えません。"),
        FactorRefusal.NO_APP: _("認証アプリは登録されていません。"),
        FactorRefusal.PASSKEY_REFUSED: _(
            "パスキーを登録できませんでした。認められていない機種か、確認に失敗しました。もう一度お試しください。"
        ),
        FactorRefusal.ALREADY_THERE: _("このパスキーはすでに登録されています。"),
        FactorRefusal.TOO_MANY: _("登録できるパスキーは10個までです。使わないものを削除してください。"),
        FactorRefusal.NOT_HERE: _(
            "管理者の最初のパスキーは、庁内から登録してください。登録できないときは、情報システム担当へご連絡ください。"
        ),
        FactorRefusal.WRONG_CODE: _("認証コードが正しくありません。新しいコードが表示されてから入力してください。"),
    }
)


async def show_factors(request: web.Request) -> web.Response:
    denied = request.query.get("denied", "")
    return await _page(request, error=DENIED[FactorRefusal(denied)] if denied in set(FactorRefusal) else None)


async def _page(request: web.Request, *, status: int = 200, error: str | None = None) -> web.Response:
    return render(
        request,
        "factors.html",
        status=status,
        error=error,
        done=DONE.get(request.query.get("done", "")),
        own=await services_of(request).own_factors.overview(signed_in(request)),
        step_up=step_up_url(FACTORS_PATH),
        events=AUDIT_EVENTS,
        factor_names=VALUES["factor"],
        here_session=signed_in(request).session,
    )


async def ask_passkey(request: web.Request) -> web.Response:
    asked = await services_of(request).own_factors.ask_passkey(signed_in(request), hostname_of(request))
    match asked:
        case PasskeyQuestion():
            return send_question(asked)
        case FactorDenied(code=FactorRefusal.STEP_UP_NEEDED):
            return send_away(step_up_url(FACTORS_PATH))
        case FactorDenied(code=code):
            return send_away(f"{FACTORS_PATH}?denied={code}")


async def add_passkey(request: web.Request) -> web.Response:
    answer, name = await read_answer(request), (await read_form(request)).get("name", "")
    if not answer:
        return await _page(request, status=422, error=NO_ANSWER)
    auth, hostname = signed_in(request), hostname_of(request)
    outcome = await services_of(request).own_factors.add_passkey(auth, hostname, answer, name)
    return await _answer(request, outcome, "passkey_added")


async def rename_passkey(request: web.Request) -> web.Response:
    name = (await read_form(request)).get("name", "")
    passkey_id = request.match_info["passkey_id"]
    outcome = await services_of(request).own_factors.rename_passkey(signed_in(request), passkey_id, name)
    return await _answer(request, outcome, "passkey_renamed")


async def remove_passkey(request: web.Request) -> web.Response:
    passkey_id = request.match_info["passkey_id"]
    outcome = await services_of(request).own_factors.remove_passkey(signed_in(request), passkey_id)
    return await _answer(request, outcome, "passkey_removed")


async def show_app(request: web.Request) -> web.Response:
    return await _app_page(request)


async def _app_page(request: web.Request, *, status: int = 200, error: str | None = None) -> web.Response:
    match await services_of(request).own_factors.offer_app(signed_in(request)):
        case EnrolmentOffer() as offer:
            return render(
                request, "factor_app.html", status=status, error=error, until=None, offer=offer, qr=draw_qr(offer.uri)
            )
        case FactorDenied():
            return ask_step_up(request, APP_PATH)


async def confirm_app(request: web.Request) -> web.Response:
    code = (await read_form(request)).get("code", "").strip()
    if not code:
        return await _app_page(request, status=422, error=CODE_MISSING)
    match await services_of(request).own_factors.confirm_app(signed_in(request), code):
        case FactorDenied(code=FactorRefusal.WRONG_CODE):
            return await _app_page(request, status=403, error=DENIED[FactorRefusal.WRONG_CODE])
        case outcome:
            return await _answer(request, outcome, "app_set")


async def remove_app(request: web.Request) -> web.Response:
    return await _answer(request, await services_of(request).own_factors.remove_app(signed_in(request)), "app_removed")


async def renew_codes(request: web.Request) -> web.Response:
    """The new codes are shown here, once."""
    match await services_of(request).own_factors.renew_codes(signed_in(request)):
        case CodesGiven(codes):
            person = signed_in(request).user
            return render(
                request, "recovery_codes.html", codes=codes, person=person, next_path="/factors", done="codes"
            )
        case FactorDenied():
            return ask_step_up(request, FACTORS_PATH)


async def _answer(request: web.Request, outcome: FactorOutcome, done: str) -> web.Response:
    match outcome:
        case FactorChanged():
            return see_other(f"{FACTORS_PATH}?done={done}")
        case FactorDenied(code=FactorRefusal.STEP_UP_NEEDED):
            return ask_step_up(request, FACTORS_PATH)
        case FactorDenied(code=code):
            return await _page(request, status=409, error=DENIED[code])
