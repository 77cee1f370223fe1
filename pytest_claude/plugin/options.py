"""Options, ini keys and markers, and how they become settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.settings import (
    RECORD_MODES,
    AdaptMode,
    GuardMode,
    RecordMode,
    RunSettings,
    check_trials,
    parse_choice,
    parse_record_mode,
    parse_swap,
)

SETTINGS = pytest.StashKey[RunSettings]()
COLLECTED_LINE = pytest.StashKey[str]()

MARKERS = {
    "claude": "claude(*, trials=1, pass_rate=1.0): record or replay the model traffic of this "
    "test; run it `trials` times on a model, of which the share `pass_rate` must pass.",
    "claude_calls_tool": "claude_calls_tool(name, arguments={}, *, times=None, exact=False, "
    "offered=True, **arguments): after the body, Claude must have called this tool.",
    "claude_clarifies": "claude_clarifies(): after the body, Claude's last reply must ask for "
    "what it needs instead of guessing.",
    "claude_returns_json": "claude_returns_json(*, schema=None, where='answer'): after the body, "
    "Claude's last reply must be JSON and satisfy the schema.",
}

_CREDENTIALS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_PROFILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
)


def add_options(parser: pytest.Parser) -> None:
    """Declare every option and ini key."""
    group = parser.getgroup("claude", "behavior regression tests of Claude (pytest-claude)")
    group.addoption(
        "--claude-record",
        nargs="?",
        const="new_episodes",
        metavar="MODE",
        help="call the API and record its answers: new_episodes (what the bare option means), "
        "once, all (or rewrite), none (the default: replay only)",
    )
    group.addoption(
        "--claude-record-in-ci",
        action="store_true",
        help="allow --claude-record while the environment variable CI is set",
    )
    group.addoption(
        "--claude-trials",
        metavar="N",
        help="run each claude test N times on a model, whatever its marker says",
    )
    group.addoption(
        "--claude-swap",
        action="append",
        metavar="OLD=NEW",
        help="send every request for the model OLD to NEW (repeatable)",
    )
    group.addoption(
        "--claude-bump",
        action="append",
        metavar="OLD=NEW",
        help="run each claude test that uses OLD on both models and compare (repeatable)",
    )
    group.addoption(
        "--claude-adapt",
        metavar="auto|hook|off",
        help="rewrite requests that NEW would refuse: the built-in rewrites and the conftest hook "
        "(auto, the default), the hook alone, or nothing",
    )
    group.addoption(
        "--claude-report",
        action="append",
        metavar="PATH",
        help="write the run to PATH; .json is the versioned run file (repeatable)",
    )
    parser.addini(
        "claude_cassette_dir",
        "folder of the cassettes, relative to rootdir (default: cassettes)",
        default="cassettes",
    )
    parser.addini(
        "claude_guard",
        "session (default): in replay mode no test of a session with claude tests reaches a "
        "model; tests: only claude tests are guarded",
        default="session",
    )


def join_record_path(args: list[str]) -> None:
    """Make the word after a bare `--claude-record` a path again, unless it is a record mode.

    argparse would take it for the option's value, and the whole suite would be recorded and paid
    instead of the one path.
    """
    for number, word in enumerate(args):
        if word == "--claude-record":
            following = args[number + 1] if number + 1 < len(args) else ""
            if following in RECORD_MODES:
                args[number : number + 2] = [f"{word}={following}"]
            else:
                args[number] = f"{word}=new_episodes"
            return


def read_settings(config: pytest.Config) -> RunSettings:
    """The settings of the run.

    Raises:
        pytest.UsageError: A value is wrong, or the run would record where it must not.
    """
    try:
        settings = _read(config)
        if settings.recording and not hasattr(config, "workerinput"):
            _check_recording(os.environ, allowed=config.getoption("claude_record_in_ci"))
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
    return settings


def _read(config: pytest.Config) -> RunSettings:
    def given(name: str) -> list[str]:
        return config.getoption(name) or []

    guard = parse_choice("claude_guard", config.getini("claude_guard"), ("session", "tests"))
    adapt = parse_choice(
        "--claude-adapt", config.getoption("claude_adapt") or "auto", ("auto", "hook", "off")
    )
    reports = tuple(Path(config.invocation_params.dir, path) for path in given("claude_report"))
    for path in reports:
        if path.suffix != ".json":
            raise SettingsError(f"--claude-report {path.name}: only .json is known so far")
    swaps = tuple(parse_swap("--claude-swap", value) for value in given("claude_swap"))
    bump = tuple(parse_swap("--claude-bump", value) for value in given("claude_bump"))
    if swaps and bump:
        raise SettingsError("--claude-swap and --claude-bump: one of them, not both")
    return RunSettings(
        cassette_root=config.rootpath / config.getini("claude_cassette_dir"),
        record_mode=_record_mode(config.getoption("claude_record")),
        trials=_trials(config.getoption("claude_trials")),
        swaps=swaps,
        bump=bump,
        adapt=cast(AdaptMode, adapt),
        reports=reports,
        guard=cast(GuardMode, guard),
    )


def _record_mode(value: str | None) -> RecordMode:
    return "none" if value is None else parse_record_mode(value)


def _trials(value: str | None) -> int | None:
    if value is None:
        return None
    return check_trials("--claude-trials", int(value) if value.isdecimal() else value)


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
