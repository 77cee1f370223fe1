"""A small project on the simulator, for the plugin's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from simulator import Persona, Simulator, asks, calls, says

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
KEY = "sk-ant-api03-not-a-real-key"

APP = '''
import anthropic

TOOLS = [{"name": "lookup_order", "description": "Look up an order.", "input_schema": {
    "type": "object", "properties": {"order_id": {"type": "string"}}}}]
MODEL = "claude-sonnet-4-5"


def ask(text="I want a refund", **more):
    """One call; the app catches whatever an app may catch."""
    body = {"model": MODEL, "max_tokens": 100, "tools": TOOLS,
            "messages": [{"role": "user", "content": text}]}
    with anthropic.Anthropic() as client:
        return client.messages.create(**{**body, **more})


def careless(text="I want a refund"):
    try:
        return ask(text)
    except Exception:
        return None
'''


class Project:
    """A folder with an app, its tests, and a simulated API to record from."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self._monkeypatch = monkeypatch
        self._personas: dict[str, Persona] = {
            OLD: calls(("lookup_order", {"order_id": "1234"})),
            NEW: asks("Which order do you mean?"),
        }
        # Only what a test names: the machine's plugins would be loaded anew in each run.
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile(app=APP)
        pytester.makepyprojecttoml("[tool.pytest.ini_options]\npythonpath = ['.']\n")

    def tests(self, source: str, name: str = "test_app") -> None:
        """Write a test module."""
        self.pytester.makepyfile(
            **{name: f"import pytest\nfrom app import ask, careless\n{source}"}
        )

    def personas(self, **personas: Persona) -> None:
        """Say what the old and the new model play."""
        names = {"old": OLD, "new": NEW}
        self._personas.update({names.get(name, name): p for name, p in personas.items()})

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in process, without key and network."""
        plugins = ["-p", "pytest_claude.plugin"] if "no:claude" not in arguments else []
        return self.pytester.runpytest_inprocess(
            *plugins, *arguments, "-W", "ignore", no_reraise_ctrlc=True
        )

    def record(self, *arguments: str, mode: str | None = None) -> pytest.RunResult:
        """Run pytest and record at the simulator."""
        option = "--claude-record" if mode is None else f"--claude-record={mode}"
        with self.server():
            return self.run(*arguments, option)

    @contextmanager
    def server(self) -> Iterator[None]:
        """A simulated API, and the environment that leads there."""
        with Simulator(self._personas) as simulator, self._monkeypatch.context() as patch:
            self.simulator = simulator
            patch.setenv("ANTHROPIC_API_KEY", KEY)
            patch.setenv("ANTHROPIC_BASE_URL", simulator.url)
            yield

    @property
    def cassettes(self) -> list[str]:
        """All files below `cassettes/`, relative to it."""
        root = self.path / "cassettes"
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())

    def cassette(self, name: str) -> Path:
        """One file below `cassettes/`."""
        return self.path / "cassettes" / name


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project with an app."""
    return Project(pytester, monkeypatch)


__all__ = ["KEY", "NEW", "OLD", "Project", "says"]
