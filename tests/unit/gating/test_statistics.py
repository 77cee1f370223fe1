"""Statistics and thresholds: values written out, from the specification of the gate."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.gating import Policy, duel_rule
from pytest_claude.gating.calibration import _is_at_most, calibrate, power
from pytest_claude.gating.duel import ROUNDED, design, fit, rounded_up
from pytest_claude.gating.duel_table import TABLE
from pytest_claude.gating.sight import catch_probability, fixed_drop
from pytest_claude.gating.statistics import (
    Stratum,
    benjamini_hochberg,
    fisher_better,
    fisher_worse,
    holm,
    newcombe,
    stratified_better,
    stratified_worse,
    t_quantile,
    wilson,
)
from pytest_claude.gating.walk import accept_bounds, walk


@pytest.mark.parametrize(
    ("suspects", "base_n", "c", "fewest"),
    [
        (1, 20, 0.0308972, (2, 3, 3, 3, 4, 4, 4, 5, 5)),
        (3, 20, 0.0110469, (3, 3, 4, 4, 5, 5, 6, 6, 6)),
        (8, 24, 0.0034187, (3, 4, 4, 5, 5, 6, 6, 7, 7, 7, 8)),
    ],
)
def test_the_worked_duels(suspects: int, base_n: int, c: float, fewest: tuple[int, ...]) -> None:
    rule = duel_rule(Policy(), suspects)
    assert (rule.base_n, rule.c) == (base_n, pytest.approx(c, abs=5e-8))
    assert rule.rejects(base_n) == fewest


@pytest.mark.parametrize(
    ("base_pass", "base_n", "bounds"),
    [
        (10, 10, (0, 1)),
        (9, 10, (0, 2)),
        (8, 10, (0, 3)),
        (7, 10, (1, 4)),
        (5, 10, (3, 7)),
        (0, 10, (3, 7)),
        (1, 1, (0, 1)),
        (20, 20, (0, 1)),
    ],
)
def test_the_worked_screens(base_pass: int, base_n: int, bounds: tuple[int, ...]) -> None:
    assert accept_bounds((4, 8), base_pass / base_n, 0.5, 0.08) == bounds


@pytest.mark.parametrize(
    ("policy", "sizes"),
    [
        (Policy.quick(), {1: 20, 3: 20, 4: 24, 8: 24, 10: 28, 30: 28, 40: 32, 100: 32, 150: 36,
                          400: 36, 500: 40}),
        (Policy.standard(), {1: 40, 3: 40, 4: 48, 12: 48, 15: 56, 40: 56, 50: 64, 150: 64,
                             200: 72, 500: 72}),
        (Policy.thorough(), {1: 64, 2: 64, 3: 72, 5: 72, 6: 80, 15: 80, 20: 88, 40: 88, 50: 96,
                             80: 96, 100: 104, 150: 104, 200: 112, 500: 112}),
    ],
)  # fmt: skip
def test_the_number_of_baseline_trials_by_suspects(policy: Policy, sizes: dict[int, int]) -> None:
    assert {n: duel_rule(policy, n).base_n for n in sizes} == sizes


def test_the_shipped_table_has_every_row_and_is_what_the_code_computes() -> None:
    for policy in (Policy.quick(), Policy.standard(), Policy.thorough()):
        assert tuple(TABLE[tuple(design(policy))]) == ROUNDED
    for suspects in ROUNDED:
        assert fit(design(Policy()), suspects) == TABLE[tuple(design(Policy()))][suspects]
    for policy, suspects in (
        (Policy.standard(), 1),
        (Policy.standard(), 8),
        (Policy.thorough(), 1),
    ):
        assert fit(design(policy), suspects) == TABLE[tuple(design(policy))][suspects]


def test_other_settings_are_computed_on_demand() -> None:
    stricter = duel_rule(Policy(duel_alpha=0.01), 1)
    assert stricter.c < duel_rule(Policy(), 1).c
    assert duel_rule(Policy(delta=0.9), 1).base_n < 20
    capped = duel_rule(Policy(delta=0.05, duel_base_cap=16), 1)
    assert capped.base_n == 16


def test_a_threshold_that_no_p_reaches_is_none() -> None:
    assert calibrate(1, (1,), 1e-6).c == 0
    assert calibrate(1, (1,), 1e-6).rejects(1) == (2,)


def test_more_suspects_than_the_table_has_are_taken_as_they_are() -> None:
    assert [rounded_up(n) for n in (1, 7, 9, 401, 500, 501, 1234)] == [
        1,
        8,
        10,
        500,
        500,
        501,
        1234,
    ]


@pytest.mark.parametrize(
    ("preset", "lowest", "highest"),
    [("quick", 0.896, 0.911), ("standard", 0.905, 0.919), ("thorough", 0.892, 0.904)],
)
def test_the_chance_to_catch_a_drop_over_all_numbers_of_suspects(
    preset: str, lowest: float, highest: float
) -> None:
    found = [catch_probability(Policy.named(preset), n) for n in ROUNDED]
    assert (min(found), max(found)) == pytest.approx((lowest, highest), abs=6e-4)


@pytest.mark.parametrize(
    ("tests", "recorded", "drops"),
    [
        (1, 1, (None, None, 0.98, 0.96, 0.95)),
        (1, 5, (0.72, 0.68, 0.59, 0.52, 0.46)),
        (1, 10, (0.72, 0.50, 0.49, 0.37, 0.30)),
        (10, 5, (None, 0.96, 0.85, 0.76, 0.70)),
        (10, 10, (0.93, 0.84, 0.68, 0.57, 0.48)),
        (10, 20, (0.72, 0.68, 0.49, 0.37, 0.33)),
        (50, 1, (None, None, None, None, None)),
        (50, 3, (None, None, 0.98, 0.96, 0.93)),
        (50, 5, (None, 0.96, 0.92, 0.85, 0.80)),
        (50, 10, (0.93, 0.96, 0.77, 0.67, 0.58)),
        (50, 20, (0.93, 0.84, 0.59, 0.47, 0.41)),
        (50, 40, (0.93, 0.68, 0.49, 0.37, 0.28)),
        (200, 10, (None, 0.96, 0.85, 0.71, 0.66)),
        (200, 20, (0.93, 0.84, 0.68, 0.52, 0.46)),
    ],
)
def test_the_smallest_drop_that_recorded_trials_show(
    tests: int, recorded: int, drops: tuple[float | None, ...]
) -> None:
    found = tuple(fixed_drop(recorded, recorded, n, tests) for n in (3, 5, 10, 20, 40))
    assert found == drops


def test_very_many_recorded_trials_show_what_many_do() -> None:
    assert fixed_drop(3000, 3000, 4, 1) == fixed_drop(200, 200, 4, 1) == 0.34


def test_the_worked_p_values() -> None:
    assert fisher_worse(20, 20, 4, 8) == pytest.approx(0.0034188, abs=1e-7)
    assert fisher_worse(10, 10, 0, 3) == pytest.approx(0.003496503, abs=1e-9)
    assert fisher_better(0, 10, 4, 4) == pytest.approx(1 / 1001)
    strata = [Stratum(10, 10, 4, 5)] * 3
    assert stratified_worse(strata) == pytest.approx(0.037037037)
    assert wilson(0, 5)[0] == 0
    assert newcombe(10, 10, 0, 3) == pytest.approx((-1.0, -0.3736587), abs=1e-7)
    assert t_quantile(0.95, 1) == pytest.approx(12.706204736, abs=1e-8)


strata = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 6)).map(lambda s: Stratum(s[0], 10, s[1], 6)),
    min_size=1, max_size=8,
)  # fmt: skip


@given(strata)
def test_both_tails_of_the_suite_meet_at_what_was_observed(of: list[Stratum]) -> None:
    worse, better = stratified_worse(of), stratified_better(of)
    assert 0 < worse <= 1
    assert 0 < better <= 1
    assert worse + better > 1 - 1e-9
    assert stratified_worse([s.mirrored for s in of]) == pytest.approx(better)


@given(strata)
def test_tests_without_a_fail_say_nothing(of: list[Stratum]) -> None:
    quiet = [Stratum(10, 10, 6, 6)] * 3
    assert stratified_worse([*of, *quiet]) == pytest.approx(stratified_worse(of))


@given(st.lists(st.floats(0, 1), max_size=12))
def test_adjusted_p_values_keep_their_order_and_never_shrink(ps: list[float]) -> None:
    for adjusted in (holm(ps), benjamini_hochberg(ps)):
        assert all(p <= a <= 1 for p, a in zip(ps, adjusted, strict=True))
        in_order = [a for _, a in sorted(zip(ps, adjusted, strict=True))]
        assert in_order == sorted(in_order)


@given(st.integers(2, 12), st.integers(1, 3), st.floats(0, 1))
def test_a_calibrated_threshold_holds_its_level_at_any_rate(
    base_n: int, step: int, fail_rate: float
) -> None:
    looks = tuple(range(2, base_n + 1, step)) or (2,)
    found = calibrate(base_n, looks, 0.04)
    chance = sum(
        comb(base_n, s) * (1 - fail_rate) ** s * fail_rate ** (base_n - s)
        * power(found.rejects(s), looks, fail_rate)
        for s in range(base_n + 1)
    )  # fmt: skip
    assert chance <= 0.04 * (1 + 1e-9)


@given(st.floats(0, 1))
def test_a_walk_ends_in_one_way(fail_rate: float) -> None:
    rule = duel_rule(Policy(), 1)
    found = walk(rule.looks, rule.accepts(20), rule.rejects(20), fail_rate)
    assert 0 <= found.cleared + found.rejected <= 1 + 1e-12
    assert 4 - 1e-9 <= found.trials <= 20


def test_the_proof_refuses_what_a_grid_would_miss() -> None:
    """A peak between two looked-at points: its top is found by halving."""
    peak = [0.0] * 41
    peak[20] = 1.0  # one Bernstein polynomial of degree 40: its top is .1254 at one half
    assert _is_at_most(peak, 0.126)
    assert not _is_at_most(peak, 0.125)


def test_a_threshold_is_proved_between_the_rates_that_were_looked_at() -> None:
    """Five trials a side: the largest size .0309240 lies between two rates, where .0309230 is."""
    assert calibrate(5, (5,), 0.04).c == pytest.approx(1 / 12)
    assert calibrate(5, (5,), 0.0309241).c == pytest.approx(1 / 12)
    assert calibrate(5, (5,), 0.0309235).c == pytest.approx(1 / 42)
