"""What a shopper gets by each way to a batch, in words and as data, and what it does not contain."""

import gzip
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from app.db import connect
from app.main import create_app
from labels.digital_link import Link, build
from ledger.identity import _check_digits, mark, trace_code
from tests.app.public.conftest import Shop
from tests.app.public.markup import nested
from tests.app.public.stories import SEALED, long_journey, sauce, told
from tests.app.seeding import append, journal, seed
from tests.app.visiting import PAGE, visiting
from tests.world import kg

ENGLISH = {**PAGE, "accept-language": "en-GB,en;q=0.9"}
DATA = {"accept": "application/json"}


def test_the_page_says_it_all_in_chinese(shop: Shop) -> None:
    page = shop.visitor.get(shop.page("sauce"))
    assert page.status_code == 200
    assert '<html lang="zh-CN">' in page.text
    for words in (
        "正常", "手工番茄酱 500 克装", "420 公斤", "四川省彭州市丹景山镇", "2026年4月5日", "彭州市青禾蔬菜专业合作社",
        "丹景山镇王家农场", "啶虫脒", "0.08 mg/kg", "限量 1 mg/kg", "GB 2763-2021", "未检出",
        "停用后满 16 天采收，安全间隔期 7 天：已满足", "2026年4月5日 15:40", "9.1 ℃ 至 12.8 ℃", "川西冷链运输有限公司",
        "12 公斤，破损", "自己申报", "演示数据", "12315",
    ):  # fmt: skip
        assert words in page.text, words
    assert page.text.index("正常") < page.text.index("手工番茄酱 500 克装</h1>"), "the verdict comes first"


def test_the_page_says_it_all_in_english(shop: Shop) -> None:
    page = shop.visitor.get(shop.page("sauce"), ENGLISH)
    assert page.headers["content-language"] == "en"
    for words in (
        "In order", "Handmade tomato sauce, 500 g", "420 kg", "5 April 2026", "Passed", "Limit 1 mg/kg",
        "harvested 16 full days after; the safety interval is 7 days: kept", "declared by the parties themselves",
        "Demonstration data", "Verify it yourself",
    ):  # fmt: skip
        assert words in page.text, words


def test_data_is_the_same_as_the_page(shop: Shop) -> None:
    answer = shop.visitor.get(shop.page("sauce"), DATA)
    data = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert data["verdict"]["status"] == "normal"
    assert data["batch"]["name"]["en"] == "Handmade tomato sauce, 500 g"
    assert [item["share"] for item in data["tests"][0]["items"]] == [0.08, 0.0, 0.205]
    assert (data["applied"][0]["days"], data["applied"][0]["kept"]) == (16, True)
    assert [step["kind"] for step in data["journey"]][-1] == "sell"
    assert data["checkpoint"]["size"] == len(shop.story.world.entries)
    assert shop.story.tomatoes in data["chains"]


@pytest.mark.parametrize("name", ["planting", "tomatoes", "sauce", "pears", "over"])
def test_nothing_sealed_is_in_any_form(shop: Shop, name: str) -> None:
    for headers in (PAGE, ENGLISH, DATA):
        text = shop.visitor.get(shop.page(name), headers).text
        assert not [secret for secret in SEALED if secret in text]


@pytest.mark.parametrize("path", ["/", "/t", "/t/", "/t/1234", "/t/00000000000000000000", "/nowhere"])
def test_every_page_is_well_formed_and_runs_no_other_script(shop: Shop, path: str) -> None:
    for headers in (PAGE, ENGLISH):
        nested(shop.visitor.get(path, headers).text)


@pytest.mark.parametrize("name", ["planting", "tomatoes", "sauce", "pears", "over"])
def test_every_batch_page_is_well_formed_and_runs_no_other_script(shop: Shop, name: str) -> None:
    for headers in (PAGE, ENGLISH):
        page = shop.visitor.get(shop.page(name), headers)
        assert page.status_code == 200
        nested(page.text)


def test_what_is_found_is_shown_without_advice_to_its_signer(shop: Shop) -> None:
    page = shop.visitor.get(shop.page("over")).text
    assert "另有 1 条提示" in page
    assert "多出 20 公斤" in page
    assert "核对数量" not in page


def test_little_said_is_said_to_be_little(shop: Shop) -> None:
    page = shop.visitor.get(shop.page("pears")).text
    assert "没有检测记录" in page
    assert "未记录" in page  # origin
    assert "goods-pear" in page


# --- ways to a batch -----------------------------------------------------------------------------------------------


