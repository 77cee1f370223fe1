"""Public suites' recordings answer the requests that today's SDK makes for the same calls.

Each file is what one test of a public project recorded. Its calls are made again by the methods of
the installed SDK, with the same arguments: in the SDK's own spelling, under today's API version.
"""

from __future__ import annotations

import inspect
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import pytest

from pytest_claude.recording.cassette import read_recording
from pytest_claude.recording.doors import patching
from pytest_claude.recording.doors.line import line
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.opening import Place
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.run.place import FileNames
from pytest_claude.transcript.interaction import Interaction, Request


@pytest.fixture
def client() -> Iterator[anthropic.Anthropic]:
    patching.install()
    # With a time of its own, the SDK refuses no answer that may take longer than ten minutes.
    yield anthropic.Anthropic(api_key="x", max_retries=0, timeout=60)
    patching.uninstall()


def files(corpus: Path) -> list[str]:
    """The newest version of each recording, of whatever format."""
    rows = map(json.loads, (corpus / "INDEX.jsonl").read_text("utf-8").splitlines())
    return sorted({row["file"] for row in rows if "@history" not in row["file"]})


def calls(corpus: Path, file: str) -> list[Interaction]:
    """Those to the Messages API itself."""
    return [
        entry.interaction
        for entry in read_recording(corpus / file, file)[1]
        if entry.request.method == "POST"
        and urlsplit(entry.request.url).path.endswith("/v1/messages")
        and isinstance(entry.request.json(), dict)
    ]


def ask(client: anthropic.Anthropic, request: Request) -> None:
    body, betas = request.json(), request.headers.get("anthropic-beta", "")
    is_beta = bool(betas) or "beta=true" in request.url
    create: Any = client.beta.messages.create if is_beta else client.messages.create
    known = inspect.signature(create).parameters
    arguments = {key: value for key, value in body.items() if key in known}
    more = {key: value for key, value in body.items() if key not in known}
    if betas:
        arguments["betas"] = [beta.strip() for beta in betas.split(",")]
    answer = create(**arguments, extra_body=more or None)
    if body.get("stream"):
        list(answer)


def unanswered(client: anthropic.Anthropic, recorder: Recorder, made: list[Interaction]) -> str:
    """Why a recording does not answer its calls again; "" where it does."""
    for call in made:
        try:
            with line(recorder):
                ask(client, call.request)
        except anthropic.APIError as error:
            if call.response.status < 400 and not recorder.problems:
                return str(error)
    return "; ".join(problem.headline for problem in recorder.problems)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.fault("T12")
def test_what_public_suites_recorded_answers_todays_sdk(
    shared_dir: Path, tmp_path: Path, client: anthropic.Anthropic
) -> None:
    corpus = shared_dir / "corpus"
    causes: Counter[str] = Counter()
    tests = made = 0
    for file in files(corpus):
        if not (of_file := calls(corpus, file)):
            continue
        place = Place(Folder((tmp_path / "none",), FileNames(), tmp_path), 0, "pytest")
        recorder = Recorder(place, "none", redaction=Redaction())
        recorder.adopt(corpus / file)
        tests, made = tests + 1, made + len(of_file)
        if cause := unanswered(client, recorder, of_file):
            causes[f"{file}: {cause}"] += 1
    assert tests > 800
    assert made > 1_100
    assert not causes, causes


APP = """
import json
import shutil
from pathlib import Path

import anthropic

CALLS = json.loads(Path(__file__).with_name("calls.json").read_text("utf-8"))


def run(test):
    client = anthropic.Anthropic(max_retries=0, timeout=60)
    for body in CALLS[test]:
        client.post("/v1/messages", body=body, cast_to=object)
"""
OF_A_TEST = """

@pytest.mark.vcr
def {name}(claude):
    run("{name}")
    assert [call.name for call in claude.tool_calls] == {tools}
    assert {check}
"""
SUITE = "traceloop__openllmetry/packages/opentelemetry-instrumentation-anthropic/tests/cassettes"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_suite_of_pytest_recording_has_its_first_assertions_without_recording_again(
    shared_dir: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytest.importorskip("pytest_recording", reason="pytest-recording is not installed")
    folder = shared_dir / "corpus" / "dev" / SUITE / "test_messages"
    shutil.copytree(folder, pytester.path / "cassettes" / "test_messages")
    asked, tests = {}, "import pytest\nfrom app import run\n"
    for path in sorted(folder.glob("*.yaml")):
        made = [call for call in calls(folder, path.name) if "beta" not in call.request.url]
        if not made or any(call.request.json().get("stream") for call in made):
            continue
        asked[path.stem] = [call.request.json() for call in made]
        said = [block for call in made for block in call.response.json()["content"]]
        used = [(b["name"], b["input"]) for b in said if b["type"] == "tool_use"]
        check = f"claude.calls_tool(*{used[0]})" if used else "claude.calls_no_tool()"
        tests += OF_A_TEST.format(name=path.stem, tools=[name for name, _ in used], check=check)
    pytester.makepyfile(app=APP, test_messages=tests)
    (pytester.path / "calls.json").write_text(json.dumps(asked))
    before = {p: p.read_bytes() for p in pytester.path.rglob("*.yaml")}
    plugins = ("-p", "pytest_recording.plugin", "-p", "pytest_claude.plugin")
    result = pytester.runpytest_inprocess(*plugins, "--block-network", "-W", "ignore")
    result.assert_outcomes(passed=len(asked))
    assert len(asked) >= 15
    assert tests.count("claude.calls_tool(") >= 3
    assert {p: p.read_bytes() for p in pytester.path.rglob("*.yaml")} == before
