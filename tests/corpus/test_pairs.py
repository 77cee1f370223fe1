"""Real answers of two real models to one request, through the whole bump.

There is one answer a side, which proves nothing of a rate: every verdict is undecided. What the
candidate does otherwise is told all the same.

The recordings are public projects' own; they are read where they lie. The baseline's cassette is
written from the one model's recording, the candidate's from the other's, with the request that our
bump sends; everything from there is the ordinary run.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from pytest_claude.models.adapt import adapt
from pytest_claude.models.ids import canonical_model
from pytest_claude.recording.cassette import read_recording, save
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.redaction import Redaction
from pytest_claude.run.place import ORDINARY, Side, TrialPlace, gate_names
from pytest_claude.transcript.interaction import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"

TEST = """
import json
import anthropic
import pytest

BODY = json.loads(open("body.json").read())

def test_real(claude):
    body = dict(BODY)
    known = ("model", "max_tokens", "messages", "stream")
    named = {key: body.pop(key) for key in known if key in body}
    with anthropic.Anthropic(timeout=600, max_retries=0) as client:
        try:
            reply = client.messages.create(**named, extra_body=body)
            if BODY.get("stream"):
                list(reply)
        except anthropic.APIStatusError:
            pass
    CHECK
"""


class Pair:
    """Two models' recordings of one request."""

    def __init__(self, old: Interaction, new: Interaction) -> None:
        self.old, self.new = old, new

    @property
    def body(self) -> dict[str, Any]:
        """What the baseline's request sent."""
        body: dict[str, Any] = self.old.request.json()
        return body


