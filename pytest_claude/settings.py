"""What the user set, checked and merged once: command line > marker > ini > default."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.models.model_facts import EFFORTS

RecordMode = Literal["none", "once", "new_episodes", "all"]
AdaptMode = Literal["auto", "hook", "off"]
GuardMode = Literal["session", "tests"]
NetworkMode = Literal["open", "none"]
BatchRole = Literal["off", "record", "collect"]
ProgressMode = Literal["json", "off"]
JudgeMode = Literal["unsure", "never", "always", "guess"]
JUDGE_MODEL = "claude-haiku-5-5"
"""Who reads replies where the project names nobody: small, current, and one model for one id."""

STORE_REQUESTS = 64_000
"""The bytes of the longest string of a request that its cassette holds itself."""

RETIREMENT_DAYS = 60
"""How many days before its retirement a model in use is told."""

GatePreset = Literal["quick", "standard", "thorough"]

RECORD_MODES: tuple[str, ...] = (*get_args(RecordMode), "rewrite")
"""vcrpy's words; `rewrite` is another name for `all`."""


@dataclass(frozen=True)
class Swap:
    """Requests for `old` are sent to `new`, with `effort` where one is named."""

    old: str
    new: str
    effort: str | None = None

    def __str__(self) -> str:
        return f"{self.old}={self.candidate}"

    @property
    def candidate(self) -> str:
        """`NEW`, or `NEW@effort`."""
        return self.new if self.effort is None else f"{self.new}@{self.effort}"


