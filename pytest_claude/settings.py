"""What the user set, checked and merged once: command line > marker > ini > default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from pytest_claude.errors import SettingsError

RecordMode = Literal["none", "once", "new_episodes", "all"]
AdaptMode = Literal["auto", "hook", "off"]
GuardMode = Literal["session", "tests"]

RECORD_MODES: tuple[str, ...] = (*get_args(RecordMode), "rewrite")
"""vcrpy's words; `rewrite` is another name for `all`."""


@dataclass(frozen=True)
class Swap:
    """Requests for `old` are sent to `new`."""

    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.old}={self.new}"


@dataclass(frozen=True)
class RunSettings:
    """Settings of one pytest run.

    Attributes:
        cassette_root: The folder that holds all cassettes.
        record_mode: vcrpy's record mode; "none" never calls the API.
        trials: Trials per test, over the marker's; None when not given.
        swaps: Models replaced in a plain run.
        bump: Models whose candidates are compared with them; empty outside a bump.
        adapt: Whether a request is rewritten where the candidate needs it: the built-in rewrites
            and the conftest hook, the hook alone, or neither.
        reports: Files to write the run to.
        guard: "session": in replay mode no test of the session reaches a model;
            "tests": only claude tests are guarded.
    """

    cassette_root: Path
    record_mode: RecordMode = "none"
    trials: int | None = None
    swaps: tuple[Swap, ...] = ()
    bump: tuple[Swap, ...] = ()
    adapt: AdaptMode = "auto"
    reports: tuple[Path, ...] = ()
    guard: GuardMode = "session"

    @property
    def recording(self) -> bool:
        """Whether the API may be called."""
        return self.record_mode != "none"


@dataclass(frozen=True)
class TestSettings:
    """Settings of one test, from its `claude` markers.

    Attributes:
        trials: How often the test is run on a model.
        pass_rate: Share of the trials that must pass, above 0 and at most 1.
    """

    __test__ = False

    trials: int = 1
    pass_rate: float = 1.0

    @property
    def passes_needed(self) -> int:
        """The smallest number of passed trials that reaches `pass_rate`."""
        return passes_needed(self.trials, self.pass_rate)


def passes_needed(trials: int, pass_rate: float) -> int:
    """The smallest whole number of `trials` that is at least the share `pass_rate`.

    >>> passes_needed(5, 0.8), passes_needed(3, 0.5), passes_needed(10, 0.7)
    (4, 2, 7)
    """
    # 0.7 * 10 is a little above 7 in binary; the rounding keeps that from asking for 8.
    return max(1, -int(-round(pass_rate * trials, 9) // 1))


def parse_record_mode(value: str) -> RecordMode:
    """The record mode named by `--claude-record=value`."""
    if value == "rewrite":
        return "all"
    for mode in get_args(RecordMode):
        if value == mode:
            return mode  # type: ignore[no-any-return]  # get_args of a Literal of str
    raise SettingsError(
        f"--claude-record={value}: not a record mode"
        f"{did_you_mean(value, RECORD_MODES)}\n       {', '.join(RECORD_MODES)}"
    )


def parse_swap(option: str, value: str) -> Swap:
    """The pair in `OLD=NEW`."""
    old, separator, new = value.partition("=")
    if not (separator and old.strip() and new.strip()):
        raise SettingsError(
            f"{option} {value!r}: expected OLD=NEW, for example\n"
            f"       {option} claude-sonnet-4-5=claude-sonnet-5-5"
        )
    return Swap(old.strip(), new.strip())


def parse_choice(name: str, value: str, choices: Iterable[str]) -> str:
    """`value`, when it is one of `choices`."""
    known = tuple(choices)
    if value in known:
        return value
    raise SettingsError(f"{name}={value}: {', '.join(known)}{did_you_mean(value, known)}")


def check_trials(name: str, value: object) -> int:
    """`value`, when it is a number of trials."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise SettingsError(f"{name}={value!r}: a whole number of trials, 1 or more")


def merge_test_settings(
    where: str, markers: Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]], trials: int | None
) -> TestSettings:
    """The settings of one test from its `claude` markers, nearest first.

    Markers merge per key and the nearest wins; `trials` of the command line wins over all.

    Raises:
        SettingsError: An argument is unknown or out of range; the text begins with `where`.
    """
    merged: dict[str, Any] = {}
    for args, kwargs in markers:
        call = f"{where}: @pytest.mark.claude({_shown(args, kwargs)})"
        if args:
            raise SettingsError(f"{call}: takes named settings only: {_setting_names()}")
        for key in kwargs:
            check_keyword(call, key, _SETTINGS)
        _check_values(call, kwargs)
        merged = {**kwargs, **merged}
    if trials is not None:
        merged["trials"] = trials
    return TestSettings(**merged)


def check_keyword(call: str, key: str, known: Iterable[str]) -> None:
    """Refuse `key` in a marker unless it is known; the text names the nearest one."""
    known = tuple(known)
    if key not in known:
        raise SettingsError(
            f"{call}: unknown setting {key!r}{did_you_mean(key, known) or '.'} "
            f"Settings: {', '.join(known)}"
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` with the nearest known word, or nothing."""
    import difflib  # only when there is something to say: it costs every run 7 ms

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


_SETTINGS = tuple(field.name for field in fields(TestSettings))


def _setting_names() -> str:
    return ", ".join(_SETTINGS)


def _shown(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    return ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())])


def _check_values(call: str, kwargs: Mapping[str, Any]) -> None:
    if "trials" in kwargs:
        check_trials(f"{call}: trials", kwargs["trials"])
    rate = kwargs.get("pass_rate", 1.0)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
        raise SettingsError(f"{call}: pass_rate={rate!r}: above 0 and at most 1")
