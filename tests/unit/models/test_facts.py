"""The table of models: consistent in itself, and read by every id."""

from __future__ import annotations

from datetime import date

import pytest

from pytest_claude.models.facts import (
    TOKENS_ACROSS,
    ModelFacts,
    facts_of,
    models,
    retires_within,
    tokens_factor,
)
from pytest_claude.models.ids import canonical_model


@pytest.mark.parametrize("facts", models(), ids=lambda facts: facts.id)
def test_a_row_is_consistent(facts: ModelFacts) -> None:
    assert facts_of(facts.id) is facts
    for name in (*facts.dated_ids, *facts.aliases, *facts.platform_ids.values()):
        assert facts_of(name) is facts
    assert canonical_model(facts.id) == facts.id
    assert facts.sources
    assert all(source.startswith("https://") for source in facts.sources)
    assert facts.replacement is None or facts_of(facts.replacement) is not None
    assert facts.limits_assumed_as is None or facts_of(facts.limits_assumed_as) is not None
    for day in (facts.released, facts.deprecated_on, facts.retires_on, facts.retires_not_before):
        assert day is None or date.fromisoformat(day)
    assert facts.status != "retired" or facts.retires_on is not None
    assert facts.retires_on is None or facts.retires_not_before is None
    assert facts.effort_default is None or facts.effort_default in (facts.effort_levels or ())


def test_what_is_not_known_is_none() -> None:
    assert facts_of("claude-next-1") is None
    assert facts_of("x" * 10_000) is None
    new = facts_of("claude-fable-5-2")
    assert new is not None
    assert (new.max_output_tokens, new.thinking_modes, new.prefill) == (None, None, None)


def test_what_retires_soon() -> None:
    used = ["claude-sonnet-4-5-20250929", "claude-opus-4-5", "claude-sonnet-5-5", "claude-next-1"]
    assert retires_within(used, "2026-11-22", 60) == {"claude-sonnet-4-5": 8}
    assert retires_within(used, "2026-11-23", 60) == {"claude-sonnet-4-5": 7, "claude-opus-4-5": 60}
    assert retires_within(used, "2026-12-02", 0) == {"claude-sonnet-4-5": -2}
    assert retires_within(used, "2026-11-22", 7) == {}


def test_tokens_across_tokenizers_are_a_range() -> None:
    old, new = facts_of("claude-sonnet-4-5"), facts_of("claude-sonnet-5-5")
    assert tokens_factor(old, new) == TOKENS_ACROSS
    assert tokens_factor(new, old) == pytest.approx((1 / 1.35, 1 / 1.3, 1))
    assert tokens_factor(new, new) == (1, 1, 1)
    assert tokens_factor(None, new) == (1, 1, 1)
