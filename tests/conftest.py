"""Shared by all tests: nothing reaches beyond loopback, and shared data has one door."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent

# pytester's in-process runs restore sys.modules afterwards. What our plugin imports late would
# come back as a second copy beside attributes of the first; imported here, it stays one.
import anthropic  # noqa: E402, F401
import deepdiff  # noqa: E402, F401
import genai_prices.data  # noqa: E402, F401
import jsonschema  # noqa: E402, F401
import vcr.patch  # noqa: E402, F401
import yaml  # noqa: E402, F401

import pytest_claude.plugin.collection  # noqa: E402
import pytest_claude.recording.readers  # noqa: E402
import pytest_claude.report.terminal  # noqa: E402, F401
from pytest_claude.recording.secrets import VARIABLE  # noqa: E402

# Nothing here is timed: the machines are noisy. And the same examples come in every run, so that a
# commit is not red for what was there before it; PYTEST_CLAUDE_FUZZ=1 looks for new ones.
hypothesis.settings.register_profile(
    "untimed",
    deadline=None,
    derandomize="PYTEST_CLAUDE_FUZZ" not in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("untimed")


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
    keys = [name for name in os.environ if VARIABLE.search(name)]
    for name in ("ANTHROPIC_BASE_URL", "CI", "PYTEST_ADDOPTS", "GITHUB_ACTIONS", *keys):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    # No model of the tests retires within 60 days of it, and all rules but the newest hold.
    monkeypatch.setattr("pytest_claude.clock.today", lambda: "2026-09-30")
