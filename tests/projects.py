"""A small project on the simulator, for the tests of plugin and faults."""

from __future__ import annotations

import gc
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulator import Account, Persona, Simulator, asks, by_prompt, calls, meeting

from pytest_claude.gating import policy

# What the conftest.py of both folders imports.
__all__ = [
    "bumped", "cold_python", "commands_in_process", "project", "recorded_once", "short_gates",
    "tidy", "warm_python",
]  # fmt: skip

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
TESTS = Path(__file__).parent
PYTHON = sys.executable
KEY = "sk-ant-api03-not-a-real-key"
HTTP_LIBRARY = "httpx" if metadata.version("anthropic").startswith("0.") else "httpx2"

BUMPED = """
pytestmark = pytest.mark.claude(trials=2)

def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order", order_id="1234")

def test_stays(claude):
    ask("stays")
    assert claude.stops_with("tool_use")

def test_no_check(claude):
    ask("stays")
"""

APP = '''
import json
import os
from types import SimpleNamespace

TOOLS = [{"name": "lookup_order", "description": "Look up an order.", "input_schema": {
    "type": "object", "properties": {"order_id": {"type": "string"}}}}]
MODEL = "claude-sonnet-4-5"


def ask(text="I want a refund", **more):
    """One call; the app catches whatever an app may catch."""
    body = {"model": MODEL, "max_tokens": 100, "tools": TOOLS,
            "messages": [{"role": "user", "content": text}], **more}
    if SDK_IN not in (None, os.getpid()):
        return over_http(body)
    import anthropic

    with anthropic.Anthropic() as client:
        return client.messages.create(**body)


def over_http(body):
    http = __import__("HTTP_LIBRARY")
    base = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
    answer = http.post(f"{base}/v1/messages", json=body, headers={"x-api-key": "k"}, timeout=60)
    data = answer.raise_for_status().text
    return json.loads(data, object_hook=lambda fields: SimpleNamespace(**fields))


def careless(text="I want a refund"):
    try:
        return ask(text)
    except Exception:
        return None
'''


WARM_PYTHON = f"""#!{sys.executable} -SE
import sys
sys.path[0] = {str(TESTS)!r}
from forks import ask
ask({{socket!r}}, sys.argv[1:])
"""


@pytest.fixture(scope="session")
def warm_python() -> Iterator[str]:
    """The path of a Python whose processes have imported the SDK when they begin (forks.py)."""
    if not hasattr(os, "fork"):
        yield sys.executable
        return
    with (
        tempfile.TemporaryDirectory(prefix="forks") as folder,  # the path of a socket is short
        socket.socket(socket.AF_UNIX) as listener,
    ):
        python, path = Path(folder, "python"), str(Path(folder, "socket"))
        python.write_text(WARM_PYTHON.format(socket=path))
        python.chmod(0o755)
        listener.bind(path)
        listener.listen()
        file = listener.fileno()
        words = [sys.executable, str(TESTS / "forks.py"), str(file), str(python)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[file]) as server:
            yield str(python)
            server.terminate()


