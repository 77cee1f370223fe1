"""Every option and ini key: one table that declares, parses and checks them.

Declared in every run of pytest, so this imports pytest alone; a parser imports what it needs.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

import pytest

if TYPE_CHECKING:
    from pytest_claude.errors import SettingsError
    from pytest_claude.recording.doors.import_watch import ImportWatch
    from pytest_claude.settings import RunSettings

SETTINGS: pytest.StashKey[RunSettings] = pytest.StashKey()
LEFT_OUT: pytest.StashKey[list[str]] = pytest.StashKey()
"""Ids of the modules that skipped themselves while they were imported."""
UNCOLLECTED: pytest.StashKey[list[str]] = pytest.StashKey()
"""Ids of the modules, classes and folders that could not be collected."""
IMPORT_WATCH: pytest.StashKey[ImportWatch] = pytest.StashKey()
WORKERS: pytest.StashKey[int] = pytest.StashKey()
"""How many workers of xdist all processes that take the trials of candidates may have."""
PART = "PYTEST_CLAUDE_PART"
"""Variable that says what such a process takes, and of which project."""

running_sessions = 0
"""Sessions of this process that have been configured and not ended: two where one runs pytest."""


def recorded_of(config: pytest.Config, key: pytest.StashKey[list[str]]) -> list[str]:
    """Those of the modules, classes and folders under `key` of which something is recorded."""
    root, nodes = config.stash[SETTINGS].cassette_root, config.stash.get(key, [])
    names = {node: node.partition("::")[0].removesuffix(".py") for node in nodes}
    return [node for node, name in names.items() if name and (root / name).is_dir()]


class Setting(NamedTuple):
    """An option of the command line, or a key of the ini file; the option wins.

    Attributes:
        name: As it is typed.
        field: The field of the run's settings that it sets; a name of its own where it sets none.
        parse: From what was typed to the field's value; raises SettingsError with the name.
        help: What `pytest --help` says.
        declared: How argparse, or pytest's ini reader, takes it.
    """

    name: str
    field: str
    parse: Callable[[pytest.Config, Setting, Any], object]
    help: str
    declared: Mapping[str, Any]


# --- parsers --------------------------------------------------------------------------------


def _as_given(_config: pytest.Config, _setting: Setting, value: Any) -> object:
    return tuple(value) if isinstance(value, list) else value or None


def _choice(_config: pytest.Config, setting: Setting, value: str) -> object:
    """One of the words that the type of the field lists."""
    from pytest_claude.settings import RunSettings, parse_choice

    return parse_choice(setting.name, value, get_args(get_type_hints(RunSettings)[setting.field]))


def _record_mode(_config: pytest.Config, _setting: Setting, value: str) -> object:
    from pytest_claude.settings import parse_record_mode

    return parse_record_mode(value)


def _batch_role(_config: pytest.Config, _setting: Setting, _value: bool) -> object:
    from pytest_claude.plugin.scale.batch import role

    return role()


def _number_of_trials(_config: pytest.Config, setting: Setting, value: str) -> object:
    from pytest_claude.settings import ALL_RECORDED, check_trials

    if value == "recorded":
        return ALL_RECORDED
    number = int(value) if value.isdecimal() else value
    return check_trials(setting.name, number, "or `recorded`")


def _swaps(_config: pytest.Config, setting: Setting, value: list[str]) -> object:
    from pytest_claude.settings import parse_swap

    return tuple(parse_swap(setting.name, pair) for pair in value)


def _bumps(_config: pytest.Config, setting: Setting, value: list[str]) -> object:
    from pytest_claude.settings import parse_swaps

    return tuple(parse_swaps(setting.name, pairs) for pairs in value)


def _environments(_config: pytest.Config, setting: Setting, value: list[str]) -> object:
    from pytest_claude.errors import SettingsError
    from pytest_claude.recording.secrets import is_secret
    from pytest_claude.settings import parse_environment

    candidates = tuple(parse_environment(setting.name, each) for each in value)
    for name, text in (pair for candidate in candidates for pair in candidate.environment):
        if is_secret(name, text):
            raise SettingsError(
                f"{setting.name}: {name} looks like a secret, and its value would be in paths and "
                "reports; set it in the environment of the run"
            )
    return candidates


def _path(config: pytest.Config, _setting: Setting, value: str) -> object:
    return Path(config.invocation_params.dir, value)


def _reports(config: pytest.Config, setting: Setting, value: list[str]) -> object:
    from pytest_claude.report_files import check_suffix

    paths = tuple(Path(config.invocation_params.dir, path) for path in value)
    for path in paths:
        check_suffix(setting.name, path)
    return paths


def _below_rootdir(config: pytest.Config, _setting: Setting, value: str) -> object:
    return config.rootpath / value


def _ratio(_config: pytest.Config, setting: Setting, value: str) -> object:
    from pytest_claude.errors import SettingsError

    try:
        return float(value) if value else None
    except ValueError:
        raise SettingsError(f"{setting.name} = {value}: a number, for example 1.2") from None


def _dollars(_config: pytest.Config, setting: Setting, value: str) -> object:
    from pytest_claude.settings import parse_dollars

    return parse_dollars(setting.name, value) if value else None


def _days(_config: pytest.Config, setting: Setting, value: str) -> object:
    from pytest_claude.settings import parse_days

    return parse_days(setting.name, value)


def _progress(config: pytest.Config, setting: Setting, value: str) -> object:
    """`json`, with a path or without, or `off`."""
    from pytest_claude.settings import parse_choice

    mode, _, path = value.partition(":")
    if mode == "json" and path:
        return mode, Path(config.invocation_params.dir, path)
    return parse_choice(setting.name, value, ("json", "json:PATH", "off")), None


def _store_requests(_config: pytest.Config, _setting: Setting, value: str) -> object:
    from pytest_claude.settings import parse_store_requests

    return parse_store_requests(value)


def _prices(_config: pytest.Config, _setting: Setting, value: list[str]) -> object:
    if value:
        from pytest_claude.models.prices import price_table

        price_table(tuple(value))  # a wrong line is an error before the first test
    return tuple(value)


def _model_names(_config: pytest.Config, _setting: Setting, value: list[str]) -> object:
    from pytest_claude.models.ids import NO_NAMES

    if not value:
        return NO_NAMES
    from pytest_claude.models.model_map import read_model_map  # late: it reads the models' facts

    return read_model_map(value)


# --- the table ------------------------------------------------------------------------------

_SWITCH = {"action": "store_true"}

OPTIONS = (
    Setting("--claude-record", "record_mode", _record_mode,
        "call the API and record its answers: new_episodes (what the bare option means), "
        "once, all (or rewrite), none (the default: replay only)",
        {"nargs": "?", "const": "new_episodes", "metavar": "MODE"}),
    Setting("--claude-record-in-ci", "record_in_ci", _as_given,
        "allow --claude-record while the environment variable CI is set",
        _SWITCH),
    Setting("--claude-record-refused", "record_refused", _as_given,
        "send and record also calls that their model is known to refuse",
        _SWITCH),
    Setting("--claude-batch", "batch", _batch_role,
        "record through the Message Batches API: half the price, within a day (implies "
        "--claude-record)",
        _SWITCH),
    Setting("--claude-budget", "budget_usd", _dollars,
        "record for so many US dollars at most: a call that may cost more than what is left is "
        "not sent",
        {"metavar": "USD"}),
    Setting("--claude-dry-run", "dry_run", _as_given,
        "send nothing: run each test up to its first call that nothing recorded answers, and say "
        "what a recording would call, cost and take (implies --claude-record)",
        _SWITCH),
    Setting("--claude-trials", "trials", _number_of_trials,
        "run each claude test N times on a model, whatever its marker says, or as often as it is "
        "recorded (`recorded`)",
        {"metavar": "N"}),
    Setting("--claude-swap", "swaps", _swaps,
        "send every request for the model OLD to NEW (repeatable)",
        {"action": "append", "metavar": "OLD=NEW"}),
    Setting("--claude-bump", "bump", _bumps,
        "run each claude test that uses OLD on both models and compare (repeatable); "
        "OLD=NEW1,NEW2 compares several candidates, NEW@low one at that effort",
        {"action": "append", "metavar": "OLD=NEW"}),
    Setting("--claude-candidate", "candidates", _environments,
        "compare the app with these environment variables set, as one more candidate (repeatable)",
        {"action": "append", "metavar": '"NAME=VALUE …"'}),
    Setting("--claude-gate-any", "gate_any", _as_given,
        "of several candidates one that passes is enough (default: each must pass)",
        _SWITCH),
    Setting("--claude-gate", "gate", _choice,
        "what a gate must be able to see: quick (drops of 0.5, about 5 trials a test), "
        "standard (0.3, about 11), thorough (0.2, about 20)",
        {"metavar": "PRESET"}),
    Setting("--claude-baseline", "baseline", _as_given,
        "compare this run with an earlier one: the last plain run, a revision's tests and "
        "cassettes, or a run file",
        {"metavar": "last|git:REV|FILE"}),
    Setting("--claude-continue", "go_on", _path,
        "go on with the gate of this run file; no trial in it is taken again",
        {"metavar": "RUN.json"}),
    Setting("--claude-adapt", "adapt", _choice,
        "rewrite requests that NEW would refuse: the built-in rewrites and the conftest hook "
        "(auto, the default), the hook alone, or nothing",
        {"metavar": "auto|hook|off"}),
    Setting("--claude-progress", "progress", _progress,
        "show how far a recording is as JSON, one object a line on standard error or in PATH, or "
        "not at all (default: a live line on a terminal, a plain one every 30 s elsewhere)",
        {"metavar": "json|json:PATH|off"}),
    Setting("--claude-report", "reports", _reports,
        "write the run to PATH: .html is a page to read, .md a comment for a pull request, "
        ".json the versioned run file (repeatable)",
        {"action": "append", "metavar": "PATH"}),
    Setting("--claude-show-transcript", "show_transcript", _as_given,
        "show under each failed claude test what was asked and answered",
        _SWITCH),
    Setting("--claude-strict", "strict", _as_given,
        "fail a test that does not play all of its recordings, and a run on a model that "
        "retires soon (claude_retirement_days)",
        _SWITCH),
)  # fmt: skip

INI_KEYS = (
    Setting("claude_cassette_dir", "cassette_root", _below_rootdir,
        "folder of the cassettes, relative to rootdir (default: cassettes)",
        {"default": "cassettes"}),
    Setting("claude_guard", "guard", _choice,
        "session (default): in replay mode no test of a session with claude tests reaches a "
        "model; tests: only claude tests are guarded",
        {"default": "session"}),
    Setting("claude_dummy_key", "dummy_key", _choice,
        "tests (default): in replay mode ANTHROPIC_API_KEY, where it is not set, holds a dummy "
        "while a claude test runs; session: from the start, for clients built at import",
        {"default": "tests"}),
    Setting("claude_gate", "gate", _choice,
        "preset of the gate: quick (default), standard or thorough",
        {"default": "quick"}),
    Setting("claude_budget", "budget_usd", _dollars,
        "US dollars that a recording may cost at most (default: no limit)",
        {"default": ""}),
    Setting("claude_max_cost_ratio", "max_cost_ratio", _ratio,
        "fail a gate when the candidate costs so many times the baseline, with 95 % confidence "
        "(default: cost is told and does not gate)",
        {"default": ""}),
    Setting("claude_ignore", "ignore", _as_given,
        "parts of requests that do not count, one rule a line: uuids, dates, tmp_paths, "
        "re:PATTERN, or a JSON path such as $.metadata.user_id",
        {"type": "linelist"}),
    Setting("claude_store_requests", "store_requests", _store_requests,
        "strings of a request that are longer (a PDF, an image, a document's text) are stored once "
        "for the whole suite, beside the cassettes (default: 64 kB; off: never)",
        {"default": "64 kB"}),
    Setting("claude_network", "network", _choice,
        "open (default): in replay mode only model traffic is closed; none: everything but "
        "loopback and claude_allow_hosts",
        {"default": "open"}),
    Setting("claude_allow_hosts", "allow_hosts", _as_given,
        "exact names of hosts that claude_network = none leaves open, one a line",
        {"type": "linelist"}),
    Setting("claude_retirement_days", "retirement_days", _days,
        "tell a model in use that retires within so many days (default: 60; off: never); "
        "--claude-strict fails for it",
        {"default": "60"}),
    Setting("claude_prices", "prices", _prices,
        "your own prices in dollars per million tokens, one model a line: MODEL input=3 output=15 "
        "[cache_read=.3 cache_write_5m=3.75 cache_write_1h=6]",
        {"type": "linelist"}),
    Setting("claude_model_map", "names", _model_names,
        "what your own names of models stand for (an alias, a deployment, an inference profile), "
        "one a line: NAME = canonical id, such as our-sonnet = claude-sonnet-4-5",
        {"type": "linelist"}),
    Setting("claude_model", "model", _as_given, "model that claude.ask asks",
        {"default": ""}),
    Setting("claude_judge", "judge", _choice,
        "unsure (default): while recording, a model reads the replies that a check or a gate asks "
        "about and the rules leave open; always: all that they ask about; never: none; guess: "
        "none, and the rules' best guess counts",
        {"default": "unsure"}),
    Setting("claude_judge_model", "judge_model", _as_given,
        "model that reads those replies, and that claude.judge asks",
        {"default": "claude-haiku-5-5"}),
    Setting("claude_output_tools", "output_tools", _as_given,
        "globs of tools whose input is the answer and no action, one a line (default: "
        "final_result*); a tool forced by tool_choice is always one",
        {"type": "linelist", "default": ["final_result*"]}),
    Setting("claude_asking_tools", "asking_tools", _as_given,
        "globs of tools whose call is a question to the user, one a line",
        {"type": "linelist"}),
)  # fmt: skip


def add_options(parser: pytest.Parser) -> None:
    """Declare every option and ini key."""
    group = parser.getgroup("claude", "behavior regression tests of Claude (pytest-claude)")
    for option in OPTIONS:
        group.addoption(option.name, help=option.help, **option.declared)
    for key in INI_KEYS:
        parser.addini(key.name, key.help, **key.declared)


def in_use(config: pytest.Config) -> bool:
    """Whether the command line or the project sets anything of ours, or cassettes are there."""
    typed = any(config.getoption(option.name) for option in OPTIONS)
    written = any(config.getini(key.name) != key.declared.get("default", []) for key in INI_KEYS)
    return typed or written or (config.rootpath / config.getini("claude_cassette_dir")).is_dir()


def count_session(change: int) -> None:
    """Note that a session begins (1) or ends (-1) in this process."""
    global running_sessions
    running_sessions += change


def join_record_path(args: list[str]) -> None:
    """Make the word after a bare `--claude-record` a path again, unless it is a record mode.

    argparse would take it for the option's value, and the whole suite would be recorded and paid
    instead of the one path.
    """
    for number, word in enumerate(args):
        if word == "--claude-record":
            from pytest_claude.settings import RECORD_MODES

            following = args[number + 1] if number + 1 < len(args) else ""
            if following in RECORD_MODES:
                args[number : number + 2] = [f"{word}={following}"]
            else:
                args[number] = f"{word}=new_episodes"
            return


def keep_workers(config: pytest.Config) -> None:
    """Keep the number of xdist's workers for the processes that take the trials of candidates.

    The run that compares several is not distributed itself.

    Raises:
        pytest.UsageError: The workers are not this machine's.
    """
    bumps, option = config.getoption("--claude-bump") or (), config.option
    several = config.getoption("--claude-candidate") or any("," in pairs for pairs in bumps)
    if not several or PART in os.environ:
        return
    workers = getattr(option, "numprocesses", None)
    if getattr(option, "tx", None):
        raise pytest.UsageError("--tx: several candidates are compared on this machine; type -n")
    if workers:
        is_number = str(workers).isdecimal()
        config.stash[WORKERS] = int(workers) if is_number else os.cpu_count() or 1
        option.numprocesses = 0


def check_names(parser: pytest.Parser, args: list[str]) -> None:
    """Refuse an option that nobody has declared and that is nearly one of ours: pytest would name
    no other.

    Raises:
        pytest.UsageError: With the option that is near.
    """
    names = [option.name for option in OPTIONS]
    typed = {word.partition("=")[0] for word in args}
    if not any(name.startswith("--claude") and name not in names for name in typed):
        return  # most runs are not parsed once more
    for word in parser.parse_known_and_unknown_args(args)[1]:
        name = word.partition("=")[0]
        if name.startswith("--claude"):
            import difflib  # late: few runs have a misspelt option

            if near := difflib.get_close_matches(name, names, n=1, cutoff=0.8):
                raise pytest.UsageError(f"{name}: unknown option; did you mean {near[0]!r}?")


def _check_keys(config: pytest.Config) -> None:
    """Refuse an ini key that nobody has declared and that begins as ours do.

    Raises:
        SettingsError: With the key that is near.
    """
    from pytest_claude.errors import SettingsError
    from pytest_claude.ini_files import keys_in
    from pytest_claude.settings import did_you_mean

    try:
        written = {} if config.inipath is None else keys_in(config.inipath) or {}
    except SettingsError:
        written = {}  # pytest has read it, in a way of its own
    typed = [word.partition("=")[0] for word in config.getoption("override_ini") or ()]
    for key in (*written, *typed):
        if key.startswith("claude_"):
            try:
                config.getini(key)
            except ValueError:
                near = did_you_mean(key, [each.name for each in INI_KEYS])
                raise SettingsError(f"{key}: unknown ini key{near}") from None


# --- settings -------------------------------------------------------------------------------


def read_settings(config: pytest.Config) -> RunSettings:
    """The settings of the run.

    Raises:
        pytest.UsageError: A value is wrong, two contradict each other, or the run would record
            where it must not.
    """
    from pytest_claude.errors import SettingsError
    from pytest_claude.settings import RunSettings, check_recording, check_together

    try:
        _check_keys(config)
        _refuse_a_moved_root(config)
        settings = RunSettings(rootdir=config.rootpath, **_values(config))
        if not settings.recording:
            settings = replace(settings, batch="off")
        check_together(settings)
        if settings.candidates:
            from pytest_claude.plugin.gate.part import as_part

            settings = as_part(settings)
        if settings.bump and settings.part is None:
            settings = replace(settings, attempt=_attempt(config, settings))
        if settings.recording and not hasattr(config, "workerinput"):
            from pytest_claude.gating import Policy

            allowed = bool(config.getoption("--claude-record-in-ci"))
            check_recording(settings, os.environ, allowed, Policy().max_attempts_in_ci)
            if settings.batch == "off":
                from pytest_claude.plugin.scale.batch import check_none_waits

                check_none_waits(settings)
    except SettingsError as error:
        raise usage_error(error) from None
    return settings


def _values(config: pytest.Config) -> dict[str, Any]:
    """The fields of the settings: of each option that was typed, else of the ini key."""
    values: dict[str, Any] = {}
    for option in OPTIONS:
        if given := config.getoption(option.name):
            values[option.field] = option.parse(config, option, given)
    for key in INI_KEYS:
        if key.field not in values:
            values[key.field] = key.parse(config, key, config.getini(key.name))
    if "bump" in values or "candidates" in values:
        from pytest_claude.settings import side_by_side

        bumps, environments = values.get("bump", ()), values.get("candidates", ())
        values["bump"], values["candidates"] = side_by_side(bumps, environments)
    if "progress" in values:
        values["progress"], values["progress_path"] = values["progress"]
    if "dry_run" in values:
        values.setdefault("record_mode", "new_episodes")
    if "batch" in values:
        values.setdefault("record_mode", "new_episodes")
        if values["batch"] == "collect":
            values |= {"reports": (), "progress": "off", "progress_path": None}
    for name in ("record_in_ci", "model_map"):
        values.pop(name, None)  # they set no field
    return values


def _refuse_a_moved_root(config: pytest.Config) -> None:
    """Refuse a path of ours for which pytest left the project's root, and its ini file.

    pytest looks for its root before it loads a plugin. What follows an option that it does not
    know yet is a place of tests to it, if it exists: a report of the last run for one.
    """
    from pytest_claude.errors import SettingsError

    start, root = config.invocation_params.dir, config.rootpath
    if config.option.inifilename or config.option.rootdir or hasattr(config, "workerinput"):
        return
    args = [*shlex.split(os.environ.get("PYTEST_ADDOPTS", "")), *config.invocation_params.args]
    names = {option.name for option in OPTIONS} - {"--claude-record"}  # a test path may follow it
    for name, word in pairwise(map(str, args)):
        path = Path(start, word).resolve()
        if name in names and path.exists() and not path.is_relative_to(start.resolve()):
            between = [each for each in (start, *start.parents) if each.is_relative_to(root)]
            nearer = between if config.inipath is None else between[:-1]
            if root != start and any((each / file).is_file() for each in nearer for file in _INIS):
                raise SettingsError(
                    f"{name} {word}: pytest takes a path that is there and follows a blank for a "
                    f"place of tests, and left the project's root for {root}\n       type  "
                    f"{name}={word}"
                )


_INIS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini",
         "setup.cfg", "setup.py")  # fmt: skip


def root_typed(config: pytest.Config) -> str:
    """pytest's rootdir seen from the folder where it was started; "" where it is that."""
    try:
        root = os.path.relpath(config.rootpath, config.invocation_params.dir)
    except ValueError:  # on another drive of Windows
        root = str(config.rootpath)
    return "" if root == os.curdir else root.replace(os.sep, "/")


def usage_error(error: SettingsError) -> pytest.UsageError:
    """`error` as pytest shows it: within 80 columns, and exit status 4."""
    from pytest_claude.report.terminal import usage_text  # a run without one does not pay for it

    return pytest.UsageError(usage_text(str(error)))


def _attempt(config: pytest.Config, settings: RunSettings) -> int:
    """Which attempt of its gate a bump is; the controller gives it to a worker of xdist."""
    given = getattr(config, "workerinput", {}).get("claude_attempt")
    if given is None and settings.batch == "collect":
        from pytest_claude.recording.batches.desk import read_variable

        given = read_variable(os.environ)["attempt"]
    if given is not None:
        return int(given)
    from pytest_claude.plugin.gate.attempts import next_attempt

    return next_attempt(settings)
