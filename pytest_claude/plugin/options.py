"""Options, ini keys and markers: what is declared in every run, so this imports pytest alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_claude.plugin.import_watch import ImportWatch
    from pytest_claude.settings import RunSettings

SETTINGS: pytest.StashKey[RunSettings] = pytest.StashKey()
COLLECTED_LINE = pytest.StashKey[str]()
IMPORT_WATCH: pytest.StashKey[ImportWatch] = pytest.StashKey()

running_sessions = 0
"""Sessions of this process that have been configured and not ended: two where one runs pytest."""

MARKERS = {
    "claude": "claude(*, trials=1, pass_rate=1.0, live=False, cassette=None): record or replay the "
    "model traffic of this test; run it `trials` times on a model, of which the share `pass_rate` "
    "must pass. live=True: the test reaches the API itself, neither recorded nor replayed. "
    "cassette='name': it shares the cassette of this name with other tests.",
    "claude_ignore": "claude_ignore(*rules): parts of requests that do not count: uuids, dates, "
    "tmp_paths, re:PATTERN, a JSON path, or a function of the body; adds up with the ini key.",
    "claude_accept": "claude_accept(pair, *, reason, until): a regression of this test in the bump "
    "`pair` (OLD=NEW) does not fail the gate until this date (YYYY-MM-DD).",
    "claude_calls_tool": "claude_calls_tool(name, arguments={}, *, times=None, exact=False, "
    "offered=True, **arguments): after the body, Claude must have called this tool.",
    "claude_calls_no_tool": "claude_calls_no_tool(): after the body, Claude must have called no "
    "client tool.",
    "claude_clarifies": "claude_clarifies(): after the body, Claude's last reply must ask for "
    "what it needs instead of guessing.",
    "claude_returns_json": "claude_returns_json(*, schema=None, where='answer'): after the body, "
    "Claude's last reply must be JSON and satisfy the schema.",
    "claude_refuses": "claude_refuses(): after the body, Claude's last reply must refuse.",
    "claude_within": "claude_within(*, cost_usd=None, output_tokens=None, thinking_tokens=None, "
    "time_to_first_token_s=None, total_s=None): after the body, the run must be within these "
    "limits.",
}


_OPTIONS = (
    "claude_record", "claude_record_in_ci", "claude_record_refused", "claude_trials",
    "claude_swap", "claude_bump", "claude_adapt", "claude_report", "claude_gate",
    "claude_baseline", "claude_continue", "claude_strict",
)  # fmt: skip
_DEFAULTS: dict[str, object] = {
    "claude_cassette_dir": "cassettes",
    "claude_guard": "session",
    "claude_network": "open",
    "claude_gate": "quick",
    "claude_max_cost_ratio": "",
    "claude_ignore": [],
    "claude_allow_hosts": [],
    "claude_prices": [],
    "claude_model_map": [],
    "claude_retirement_days": "60",
    "claude_model": "",
    "claude_judge": "never",
    "claude_judge_model": "",
    "claude_output_tools": ["final_result*"],
    "claude_asking_tools": [],
}


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
        "--claude-record-refused",
        action="store_true",
        help="send and record also calls that their model is known to refuse",
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
        "--claude-gate",
        metavar="PRESET",
        help="what a gate must be able to see: quick (drops of 0.5, about 5 trials a test), "
        "standard (0.3, about 11), thorough (0.2, about 20)",
    )
    group.addoption(
        "--claude-baseline",
        metavar="last|git:REV|FILE",
        help="compare this run with an earlier one: the last plain run, a revision's tests and "
        "cassettes, or a run file",
    )
    group.addoption(
        "--claude-continue",
        metavar="RUN.json",
        help="go on with the gate of this run file; no trial in it is taken again",
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
        help="write the run to PATH: .html is a page to read, .md a comment for a pull request, "
        ".json the versioned run file (repeatable)",
    )
    group.addoption(
        "--claude-show-transcript",
        action="store_true",
        help="show under each failed claude test what was asked and answered",
    )
    group.addoption(
        "--claude-strict",
        action="store_true",
        help="fail a test that does not play all of its recordings, and a run on a model that "
        "retires soon (claude_retirement_days)",
    )
    parser.addini(
        "claude_cassette_dir",
        "folder of the cassettes, relative to rootdir (default: cassettes)",
        default=_DEFAULTS["claude_cassette_dir"],
    )
    parser.addini(
        "claude_guard",
        "session (default): in replay mode no test of a session with claude tests reaches a "
        "model; tests: only claude tests are guarded",
        default=_DEFAULTS["claude_guard"],
    )
    parser.addini(
        "claude_gate",
        "preset of the gate: quick (default), standard or thorough",
        default=_DEFAULTS["claude_gate"],
    )
    parser.addini(
        "claude_max_cost_ratio",
        "fail a gate when the candidate costs so many times the baseline, with 95 % confidence "
        "(default: cost is told and does not gate)",
        default=_DEFAULTS["claude_max_cost_ratio"],
    )
    parser.addini(
        "claude_ignore",
        "parts of requests that do not count, one rule a line: uuids, dates, tmp_paths, "
        "re:PATTERN, or a JSON path such as $.metadata.user_id",
        type="linelist",
    )
    parser.addini(
        "claude_network",
        "open (default): in replay mode only model traffic is closed; none: everything but "
        "loopback and claude_allow_hosts",
        default=_DEFAULTS["claude_network"],
    )
    parser.addini(
        "claude_allow_hosts",
        "exact names of hosts that claude_network = none leaves open, one a line",
        type="linelist",
    )
    parser.addini(
        "claude_retirement_days",
        "tell a model in use that retires within so many days (default: 60; off: never); "
        "--claude-strict fails for it",
        default=_DEFAULTS["claude_retirement_days"],
    )
    parser.addini(
        "claude_prices",
        "your own prices in dollars per million tokens, one model a line: MODEL input=3 output=15 "
        "[cache_read=.3 cache_write_5m=3.75 cache_write_1h=6]",
        type="linelist",
    )
    parser.addini(
        "claude_model_map",
        "what your own names of models stand for (an alias, a deployment, an inference profile), "
        "one a line: NAME = canonical id, such as our-sonnet = claude-sonnet-4-5",
        type="linelist",
    )
    parser.addini("claude_model", "model that claude.ask asks", default="")
    parser.addini(
        "claude_judge",
        "never (default): claude.judge is asked only where a test calls it; unsure: it also "
        "settles checks whose rules were unsure",
        default=_DEFAULTS["claude_judge"],
    )
    parser.addini("claude_judge_model", "model that claude.judge asks", default="")
    parser.addini(
        "claude_output_tools",
        "globs of tools whose input is the answer and no action, one a line (default: "
        "final_result*); a tool forced by tool_choice is always one",
        type="linelist",
        default=_DEFAULTS["claude_output_tools"],
    )
    parser.addini(
        "claude_asking_tools",
        "globs of tools whose call is a question to the user, one a line",
        type="linelist",
    )


def in_use(config: pytest.Config) -> bool:
    """Whether the command line or the project says anything to us, or cassettes are there."""
    given = (getattr(config.option, name) for name in _OPTIONS)
    kept = (config.getini(name) == default for name, default in _DEFAULTS.items())
    cassettes = config.rootpath / str(config.getini("claude_cassette_dir"))
    return any(given) or not all(kept) or cassettes.is_dir()


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
