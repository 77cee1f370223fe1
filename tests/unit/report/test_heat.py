"""Long-context maps: found by length and depth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import report_samples as samples

from pytest_claude.comparison.trial import CheckNote
from pytest_claude.report.heat import Cell, families
from pytest_claude.report.html import render_page
from pytest_claude.report.overview import Origin
from pytest_claude.report.story import story


def needle_run(misses: set[tuple[str, int, float]] = frozenset()) -> Any:  # type: ignore[assignment]
    """Tests of one family: 2 lengths, 2 depths; `misses` are stream, length and depth."""
    judged = []
    for tokens in (8_000, 200_000):
        for depth in (0.0, 0.5):
            test = f"tests/test_long.py::test_finds[{tokens}-{depth}]"
            made, verdict = samples.result(test, "unchanged", "pp", "pp")
            trials = tuple(
                replace(
                    trial,
                    checks=(
                        _note((trial.stream, tokens, depth) not in misses or trial.index > 0,
                              tokens, depth),
                    ),
                )
                for trial in made.trials
            )  # fmt: skip
            judged.append((replace(made, trials=trials), verdict))
    return samples.bump("pass", *judged)


def _note(found: bool, tokens: int, depth: float) -> CheckNote:
    return CheckNote("finds", found, "", facts={"fact": "x", "tokens": tokens, "depth": depth})


def test_a_family_has_one_map_per_model_on_the_same_axes() -> None:
    run = needle_run({("cand", 200_000, 0.5)})
    (family,) = families(story(run).rows)
    assert family.test == "tests/test_long.py::test_finds"
    old, new = family.maps
    assert old.lengths == new.lengths == (8_000, 200_000)
    assert old.depths == new.depths == (0.0, 0.5)
    assert old.total == Cell(8, 8)
    assert new.rows == ((Cell(2, 2), Cell(2, 2)), (Cell(2, 2), Cell(1, 2)))


def test_other_tests_have_no_map() -> None:
    assert families(story(samples.FAILED).rows) == ()


def test_the_page_draws_it() -> None:
    run = needle_run({("cand", 200_000, 0.5)})
    page = render_page(story(run), lambda path: None, origin=Origin())
    assert "Long context" in page
    assert page.count('class="cell"') == 8
    assert page.count('class="miss"') == 1
    assert "claude-sonnet-5-5: 7 of 8 trials found it" in page
    assert "200k" in page
