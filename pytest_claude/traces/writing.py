"""Cases → the files of a test: cassettes of what was said, a file of cases, and one short test."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_claude.models.ids import ModelNames
from pytest_claude.places import Places
from pytest_claude.recording import cassette
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.files import write_atomically
from pytest_claude.recording.own_redaction import failed
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.slugs import named_model
from pytest_claude.recording.spelling import BETA
from pytest_claude.recording.store import Store
from pytest_claude.traces.cases import digest
from pytest_claude.traces.model import Case
from pytest_claude.traces.personal import PersonalData
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.json_values import mappings
from pytest_claude.transcript.request import text_of
from pytest_claude.transcript.summary import summarize
from pytest_claude.transcript.utf8 import utf8

URL = "https://api.anthropic.com/v1/messages"
_JSON = {"content-type": "application/json"}
_LONGEST_PROMPT = 200  # characters that the file of cases repeats, to read
_WORDS = 5
_WRITTEN = ("request", "then", "replies", "source", "betas")  # what a case's files say of it

_TEST = '''"""Recorded traffic, asked again; `pytest-claude from {source}` wrote it for you to edit.

{cases} holds the requests, and for agents the results that tools gave back.
"""

import pytest
import pytest_claude


@pytest_claude.cases("{cases}")
@pytest.mark.claude_as_recorded
def test_{name}(claude, case):
    assert claude.follows(case)
'''


@dataclass(frozen=True)
class Written:
    """One case with what names it.

    Attributes:
        case: As it is written: without secrets and personal data.
        tags: How a report groups it.
        id: Names the test, and its cassette.
    """

    case: Case
    tags: Sequence[str]
    id: str = ""


def without_secrets(
    cases: Iterable[tuple[Case, Sequence[str]]],
    personal: PersonalData | None,
    redaction: Redaction,
    own: Callable[[list[str]], list[str]],
) -> list[tuple[Case, Sequence[str]]]:
    """The cases and their tags as they may be written.

    Args:
        cases: As they were read.
        personal: Takes out personal data; None leaves it.
        redaction: Takes out secrets.
        own: The project's own redaction, of all texts in turn.

    Raises:
        RecordingProblem: The project's own redaction gives no JSON for a text that is.
    """
    cases = list(cases)
    parts: list[Any] = [
        {**{name: getattr(case, name) for name in _WRITTEN}, "tags": list(tags)}
        for case, tags in cases
    ]
    if personal is not None:
        for part in parts:
            personal.value(part)  # all values first: one may be written in two ways
        parts = [personal.value(part) for part in parts]
    texts = [_redacted(json.dumps(part, ensure_ascii=False), redaction) for part in parts]
    made: list[tuple[Case, Sequence[str]]] = []
    for (case, _), text in zip(cases, own(texts), strict=True):
        try:
            part = json.loads(text)
        except ValueError:
            raise failed("it returned no JSON for a text that is") from None
        tags = part.pop("tags")
        part["replies"] = [(status, reply) for status, reply in part["replies"]]
        made.append((replace(case, **part), tags))
    return made


def _redacted(text: str, redaction: Redaction) -> str:
    body = utf8(text)
    return redaction.knowing(Request("POST", URL, body)).body(body).decode()


def identified(cases: Iterable[tuple[Case, Sequence[str]]]) -> list[Written]:
    """The cases with ids that read as what is asked; those that are the same by now are one."""
    unique = {_mark(case): (case, tags) for case, tags in cases}
    named = [(case, tags, _words(case)) for case, tags in unique.values()]
    times = Counter(words for _, _, words in named)
    return [
        Written(case, tags, words if times[words] == 1 else f"{words}-{_mark(case)}")
        for case, tags, words in named
    ]


def _words(case: Case) -> str:
    words = re.findall(r"[a-z0-9]+", _prompt(case).casefold())
    return "-".join(words[:_WORDS])[:40].strip("-") or "case"


def _mark(case: Case) -> str:
    return digest([case.request, case.then, case.betas])[:8]


def _prompt(case: Case) -> str:
    """The last text of the user."""
    asked = [m for m in mappings(case.request["messages"]) if m.get("role") == "user"]
    texts = (text_of(message.get("content")) for message in reversed(asked))
    return next(filter(None, texts), "")


def case_lines(cases: Iterable[Written]) -> str:
    """The file of cases: one JSON object a line."""
    return "".join(json.dumps(_line(case), ensure_ascii=False) + "\n" for case in cases)


def _line(written: Written) -> Mapping[str, Any]:
    case = written.case
    status, reply = case.replies[-1]
    calls = [b for b in mappings(reply.get("content")) if b.get("type") == "tool_use"]
    optional = {"betas": case.betas, "then": case.then, "filled": sorted(case.filled)}
    return {
        "id": written.id,
        "tags": list(written.tags),
        "prompt": " ".join(_prompt(case).split())[:_LONGEST_PROMPT],
        "source": case.source,
        "request": case.request,
        "last_reply": {"status": status, "calls": calls},
        **{name: value for name, value in optional.items() if value},
    }


def test_text(source: str, name: str, cases: str) -> str:
    """The text of the test file."""
    return _TEST.format(source=source, name=name, cases=cases)


def write_cassettes(
    cases: Iterable[Written],
    *,
    test: str,
    title: str,
    places: Places,
    store: Store,
    names: ModelNames,
) -> list[Path]:
    """Write the cassette of each case where replay looks for it; their paths.

    Args:
        cases: With their ids.
        test: The node id of the test without the case.
        title: What the calls were read from, as the cassettes say it.
        places: Of the project.
        store: For long strings of requests.
        names: What the project's own names of models stand for.

    Raises:
        UnsavedCassette: A cassette can't be written.
    """
    paths = []
    for written in cases:
        calls = _interactions(written.case)
        model = named_model(names.resolved(str(written.case.request["model"])))
        folder = places.own(f"{test}[{written.id}]")
        path = folder.path(model, 0)
        entries = [Recorded.of(call, store) for call in calls]
        filled = ", ".join(sorted(written.case.filled))
        told = f"{title}; filled in: {filled}" if filled else title
        label = Label(model=model, test=folder.identity)
        cassette.save_new(Path(written.case.source), path, entries, summarize(calls), told, label)
        paths.append(path)
    return paths


def _interactions(case: Case) -> list[Interaction]:
    headers = {**_JSON, **({BETA: case.betas} if case.betas else {})}
    return [
        Interaction(
            Request("POST", URL, utf8(json.dumps(body, ensure_ascii=False)), headers),
            Response(status, utf8(json.dumps(reply, ensure_ascii=False)), _JSON),
        )
        for body, (status, reply) in zip(case.bodies, case.replies, strict=True)
    ]


def write_text(path: Path, text: str) -> None:
    """Write a file of the test.

    Raises:
        OSError: The disk refuses it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, utf8(text))