def test_by_mark_by_code_and_by_typed_code_is_the_same_batch(shop: Shop) -> None:
    batch = shop.story.sauce
    code = trace_code(batch)
    assert shop.visitor.get(f"/t/{mark(batch)}", DATA).json()["batch"]["code"] == code
    groups = " ".join(code[i : i + 4] for i in range(0, 20, 4))
    wide = code.translate({48 + digit: 0xFF10 + digit for digit in range(10)})
    for typed in (groups, wide, f"https://trace.example.org/t/{mark(batch)}", mark(batch), batch):
        answer = shop.visitor.get(f"/t?code={quote(typed)}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/t/{code}")
    answer = shop.visitor.get(f"/t/{quote(groups)}?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/t/{code}?lang=en")


def test_a_digital_link_leads_to_its_batch(shop: Shop) -> None:
    own = mark(shop.story.sauce)
    path = build(Link("https://h.example", gtin="06901234567892", lot="S0406")).removeprefix("https://h.example")
    assert shop.visitor.get(path).headers["location"] == f"/t/{trace_code(shop.story.sauce)}"
    assert shop.visitor.get(f"{path}?t={own}").headers["location"] == f"/t/{own}"
    assert shop.visitor.get(f"{path}/21/000017?t={own}").headers["location"] == f"/t/{own}"


@pytest.mark.parametrize("lot", ["S0406", "another", "S%2F0406"])
def test_a_digital_link_whose_parts_disagree_says_so(shop: Shop, lot: str) -> None:
    path = f"/01/06901234567892/10/{lot}?t={mark(shop.story.pears)}"
    page = shop.visitor.get(path)
    assert page.status_code == 409
    assert "标签上的编号对不上" in page.text
    problem = shop.visitor.get(path, DATA)
    assert (problem.status_code, problem.json()["code"]) == (409, "link-disagrees")


def test_a_lot_with_a_slash_is_found(tmp_path: Path) -> None:
    story = sauce()
    world = story.world
    body = {"inputs": [], "outputs": []}
    body["inputs"].append({"batch": story.tomatoes, "quantity": kg("1")})  # type: ignore[attr-defined]
    body["outputs"].append(world.output("sauce", "1", lot="A/21/B"))  # type: ignore[attr-defined]
    (batch,) = world.state("process", "coop", body, [story.tomatoes], at=told(42)).created  # type: ignore[arg-type]
    with visiting(create_app(seed(tmp_path, world))) as visitor:
        answer = visitor.get("/01/06901234567892/10/A%2F21%2FB")
        assert answer.headers["location"] == f"/t/{trace_code(batch)}"


def test_the_resolver_describes_itself(shop: Shop) -> None:
    said = shop.visitor.get("/.well-known/gs1resolver", DATA).json()
    assert said["resolverRoot"] == "https://trace.example.org"
    assert said["supportedPrimaryKeys"] == ["01"]


# --- codes that lead nowhere ---------------------------------------------------------------------------------------


def test_an_unknown_code_is_told_plainly(shop: Shop) -> None:
    body = 123456789012345678
    code = f"{body:018}{_check_digits(body):02}"
    page = shop.visitor.get(f"/t/{code}")
    assert page.status_code == 404
    assert "查无此码" in page.text
    assert "先不要购买或食用" in page.text
    assert "No such code" in shop.visitor.get(f"/t/{code}", ENGLISH).text
    problem = shop.visitor.get(f"/t/{code}", DATA)
    assert (problem.status_code, problem.json()["code"]) == (404, "no-code")


def test_a_mistyped_code_is_said_to_be_one(shop: Shop) -> None:
    code = trace_code(shop.story.sauce)
    swapped = code[:3] + code[4] + code[3] + code[5:]
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    for typed in (swapped, wrong):
        for path in (f"/t/{typed}", f"/t?code={typed}"):
            page = shop.visitor.get(path)
            assert page.status_code == 422
            assert "有数字输错了" in page.text
            assert "两位颠倒了" in page.text
            assert " ".join(typed[i : i + 4] for i in range(0, 20, 4)) in page.text
    assert "这不是追溯码" in shop.visitor.get("/t/1234").text
    assert shop.visitor.get("/t/1234", DATA).json()["code"] == "code-digits"


def test_what_was_typed_comes_back_as_text(shop: Shop) -> None:
    page = shop.visitor.get(f"/t?code={quote('<script>alert(1)</script>')}")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


# --- kept pages ----------------------------------------------------------------------------------------------------


