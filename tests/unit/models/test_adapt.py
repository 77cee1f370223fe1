"""The mechanical rewrites of a bump."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_claude.models.adapt import adapt

NEW = "claude-sonnet-5-5"


@pytest.mark.parametrize(
    ("target", "body", "adapted", "words"),
    [
        (NEW, {"temperature": 0.2, "top_k": 5}, {}, ["temperature 0.2, top_k 5 dropped"]),
        (
            NEW,
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
            {"thinking": {"type": "adaptive"}},
            ["thinking budget 2048 → adaptive"],
        ),
        (
            NEW,
            {"thinking": {"type": "disabled"}},
            {"thinking": {"type": "between_tools"}},
            ["thinking disabled → between_tools"],
        ),
        (
            "claude-opus-5-5",
            {"thinking": {"type": "disabled"}},
            {},
            ["thinking disabled → left out (the model always thinks)"],
        ),
        (
            NEW,
            {"tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True}},
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
            ["tool_choice tool → auto"],
        ),
        (NEW, {"tool_choice": {"type": "auto"}}, {"tool_choice": {"type": "auto"}}, []),
        ("claude-sonnet-4-6", {"temperature": 0.2}, {"temperature": 0.2}, []),
        (
            "claude-sonnet-5",
            {"tool_choice": {"type": "any"}, "temperature": 1},
            {"tool_choice": {"type": "any"}},
            ["temperature 1 dropped"],
        ),
        ("claude-next-1", {"temperature": 0.2}, {"temperature": 0.2}, []),
        (NEW, {"thinking": "odd", "tool_choice": None}, {"thinking": "odd", "tool_choice": None},
         []),
    ],
    ids=["sampling", "budget", "disabled", "disabled where it always thinks", "forced tool",
         "auto stays", "an old target", "forced tool on sonnet 5", "an unknown target", "odd"],
)  # fmt: skip
def test_adapt(
    target: str, body: dict[str, Any], adapted: dict[str, Any], words: list[str]
) -> None:
    before = repr(body)
    got, rewrites = adapt(body, target)
    assert got == adapted
    assert [rewrite.words for rewrite in rewrites] == words
    assert repr(body) == before, "the app's own body is left alone"


def test_adapting_twice_changes_nothing_more() -> None:
    body = {"temperature": 0.5, "thinking": {"type": "enabled", "budget_tokens": 9}}
    once, _ = adapt(body, NEW)
    assert adapt(once, NEW) == (once, ())


def test_dated_targets_count() -> None:
    assert adapt({"top_p": 0.5}, "us.anthropic.claude-sonnet-5-5")[0] == {}