@pytest.fixture(scope="module")
def pairs(shared_dir: Path) -> list[dict[str, Any]]:
    text = (shared_dir / "corpus" / "PAIRS.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def find(pairs: list[dict[str, Any]], shared_dir: Path) -> Callable[..., Pair]:
    """The pair whose prompt begins so, answered by the two models."""

    def find(prompt: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Pair:
        for pair in pairs:
            if not pair["last_user"].strip().startswith(prompt):
                continue
            found = [_answer(pair, wanted, shared_dir) for wanted in (old, new)]
            if all(found):
                return Pair(*found)
        raise AssertionError(f"no pair for {prompt!r}")

    return find


def _answer(pair: Mapping[str, Any], wanted: Mapping[str, Any], shared: Path) -> Any:
    for answer in pair["answers"]:
        if all(answer.get(key) == value for key, value in wanted.items()):
            path = shared / "corpus" / answer["file"]
            return read_recording(path, path.name)[1][answer["n"]].interaction
    return None


@pytest.fixture
def bump(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a pair through a bump; returns the verdict and the terminal's lines."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def bump(pair: Pair, old: str, new: str, check: str, conftest: str = "") -> Any:
        body = {**pair.body, "model": old}
        sent, _ = adapt({**body, "model": new}, new)
        if conftest:
            namespace: dict[str, Any] = {}
            exec(conftest, namespace)
            sent = namespace["pytest_claude_adapt_request"](sent, old, new)
            pytester.makeconftest(conftest)
        pytester.makepyfile(test_pair=TEST.replace("CHECK", check))
        (pytester.path / "body.json").write_text(json.dumps(body))
        root = pytester.path / "cassettes"
        folder = PurePosixPath("test_pair/test_real")
        base = TrialPlace(ORDINARY, folder, canonical_model(old), 0)
        _write(root / base.path, body, pair.old.response)
        side = Side(gate_names([(old, new)])[0], 1, "cand")
        _write(root / replace(base, side=side, model=canonical_model(new)).path, sent,
               pair.new.response)  # fmt: skip
        result = pytester.runpytest_inprocess(
            "-p", "pytest_claude.plugin", "-W", "ignore",
            f"--claude-bump={old}={new}", "--claude-report=run.json",
        )  # fmt: skip
        run = json.loads((pytester.path / "run.json").read_text())
        return run["decision"]["tests"][0], result

    return bump


def _write(path: Path, body: Mapping[str, Any], response: Response) -> None:
    headers = Redaction().response_headers(response.headers.items())
    stored = Response(response.status, response.body, headers)
    sent = Request("POST", URL, json.dumps(body).encode())
    save(path, [Recorded.of(Interaction(sent, stored))])


CANADA = "I wonder if Canada is a better country than the USA?"


@pytest.mark.parametrize("check", ["assert claude.calls_tool('best_country')", "pass"])
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_canada_is_called_once_by_one_model_and_twice_in_parallel_by_the_next(
    find, bump, stream: bool, check: str
) -> None:
    pair = find(
        CANADA,
        {"family": "claude-sonnet-4-5", "stream": stream, "tool_choice": {"type": "any"}},
        {"family": "claude-sonnet-4-6", "stream": stream, "tool_choice": {"type": "any"}},
    )
    verdict, result = bump(pair, "claude-sonnet-4-5", "claude-sonnet-4-6", check)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdict["verdict"] == "undecided"
    assert (verdict["baseline"], verdict["candidate"]) == ([1, 1], [1, 1])
    assert verdict["differences"][0]["kind"] == "parallel"
    assert verdict["differences"][0]["sentence"] == "calls `best_country` twice in parallel"
    result.stdout.fnmatch_lines(["    calls `best_country` twice in parallel in 1 of 1 trial"])


FORCED_TO_AUTO = """
def pytest_claude_adapt_request(body, old, new):
    return {**body, "tool_choice": {"type": "auto"}}
"""


def test_no_city_who_calls_with_a_made_up_argument_and_who_asks(find, bump) -> None:
    """Forced to call, the one makes an argument up; free to choose, the next one asks."""
    pair = find(
        "What's the weather?",
        {"family": "claude-sonnet-4-5", "tool_choice": {"type": "any"}},
        {"family": "claude-sonnet-5", "tool_choice": {"type": "auto"}},
    )
    check = "assert claude.calls_tool('get_weather', location='<UNKNOWN>')"
    verdict, result = bump(
        pair, "claude-sonnet-4-5", "claude-sonnet-5", check, conftest=FORCED_TO_AUTO
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdict["verdict"] == "undecided"
    first = verdict["differences"][0]
    assert first["kind"] == "asks"
    assert first["sentence"].startswith('asks "')
    assert first["sentence"].endswith("instead of calling `get_weather`")


def test_no_city_two_models_make_up_different_arguments(find, bump) -> None:
    pair = find(
        "What's the weather?",
        {"family": "claude-sonnet-4-5", "tool_choice": {"type": "any"}},
        {"family": "claude-sonnet-5", "tool_choice": {"type": "any"}},
    )
    verdict, _ = bump(pair, "claude-sonnet-4-5", "claude-sonnet-5", "pass")  # without any check
    assert verdict["verdict"] == "undecided"
    assert verdict["differences"][0]["sentence"] == (
        'calls `get_weather` with `$.location` "UNKNOWN" instead of "<UNKNOWN>"'
    )


def test_who_asks_for_the_city_is_asserted_as_such(find, bump) -> None:
    pair = find(
        "What's the weather?",
        {"family": "claude-haiku-4-5", "tool_choice": {"type": "auto"}},
        {"family": "claude-sonnet-5", "tool_choice": {"type": "any"}},
    )
    check = "assert claude.asks_clarifying_question()"
    verdict, result = bump(pair, "claude-haiku-4-5", "claude-sonnet-5", check)
    assert verdict["verdict"] == "undecided"
    assert verdict["differences"][0]["sentence"] == "calls `get_weather` instead of asking"
    result.stdout.fnmatch_lines(["  observed *calls `get_weather`; the reply asks nothing"])


def test_the_extraction_whose_gender_turns_from_male_to_man(find, bump) -> None:
    pair = find(
        "The man is tall, with a beard",
        {"family": "claude-sonnet-4"},
        {"family": "claude-sonnet-4-5"},
    )
    check = "assert claude.returns_json({'type': 'object', 'required': ['data']})"
    verdict, result = bump(pair, "claude-sonnet-4", "claude-sonnet-4-5", check)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdict["verdict"] == "undecided"
    assert verdict["differences"][0]["kind"] == "output"
    assert verdict["differences"][0]["sentence"] == (
        'answers with `$.data.gender` "man" instead of "male"'
    )


def test_the_prefill_that_the_next_model_refuses(find, bump) -> None:
    pair = find(
        "Extract user data as JSON: Jane Smith",
        {"family": "claude-haiku-4-5"},
        {"family": "claude-sonnet-5"},
    )
    check = "assert claude.stops_with('end_turn')"
    verdict, result = bump(pair, "claude-haiku-4-5", "claude-sonnet-5", check)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert verdict["verdict"] == "undecided"
    assert verdict["differences"][0]["kind"] == "refused"
    assert verdict["differences"][0]["sentence"].startswith(
        "is refused with HTTP 400: This model does not support assistant message prefill."
    )
    result.stdout.fnmatch_lines(
        ["E   undecided 1/1 → 0/1: is refused with HTTP 400: *", "undecided: 1 *"]
    )


# What an independent index says of an answer, by the kinds in which a difference is told.
READ = {
    "tools": lambda row: [use["name"] for use in row.get("tools_called", ())],
    "arguments": lambda row: [use.get("input") for use in row.get("tools_called", ())],
    "server": lambda row: row.get("server_tools_called", []),
    "stop": lambda row: row.get("stop_reason"),
    "refused": lambda row: row["status"] >= 400,
}
# One change is told once, under the first of these names.
TOLD_AS = {
    "refused": {"refused"},
    "tools": {"tools", "parallel", "asks"},
    "server": {"server"},
    "arguments": {"arguments", "output"},  # those of a tool that is the answer's form are output
    "stop": {"stop", "refuses"},
}
# An account that lacks the model, a key that was refused, another model that answered.
NO_EVIDENCE = r"observed +(HTTP 40[14] to call 1|call 1 was answered by claude-3-5-haiku)"
EACH = """
import json
from pathlib import Path
import anthropic

def ask(name):
    body = json.loads(Path(f"{name}.json").read_text("utf-8"))
    streams = body.get("stream")
    known = ("model", "max_tokens", "messages", "stream")
    named = {key: body.pop(key) for key in known if key in body}
    with anthropic.Anthropic(timeout=600, max_retries=0) as client:
        try:
            reply = client.messages.create(**named, extra_body=body)
            if streams:
                list(reply)
        except anthropic.APIStatusError:
            pass
"""


def pairs_by_candidate(
    pairs: Sequence[Mapping[str, Any]], index: Mapping[tuple[str, int], Any]
) -> Iterator[tuple[str, list[tuple[Any, Any]]]]:
    """(candidate, rows of two models that answered one request with equal options)."""
    asked = defaultdict(list)
    for pair in pairs:
        by_options: dict[Any, dict[str, Any]] = defaultdict(dict)
        for answer in pair["answers"]:
            row = index[answer["file"], answer["n"]]
            if row["api"] == "messages":  # six answers came through Bedrock
                by_options[answer.get("options_key")].setdefault(answer["family"], row)
        for models in by_options.values():
            for old, new in combinations(models, 2):
                asked[new].append((old, models[old], models[new]))
    yield from asked.items()


def differs_in(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    return {kind for kind, read in READ.items() if read(old) != read(new)}


def test_every_pair_of_models_is_told_what_differs_and_nothing_else(
    pairs: list[dict[str, Any]],
    shared_dir: Path,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All groups, as tests that state nothing: bumped to each candidate that answered them."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(each=EACH)
    text = (shared_dir / "corpus" / "INDEX.jsonl").read_text("utf-8")
    index = {(row["file"], row["n"]): row for row in map(json.loads, text.splitlines())}
    compared, differing, wrong = 0, 0, []
    for new, asked in pairs_by_candidate(pairs, index):
        expected = _write_tests(pytester, new, asked, shared_dir)
        bumps = [f"--claude-bump={old}={new}" for old in dict.fromkeys(old for old, *_ in asked)]
        result = pytester.runpytest_inprocess(
            "-p", "pytest_claude.plugin", "-W", "ignore", *bumps, "--claude-report=run.json"
        )
        run = json.loads((pytester.path / "run.json").read_text())
        told = {test["test"].partition("::")[2]: test for test in run["decision"]["tests"]}
        assert told.keys() == expected.keys()
        for name, kinds in expected.items():
            found = [d["kind"] for d in told[name]["differences"]]
            if told[name]["candidate"] == [0, 0]:  # no evidence of the model, and it is told why
                assert re.search(NO_EVIDENCE, result.stdout.str())
                continue
            compared += 1
            differing += bool(kinds)
            if not _as_expected(found, kinds):
                wrong.append((new, name, kinds, found))
            if found:
                sentence = told[name]["differences"][0]["sentence"][:60]
                assert sentence in result.stdout.str()
    assert wrong == []
    assert (compared, differing) == (1174, 84)


def _write_tests(
    pytester: pytest.Pytester, new: str, asked: Sequence[tuple[str, Any, Any]], shared: Path
) -> dict[str, set[str]]:
    """A project with a test for each pair; returns what differs by the name of the test."""
    names, lines = {}, ["from each import ask", ""]
    pairs = list(dict.fromkeys((old, new) for old, *_ in asked))
    side = Side(gate_names(pairs)[0], 1, "cand")
    root = pytester.path / "cassettes"
    for number, (old, old_row, new_row) in enumerate(asked):
        name = f"test_{number}"
        names[name] = differs_in(old_row, new_row)
        lines += [f"def {name}(claude):", f"    ask({name!r})", ""]
        answers = [_interaction(row, shared) for row in (old_row, new_row)]
        body = {**answers[0].request.json(), "model": old}
        (pytester.path / f"{name}.json").write_text(json.dumps(body), "utf-8")
        module = "test_" + re.sub(r"\W", "_", new)
        base = TrialPlace(ORDINARY, PurePosixPath(module, name), canonical_model(old), 0)
        _write(root / base.path, body, answers[0].response)
        sent, _ = adapt({**body, "model": new}, new)
        path = replace(base, side=side, model=canonical_model(new)).path
        _write(root / path, sent, answers[1].response)
    for file in pytester.path.glob("test_*.py"):
        file.unlink()
    pytester.makepyfile(**{module: "\n".join(lines)})
    return names


def _interaction(row: Mapping[str, Any], shared: Path) -> Interaction:
    path = shared / "corpus" / row["file"]
    return read_recording(path, path.name)[1][row["n"]].interaction


def _as_expected(told: Sequence[str], kinds: set[str]) -> bool:
    """Whether what explains the rest is told, and nothing where nothing of these kinds differs.

    A question, a refusal in words, another JSON value in a text, the cache and the effort are no
    kinds of the index; they may be told.
    """
    first = next((names for kind, names in TOLD_AS.items() if kind in kinds), None)
    if first is None:
        return set(told) <= {"asks", "declines", "output", "cache", "effort"}
    return bool(first & set(told[:1]))
