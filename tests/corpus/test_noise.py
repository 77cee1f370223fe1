"""What two recordings of one request say: by two models, and by one model twice."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.behavior.accepted import Accepted
from pytest_claude.behavior.profile import profile
from pytest_claude.comparison.difference import STEADY, differences
from pytest_claude.comparison.trial import Trial
from pytest_claude.expect.as_recorded import behaves_as_recorded, behavior
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check
from pytest_claude.recording.cassette import read_recording
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.parse import parse_answer

CALLS = ("messages", "bedrock-invoke", "bedrock-converse", "vertex")
# Our kinds of difference in the words of PAIRS.jsonl.
KINDS = {"tools": "tools", "arguments": "args", "server": "server", "stop": "stop",
         "refused": "error", "refuses": "error"}  # fmt: skip

Find = Callable[[Mapping[str, Any]], Answer]


@pytest.fixture(scope="module")
def find(shared_dir: Path) -> Find:
    """The answer that a row of the index or of the pairs names."""
    read: dict[str, Any] = {}

    def find(row: Mapping[str, Any]) -> Answer:
        file = row["file"]
        if file not in read:
            read[file] = read_recording(shared_dir / "corpus" / file, file)[1]
        answer = parse_answer(read[file][row["n"]].interaction)
        assert answer is not None
        return answer

    return find


def rows(path: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, path.read_text("utf-8").splitlines())


def trial(answer: Answer, index: int = 0) -> Trial:
    return Trial("test", "base", index, "passed", profile=profile(Transcript((answer,))))


def kinds(old: Sequence[Answer], new: Sequence[Answer]) -> set[str]:
    return {d.kind for d in differences([*map(trial, old)], [*map(trial, new)])}


def group_differs_in(group: Mapping[str, Any], find: Find) -> set[str]:
    """What we find between any two models that were asked with the same options."""
    by_options: dict[Any, dict[str, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    for row in group["answers"]:
        by_options[row.get("options_key")][row["family"]].append(find(row))
    found = {
        name
        for models in by_options.values()
        for old, new in combinations(models.values(), 2)
        for kind in kinds(old, new)
        if (name := _name(kind, old)) is not None
    }
    # We tell one change once; whoever calls other tools passes other arguments.
    return found | ({"args"} if "tools" in found else set())


def _name(kind: str, old: Sequence[Answer]) -> str | None:
    # The arguments of an output tool are the answer.
    if kind == "output" and any(answer.tool_uses for answer in old):
        return "args"
    return KINDS.get(kind)


def test_between_two_models_the_differences_are_those_of_an_independent_reader(
    shared_dir: Path, find: Find
) -> None:
    groups = list(rows(shared_dir / "corpus" / "PAIRS.jsonl"))
    assert len(groups) == 178
    wrong = [
        (group["last_user"], expected, found)
        for group in groups
        if (expected := set(group["differs_in"]) & set(KINDS.values()))
        != (found := group_differs_in(group, find))
    ]
    assert len(wrong) <= 0.02 * len(groups), wrong
    assert wrong == [], "all that are known agree"


def same_model_twice(corpus: Path) -> Iterator[list[dict[str, Any]]]:
    """Good answers of one model to one request with equal options, recorded more than once."""
    found = defaultdict(list)
    for row in rows(corpus / "INDEX.jsonl"):
        if row["api"] in CALLS and row.get("pair_key_with_options") and row["status"] < 400:
            found[row["pair_key_with_options"], row["model"]].append(row)
    yield from (group for group in found.values() if len(group) > 1)


def test_what_is_steady_and_what_is_noise(shared_dir: Path, find: Find) -> None:
    """The figures of the reference, section "What is steady and what is noise"."""
    groups = list(same_model_twice(shared_dir / "corpus"))
    seen: Counter[str] = Counter()
    for group in groups:
        answers = [find(row) for row in group]
        first = answers[0]
        seen.update({k for other in answers[1:] for k in kinds([first], [other])})
        seen["text"] += any(other.text != first.text for other in answers)
        seen["blocks"] += any(other.blocks != first.blocks for other in answers)
    rates = {kind: round(100 * number / len(groups), 1) for kind, number in seen.items()}
    assert len(groups) > 400
    # In per cent of the groups; what is not named here never differs.
    assert rates == {
        "text": 32.8, "blocks": 5.2, "asks": 0.2, "arguments": 1.0, "output": 1.2, "server": 0.2,
        "declines": 0.7, "cache": 0.2,
        "effort": 1.0,  # what the apps asked for: it is not among the options that are equal
    }  # fmt: skip
    assert all(rates.get(kind, 0.0) <= 0.5 for kind in STEADY)


def held_to(accepted: Answer, other: Answer) -> Check:
    """The check of one answer where another is what was accepted."""
    seen = behavior(Transcript((accepted,)), Reading())
    assert seen is not None, "the API answered"
    return behaves_as_recorded(Transcript((other,)), Accepted.of([seen]))


def test_one_model_asked_again_behaves_as_accepted(shared_dir: Path, find: Find) -> None:
    """The false alarms that the docs tell: of the requests, where any later answer is red."""
    red, groups = [], list(same_model_twice(shared_dir / "corpus"))
    for group in groups:
        first, *others = map(find, group)
        checks = [held_to(first, other) for other in others]
        red += [check.reason for check in checks if check.outcome is not True][:1]
    assert len(groups) == 403
    assert len(red) <= 0.015 * len(groups)
    assert sorted(red) == [
        "asks: no instead of yes",
        "output.value: string instead of boolean",
        "server: tool_search_tool_bm25 instead of none",
    ]


# What an independent index says of an answer, by the kinds that no answer of one model differs in.
READ: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "tools": lambda row: [use["name"] for use in row.get("tools_called", ())],
    "server": lambda row: sorted(set(row.get("server_tools_called", ()))),
    "stop": lambda row: row.get("stop_reason"),
    "error": lambda row: row["status"] >= 400,
}


def test_between_two_models_every_steady_difference_is_red(shared_dir: Path, find: Find) -> None:
    index = {(row["file"], row["n"]): row for row in rows(shared_dir / "corpus" / "INDEX.jsonl")}
    counted: Counter[str] = Counter()
    for group in rows(shared_dir / "corpus" / "PAIRS.jsonl"):
        for old, new in pairs_of(group):
            told = [index[row["file"], row["n"]] for row in (old, new)]
            differs = any(read(told[0]) != read(told[1]) for read in READ.values())
            held = held_to(find(old), find(new)).outcome
            counted[f"{'differs' if differs else 'alike'}, {HELD[held]}"] += 1
        if set(group["differs_in"]) & READ.keys():
            assert any(held_to(find(o), find(n)).outcome is False for o, n in pairs_of(group))
            counted["groups that differ"] += 1
    assert counted == {
        "differs, red": 76,
        "alike, green": 1096,
        "alike, red": 7,  # the one asks, or has other fields
        "groups that differ": 15,
    }


HELD = {True: "green", False: "red", None: "unknown"}


def pairs_of(group: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The first answers of any two models that were asked with the same options."""
    by_options: dict[Any, dict[str, Any]] = defaultdict(dict)
    for row in group["answers"]:
        by_options[row.get("options_key")].setdefault(row["family"], row)
    for models in by_options.values():
        yield from combinations(models.values(), 2)
