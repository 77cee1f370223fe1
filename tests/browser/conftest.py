"""A real browser, where there is one: Debian's Chromium or a Chrome, driven by playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import report_samples as samples

from pytest_claude.report.candidates import told
from pytest_claude.report.html import render_page
from pytest_claude.report.overview import Origin
from pytest_claude.run.record import Run

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
ORIGIN = Origin("support_bot", "22 Nov 2026 14:02 UTC", "4be1d02")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright's event loop goes on in this thread: no other test's could start in it."""
    here = Path(__file__).parent
    alone = all(here in item.path.parents for item in items)
    for item in items:
        if not alone and here in item.path.parents:
            reason = "a browser needs a process of its own: python -m pytest tests/browser"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install 'pytest-claude[browser]'"
    )
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("needs a Chromium or Chrome on PATH: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Its profile is a new empty folder, which playwright makes and removes.
        running = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def shots() -> Path:
    """Where screenshots go: a folder that git ignores."""
    folder = Path(os.environ.get("PYTEST_CLAUDE_SHOTS", Path(__file__).parent / "screenshots"))
    folder.mkdir(exist_ok=True)
    return folder


class Opened:
    """A report in the browser, and what it did there."""

    def __init__(self, browser: Any, path: Path, width: int, scheme: str, fragment: str) -> None:
        self.page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )  # fmt: skip
        self.told: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri() + (f"#{fragment}" if fragment else ""))

    def tests(self, count: int) -> list[str]:
        """Names of the tests that the list shows, once it shows that many."""
        names = self.page.locator(".row:not([hidden]) .id b")
        names.nth(count - 1).wait_for()
        names.nth(count).wait_for(state="detached")
        return names.all_text_contents()

    def text(self, query: str) -> str:
        return str(self.page.inner_text(query))

    def unfolded(self) -> None:
        """Wait until a test is unfolded."""
        self.page.wait_for_selector("#test h1")


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    made: list[Opened] = []

    def opened_(
        run: Run = samples.FAILED,
        *,
        transcripts: Any = samples.two_turns,
        width: int = 1440,
        scheme: str = "light",
        fragment: str = "",
    ) -> Opened:
        path = tmp_path / "bump.html"
        page = render_page(told(run), transcripts, origin=ORIGIN, run_file="bump.json")
        path.write_text(page, "utf-8", newline="\n")
        made.append(Opened(browser, path, width, scheme, fragment))
        return made[-1]

    yield opened_
    for one in made:
        assert one.told == [], "nothing is told to the console"
        assert [url for url in one.asked if not url.startswith("file:")] == [], "no request leaves"
        one.page.close()
