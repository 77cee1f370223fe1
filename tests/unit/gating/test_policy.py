"""The settings of a gate: presets, ranges, and what a bad one is told."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.gating import Policy


def test_the_presets() -> None:
    assert Policy() == Policy.quick() == Policy.named("quick")
    assert [(p.delta, p.screen_looks, p.screen_miss) for p in (
        Policy.quick(), Policy.standard(), Policy.thorough())] == [
        (0.5, (4, 8), 0.08), (0.3, (8, 16), 0.08), (0.2, (12, 24), 0.085)
    ]  # fmt: skip


def test_every_setting_can_be_set_on_every_preset() -> None:
    policy = Policy.standard(baseline="retired", offline=True, delta=0.25, attempt=2)
    assert (policy.preset, policy.baseline, policy.delta) == ("standard", "retired", 0.25)
    assert Policy.from_json(policy.to_json()) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"detla": 0.3},
         "Policy(detla=…): unknown setting; did you mean 'delta'? Settings: preset,"),
        ({"zzz": 1}, "Policy(zzz=…): unknown setting. Settings: preset,"),
        ({"delta": 0}, "Policy(delta=0): a number above 0 and below 1"),
        ({"delta": True}, "Policy(delta=True): a number above 0 and below 1"),
        ({"delta": float("nan")}, "Policy(delta=nan): a number above 0 and below 1"),
        ({"delta": "big"}, "Policy(delta='big'): a number above 0 and below 1"),
        ({"baseline": "retird"},
         "Policy(baseline='retird'): 'callable' or 'retired'; did you mean 'retired'?"),
        ({"preset": "x"}, "Policy(preset='x'): 'quick' or 'standard' or 'thorough'"),
        ({"offline": 1}, "Policy(offline=1): True or False"),
        ({"attempt": 0}, "Policy(attempt=0): a whole number from 1 to 1000"),
        ({"screen_looks": (8, 4)}, "Policy(screen_looks=(8, 4)): ascending whole numbers from 1 "
         "to 200, for example (4, 8)"),
        ({"screen_looks": ()}, "Policy(screen_looks=()): ascending whole numbers from 1 to 200, "
         "for example (4, 8)"),
        ({"duel_base_first": 80}, "Policy(duel_base_cap=64): at least 80"),
        ({"max_cost_ratio": -1}, "Policy(max_cost_ratio=-1): None or a number above 0 and below "
         "1000"),
    ],
)  # fmt: skip
@pytest.mark.fault("G03")
def test_a_bad_setting_is_told_with_what_is_valid(settings: dict[str, Any], says: str) -> None:
    for preset in (Policy, Policy.quick):
        with pytest.raises(SettingsError) as caught:
            preset(**settings) if preset is Policy or "preset" not in settings else Policy(
                **settings
            )
        assert str(caught.value).startswith(says)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("medium", "gate 'medium': not a preset. quick, standard, thorough"),
        ("standart", "gate 'standart': not a preset; did you mean 'standard'? quick, standard, "
         "thorough"),
    ],
)  # fmt: skip
def test_an_unknown_preset_is_told_the_known_ones(name: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Policy.named(name)
    assert str(caught.value) == says
