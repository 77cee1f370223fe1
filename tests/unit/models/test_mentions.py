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


def test_a_name_of_the_projects_own() -> None:
    names = ModelNames({"our-sonnet": "claude-sonnet-4-5"})
    text = "MODEL = 'our-sonnet'  # not our-sonnet-2, our-sonnet=x or claude-sonnet-4-5-x\n"
    found = mentions(text, [("our-sonnet", "our-new")], names)
    assert edited(text, found) == text.replace("'our-sonnet'", "'our-new'")


def test_an_id_whose_counterpart_is_not_known_is_left_to_the_user() -> None:
    text = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    found = mentions(text, [("claude-sonnet-4-5", "claude-future-9")], NO_NAMES)
    assert [mention.new for mention in found] == [None]
    assert edited(text, found) == text
