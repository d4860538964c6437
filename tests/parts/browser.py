"""A real Chromium that never leaves this machine, in the two sizes that the pages are made for."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.parts.need import need

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
    # A page that asks another machine for anything, a font or a script, must not find it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
SIZES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "desk": {"viewport": {"width": 1280, "height": 900}},
}


@pytest.fixture(scope="module")  # Playwright holds the thread's event loop: a longer life would bar asyncio.run
def browser() -> Iterator[Browser]:
    """Chromium, headless; a test that wants its own context calls `browser.new_context`."""
    chromium = need("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page at a phone's size, 390 × 844 points of two pixels, with touch."""
    yield from _opened(browser, "phone")


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A page at a desk's size, 1280 × 900."""
    yield from _opened(browser, "desk")


@pytest.fixture(params=sorted(SIZES))
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page, once at each size: the test runs twice."""
    yield from _opened(browser, request.param)


def _opened(browser: Browser, size: str) -> Iterator[Page]:
    """A page in its own context, in Chinese, whose uncaught script errors fail the test."""
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **SIZES[size])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, f"the page's script failed: {errors}"
