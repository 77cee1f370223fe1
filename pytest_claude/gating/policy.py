"""Policy: what a gate must be able to see, and how often it may be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Literal, cast, get_args

from pytest_claude.errors import SettingsError

Preset = Literal["quick", "standard", "thorough"]
Baseline = Literal["callable", "retired"]

PRESETS: tuple[str, ...] = get_args(Preset)


@dataclass(frozen=True)
class Policy:
    """The settings of a gate. The defaults are those of the preset quick.

    Every setting can be given to `Policy`, `quick`, `standard` and `thorough`.

    Attributes:
        preset: Name of the preset that the settings started from, for texts.
        baseline: "callable": trials of the baseline model can be made for this gate; "retired":
            they can't, and the recorded ones are split between screen and duel.
        offline: Nothing can be run: what the plan needs and the ledger lacks ends in undecided.
        attempt: How often the gate was asked, this time included; more than 1 only after a
            verdict.
        delta: Drop of the pass rate that is to be seen.
        screen_looks: Numbers of candidate trials at which a test may be cleared. The statistics
            over the suite use exactly the first.
        screen_miss: Largest chance that the screen clears a test that dropped by `delta`.
        duel_alpha: Largest chance that any unchanged test is named as regressed.
        duel_first_look: Candidate trials of a suspect at its first look.
        duel_look_step: Further candidate trials up to each next look.
        duel_base_first: Smallest number of fresh baseline trials per suspect that is considered.
        duel_base_step: Step to the next number considered.
        duel_base_cap: Largest number considered.
        duel_futility: Largest chance that a duel clears a test that dropped by `delta`.
        duel_power: Chance to see a drop of `delta` that the number of baseline trials is chosen
            for.
        suite_alpha: Largest chance that an unchanged suite, or a data set of it, fails as a whole.
        failing_rate: Recorded pass rate at or below which a test is already failing.
        baseline_trials: Trials of the baseline model that are made for a test with none recorded.
        max_void_share: Share of a test's trials that may be void.
        max_cost_ratio: Candidate's cost over the baseline's at which the gate fails, when the
            95 % interval lies above it whole; None gates no cost.
        max_attempts_in_ci: Attempts that a CI run may make.
        arms: Candidates that are compared with one baseline: the chances of a false alarm hold
            over all of them together.

    Raises:
        SettingsError: A setting is unknown or out of range.

    >>> Policy(delta=0.4).screen_looks
    (4, 8)
    >>> Policy.standard().delta
    0.3
    """

    preset: Preset = "quick"
    baseline: Baseline = "callable"
    offline: bool = False
    attempt: int = 1
    delta: float = 0.5
    screen_looks: tuple[int, ...] = (4, 8)
    screen_miss: float = 0.08
    duel_alpha: float = 0.04
    duel_first_look: int = 4
    duel_look_step: int = 2
    duel_base_first: int = 8
    duel_base_step: int = 4
    duel_base_cap: int = 64
    duel_futility: float = 0.02
    duel_power: float = 0.98
    suite_alpha: float = 0.01
    failing_rate: float = 0.2
    baseline_trials: int = 1
    max_void_share: float = 0.2
    max_cost_ratio: float | None = None
    max_attempts_in_ci: int = 1
    arms: int = 1

    def __new__(cls, *_values: Any, **settings: Any) -> Policy:
        # The dataclass's own __init__ would answer a misspelt name with a TypeError.
        _refuse_unknown(settings)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for name, (fits, wanted) in _RANGES.items():
            value = getattr(self, name)
            if not fits(value):
                raise _out_of_range(name, value, wanted)
        if self.duel_base_first > self.duel_base_cap:
            raise _out_of_range(
                "duel_base_cap", self.duel_base_cap, f"at least {self.duel_base_first}"
            )

    @classmethod
    def quick(cls, **settings: Any) -> Policy:
        """Sees drops of .5: about 5 trials per test."""
        return cls._of(_QUICK, settings)

    @classmethod
    def standard(cls, **settings: Any) -> Policy:
        """Sees drops of .3: about 11 trials per test."""
        return cls._of(_STANDARD, settings)

    @classmethod
    def thorough(cls, **settings: Any) -> Policy:
        """Sees drops of .2: about 20 trials per test."""
        return cls._of(_THOROUGH, settings)

    @classmethod
    def named(cls, name: str, **settings: Any) -> Policy:
        """The preset of this name.

        Raises:
            SettingsError: There is none; the text names the nearest and the valid ones.
        """
        if name not in PRESETS:
            raise SettingsError(
                f"gate {name!r}: not a preset{_did_you_mean(name, PRESETS)} {', '.join(PRESETS)}"
            )
        return cast(Policy, getattr(cls, name)(**settings))

    @classmethod
    def _of(cls, preset: Mapping[str, Any], settings: Mapping[str, Any]) -> Policy:
        return cls(**{**preset, **settings})

    @property
    def first_look(self) -> int:
        """Candidate trials of every test that the statistics over the suite use."""
        return self.screen_looks[0]

    def suite_level(self, sets: int = 0) -> float:
        """The p at or below which the suite of one candidate fails as a whole.

        Where `sets` data sets are looked at too, half of the chance is theirs.
        """
        return self.suite_alpha / self.arms / (2 if sets else 1)

    def set_level(self, sets: int) -> float:
        """The p at or below which one of `sets` data sets of one candidate fails as a whole."""
        return self.suite_alpha / self.arms / (2 * sets)

    def to_json(self) -> dict[str, Any]:
        """The settings as plain JSON types."""
        return {**asdict(self), "screen_looks": list(self.screen_looks)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Policy:
        """The settings that `to_json` wrote."""
        return cls(**{**data, "screen_looks": tuple(data["screen_looks"])})


_QUICK: dict[str, Any] = {"preset": "quick"}
_STANDARD: dict[str, Any] = {
    "preset": "standard",
    "delta": 0.3,
    "screen_looks": (8, 16),
    "duel_look_step": 4,
    "duel_base_first": 40,
    "duel_base_step": 8,
    "duel_base_cap": 128,
}
_THOROUGH: dict[str, Any] = {
    "preset": "thorough",
    "delta": 0.2,
    "screen_looks": (12, 24),
    "screen_miss": 0.085,
    "duel_first_look": 8,
    "duel_look_step": 8,
    "duel_base_first": 64,
    "duel_base_step": 8,
    "duel_base_cap": 128,
}

_Range = tuple[Callable[[Any], bool], str]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _between(low: float, high: float) -> _Range:
    return lambda v: _number(v) and low < v < high, f"a number above {low:g} and below {high:g}"


def _whole(low: int, high: int) -> _Range:
    return (
        lambda v: isinstance(v, int) and not isinstance(v, bool) and low <= v <= high,
        f"a whole number from {low} to {high}",
    )


def _one_of(choices: Iterable[str]) -> _Range:
    known = tuple(choices)
    return lambda v: v in known, " or ".join(repr(choice) for choice in known)


def _ascending(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and 0 < len(value) <= 20
        and all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= 200 for n in value)
        and all(a < b for a, b in pairwise(value))
    )


_FLAG: _Range = (lambda v: isinstance(v, bool), "True or False")
_RANGES: dict[str, _Range] = {
    "preset": _one_of(PRESETS),
    "baseline": _one_of(get_args(Baseline)),
    "offline": _FLAG,
    "attempt": _whole(1, 1000),
    "delta": _between(0, 1),
    "screen_looks": (_ascending, "ascending whole numbers from 1 to 200, for example (4, 8)"),
    "screen_miss": _between(0, 0.5),
    "duel_alpha": _between(0, 0.5),
    "duel_first_look": _whole(1, 200),
    "duel_look_step": _whole(1, 200),
    "duel_base_first": _whole(1, 200),
    "duel_base_step": _whole(1, 200),
    "duel_base_cap": _whole(1, 200),
    "duel_futility": _between(0, 0.5),
    "duel_power": _between(0, 1),
    "suite_alpha": _between(0, 0.5),
    "failing_rate": (lambda v: _number(v) and 0 <= v < 1, "a number from 0 and below 1"),
    "baseline_trials": _whole(1, 200),
    "max_void_share": (lambda v: _number(v) and 0 <= v < 1, "a number from 0 and below 1"),
    "max_cost_ratio": (
        lambda v: v is None or (_number(v) and 0 < v < 1000),
        "None or a number above 0 and below 1000",
    ),
    "max_attempts_in_ci": _whole(1, 1000),
    "arms": _whole(1, 100),
}


def _out_of_range(name: str, value: object, wanted: str) -> SettingsError:
    near = ""
    if isinstance(value, str) and name in ("preset", "baseline"):
        known = PRESETS if name == "preset" else get_args(Baseline)
        near = _did_you_mean(value, known).rstrip(".")
    return SettingsError(f"Policy({name}={value!r}): {wanted}{near}")


def _refuse_unknown(settings: Mapping[str, Any]) -> None:
    known = [field.name for field in fields(Policy)]
    for name in settings:
        if name not in known:
            raise SettingsError(
                f"Policy({name}=…): unknown setting{_did_you_mean(name, known)} "
                f"Settings: {', '.join(known)}"
            )


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    import difflib  # only when there is something to say

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "."
