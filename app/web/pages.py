"""Pages: templates and static files, and what every page knows: its language, who looks, whether all is made up.

In a template ``t("中文", "English")`` says a thing in the page's language, ``static("gengji.css")`` is the address of
a file that may be kept for ever; the filters ``amount``, ``day``, ``moment`` and ``grouped`` say quantities, times
(in the log's time zone) and trace codes, ``span`` the days from one time to another.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from app.batches.events import Found
from app.batches.views import in_zone
from app.errors import NotFound
from app.log import Log
from app.parties.names import Name
from app.problems import Lang, language
from app.viewing import Viewer
from app.web.said import labelled, said
from ledger import wordings
from ledger.findings import FINDINGS
from ledger.identity import grouped

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
YEAR = 365 * 24 * 3600
_DAY = len("2026-03-01")

_TITLES: Mapping[int, tuple[str, str]] = {
    401: ("请先登录", "Please sign in"),
    403: ("这里不对您开放", "This is not open to you"),
    404: ("没有这个页面", "There is no such page"),
    409: ("与已有的记录冲突", "What stands already says otherwise"),
    413: ("内容太大", "That is too large"),
    422: ("内容有误", "Something in it is not right"),
    429: ("请稍等片刻", "A little slower, please"),
    503: ("暂停服务", "Out of service for now"),
}
_FAILED = ("服务出了问题", "Something went wrong here")


@dataclass(frozen=True)
class _File:
    """A static file in memory; ``name`` carries the beginning of its hash."""

    name: str
    media: str
    data: bytes


class Pages:
    """The pages of one log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._files = {path.name: _read(path) for path in sorted(STATIC.iterdir()) if path.is_file()}
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.globals["static"] = self.static
        self._environment.filters |= {
            "amount": _amount,
            "finding": _finding,
            "grouped": grouped,
            "labelled": _labelled,
            "law": _law,
            "said": _said,
            **_times(log),
        }

    # --- the face ------------------------------------------------------------------------------------------------

    def render(
        self,
        request: Request,
        name: str,
        *,
        viewer: Viewer | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """The page ``name`` for this request; never kept by anybody in between, for it may be somebody's own."""
        lang = language(request)
        other = "en" if lang == "zh" else "zh"
        switch = "?" + request.url.include_query_params(lang=other).query
        text = self.text(name, lang, switch=switch, viewer=viewer, **context)
        kept = {"Cache-Control": "no-store" if viewer else "private, no-cache", "Content-Language": lang}
        answer = HTMLResponse(text, status, {**kept, **(headers or {})})
        if request.query_params.get("lang") == lang:
            answer.set_cookie("lang", lang, max_age=YEAR, samesite="lax", httponly=True)
        return answer

    def text(self, name: str, lang: Lang, *, switch: str, viewer: Viewer | None = None, **context: Any) -> str:
        """The page ``name`` as text; ``switch`` is the query that leads to the other language."""
        said = {"lang": lang, "t": _zh if lang == "zh" else _en, "switch": switch, "viewer": viewer}
        known = {
            "demonstration": self._log.demonstration,
            "origin": self._log.origin,
            "zone": self._log.journal.registry.time_zone,
        }
        return self._environment.get_template(name).render(**said, **known, **context)

    def error(self, request: Request, problem: Mapping[str, Any], viewer: Viewer | None = None) -> Response | None:
        """The page that says ``problem`` to a person; None where a program asked. Sign-in is offered, not refused."""
        if not wants_page(request):
            return None
        status = problem["status"]
        if status == 401 and request.method == "GET":
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?next={quote(asked, safe='')}", 303)
        title = _TITLES.get(status, _FAILED)
        return self.render(request, "error.html", viewer=viewer, status=status, problem=problem, title=title)

    def static(self, name: str) -> str:
        """The address of a file in ``static/``; a new content is a new address. Raises KeyError."""
        return f"/static/{self._files[name].name}"

    @property
    def edition(self) -> str:
        """Another one whenever a template or a static file is."""
        files = [file.name.encode() for file in self._files.values()]
        templates = [path.read_bytes() for path in sorted((_HERE / "templates").rglob("*.html"))]
        return sha256(b"|".join(files + templates)).hexdigest()[:12]

    def install(self, app: FastAPI) -> None:
        """Serve the static files."""
        served = {file.name: file for file in self._files.values()}

        @app.get("/static/{name}", include_in_schema=False)
        async def static(name: str) -> Response:
            file = served.get(name)
            if file is None:
                raise NotFound("no-page", path=f"/static/{name[:80]}")
            return Response(file.data, media_type=file.media, headers=FOR_EVER)


def wants_page(request: Request) -> bool:
    """Whether a person asked, with a browser; programs ask for data, or for anything."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not request.url.path.startswith(("/v1/", "/log/"))


def _read(path: Path) -> _File:
    data = path.read_bytes()
    media = guess_type(path.name)[0] or "application/octet-stream"
    return _File(f"{path.stem}.{sha256(data).hexdigest()[:12]}{path.suffix}", media, data)


def _times(log: Log) -> dict[str, Callable[..., str]]:
    """Days and moments as they are said, of a day, a time as on the wire, or milliseconds."""

    def local(value: str | int) -> datetime:
        zone = ZoneInfo(log.journal.registry.time_zone)
        if isinstance(value, int):
            return in_zone(datetime.fromtimestamp(value / 1000, UTC), zone)
        if len(value) == _DAY:
            return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=zone)
        return in_zone(datetime.fromisoformat(value), zone)

    @pass_context
    def day(context: Context, value: str | int) -> str:
        at = local(value)
        return f"{at.year}年{at.month}月{at.day}日" if context["lang"] == "zh" else f"{at.day} {at:%B} {at.year}"

    @pass_context
    def moment(context: Context, value: str | int) -> str:
        only_day = isinstance(value, str) and len(value) == _DAY
        return day(context, value) + ("" if only_day else f" {local(value):%H:%M}")

    @pass_context
    def span(context: Context, start: str, end: str, before: str = "") -> str:
        """From day to day, in short; without a year that ``before`` has said."""
        one, two = local(start), local(end)
        again = bool(before) and local(before).year == one.year == two.year
        return (_span_zh if context["lang"] == "zh" else _span_en)(one, two, again)

    return {"day": day, "moment": moment, "span": span}


def _span_zh(one: datetime, two: datetime, again: bool) -> str:
    start = f"{'' if again else f'{one.year}年'}{one.month}月{one.day}日"
    if one.date() == two.date():
        return start
    year, month = ("" if one.year == two.year else f"{two.year}年"), f"{two.month}月"
    return f"{start}至{year}{'' if (one.year, one.month) == (two.year, two.month) else month}{two.day}日"


def _span_en(one: datetime, two: datetime, again: bool) -> str:
    end = f"{two.day} {two:%b}{'' if again else f' {two.year}'}"
    if one.date() == two.date():
        return end
    if (one.year, one.month) == (two.year, two.month):
        return f"{one.day}–{end}"
    return f"{one.day} {one:%b}{'' if one.year == two.year else f' {one.year}'} – {end}"


@pass_context
def _said(
    context: Context, values: Mapping[str, Any], kind: str, names: Mapping[str, Name], without: Collection[str] = ()
) -> list[tuple[str, str]]:
    moment = context.environment.filters["moment"]
    return said(kind, values, names, context["lang"], partial(moment, context), without)


@pass_context
def _labelled(context: Context, values: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    return labelled(kind, values, context["lang"])


@pass_context
def _finding(context: Context, found: Found) -> str:
    """What is wrong, without how its signer clears it: that is for those who can."""
    lang = context["lang"]
    known = FINDINGS.get(found.code)
    return found.text[lang].removesuffix((known.clear_zh if lang == "zh" else known.clear_en) if known else "").rstrip()


def _law(code: str) -> str:
    """The law or standard behind a finding; empty where there is none."""
    known = FINDINGS.get(code)
    return known.law if known else ""


@pass_context
def _amount(context: Context, value: Mapping[str, str]) -> str:
    return wordings.quantity(value, context["lang"])


def _zh(zh: str, en: str) -> str:
    return zh


def _en(zh: str, en: str) -> str:
    return en