@dataclass(frozen=True)
class Candidate:
    """What is compared with the baseline: other models, or the app with variables set.

    Attributes:
        pairs: Models that are replaced; empty where variables are set.
        environment: Variables that the app runs with, and their values, sorted.
    """

    pairs: tuple[Swap, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """`NEW`, `NEW@effort` or `NAME=VALUE …`, as people read it."""
        if self.pairs:
            return ", ".join(pair.candidate for pair in self.pairs)
        return " ".join(f"{name}={shlex.quote(value)}" for name, value in self.environment)

    @property
    def option(self) -> str:
        """What is typed for it alone."""
        if self.pairs:
            return " ".join(f"--claude-bump {pair}" for pair in self.pairs)
        return f"--claude-candidate {shlex.quote(self.name)}"


def typed_options(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """What is typed to compare several candidates with one baseline."""
    every = tuple(candidates)
    pairs = [pair for each in every for pair in each.pairs]
    news = ",".join(pair.candidate for pair in pairs)
    bump = (f"--claude-bump {pairs[0].old}={news}",) if pairs else ()
    return (*bump, *(each.option for each in every if each.environment))


@dataclass(frozen=True)
class Part:
    """What one process takes of a comparison of several candidates.

    Attributes:
        candidate: Whose trials it takes; None: the baseline's.
        old: The model that the candidates replace; None where they set variables only.
        arms: The options of all candidates that share the chances of a false alarm.
        typed: What is typed for all candidates of the run.
        first_attempt: The attempt at which they were compared first.
        suspects: For how many suspects the duels are calibrated, over all candidates; None where
            that is not known yet, and screens alone are run.
        keys: The trials to take beside those that no other trial decides on: test, stream, index.
        earlier: The run file of what was taken before; None at first.
        out: Where it leaves what it took.
    """

    candidate: Candidate | None
    old: str | None
    arms: tuple[str, ...]
    typed: tuple[str, ...] = ()
    first_attempt: int = 1
    suspects: int | None = None
    keys: tuple[tuple[str, str, int], ...] = ()
    earlier: Path | None = None
    out: Path | None = None


@dataclass(frozen=True)
class RunSettings:
    """Settings of one pytest run.

    Attributes:
        cassette_root: The folder that holds all cassettes.
        rootdir: Pytest's, which paths are shown relative to.
        record_mode: vcrpy's record mode; "none" never calls the API.
        batch: Whether calls are made in batches, and the part of this process in it: to "collect"
            what the tests ask, in a round, or to "record" what was answered.
        dry_run: Whether a recording is only estimated: no API is called, nothing is written.
        trials: Trials per test, over the marker's; None when not given, and `ALL_RECORDED`.
        swaps: Models replaced in a plain run.
        bump: Models whose candidates are compared with them; empty outside a bump.
        candidates: What is compared with one baseline where that is more than a bump of models:
            each in a process of its own; empty otherwise.
        gate_any: Whether one candidate that passes is enough.
        part: What this process takes of such a comparison; None elsewhere.
        adapt: Whether a request is rewritten where the candidate needs it: the built-in rewrites
            and the conftest hook, the hook alone, or neither.
        reports: Files to write the run to.
        guard: "session": in replay mode no test of the session reaches a model;
            "tests": only claude tests are guarded.
        dummy_key: While what lasts a variable without a value holds a key that opens nothing, in
            replay: "tests", each claude test, or the "session".
        network: "open": in replay mode other network than model traffic is not touched;
            "none": nothing but loopback and `allow_hosts` is reached.
        allow_hosts: Exact names of hosts that stay open when the network is closed.
        ignore: Rules for the parts of requests that don't count.
        store_requests: The bytes of the longest string of a request that its cassette holds, and
            not the suite's store; 0 for any length.
        strict: Whether a recording that is not played fails its test.
        show_transcript: Whether a failed test shows what was said.
        prices: The user's own prices, one model a line.
        retirement_days: How many days ahead a model's retirement is told; None: never.
        record_refused: Whether a call that its model is known to refuse is paid for.
        names: What the project's own names of models stand for.
        model: What `claude.ask` asks; None when not set.
        judge: Which replies a judge reads while a suite is recorded, of those that a check or a
            gate's profile asks about: "unsure", what the rules leave open; "always", all; "never",
            none. "guess": none, and the rules' best guess counts.
        judge_model: Who reads them, and what `claude.judge` asks; None when not set.
        gate: The preset of the gate's policy.
        baseline: The earlier run that this one is compared with, as given (`last`, `git:REV` or
            a run file); None outside such a comparison.
        attempt: Which attempt of the bump this is, from 1.
        progress: How the progress of a recording is shown: "json" as one object a line; "off"; or
            None: as the terminal allows.
        progress_path: Where that JSON goes; None for standard error.
        go_on: The run file of a gate that is to be gone on with; None otherwise.
        budget_usd: The dollars that a recording may cost; None where there is no limit.
        max_cost_ratio: The candidate's cost over the baseline's at which a gate fails; None where
            cost does not gate.
        output_tools: Globs of tools whose input is the answer.
        asking_tools: Globs of tools whose call is a question to the user.
    """

    cassette_root: Path
    rootdir: Path = Path()
    record_mode: RecordMode = "none"
    batch: BatchRole = "off"
    dry_run: bool = False
    trials: int | None = None
    swaps: tuple[Swap, ...] = ()
    bump: tuple[Swap, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    gate_any: bool = False
    part: Part | None = None
    adapt: AdaptMode = "auto"
    reports: tuple[Path, ...] = ()
    guard: GuardMode = "session"
    dummy_key: GuardMode = "tests"
    network: NetworkMode = "open"
    allow_hosts: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    store_requests: int = STORE_REQUESTS
    strict: bool = False
    show_transcript: bool = False
    prices: tuple[str, ...] = ()
    names: ModelNames = NO_NAMES
    retirement_days: int | None = RETIREMENT_DAYS
    record_refused: bool = False
    model: str | None = None
    judge: JudgeMode = "unsure"
    judge_model: str | None = JUDGE_MODEL
    output_tools: tuple[str, ...] = ()
    asking_tools: tuple[str, ...] = ()
    gate: GatePreset = "quick"
    baseline: str | None = None
    attempt: int = 1
    progress: ProgressMode | None = None
    progress_path: Path | None = None
    go_on: Path | None = None
    max_cost_ratio: float | None = None
    budget_usd: float | None = None

    @property
    def asks_judge(self) -> bool:
        """Whether a judge reads what the rules leave open, or every reply."""
        return self.judge in ("unsure", "always")

    @property
    def gated(self) -> bool:
        """Whether two sides are compared, so that only the verdict fails a test."""
        return bool(self.bump or self.candidates or self.part) or self.baseline is not None

    @property
    def arms(self) -> tuple[str, ...]:
        """The options of the candidates that share the gate of this process; empty without."""
        return () if self.part is None else self.part.arms

    @property
    def records(self) -> bool:
        """Whether this is a recording, or the dry run of one."""
        return self.record_mode != "none"

    @property
    def recording(self) -> bool:
        """Whether the API may be called."""
        return self.records and not self.dry_run


@dataclass(frozen=True)
class TestSettings:
    """Settings of one test, from its `claude` markers.

    Attributes:
        trials: How often the test is run on a model.
        pass_rate: Share of the trials that must pass, above 0 and at most 1.
        live: Whether the test reaches the API itself: neither recorded nor replayed.
        cassette: Name of the cassette that it shares with other tests; None where it has its own.
        accepted: Why a regression of it does not fail the gate now; None where it does.
        expired: Why one was accepted, and until when, where that is over.
    """

    __test__ = False

    trials: int = 1
    pass_rate: float = 1.0
    live: bool = False
    cassette: str | None = None
    accepted: str | None = None
    expired: str | None = None

    @property
    def passes_needed(self) -> int:
        """The smallest number of passed trials that reaches `pass_rate`."""
        return passes_needed(self.trials, self.pass_rate)


def passes_needed(trials: int, pass_rate: float) -> int:
    """The smallest whole number of `trials` that is at least the share `pass_rate`.

    >>> passes_needed(5, 0.8), passes_needed(3, 0.5), passes_needed(25, 0.28)
    (4, 2, 7)
    """
    # 0.28 * 25 is a little above 7 in binary; the rounding keeps that from asking for 8.
    return max(1, -int(-round(pass_rate * trials, 9) // 1))


def parse_record_mode(value: str) -> RecordMode:
    """The record mode named by `--claude-record=value`."""
    mode: Any = parse_choice("--claude-record", value, RECORD_MODES)
    return "all" if mode == "rewrite" else mode


def parse_swap(option: str, value: str) -> Swap:
    """The pair in `OLD=NEW` or `OLD=NEW@effort`."""
    swap, *others = parse_swaps(option, value)
    if others:
        raise SettingsError(f"{option} {value}: one model takes the place of {swap.old}")
    return swap


def parse_swaps(option: str, value: str) -> tuple[Swap, ...]:
    """The pairs in `OLD=NEW,NEW,…`, each NEW with an effort behind its last `@`, or none.

    >>> parse_swaps("--claude-bump", "a=b,c@low,d@20250929")[1:]
    (Swap(old='a', new='c', effort='low'), Swap(old='a', new='d@20250929', effort=None))
    """
    old, _, news = value.partition("=")
    names = [name.strip() for name in news.split(",")]
    if not (old.strip() and all(names)):
        raise SettingsError(
            f"{option} {value!r}: expected OLD=NEW, for example\n"
            f"       {option} claude-sonnet-4-5=claude-sonnet-5-5"
        )
    return tuple(Swap(old.strip(), *_with_effort(option, name)) for name in names)


def _with_effort(option: str, name: str) -> tuple[str, str | None]:
    new, at, word = name.rpartition("@")
    if at and new and word in EFFORTS:
        return new, word
    if at and word.isalpha() and word not in ("default", "latest"):  # as versions on Vertex are
        near = did_you_mean(word.lower(), EFFORTS)
        raise SettingsError(f"{option} {name}: the effort is not one of {', '.join(EFFORTS)}{near}")
    return name, None


def parse_environment(option: str, value: str) -> Candidate:
    """The candidate in `NAME=VALUE …`, quoted as in a shell.

    >>> parse_environment("--claude-candidate", "MODEL=gpt-4o PROMPT='be short'").name
    "MODEL=gpt-4o PROMPT='be short'"
    """
    try:
        pairs = [word.partition("=") for word in shlex.split(value)]
    except ValueError as error:
        raise SettingsError(f"{option} {value!r}: {error}") from None
    if not pairs or not all(name.isidentifier() and sign for name, sign, _ in pairs):
        raise SettingsError(
            f'{option} {value!r}: expected "NAME=VALUE …", for example\n'
            f'       {option} "APP_MODEL=claude-sonnet-5-5"'
        )
    names = [name for name, _, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise SettingsError(f"{option} {value!r}: {twice[0]} is set twice")
    return Candidate(environment=tuple(sorted((name, text) for name, _, text in pairs)))


def parse_candidate(words: str) -> Candidate:
    """The candidate that an option names, as `Candidate.option` writes it.

    >>> parse_candidate("--claude-bump a=b@low").name
    'b@low'
    """
    option, value = shlex.split(words)
    if option == "--claude-candidate":
        return parse_environment(option, value)
    return Candidate(parse_swaps(option, value))


def side_by_side(
    bumps: Sequence[tuple[Swap, ...]], environments: Sequence[Candidate]
) -> tuple[tuple[Swap, ...], tuple[Candidate, ...]]:
    """The pairs of one bump, or the candidates that are compared with one baseline.

    Args:
        bumps: The pairs of each `--claude-bump`.
        environments: Those of each `--claude-candidate`.

    Raises:
        SettingsError: They can't be compared together.
    """
    pairs = tuple(swap for swaps in bumps for swap in swaps)
    if len(pairs) == len(bumps) and not environments:
        return pairs, ()
    if len(bumps) > 1:
        words = " ".join(f"--claude-bump {swaps[0].old}=…" for swaps in bumps)
        raise SettingsError(
            f"{words}: several candidates are compared with one OLD; name one --claude-bump"
        )
    candidates = (*(Candidate((swap,)) for swap in pairs), *environments)
    names = [candidate.name for candidate in candidates]
    if twice := [name for name in names if names.count(name) > 1]:
        raise SettingsError(f"{twice[0]} is named twice as a candidate")
    return (), candidates


def parse_choice(name: str, value: str, choices: Iterable[str]) -> str:
    """`value`, when it is one of `choices`."""
    known = tuple(choices)
    if value in known:
        return value
    raise SettingsError(
        f"{name}={value}: not one of {', '.join(known)}{did_you_mean(value, known)}"
    )


def parse_store_requests(value: str) -> int:
    """The bytes that `claude_store_requests` means; 0 for `off`.

    >>> parse_store_requests("64 kB"), parse_store_requests("2MB"), parse_store_requests("off")
    (64000, 2000000, 0)
    """
    match = re.fullmatch(r"(\d+)\s*(|B|kB|MB)", value.strip(), re.IGNORECASE)
    if value.strip() in ("off", "0"):
        return 0
    size = int(match[1]) * _BYTES[match[2].lower()] if match else 0
    if size < 1000:
        raise SettingsError(
            f"claude_store_requests = {value}: a size of 1 kB or more, such as 64 kB, or off"
        )
    return size


def parse_days(name: str, value: str) -> int | None:
    """The days in `value`; None for `off`.

    >>> parse_days("--within", "30"), parse_days("claude_retirement_days", "off")
    (30, None)
    """
    if value != "off" and not value.isdecimal():
        raise SettingsError(f"{name} = {value}: a whole number of days, or off")
    return None if value == "off" else int(value)


def parse_dollars(name: str, value: str) -> float:
    """The dollars in `value`, more than 0.

    >>> parse_dollars("--claude-budget", "2.50"), parse_dollars("claude_budget", "$2")
    (2.5, 2.0)
    """
    if (match := re.fullmatch(r"\$?(\d+(?:\.\d+)?|\.\d+)", value.strip())) and float(match[1]):
        return float(match[1])
    raise SettingsError(f"{name}={value}: US dollars, more than 0, for example 2.50")


_BYTES = {"": 1, "b": 1, "kb": 1000, "mb": 1_000_000}

ALL_RECORDED = 0
"""A number of trials: as many of each test as are recorded, the marker's at least."""


def check_trials(name: str, value: object, other: str = "") -> int:
    """`value`, when it is a number of trials.

    Args:
        name: What it was given to.
        value: What was given.
        other: What else can be given there, in words.

    Raises:
        SettingsError: It is another value.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    wanted = ", ".join(filter(None, ("a whole number of trials, 1 or more", other)))
    raise SettingsError(f"{name}={value!r}: {wanted}")


def check_together(settings: RunSettings) -> None:
    """Refuse settings of which one contradicts another.

    Raises:
        SettingsError: With both names.
    """
    if settings.asks_judge and settings.judge_model is None:
        raise SettingsError(
            f"claude_judge={settings.judge}: needs claude_judge_model, the model to ask"
        )
    compared = settings.candidates[0].option.split()[0] if settings.candidates else "--claude-bump"
    for option, given in (
        ("--claude-swap", settings.swaps),
        ("--claude-baseline", settings.baseline),
    ):
        if given and (settings.bump or settings.candidates):
            raise SettingsError(f"{option} and {compared}: one of them, not both")
    if settings.gate_any and not settings.candidates:
        raise SettingsError("--claude-gate-any: needs several candidates, --claude-bump OLD=A,B")
    if settings.go_on and settings.candidates:
        raise SettingsError(
            "--claude-continue: a comparison of several candidates goes on by itself; type it "
            "again with --claude-record"
        )
    for option, swaps in (("--claude-bump", settings.bump), ("--claude-swap", settings.swaps)):
        first: dict[str, Swap] = {}
        for swap in swaps:
            other = first.setdefault(settings.names.canonical(swap.old), swap)
            if other is not swap:
                raise SettingsError(
                    f"{option} {other} {option} {swap}: two models for one {swap.old}; name one"
                )
    if settings.dry_run and not settings.records:
        raise SettingsError(
            "--claude-dry-run and --claude-record=none: nothing would be recorded\n"
            "       to see what a recording takes, type  pytest --claude-record --claude-dry-run"
        )
    if settings.dry_run and settings.go_on:
        raise SettingsError(
            "--claude-dry-run and --claude-continue: the file of a run says what it still needs"
        )
    if settings.go_on and not settings.bump:
        raise SettingsError("--claude-continue needs the --claude-bump that it goes on with")


_CREDENTIALS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_PROFILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
)


def check_recording(
    settings: RunSettings, environment: Mapping[str, str], allowed: bool, most_attempts: int
) -> None:
    """Refuse to call the API where nobody allowed it, or no call could be made.

    Args:
        settings: Of a run that records.
        environment: The process's variables.
        allowed: Whether the user allows it while CI is set.
        most_attempts: How many attempts at one bump a run in CI may make.

    Raises:
        SettingsError: With what to type.
    """
    in_ci = environment.get("CI")
    if in_ci and not allowed:
        raise SettingsError(
            "--claude-record is refused while CI is set: it would pay and change files\n"
            "       to allow it, add --claude-record-in-ci"
        )
    if not any(environment.get(name) for name in _CREDENTIALS):
        raise SettingsError(
            "--claude-record needs ANTHROPIC_API_KEY, which is not set\n"
            "       to replay instead, leave --claude-record out"
        )
    again = settings.record_mode == "all" and settings.attempt > 1
    if in_ci and again and settings.attempt > most_attempts:
        raise SettingsError(
            f"--claude-record=all would be attempt {settings.attempt} at this bump; while CI is "
            f"set there is {most_attempts}\n"
            "       to replay the verdict, leave --claude-record out; to ask again, do it by hand"
        )


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
            raise SettingsError(f"{call}: takes named settings only: {', '.join(_SETTINGS)}")
        for key in kwargs:
            check_keyword(call, key, _SETTINGS)
        _check_values(call, kwargs)
        merged = {**kwargs, **merged}
    if trials:  # ALL_RECORDED is settled test by test
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


def merge_acceptances(
    where: str,
    markers: Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]],
    pairs: Iterable[Swap],
    today: date,
) -> tuple[str | None, str | None]:
    """Why a regression is accepted in a bump of `pairs`, and why it was and is no more.

    Args:
        where: Begins the text of an error.
        markers: Arguments of the `claude_accept` markers of one test, the nearest first.
        pairs: What is bumped; all must be accepted.
        today: The day that expiry is measured by; the last day still counts.

    Raises:
        SettingsError: A marker is incomplete or its date is none.
    """
    known = [_acceptance(where, args, kwargs) for args, kwargs in markers]
    accepted = expired = None
    for pair in pairs:
        found = next((entry for entry in known if entry[0] == pair), None)
        if found is None:
            return None, None
        told = f"{found[1]} (until {found[2].isoformat()})"
        accepted, expired = (told, expired) if today <= found[2] else (accepted, told)
    return (None, expired) if expired else (accepted, None)


def _acceptance(
    where: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Swap, str, date]:
    call = f"{where}: @pytest.mark.claude_accept({_shown(args, kwargs)})"
    for key in kwargs:
        check_keyword(call, key, ("reason", "until"))
    if len(args) != 1 or not isinstance(args[0], str):
        raise SettingsError(f'{call}: the bump comes first, as "OLD=NEW"')
    pair = parse_swap(f"{where}: claude_accept", args[0])
    reason, until = kwargs.get("reason"), kwargs.get("until")
    if not isinstance(reason, str) or not reason.strip():
        raise SettingsError(f"{call}: reason= says why the change is accepted")
    try:
        day = until if isinstance(until, date) else date.fromisoformat(str(until))
    except ValueError:
        raise SettingsError(f'{call}: until= is a day, for example "2027-03-31"') from None
    return pair, reason, day


_SETTINGS = tuple(f.name for f in fields(TestSettings) if f.name not in ("accepted", "expired"))


def _shown(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    return ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())])


def check_pass_rate(call: str, rate: object) -> None:
    """Refuse what is no pass rate; `call` is what was written."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
        raise SettingsError(f"{call}: pass_rate={rate!r}: above 0 and at most 1")


def _check_values(call: str, kwargs: Mapping[str, Any]) -> None:
    if "trials" in kwargs:
        check_trials(f"{call}: trials", kwargs["trials"])
    check_pass_rate(call, kwargs.get("pass_rate", 1.0))
    if not isinstance(kwargs.get("live", False), bool):
        raise SettingsError(f"{call}: live={kwargs['live']!r}: True or False")
    if not isinstance(kwargs.get("cassette"), str | None):
        raise SettingsError(
            f"{call}: cassette={kwargs['cassette']!r}: a name, for example 'checkout'"
        )
