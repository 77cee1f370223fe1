"""What the user may set, and the sentence that a wrong value gets."""

from __future__ import annotations

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.settings import (
    Swap,
    TestSettings,
    merge_test_settings,
    parse_record_mode,
    parse_swap,
    passes_needed,
)

WHERE = "tests/test_refund.py:12"


@pytest.mark.parametrize(
    ("trials", "rate", "needed"),
    [
        (1, 1.0, 1),
        (5, 0.8, 4),
        (3, 0.6, 2),
        (10, 0.7, 7),
        (3, 0.01, 1),
        (7, 1.0, 7),
        (25, 0.28, 7),  # in binary 0.28 * 25 is a little above 7
        (100, 0.29, 29),  # and 0.29 * 100 a little below 29
    ],
)
def test_the_passes_that_a_rate_needs(trials: int, rate: float, needed: int) -> None:
    assert passes_needed(trials, rate) == needed


def test_the_nearest_marker_wins_key_by_key() -> None:
    function, module = {"trials": 5}, {"trials": 3, "pass_rate": 0.6}
    settings = merge_test_settings(WHERE, [((), function), ((), module)], None)
    assert settings == TestSettings(trials=5, pass_rate=0.6)


def test_the_command_line_wins_over_markers() -> None:
    assert merge_test_settings(WHERE, [((), {"trials": 5})], 2).trials == 2


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        (
            (),
            {"trails": 5},
            f"{WHERE}: @pytest.mark.claude(trails=5): unknown setting 'trails'; "
            "did you mean 'trials'? Settings: trials, pass_rate, live, cassette",
        ),
        (
            (),
            {"trials": 0},
            f"{WHERE}: @pytest.mark.claude(trials=0): trials=0: "
            "a whole number of trials, 1 or more",
        ),
        (
            (),
            {"pass_rate": 1.5},
            f"{WHERE}: @pytest.mark.claude(pass_rate=1.5): pass_rate=1.5: above 0 and at most 1",
        ),
        (
            (),
            {"cassette": 5},
            f"{WHERE}: @pytest.mark.claude(cassette=5): cassette=5: a name, for example 'checkout'",
        ),
        (
            (5,),
            {},
            f"{WHERE}: @pytest.mark.claude(5): takes named settings only: "
            "trials, pass_rate, live, cassette",
        ),
    ],
    ids=["misspelt", "no trials", "rate above 1", "no name", "positional"],
)
def test_a_wrong_marker_argument_is_one_sentence(args: tuple, kwargs: dict, text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        merge_test_settings(WHERE, [(args, kwargs)], None)
    assert str(raised.value) == text


def test_record_modes() -> None:
    assert [parse_record_mode(m) for m in ("none", "once", "new_episodes", "all", "rewrite")] == [
        "none",
        "once",
        "new_episodes",
        "all",
        "all",
    ]
    with pytest.raises(SettingsError, match=r"=al: not one of .*; did you mean 'all'"):
        parse_record_mode("al")


@pytest.mark.parametrize("value", ["claude-sonnet-5-5", "=new", "old=", "="])
def test_a_swap_needs_both_sides(value: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_swap("--claude-bump", value)
    assert str(raised.value) == (
        f"--claude-bump {value!r}: expected OLD=NEW, for example\n"
        "       --claude-bump claude-sonnet-4-5=claude-sonnet-5-5"
    )


def test_a_swap() -> None:
    assert parse_swap("--claude-bump", "a=b") == Swap("a", "b")
