"""Templates: Jinja2 with autoescape, translations and a few words that every page needs."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from broker.model.records import Tenant
from broker.policy.administration import may_enter_console
from web.form_token import csrf_token
from web.language import Language, language_of, load_catalog, translate
from web.looked_at import read_facts
from web.mode_banner import Banner, banner_of
from web.refusal_details import explain_refusal
from web.visitor import AUTHENTICATED, EMERGENCIES, TENANT

_VERSION: Final = version("sekisho")
_TEMPLATES: Final = Path(__file__).parent / "templates"
_WEEKDAYS: Final = "月火水木金土日"


class _Named(Protocol):
    @property
    def name_ja(self) -> str: ...
    @property
    def name_en(self) -> str: ...


def local_name(language: Language, named: _Named) -> str:
    """The name of a tenant, zone or pool in one language."""
    return (named.name_en if language is Language.EN else named.name_ja) or named.name_ja


def format_time(language: Language, moment: datetime, time_zone: str, *, with_seconds: bool = False) -> str:
    """A date and time as people of the tenant read it."""
    local = moment.astimezone(ZoneInfo(time_zone))
    clock = local.strftime("%H:%M:%S" if with_seconds else "%H:%M")
    if language is Language.EN:
        return f"{local.day} {local:%b %Y}, {clock}"
    return f"{local.year}年{local.month}月{local.day}日（{_WEEKDAYS[local.weekday()]}）{clock}"


@pass_context
def _local_day(context: Context, day: date) -> str:
    if context["lang"] is Language.EN:
        return f"{day.day} {day:%b %Y}"
    return f"{day.year}年{day.month}月{day.day}日"


@pass_context
def _local_time(context: Context, moment: datetime, *, with_seconds: bool = False) -> str:
    tenant = context["tenant"]
    zone = tenant.time_zone if isinstance(tenant, Tenant) else "Asia/Tokyo"
    return format_time(context["lang"], moment, zone, with_seconds=with_seconds)


@pass_context
def _named(context: Context, thing: _Named) -> str:
    return local_name(context["lang"], thing)


@pass_context
def _translated(context: Context, text: str) -> str:
    return translate(context["lang"], text)


@pass_context
def _refusal_detail(context: Context, why: str) -> str:
    return explain_refusal(context["lang"], why)


@pass_context
def _facts(context: Context, looked_at: str) -> list[tuple[str, str]]:
    return read_facts(context["lang"], looked_at)


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    catalog = load_catalog(language)
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # set by the i18n extension
    environment.install_gettext_translations(catalog, newstyle=True)  # type: ignore[attr-defined]  # likewise
    filters: dict[str, Any] = environment.filters
    filters |= {"refusal_detail": _refusal_detail, "facts": _facts}
    filters |= {
        "local_time": _local_time,
        "local_day": _local_day,
        "named": _named,
        "translated": _translated,
        "path_part": _path_part,
    }
    return environment


def _path_part(text: str) -> str:
    return quote(text, safe="")


def render(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    """A page. ``context`` is what the template names; the rest comes from the request."""
    language = language_of(request)
    text = _environment(language).get_template(template).render(**_surroundings(request), **context)
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def _surroundings(request: web.Request) -> Mapping[str, object]:
    auth = request.get(AUTHENTICATED)
    return {
        "lang": language_of(request),
        "tenant": request.get(TENANT),
        "me": auth.user if auth else None,
        "csrf_token": csrf_token(request),
        "here": request.rel_url.raw_path_qs if request.method == "GET" else "/",
        "version": _VERSION,
        "banner": _banner(request),
        "emergencies": request.get(EMERGENCIES, ()),
        "may_enter_console": auth is not None and may_enter_console(auth.user.roles),
    }


def _banner(request: web.Request) -> Banner | None:
    """For people who have signed in; strangers learn nothing of how the tenant runs."""
    tenant = request.get(TENANT)
    if tenant is None or AUTHENTICATED not in request:
        return None
    return banner_of(tenant, datetime.now(UTC))
