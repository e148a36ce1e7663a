"""A real browser for tests: Debian's chromium, driven by playwright; a test without either is skipped and says so.

What tests need of playwright they import from here, so that a test file is skipped where it is not installed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

__all__ = ["DESKTOP", "PHONE", "Browser", "Locator", "Page", "ViewportSize", "chromium", "contrasts", "expect"]
__all__ += ["needs_chromium", "opened"]

DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=740)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TIMEOUT_MS = 60_000  # a busy machine may take seconds to draw a page
NO_CHROMIUM = "no chromium is installed: make browser"
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

expect.set_options(timeout=TIMEOUT_MS)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that Debian's package brings."""
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """Open a report; at the end nothing was complained of, asked for elsewhere, or run from a name."""
    troubles: list[str] = []
    asked: list[str] = []
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.on("console", lambda message: troubles.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
    page.goto(address)
    yield page
    assert page.evaluate("window.harmed") is None
    context.close()
    assert troubles == []
    assert {url.partition("#")[0] for url in asked if not url.startswith("data:")} == {address}


def contrasts(page: Page) -> list[dict[str, str]]:
    """Contrast of every text that is shown with what is behind it (WCAG 2.2, relative luminance)."""
    return page.evaluate(_CONTRASTS)  # type: ignore[no-any-return]


_CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = parts(colour).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return parts(colour)[3] === 0 && element.parentElement ? ground(element.parentElement) : colour;
  };
  const texts = [...document.querySelectorAll("body *")].filter(
    (one) => one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()),
  );
  return texts.map((one) => {
    const [colour, behind] = [getComputedStyle(one).color, ground(one)];
    const [low, high] = [luminance(colour), luminance(behind)].sort((a, b) => a - b);
    return { text: one.textContent.slice(0, 40), colour, ground: behind, ratio: (high + 0.05) / (low + 0.05) };
  });
}"""
