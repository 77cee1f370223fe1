"""The page of a large bump: how big it is, how long it takes to make and to open.

python benchmarks/page.py [--tests 500] [--trials 20] [--json]

The run is made up and its answers are of two turns each, about 100 tokens; every trial's transcript
is in the page. Opening it needs playwright and a Chromium or Chrome on PATH; without, it is left
out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import report_samples as samples

from pytest_claude.report.html import render_page
from pytest_claude.report.story import story
from pytest_claude.report.overview import Origin

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
OPENED = 5


def opened(path: Path) -> dict[str, float] | None:
    """Seconds until the page can be used, and until typing and a test are answered; medians."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        return None
    times: dict[str, list[float]] = {"open_s": [], "filter_s": [], "test_s": []}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        for _ in range(OPENED):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            times["open_s"].append(_taken(_open, page, path))
            times["filter_s"].append(_taken(_filter, page))
            times["test_s"].append(_taken(_unfold, page))
            page.close()
        browser.close()
    return {name: statistics.median(found) for name, found in times.items()}


def _open(page: Any, path: Path) -> None:
    page.goto(path.as_uri(), wait_until="load")
    page.wait_for_selector(".row")


def _filter(page: Any) -> None:
    page.fill("#filter", "number_001")
    page.locator(".row:not([hidden])").nth(1).wait_for(state="detached")


def _unfold(page: Any) -> None:
    page.click(".row:not([hidden]) a")
    page.wait_for_selector("#test h1")


def _taken(step: Callable[..., None], *arguments: Any) -> float:
    start = time.perf_counter()
    step(*arguments)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tests", type=int, default=500)
    parser.add_argument("--trials", type=int, default=20, help="a side")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    run = samples.many(options.tests, options.trials)
    start = time.process_time()
    page = render_page(
        story(run), samples.two_turns, origin=Origin("benchmark"), run_file="bump.json"
    )
    found: dict[str, Any] = {
        "transcripts": sum(len(result.trials) for result in run.results),
        "make_cpu_s": time.process_time() - start,
        "megabytes": len(page.encode()) / 1e6,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bump.html")
        path.write_text(page, "utf-8", newline="\n")
        found["browser"] = opened(path)
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    print(f"{found['transcripts']:,} transcripts: {found['megabytes']:.1f} MB (target < 20)")
    print(f"made in {found['make_cpu_s']:.1f} s of CPU")
    if found["browser"] is None:
        print("not opened: no browser, or no playwright")
    else:
        print("opened in {open_s:.2f} s (target < 2), filtered in {filter_s:.2f} s, "
              "a test unfolded in {test_s:.2f} s".format(**found["browser"]))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
