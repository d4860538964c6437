"""A shopper with a phone, and at a desk: finding a batch, reading it, without script, with help, on paper."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from ledger.identity import grouped, mark, trace_code
from tests.app.public.stories import Story
from tests.parts.browser import SIZES

WIDTHS = (320, 360, 390, 768, 1280)


@pytest.fixture(scope="module")
def address(served: str) -> str:
    return served


@pytest.fixture(scope="module")
def paths(story: Story) -> list[str]:
    """Every page of a shopper's, in each state."""
    code = trace_code(story.sauce)
    batches = [f"/t/{trace_code(batch)}" for batch in (story.sauce, story.planting, story.pears, story.over)]
    return ["/", "/t", *batches, f"/t/{code}?lang=en", "/t/12345678901234567888", f"/t/{code[:-1]}x", "/nowhere"]


def test_a_shopper_types_the_code_and_reads_the_verdict_first(address: str, page: Page, story: Story) -> None:
    page.goto(address)
    box = page.get_by_label("追溯码（20 位数字）")
    assert box.get_attribute("inputmode") == "numeric"
    box.fill(grouped(trace_code(story.sauce)))
    page.get_by_role("button", name="查询").click()
    page.wait_for_url(f"{address}/t/{trace_code(story.sauce)}")
    verdict = page.locator(".verdict-word")
    expect(verdict).to_have_text("正常")
    expect(verdict).to_be_in_viewport()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    assert page.evaluate("document.fonts.size") == 0, "no font is fetched"


def test_a_wrong_digit_is_told_and_put_right_in_place(address: str, phone: Page, story: Story) -> None:
    code = trace_code(story.sauce)
    at = next(place for place in range(19) if code[place] != code[place + 1])
    phone.goto(f"{address}/t/{code[:at]}{code[at + 1]}{code[at]}{code[at + 2 :]}")
    expect(phone.get_by_role("heading", level=1)).to_have_text("有数字输错了")
    box = phone.get_by_label("追溯码（20 位数字）")
    expect(box).to_have_attribute("aria-invalid", "true")
    box.fill(grouped(code))
    box.press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("手工番茄酱 500 克装")


def test_it_is_all_there_without_script(address: str, browser: Browser, story: Story) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN", **SIZES["phone"])
    page = context.new_page()
    page.goto(f"{address}/t/{mark(story.sauce)}")
    for heading in ("检测", "用药用肥", "一路走来", "谁签了名"):
        expect(page.get_by_role("heading", name=heading, exact=True).first).to_be_visible()
    root = page.get_by_text("总账根")
    expect(root).to_be_hidden()
    page.get_by_text("这批货的编号").click()
    expect(root).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.locator(".verdict-word")).to_have_text("In order")
    context.close()


def test_nothing_is_wider_than_the_screen_and_all_is_large_enough_to_tap(
    address: str, browser: Browser, paths: list[str]
) -> None:
    for width in WIDTHS:
        context = browser.new_context(viewport={"width": width, "height": 740}, locale="zh-CN")
        page = context.new_page()
        for path in paths:
            page.goto(f"{address}{path}")
            page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            small = page.eval_on_selector_all(
                "button, .button, .input, summary, nav a",
                "all => all.filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML)",
            )
            assert small == [], (path, width)
        context.close()


def test_everybody_can_read_it(address: str, page: Page, paths: list[str]) -> None:
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    for path in paths:
        page.goto(f"{address}{path}")
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        found = Axe().run(page).response["violations"]
        assert [(path, each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    assert refused == []


def test_a_leg_unfolds_and_what_is_wrong_is_unfolded(address: str, phone: Page, story: Story) -> None:
    phone.goto(f"{address}/t/{trace_code(story.sauce)}")
    vehicle = phone.get_by_text("4.2 米冷藏车").first
    expect(vehicle).to_be_hidden()
    phone.get_by_role("heading", name="运输", exact=True).first.click()
    expect(vehicle).to_be_visible()
    expect(phone.get_by_text("12 公斤，破损")).to_be_visible()
    phone.goto(f"{address}/t/{trace_code(story.over)}")
    expect(phone.locator(".step-found")).to_contain_text("多出 20 公斤")


def test_an_english_page_is_set_in_letters_of_its_own(address: str, page: Page, story: Story) -> None:
    page.goto(f"{address}/t/{trace_code(story.sauce)}?lang=en")
    wide = "text => { const all = document.createElement('span'); all.textContent = text;"
    wide += " document.querySelector('h2').append(all);"
    wide += " const width = all.getBoundingClientRect().width; all.remove(); return width }"
    assert page.evaluate(wide, "’" * 10) < page.evaluate(wide, "m" * 10) / 2, "an apostrophe as wide as a letter"


def test_it_prints(address: str, desk: Page, story: Story) -> None:
    desk.goto(f"{address}/t/{trace_code(story.sauce)}")
    desk.emulate_media(media="print")
    expect(desk.locator(".verdict-word")).to_be_visible()
    expect(desk.get_by_label("追溯码（20 位数字）")).to_be_hidden()
    for folded in ("4.2 米冷藏车", "总账根"):
        expect(desk.get_by_text(folded).first).to_be_visible()
    assert desk.pdf(format="A4").startswith(b"%PDF")
