"""Frame, static files, errors and words that every page is made with."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.main import create_app
from app.web.pages import STATIC, _span_en, _span_zh
from ledger.identity import trace_code
from tests.app.public.markup import nested
from tests.app.public.stories import sauce
from tests.app.seeding import seed
from tests.app.visiting import PAGE, Visitor, visiting

ENGLISH = {**PAGE, "accept-language": "en"}
CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    folder = tmp_path_factory.mktemp("data")
    story = sauce()
    settings = seed(folder, story.world)
    (folder / "demonstration.json").write_text(f'{{"code": "{trace_code(story.sauce)}"}}')
    with visiting(create_app(settings)) as visitor:
        yield visitor


def test_the_first_page_asks_for_a_code_and_offers_one_to_try(visitor: Visitor) -> None:
    page = visitor.get("/").text
    nested(page)
    assert 'name="code"' in page
    assert 'inputmode="numeric"' in page
    code = re.findall('href="/t/([0-9]{20})"', page)
    assert len(code) == 1
    assert visitor.get(f"/t/{code[0]}").status_code == 200
    for words in ("买菜的人", "合作社和企业", "监管人员", "演示数据"):
        assert words in page
    assert "If you eat it" in visitor.get("/", ENGLISH).text


def test_static_files_are_named_by_content_and_kept_for_ever(visitor: Visitor) -> None:
    (path,) = set(re.findall(r'href="(/static/gengji\.[0-9a-f]{12}\.css)"', visitor.get("/").text))
    file = visitor.get(path)
    assert file.content == (STATIC / "gengji.css").read_bytes()
    assert file.headers["content-type"].startswith("text/css")
    assert "immutable" in file.headers["cache-control"]
    for path in ("/static/gengji.css", "/static/..%2fpages.py", "/static/nothing.svg"):
        assert visitor.get(path).status_code == 404


def test_the_other_language_is_the_same_page(visitor: Visitor) -> None:
    page = visitor.get("/t?code=1234").text
    (switch,) = re.findall(r'class="language" href="([^"]+)"', page)
    english = visitor.get("/t" + switch.replace("&amp;", "&"))
    assert "This is not a trace code" in english.text
    assert english.cookies["lang"] == "en"
    assert "Look up" in visitor.get("/t").text, "the cookie is minded"
    visitor.cookies.clear()


@pytest.mark.parametrize("headers", [PAGE, ENGLISH])
def test_an_error_is_a_page_for_people(visitor: Visitor, headers: dict[str, str]) -> None:
    page = visitor.get("/nowhere?q=<b>", headers)
    assert page.status_code == 404
    nested(page.text)
    assert ("没有这个页面" if headers is PAGE else "There is no such page") in page.text


def test_an_error_is_a_problem_for_programs(visitor: Visitor) -> None:
    for path, headers in (("/nowhere", {"accept": "application/json"}), ("/v1/nowhere", PAGE), ("/nowhere", {})):
        answer = visitor.get(path, headers)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "no-page"


@pytest.mark.parametrize(
    ("start", "end", "before", "zh", "en"),
    [
        ("2026-07-31T00:00:00Z", "2026-07-31T09:00:00Z", "", "2026年7月31日", "31 Jul 2026"),
        ("2026-07-31T17:00:00Z", "2026-08-02T00:00:00Z", "2026-01-01T00:00:00Z", "8月1日至2日", "1–2 Aug"),
        ("2026-07-31T00:00:00Z", "2026-10-05T00:00:00Z", "", "2026年7月31日至10月5日", "31 Jul – 5 Oct 2026"),
        ("2026-12-30T00:00:00Z", "2027-01-02T00:00:00Z", "2026-12-01T00:00:00Z",
         "2026年12月30日至2027年1月2日", "30 Dec 2026 – 2 Jan 2027"),
        ("2027-01-02T00:00:00Z", "2027-01-02T00:00:00Z", "2026-12-30T00:00:00Z", "2027年1月2日", "2 Jan 2027"),
    ],
)  # fmt: skip
def test_days_from_to_are_said_in_short(start: str, end: str, before: str, zh: str, en: str) -> None:
    times = (datetime.strptime(time, "%Y-%m-%dT%H:%M:%S%z").astimezone(CHINA) for time in (start, end))
    one, two = times
    said = before[:4] == start[:4] == end[:4]
    assert (_span_zh(one, two, said), _span_en(one, two, said)) == (zh, en)


def test_every_page_carries_its_policy(visitor: Visitor) -> None:
    for path in ("/", "/t", "/nowhere"):
        policy = visitor.get(path).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


# --- what is drawn -------------------------------------------------------------------------------------------------


def _tokens() -> dict[str, str]:
    css = (STATIC / "gengji.css").read_text()
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", css))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, ground) for ink in ("ink", "ink-2") for ground in ("paper", "card", "sunk", "earth-tint")),
        *((f"{colour}-ink", f"{colour}-tint") for colour in ("green", "amber", "red", "blue")),
        *((f"{colour}-ink", "card") for colour in ("green", "amber", "red", "blue")),
        ("ink-3", "card"), ("green-ink", "sunk"), ("card", "green"), ("card", "red"), ("card", "green-deep"),
        ("earth", "earth-tint"),
    ],
)  # fmt: skip
def test_words_stand_out_from_their_ground(ink: str, ground: str) -> None:
    tokens = _tokens()
    light, dark = sorted((_luminance(tokens[ink]), _luminance(tokens[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5, "WCAG 2.2 §1.4.3"


def test_styles_and_drawings_ask_nobody_else_for_anything() -> None:
    for path in STATIC.iterdir():
        text = path.read_text() if path.suffix in (".css", ".svg") else ""
        addresses = re.findall(r"https?://[^\"')\s]+|url\((?!#)[^)]*\)|@import", text)
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, path.name
        assert "<script" not in text
        assert path.suffix != ".svg" or len(text) < 3_000
