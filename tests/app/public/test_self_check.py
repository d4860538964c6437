"""The page checks its own batch in a real browser, and says so when what it was sent is not what was recorded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from ledger.identity import trace_code
from ledger.policy import Pin
from tests.app.public.stories import Story
from tests.parts.browser import SIZES

CASES = Path(__file__).parents[2] / "vectors/bundles"
Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def address(served: str, story: Story) -> str:
    """The page of a batch."""
    return f"{served}/t/{trace_code(story.sauce)}"


def check(page: Page, state: str) -> None:
    page.get_by_role("button", name="现在核验").click()
    expect(page.locator(f"#self-check[data-state={state}]")).to_be_visible()


def states(page: Page) -> list[str]:
    """Of the sixteen checks in their order."""
    found: list[str] = page.eval_on_selector_all("[data-check]", "all => all.map(one => one.dataset.state)")
    return found


def on_the_way(page: Page, change: Change, what: str = "**/bundle*") -> None:
    """Somebody between service and reader changes the JSON that is asked for."""

    def changed(route: Route) -> None:
        answer = route.fetch()
        value = answer.json()
        change(value)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        route.fulfill(response=answer, body=text)

    page.route(what, changed)


def test_a_shopper_checks_the_batch(address: str, page: Page, story: Story) -> None:
    page.goto(address)
    check(page, "good")
    said = page.get_by_role("status")
    expect(said).to_contain_text("核验通过")
    expect(said).to_contain_text("3 项现在还不能断定")
    # Not asked for: witnesses, the day's heads; and there is nothing to remember yet.
    assert [place for place, state in enumerate(states(page), 1) if state != "good"] == [3, 4, 15]
    expect(page.get_by_text("这台设备第一次见到这本总账")).to_be_visible()
    expect(page.locator("#alarm")).to_be_hidden()
    page.get_by_text("这能证明什么").click()
    expect(page.get_by_text(str(story.world.vkey))).to_be_visible()
    check(page, "good")
    page.reload()
    check(page, "good")
    assert [place for place, state in enumerate(states(page), 1) if state != "good"] == [3, 15]
    expect(page.get_by_text("这台设备第一次见到这本总账")).to_be_hidden()


def another_bit(text: str) -> str:
    """The text with its tenth character from the end changed, which in base64 carries whole bits."""
    return text[:-10] + ("A" if text[-10] != "A" else "B") + text[-9:]


def _signature(value: Any) -> None:
    value["statements"][-1] = another_bit(value["statements"][-1])


def _proof(value: Any) -> None:
    value["entries"][3]["proof"][0] = another_bit(value["entries"][3]["proof"][0])


def _time(value: Any) -> None:
    entry = value["entries"][-1]
    entry["entry"] = entry["entry"].replace('"received":1', '"received":2')


def _size(value: Any) -> None:
    origin, size, rest = value["checkpoint"].split("\n", 2)
    value["checkpoint"] = f"{origin}\n{int(size) + 1}\n{rest}"


def _version(value: Any) -> None:
    value["v"] = 2


@pytest.mark.parametrize(
    ("change", "number", "why"),
    [
        (_version, 1, "凭证包被改过或不完整"),
        (_size, 2, "总账的签名对不上"),
        (_proof, 5, "有一笔不在总账里"),
        (_time, 5, "有一笔不在总账里"),
        # A statement's number is the hash of its signature too: it no longer is the one that the entry names.
        (_signature, 1, "凭证包被改过或不完整"),
    ],
)
def test_it_turns_red_when_something_was_changed_on_the_way(
    address: str, phone: Page, change: Change, number: int, why: str
) -> None:
    phone.goto(address)
    on_the_way(phone, change)
    check(phone, "bad")
    said = phone.get_by_role("status")
    expect(said).to_contain_text("核验没有通过")
    expect(said).to_contain_text(why)
    # And not only down there: nothing green is left at the head of the page.
    expect(phone.locator("#alarm")).to_be_visible()
    expect(phone.locator(".verdict-word")).to_be_hidden()
    found = states(phone)
    assert found[number - 1] == "bad"
    assert set(found[: number - 1]) <= {"good", "open"}
    assert set(found[number:]) == {"unreached"}
    expect(phone.locator(f"[data-check='{number}'] .failed")).to_be_visible()


def test_another_batch_is_not_passed_off_as_this_one(address: str, phone: Page, story: Story) -> None:
    phone.goto(address)
    other = f"{address.rsplit('/t/')[0]}/v1/batches/{trace_code(story.pears)}/bundle"
    phone.route("**/bundle*", lambda route: route.fulfill(response=route.fetch(url=other)))
    check(phone, "bad")
    assert states(phone)[6] == "bad"
    expect(phone.get_by_role("status")).to_contain_text("凭证说的是另一批货")


def test_what_it_saw_before_it_does_not_forget(address: str, phone: Page) -> None:
    phone.goto(address)
    check(phone, "good")
    (place, kept), *_ = phone.evaluate("Object.entries(localStorage)")
    known = json.loads(kept)
    origin, size = known["head"].split("\n")[:2]
    assert int(size) > 0

    def remember(**more: str) -> None:
        phone.evaluate("([place, text]) => localStorage.setItem(place, text)", [place, json.dumps({**known, **more})])

    # The log as it was had another root: what is shown now is another history.
    remember(head=f"{origin}\n{size}\n{'A' * 43}=\n")
    check(phone, "bad")
    assert states(phone)[3] == "bad"
    remember(head=f"{origin}\n{int(size) - 1}\n{'A' * 43}=\n")
    check(phone, "bad")
    assert states(phone)[3] == "bad"
    # It was longer: a part is kept from this reader, which the reader is told, and what was known stays known.
    longer = f"{origin}\n{int(size) + 5}\n{'A' * 43}=\n"
    remember(head=longer)
    check(phone, "good")
    expect(phone.get_by_text("这次拿到的比上次见到的旧")).to_be_visible()
    assert json.loads(phone.evaluate("place => localStorage[place]", place))["head"] == longer
    remember(root="A" * 43)
    check(phone, "bad")
    expect(phone.get_by_role("status")).to_contain_text("总账换了开头")
    # What was spoilt is no reason to refuse.
    remember(head="nonsense")
    check(phone, "good")


@pytest.mark.parametrize(
    ("case", "number", "state", "words"),
    [
        ("00-valid-2-of-3-witnesses", 3, "good", "archive · school"),
        ("00-valid-custody", 8, "open", "密钥由平台代管"),
        ("00-valid-suspect", 10, "open", "后来报失"),
        ("00-valid-complete", 15, "good", "的记录是完整的"),
        ("00-valid-partly-covered", 15, "open", "没有覆盖到全部"),
        ("00-valid-origin-without-pin", 16, "open", "没有那本总账的公开钉"),
    ],
)
def test_what_holds_with_a_reservation_says_so(
    address: str, phone: Page, case: str, number: int, state: str, words: str
) -> None:
    given = json.loads((CASES / f"{case}.json").read_text())
    bundle = json.loads(given["bundle"])
    origin = bundle["checkpoint"].partition("\n")[0]
    (pin,) = [text for text in given["pins"] if Pin.parse(text).origin == origin]
    phone.goto(address)
    phone.eval_on_selector("#self-check", "(card, code) => { card.dataset.code = code }", bundle["about"][0])
    phone.route("**/bundle*", lambda route: route.fulfill(body=given["bundle"]))
    phone.route("**/policy.json", lambda route: route.fulfill(body=pin))
    check(phone, "good")
    assert states(phone)[number - 1] == state
    expect(phone.locator("#self-check").get_by_text(words).first).to_be_visible()


def test_an_old_browser_checks_without_help(address: str, phone: Page) -> None:
    def without(route: Route) -> None:
        answer = route.fetch()
        lack = "crypto.subtle.importKey = () => Promise.reject(new Error('not supported'));"
        route.fulfill(response=answer, body=lack + answer.text())

    phone.goto(address)
    phone.route("**/static/verify.*", without)
    check(phone, "good")
    on_the_way(phone, _proof)
    check(phone, "bad")


def test_what_cannot_be_had_is_neither_good_nor_bad(address: str, phone: Page) -> None:
    phone.goto(address)
    phone.route("**/bundle*", lambda route: route.abort())
    check(phone, "absent")
    expect(phone.get_by_role("status")).to_contain_text("既不算通过，也不算不通过")
    expect(phone.locator(".check-list")).to_be_hidden()
    phone.unroute("**/bundle*")
    phone.route("**/static/verify.*", lambda route: route.abort())
    check(phone, "absent")
    expect(phone.locator("#alarm")).to_be_hidden()


def test_everybody_can_read_what_was_found(address: str, page: Page) -> None:
    for lang, button in (("zh", "现在核验"), ("en", "Check now")):
        for change, state in ((None, "good"), (_proof, "bad")):
            page.unroute_all()
            page.goto(f"{address}?lang={lang}")
            if change is not None:
                on_the_way(page, change)
            page.get_by_role("button", name=button).click()
            expect(page.locator(f"#self-check[data-state={state}]")).to_be_visible()
            page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
            found = Axe().run(page).response["violations"]
            assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
            for width in (320, 360, 768):
                page.set_viewport_size({"width": width, "height": 740})
                assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script_it_says_how_to_check_elsewhere(address: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN", **SIZES["phone"])
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_text("不能在网页里核验")).to_be_visible()
    expect(page.get_by_role("button", name="现在核验")).to_be_hidden()
    page.get_by_text("这能证明什么").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载凭证包").click()
    assert download.value.suggested_filename.endswith(".bundle.json")
    context.close()
