"""Where a source or configuration file names a model."""

from __future__ import annotations

import pytest

from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.models.mentions import edited, mentions

PAIR = ("claude-sonnet-4-5", "claude-sonnet-5-5")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('MODEL = "claude-sonnet-4-5"', 'MODEL = "claude-sonnet-5-5"'),
        ("MODEL=claude-sonnet-4-5\n", "MODEL=claude-sonnet-5-5\n"),
        ("model: claude-sonnet-4-5-20250929 # dated", "model: claude-sonnet-5-5 # dated"),
        ("'anthropic/claude-sonnet-4-5'", "'anthropic/claude-sonnet-5-5'"),
        ("Ask claude-sonnet-4-5.", "Ask claude-sonnet-5-5."),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-5-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-5-5"),
        # Others, what only begins or ends like it, and the pair itself.
        ("claude-sonnet-4", None),
        ("claude-sonnet-4-5x", None),
        ("my-claude-sonnet-4-5", None),
        ("claude-opus-4-5", None),
        ("claude-sonnet-4-5_eval", None),
        ("_gate/claude-sonnet-4-5__claude-sonnet-5-5/cand", None),
        ('claude_accept("claude-sonnet-4-5=claude-sonnet-5-5")', None),
        ("--claude-bump claude-sonnet-4-5=claude-sonnet-5-5", None),
    ],
)
def test_what_names_the_old_model_names_the_new_one(text: str, after: str | None) -> None:
    found = mentions(text, [PAIR], NO_NAMES)
    assert len(found) == (after is not None)
    assert edited(text, found) == (after or text)


def test_lines_count_from_one_and_two_pairs_do_not_meet() -> None:
    text = "a = 'claude-sonnet-4-5'\n\nb = 'claude-sonnet-5-5'\n"
    pairs = [PAIR, ("claude-sonnet-5-5", "claude-opus-5-5")]
    found = mentions(text, pairs, NO_NAMES)
    assert [mention.line for mention in found] == [1, 3]
    assert edited(text, found) == "a = 'claude-sonnet-5-5'\n\nb = 'claude-opus-5-5'\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("MODEL = 'fast'", "MODEL = 'slow'"),
        ("model: fast", "model: slow"),
        ("MODEL=fast\n", "MODEL=slow\n"),
        # A word of a sentence, a part of a name, and the line that says what it stands for.
        ("# be fast, not faster", None),
        ("x = 'faster'", None),
        ("claude_model_map = ['fast = claude-sonnet-4-5']", None),
    ],
)
def test_a_name_of_the_projects_own_is_a_value(text: str, after: str | None) -> None:
    names = ModelNames({"fast": "claude-opus-4-5"})
    found = mentions(text, [("fast", "slow")], names)
    assert edited(text, found) == (after or text)


@pytest.mark.parametrize("text", ["claude-sonnet-4-5=X", "claude-sonnet-4-5", "claude-sonnet-4x"])
def test_a_shorter_id_is_no_beginning_of_a_longer_one(text: str) -> None:
    assert mentions(text, [("claude-sonnet-4", "claude-opus-5-5")], NO_NAMES) == []


def test_an_id_whose_counterpart_is_not_known_is_left_to_the_user() -> None:
    text = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    found = mentions(text, [("claude-sonnet-4-5", "claude-future-9")], NO_NAMES)
    assert [mention.new for mention in found] == [None]
    assert edited(text, found) == text
