"""Shared by all tests: nothing reaches beyond loopback, and shared data has one door."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent

# Nothing here is timed: the machines are noisy. And the same examples come in every run, so that a
# commit is not red for what was there before it; PYTEST_CLAUDE_FUZZ=1 looks for new ones.
hypothesis.settings.register_profile(
    "untimed",
    deadline=None,
    derandomize="PYTEST_CLAUDE_FUZZ" not in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("untimed")


def pytest_collection() -> None:
    """Import what our plugin imports late, before anything is timed or frozen.

    The process that only hands tests to workers collects none, and imports nothing of this.
    """
    import anthropic  # noqa: F401
    import deepdiff  # noqa: F401
    import genai_prices.data  # noqa: F401
    import jinja2.sandbox  # noqa: F401
    import jsonschema  # noqa: F401
    import vcr.patch  # noqa: F401
    import yaml  # noqa: F401

    import pytest_claude.cli.coverage
    import pytest_claude.cli.from_suite
    import pytest_claude.cli.from_traffic
    import pytest_claude.cli.suggest
    import pytest_claude.plugin.collection
    import pytest_claude.recording.readers
    import pytest_claude.report.terminal  # noqa: F401


# Inner tests leave connections open. That is no matter of ours, and it must not warn in whatever
# test the garbage collector happens to run in.
WITH_INNER_TESTS = (ROOT / "tests" / "plugin", ROOT / "tests" / "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For tests that run tests an unclosed connection is no error."""
    gc.collect()
    gc.freeze()  # what is imported by now is not looked at again: a collection takes no time
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in WITH_INNER_TESTS):
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips", action="store_true", help="what is skipped fails: all that it needs is here"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.option.no_skips:
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of recorded and labelled data that is not part of the repository."""
    path = Path(os.environ.get("PYTEST_CLAUDE_SHARED", ROOT.parent / "shared"))
    if not (path / "corpus").is_dir():
        pytest.skip(
            "needs the folder of public recordings, which is not part of the repository: "
            "set PYTEST_CLAUDE_SHARED to it"
        )
    return path


@pytest.fixture(autouse=True)
def _clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the keys, the CI or the pytest options of the machine."""
    if request.config.getoption("claude_record"):
        return  # tests/record.py records at the simulator
    from pytest_claude.recording.secrets import VARIABLE

    keys = [name for name in os.environ if VARIABLE.search(name)]
    for name in ("ANTHROPIC_BASE_URL", "CI", "PYTEST_ADDOPTS", "GITHUB_ACTIONS", *keys):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    # Each client of an SDK reads all authorities that the machine trusts, which takes 20 ms and
    # more; the simulator is asked over plain HTTP.
    monkeypatch.setenv("SSL_CERT_FILE", str(ROOT / "tests" / "authority.pem"))
    # No power fails here, and a disk may take milliseconds; tests/faults/disk.py sees each call.
    monkeypatch.setattr(os, "fsync", lambda file: None)
    # No model of the tests retires within 60 days of it, and all rules but the newest hold.
    monkeypatch.setattr("pytest_claude.clock.today", lambda: "2026-09-30")


class LibrariesStay:
    """Keeps the libraries that a run in process imported, for the next run and the next test.

    pytester forgets all that such a run imports, and at the end all that the test imported. The
    next one would import the libraries again, which takes longer than most tests, and find a second
    copy beside attributes of the first. What lies in the folder of the test is still forgotten.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._before = {*sys.modules}
        self._imported: dict[str, ModuleType] = {}

    def pytest_unconfigure(self) -> None:
        new = sys.modules.keys() - self._before
        self._imported.update((name, sys.modules[name]) for name in new)

    def put_back(self) -> None:
        """Give Python the libraries that it forgot."""
        for name, module in self._imported.items():
            file = getattr(module, "__file__", None)
            if file is not None and not file.startswith(self._folder):
                sys.modules.setdefault(name, module)


@pytest.fixture
def libraries_stay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibrariesStay]:
    """Requested before pytester: what it forgets at its end is put back after that."""
    stay = LibrariesStay(tmp_path_factory.getbasetemp())
    yield stay
    stay.put_back()


@pytest.fixture
def pytester(
    libraries_stay: LibrariesStay, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """pytest's own fixture; what its runs in process import of libraries stays imported."""
    inline_run = pytester.inline_run

    def run(*args: Any, plugins: Sequence[object] = (), **kwargs: Any) -> pytest.HookRecorder:
        try:
            return inline_run(*args, plugins=[*plugins, libraries_stay], **kwargs)
        finally:
            libraries_stay.put_back()

    monkeypatch.setattr(pytester, "inline_run", run)
    # A module that was written twice within a second, at the same length, is read from its source.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return pytester
