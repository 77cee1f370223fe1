"""Public suites' recordings answer the requests that today's SDK makes for the same calls.

Each file is what one test of a public project recorded. Its calls are made again by the methods of
the installed SDK, with the same arguments: in the SDK's own spelling, under today's API version.
"""

from __future__ import annotations

import inspect
import json
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
