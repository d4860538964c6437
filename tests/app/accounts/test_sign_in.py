"""Signing in with a real browser, at a phone's and a desk's size, also without script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.accounts.demonstration import Demonstration, SignIn, place, write
from tests.app.town import PASSWORD, settle
from tests.parts.browser import SIZES
from tests.parts.service import serving


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("data")
    town = settle(data, "")
    town.engine.dispose()
    told = SignIn("zhou.min", PASSWORD, "周敏 · 青禾蔬菜专业合作社 · 主体管理员")
    write(place(data, demonstration=True), Demonstration(sign_ins=(told,)))
    with serving(data) as (address, _):
        # A cookie for https only is taken from this name over http as well: browsers trust it.
        yield address.replace("127.0.0.1", "localhost")


def test_a_wrong_password_is_told_and_the_right_one_leads_on(address: str, page: Page) -> None:
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{address}/sign-in?next=/v1/me")
    page.get_by_label("登录名").fill("li.na")
    page.get_by_label("密码").fill("not the password")
    page.get_by_label("密码").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("登录名或密码不对")
    expect(page.get_by_label("登录名")).to_have_value("li.na")
    expect(page.get_by_label("密码")).to_be_focused()
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("密码").press("Enter")
    page.wait_for_url(f"{address}/v1/me")
    expect(page.locator("body")).to_contain_text("李娜")
    assert page.evaluate("document.cookie") == ""
    assert refused == []


def test_a_demonstrations_sign_in_takes_one_tap_and_signing_out_another(address: str, page: Page) -> None:
    page.goto(f"{address}/sign-in")
    page.get_by_role("button", name="以周敏").click()
    page.wait_for_url(f"{address}/desk")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("link", name="登录").first).to_be_visible()
    answer = page.goto(f"{address}/v1/me")
    assert answer is not None
    assert answer.status == 401


def test_it_fits_a_narrow_screen_and_large_fingers(address: str, browser: Browser) -> None:
    context = browser.new_context(**{**SIZES["phone"], "viewport": {"width": 360, "height": 640}})
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for control in page.locator("main input:not([type=hidden]), main button").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    context.close()


def test_without_script_it_works_the_same(address: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{address}/sign-in?next=/v1/me")
    page.get_by_label("Login").fill("li.na")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator(".sign-in-form button").click()
    page.wait_for_url(f"{address}/v1/me")
    context.close()
