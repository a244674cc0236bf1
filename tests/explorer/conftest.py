"""A browser that shows the page; tests that need one are skipped where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chopper import explorer

CHOSEN = ("e4m3", "posit8", "mxfp4")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Yield headless Chromium, driven by Playwright, whose event loop must not outlive these tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs chromium on the PATH")
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        found = driver.chromium.launch(executable_path=program, args=options)
        yield found
        found.close()


@pytest.fixture(scope="package")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of all named formats, with a study of some numbers in a few of them."""
    data = np.random.default_rng(0).standard_normal(4096) * 0.02
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    study = explorer.study(data, CHOSEN, "weights.npy")
    explorer.write_page(path, CHOSEN, study=study)
    return path


class Shown:
    """A page in a window, and the errors that it met."""

    def __init__(self, browser: Any, path: Path, width: int, theme: str) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
        self.context.set_default_timeout(10_000)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())


@pytest.fixture
def show(browser: Any, written: Path) -> Iterator[Any]:
    """Return a function that opens the page in a window of a given width; no error may have been met at the end."""
    opened: list[Shown] = []

    def opener(width: int = 1200, theme: str = "light") -> Any:
        opened.append(Shown(browser, written, width, theme))
        return opened[-1].page

    yield opener
    errors = [error for one in opened for error in one.errors]
    asked = [url for one in opened for url in one.requests if not url.startswith(("file:", "data:"))]
    for one in opened:
        one.context.close()
    assert errors == []
    assert asked == []


@pytest.fixture(scope="module")
def models(browser: Any, written: Path) -> Iterator[Any]:
    """Return a page that is only asked for numbers."""
    shown = Shown(browser, written, 800, "light")
    yield shown.page
    shown.context.close()