@pytest.fixture
def cold_python(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that the test starts are processes of their own from the beginning."""
    monkeypatch.setattr(sys, "executable", PYTHON)


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
        self.account = Account()
        # Only what a test names: the machine's plugins would be loaded anew in each run.
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        self.app()
        pytester.makepyprojecttoml("[tool.pytest.ini_options]\npythonpath = ['.']\n")

    def app(self, *, sdk_in_children: bool = False) -> None:
        """Write the app; in a process of its own it asks over plain HTTP unless told otherwise.

        Importing the SDK takes a new process four times as long as all else that it does. A bump
        needs it: over plain HTTP no model is swapped.
        """
        sdk_in = None if sdk_in_children else os.getpid()
        text = APP.replace("HTTP_LIBRARY", HTTP_LIBRARY).replace("SDK_IN", f"{sdk_in}")
        self.pytester.makepyfile(app=text)

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
        with (
            Simulator(self._personas, self.account) as simulator,
            self._monkeypatch.context() as patch,
        ):
            self.simulator = simulator
            patch.setenv("ANTHROPIC_API_KEY", KEY)
            patch.setenv("ANTHROPIC_BASE_URL", simulator.url)
            yield

    @staticmethod
    def kill(process: subprocess.Popen[bytes]) -> None:
        """Kill a Python that the test has started, by SIGKILL; when this returns it is gone."""
        process.terminate()  # forks.py takes it so
        process.wait()

    @staticmethod
    def unwrapped(lines: Iterable[str]) -> pytest.LineMatcher:
        """What was printed, a usage error that takes several lines as one."""
        told = re.sub("\n {7}(?!to )", " ", "\n".join(lines))
        return pytest.LineMatcher(told.splitlines())

    @property
    def cassettes(self) -> list[str]:
        """All files below `cassettes/`, relative to it."""
        root = self.path / "cassettes"
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())

    def cassette(self, name: str) -> Path:
        """One file below `cassettes/`."""
        return self.path / "cassettes" / name


SHORT_GATES = """
from pytest_claude.gating import policy
policy._QUICK.update(screen_looks=(4,), duel_base_cap=8)
"""


@pytest.fixture
def short_gates(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate looks once before the duel, and the duel has 8 fresh trials of the baseline, not 32.

    It still names a test that fails always after it passed always. For suites of many suspects that
    ask how trials are made and told, not how many are needed.
    """
    monkeypatch.setattr(policy, "_QUICK", {**policy._QUICK})
    exec(SHORT_GATES, {})
    project.pytester.makeconftest(SHORT_GATES)  # for workers


@pytest.fixture
def commands_in_process(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pytest that `bump`, `adopt`, `accept` and `suggest` start runs in this process.

    A new one would import the SDK anew. Tests without this fixture show that it is started.
    """

    def run(words: list[str], *, check: bool, **captured: Any) -> subprocess.CompletedProcess[str]:
        assert (words[:3], check) == ([sys.executable, "-m", "pytest"], False)
        with redirect_stdout(io.StringIO()) if captured else nullcontext():
            result = pytester.runpytest_inprocess(*words[3:])
        return subprocess.CompletedProcess(words, int(result.ret), "\n".join(result.outlines), "")

    for command in ("bump", "accept", "from_traffic", "probed"):
        monkeypatch.setattr(f"pytest_claude.cli.{command}.subprocess", SimpleNamespace(run=run))


@pytest.fixture
def project(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, warm_python: str
) -> Iterator[Project]:
    """An empty project with an app; the programs that it starts begin with the SDK imported."""
    monkeypatch.setattr(sys, "executable", warm_python)
    yield Project(pytester, monkeypatch)
    meeting.clear()


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """What an inner test left behind is gone before the next test begins."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
    gc.freeze()  # the next collection looks only at what the next test makes


RecordedOnce = Callable[[Project, str, Callable[[], object]], None]


@pytest.fixture(scope="session")
def recorded_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> RecordedOnce:
    """Give a project the cassettes that a name stands for; they are recorded the first time."""
    kept: dict[str, Path] = {}

    def restore(project: Project, name: str, record: Callable[[], object]) -> None:
        target = project.path / "cassettes"
        if name in kept:
            shutil.copytree(kept[name], target)
            return
        record()
        # The project that recorded knows no more of it than those that get a copy.
        shutil.rmtree(project.path / ".pytest_cache", ignore_errors=True)
        kept[name] = tmp_path_factory.mktemp("recorded") / name
        shutil.copytree(target, kept[name])

    return restore


@pytest.fixture
def bumped(project: Project, recorded_once: RecordedOnce) -> Project:
    """A project whose baseline and candidate are recorded: one test regresses."""
    project.app(sdk_in_children=True)
    project.tests(BUMPED)
    stays = calls(("lookup_order", {"order_id": "1234"}))
    project.personas(new=by_prompt({"stays": stays}, asks("Which order do you mean?")))

    def record() -> None:
        project.record().assert_outcomes(passed=3)
        project.record(f"--claude-bump={OLD}={NEW}").assert_outcomes(passed=2, failed=1)

    recorded_once(project, "bumped", record)
    return project