def test_asked_again_with_its_tag_it_says_only_that_nothing_changed(shop: Shop) -> None:
    path = shop.page("sauce")
    tags = set()
    for headers in (PAGE, ENGLISH, DATA):
        first = shop.visitor.get(path, headers)
        tags.add(first.headers["etag"])
        again = shop.visitor.get(path, {**headers, "if-none-match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert "no-cache" in first.headers["cache-control"]
        assert "Accept-Language" in first.headers["vary"]
    assert len(tags) == 3


def test_the_language_asked_for_is_remembered(shop: Shop) -> None:
    page = shop.visitor.get(f"{shop.page('sauce')}?lang=en")
    assert "In order" in page.text
    assert page.cookies["lang"] == "en"
    assert "private" in page.headers["cache-control"]
    shop.visitor.cookies.clear()


def test_it_travels_packed_and_is_small(shop: Shop) -> None:
    plain = shop.visitor.get(shop.page("sauce"), {**PAGE, "accept-encoding": "identity"})
    packed = shop.visitor.get(shop.page("sauce"), {**PAGE, "accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    for accepted, encoding in (("br, gzip;q=0.8", "gzip"), ("gzip;q=0", None), ("gzip; q=0.00, br", None), ("", None)):
        answer = shop.visitor.get(shop.page("sauce"), {**PAGE, "accept-encoding": accepted})
        assert answer.headers.get("content-encoding") == encoding, accepted
    assert len(gzip.compress(plain.content)) < 12_000


def test_the_longest_journey_stays_below_the_limit(tmp_path: Path) -> None:
    world, batch = long_journey()
    with visiting(create_app(seed(tmp_path, world))) as visitor:
        page = visitor.get(f"/t/{trace_code(batch)}", {**PAGE, "accept-encoding": "identity"})
        files = [part.split('"')[0] for part in page.text.split('"/static/')[1:]]
        # The verifier comes when somebody wants to check.
        files = [name for name in files if not name.startswith("verify.")]
        total = len(page.content) + sum(len(visitor.get(f"/static/{name}").content) for name in set(files))
    assert "中间还有 74 步" in page.text
    assert total < 100_000


def test_a_page_changes_as_soon_as_its_batch_does_and_not_before(database_url: str, tmp_path: Path) -> None:
    story = sauce()
    world = story.world
    settings = seed(tmp_path / "data", world, database_url)
    known = len(world.statements)
    with visiting(create_app(settings)) as visitor:
        path, other = (f"/t/{trace_code(batch)}" for batch in (story.sauce, story.pears))
        before = {each: visitor.get(each) for each in (path, other)}
        assert before[path].status_code == 200, before[path].text
        goods = [{"batch": story.sauce, "quantity": kg("17")}]
        world.state("sell", "shop", {"goods": goods, "channel": "stall"}, [story.sauce], at=told(42))
        engine = connect(settings.url)
        writer = journal(settings, engine, world)
        append(writer, world, world.statements[known:])
        writer.close()
        engine.dispose()
        tag = {**PAGE, "if-none-match": before[path].headers["etag"]}
        after = visitor.get(path, tag)
        assert after.status_code == 200
        assert "17 公斤" in after.text
        assert "17 公斤" not in before[path].text
        # Another batch's page is what it was, the checkpoint in it too.
        assert visitor.get(other, {**PAGE, "if-none-match": before[other].headers["etag"]}).status_code == 304


def test_reading_writes_nothing(tmp_path: Path) -> None:
    story = sauce()
    settings = seed(tmp_path, story.world)
    engine = connect(settings.url)
    with visiting(create_app(settings)) as visitor:
        with engine.connect() as connection:
            before = connection.exec_driver_sql("PRAGMA data_version").scalar()
        for path in ("/", "/t", f"/t/{trace_code(story.sauce)}", "/t/1234"):
            visitor.get(path)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA data_version").scalar() == before
    engine.dispose()


def test_a_real_log_shows_no_band(tmp_path: Path) -> None:
    story = sauce()
    with visiting(create_app(seed(tmp_path, story.world, demonstration=False))) as visitor:
        for path in ("/", "/t", f"/t/{trace_code(story.sauce)}", "/nowhere"):
            assert "演示" not in visitor.get(path).text


def test_a_correction_shows_the_new_and_keeps_the_old(tmp_path: Path) -> None:
    story = sauce()
    world = story.world
    harvest = next(s for s in world.statements if story.tomatoes in s.created)
    new = {"outputs": [world.output("tomato", "1230", grade="一级", lot="20260405-A")]}
    body = {"statement": harvest.hash, "reason": "过磅单看错", "new": new}
    world.state("correct", "farm", body, harvest.targets, at=told(42))  # type: ignore[arg-type]
    with visiting(create_app(seed(tmp_path, world))) as visitor:
        page = visitor.get(f"/t/{trace_code(story.tomatoes)}").text
        data = visitor.get(f"/t/{trace_code(story.tomatoes)}", DATA).json()
    assert "已更正" in page
    assert "过磅单看错" in page
    assert "<del>产出批次 大番茄，1250.5 公斤" in page
    assert "本批 <strong>1230 公斤</strong>" in page
    assert orjson.dumps(data).count(b"1250.5") == 1


def test_the_pin_is_what_the_service_goes_by(shop: Shop) -> None:
    answer = shop.visitor.get("/log/policy.json", {})
    assert answer.text == shop.settings.pin.read_text()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
