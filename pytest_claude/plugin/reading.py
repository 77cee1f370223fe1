"""What the user set on the command line and in the ini file → settings, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.report_files import check_suffix
from pytest_claude.settings import (
    AdaptMode,
    GatePreset,
    GuardMode,
    JudgeMode,
    NetworkMode,
    RecordMode,
    RunSettings,
    check_trials,
    parse_choice,
    parse_record_mode,
    parse_swap,
)

if TYPE_CHECKING:
    from pytest_claude.plugin.earlier import Earlier

_CREDENTIALS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_PROFILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
)


def read_settings(config: pytest.Config) -> RunSettings:
    """The settings of the run.

    Raises:
        pytest.UsageError: A value is wrong, or the run would record where it must not.
    """
    try:
        settings = _read(config)
        if settings.recording and not hasattr(config, "workerinput"):
            _check_recording(os.environ, allowed=config.getoption("claude_record_in_ci"))
            _check_attempt(os.environ, settings)
    except SettingsError as error:
        raise usage_error(error) from None
    return settings


def read_comparison(config: pytest.Config, settings: RunSettings) -> Earlier | None:
    """What an earlier run brings into a gate; None in a plain run.

    Raises:
        pytest.UsageError: A run file or a ledger can't be read.
    """
    if not settings.gated:
        return None
    from pytest_claude.plugin.earlier import read_earlier

    try:
        return read_earlier(config, settings)
    except SettingsError as error:
        raise usage_error(error) from None


def usage_error(error: SettingsError) -> pytest.UsageError:
    """`error` as pytest tells it: within 80 columns, and exit status 4."""
    from pytest_claude.report.terminal import usage_text  # a run without one does not pay for it

    return pytest.UsageError(usage_text(str(error)))


def _read(config: pytest.Config) -> RunSettings:
    def given(name: str) -> list[str]:
        return config.getoption(name) or []

    guard = parse_choice("claude_guard", config.getini("claude_guard"), ("session", "tests"))
    network = parse_choice("claude_network", config.getini("claude_network"), ("open", "none"))
    judge = parse_choice("claude_judge", config.getini("claude_judge"), ("never", "unsure"))
    judge_model = config.getini("claude_judge_model") or None
    if judge == "unsure" and judge_model is None:
        raise SettingsError("claude_judge=unsure: needs claude_judge_model, the model to ask")
    adapt = parse_choice(
        "--claude-adapt", config.getoption("claude_adapt") or "auto", ("auto", "hook", "off")
    )
    reports = tuple(Path(config.invocation_params.dir, path) for path in given("claude_report"))
    for path in reports:
        check_suffix("--claude-report", path)
    swaps = tuple(parse_swap("--claude-swap", value) for value in given("claude_swap"))
    bump = tuple(parse_swap("--claude-bump", value) for value in given("claude_bump"))
    if swaps and bump:
        raise SettingsError("--claude-swap and --claude-bump: one of them, not both")
    baseline, go_on = config.getoption("claude_baseline"), config.getoption("claude_continue")
    if baseline and bump:
        raise SettingsError("--claude-baseline and --claude-bump: one of them, not both")
    if go_on and not bump:
        raise SettingsError("--claude-continue needs the --claude-bump that it goes on with")
    gate = config.getoption("claude_gate")
    gate_name = "--claude-gate" if gate else "claude_gate"
    names = _names(config)
    settings = RunSettings(
        cassette_root=config.rootpath / config.getini("claude_cassette_dir"),
        rootdir=config.rootpath,
        record_mode=_record_mode(config.getoption("claude_record")),
        trials=_trials(config.getoption("claude_trials")),
        swaps=swaps,
        bump=bump,
        adapt=cast(AdaptMode, adapt),
        reports=reports,
        guard=cast(GuardMode, guard),
        network=cast(NetworkMode, network),
        allow_hosts=tuple(config.getini("claude_allow_hosts")),
        ignore=tuple(config.getini("claude_ignore")),
        strict=config.getoption("claude_strict"),
        show_transcript=config.getoption("claude_show_transcript"),
        gate=cast(
            GatePreset,
            parse_choice(gate_name, gate or config.getini("claude_gate"), get_args(GatePreset)),
        ),
        baseline=baseline,
        go_on=None if go_on is None else Path(config.invocation_params.dir, go_on),
        max_cost_ratio=_ratio(config.getini("claude_max_cost_ratio")),
        retirement_days=_retirement_days(str(config.getini("claude_retirement_days"))),
        record_refused=config.getoption("claude_record_refused"),
        prices=_prices(tuple(config.getini("claude_prices"))),
        names=names,
        model=config.getini("claude_model") or None,
        judge=cast(JudgeMode, judge),
        judge_model=judge_model,
        output_tools=tuple(config.getini("claude_output_tools")),
        asking_tools=tuple(config.getini("claude_asking_tools")),
    )
    return replace(settings, attempt=_attempt(config, settings)) if bump else settings


def _attempt(config: pytest.Config, settings: RunSettings) -> int:
    given = getattr(config, "workerinput", {}).get("claude_attempt")
    if given is not None:
        return int(given)
    from pytest_claude.plugin.attempts import next_attempt

    return next_attempt(settings)


def _ratio(value: str) -> float | None:
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        raise SettingsError(f"claude_max_cost_ratio = {value}: a number, for example 1.2") from None


def _record_mode(value: str | None) -> RecordMode:
    return "none" if value is None else parse_record_mode(value)


def _retirement_days(value: str) -> int | None:
    if value != "off" and not value.isdecimal():
        raise SettingsError(f"claude_retirement_days = {value}: a whole number of days, or off")
    return None if value == "off" else int(value)


def _prices(lines: tuple[str, ...]) -> tuple[str, ...]:
    if lines:
        from pytest_claude.models.prices import price_table

        price_table(lines)  # a wrong line is told before the first test
    return lines


def _names(config: pytest.Config) -> ModelNames:
    """What the project's own names of models stand for."""
    lines = config.getini("claude_model_map")
    if not lines:
        return NO_NAMES
    from pytest_claude.models.model_map import read_model_map  # late: it reads the models' facts

    return read_model_map(lines)


def _trials(value: str | None) -> int | None:
    if value is None:
        return None
    return check_trials("--claude-trials", int(value) if value.isdecimal() else value)


def _check_attempt(environment: Mapping[str, str], settings: RunSettings) -> None:
    if not environment.get("CI") or settings.record_mode != "all" or settings.attempt == 1:
        return
    from pytest_claude.gating import Policy

    if settings.attempt > (most := Policy().max_attempts_in_ci):
        raise SettingsError(
            f"--claude-record=all would be attempt {settings.attempt} at this bump; while CI is "
            f"set there is {most}\n"
            "       to replay the verdict, leave --claude-record out; to ask again, do it by hand"
        )


def _check_recording(environment: Mapping[str, str], *, allowed: bool) -> None:
    if environment.get("CI") and not allowed:
        raise SettingsError(
            "--claude-record is refused while CI is set: it would pay and change files\n"
            "       to allow it, add --claude-record-in-ci"
        )
    if not any(environment.get(name) for name in _CREDENTIALS):
        raise SettingsError(
            "--claude-record needs ANTHROPIC_API_KEY, which is not set\n"
            "       to replay instead, leave --claude-record out"
        )
