"""Every command with what it takes: the one table that the parser is made of."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        module: The module here whose `run` it is, imported once the command is chosen.
        help: What it does, for the list of commands.
        arguments: What it takes, in argparse's terms.
        description: More of what it does, for its own help.
        usage: How it is called; None for what argparse makes of the arguments.
        takes_rest: Whether pytest gets what comes after `--`.
    """

    module: str
    help: str
    arguments: tuple[Argument, ...] = ()
    description: str | None = None
    usage: str | None = None
    takes_rest: bool = False


def _arg(*names: str, **options: Any) -> Argument:
    return names, options


def _flag(*names: str, does: str) -> Argument:
    return _arg(*names, action="store_true", help=does)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number of requests, 1 or more")
    return int(text)


def _sample(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number of cases, 1 or more, or all")
    return int(text)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a date such as 2026-11-30") from None


_PAIRS = _arg("pairs", nargs="+", metavar="OLD=NEW", help="the models, each as OLD=NEW")
_PATHS_OR_PROJECT = _arg("paths", nargs="*", default=[], type=Path, metavar="PATH",
                         help="files or folders (default: the project)")  # fmt: skip
_PATHS = _arg("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")

FROM: Mapping[str, str] = {
    **dict.fromkeys(("otel", "langfuse", "langsmith", "logfire", "braintrust", "jsonl",
                     "cassettes"), "from_traffic"),
    **dict.fromkeys(("promptfoo", "deepeval", "pydantic-evals"), "from_suite"),
}  # fmt: skip
"""The sources of `from`, each with the module here that reads it."""

COMMANDS: Mapping[str, Command] = {
    "demo": Command(
        "demo",
        "compare two recorded models on an example app, offline and without a key",
        (
            _arg("folder", nargs="?", type=Path,
                 help="where to put the example (default: a new temporary folder)"),
        ),
    ),
    "init": Command(
        "init",
        "tell git how to keep cassettes (.gitattributes, .gitignore)",
        description="Adds to .gitattributes that cassettes are text with LF line ends and that the "
        "parts of requests beside them are not, all folded in pull requests on GitHub, and to "
        ".gitignore what an interrupted recording leaves. Lines that are there stay as they are.",
    ),
    "preflight": Command(
        "preflight",
        "what NEW refuses, changes and costs, read off the recorded requests",
        (
            _arg("new", metavar="NEW", help="the model to move to"),
            _arg("paths", nargs="*", default=[], type=Path, metavar="PATH",
                 help="recordings of any known format (default: the project's cassettes)"),
            _arg("--from", dest="olds", action="append", default=[], metavar="OLD",
                 help="the model to move from (repeatable; default: the recorded ones of NEW's "
                 "line)"),
            _flag("--json", does="one JSON object, call by call"),
            _arg("--requests-per-day", type=_number, metavar="N", help="tell the monthly bill too"),
            _arg("--on", type=_day, metavar="DATE",
                 help="judge by this day (YYYY-MM-DD; default: today)"),
            _flag("--live", does="ask GET /v1/models for NEW's capabilities first"),
            _flag("-v", "--verbose", does="every request, message and source"),
        ),
    ),
    "bump": Command(
        "bump",
        "compare two models over the suite; also with -n, where pytest alone can't",
        (_PAIRS,),
        "Runs pytest as often as the gate needs: once for the screen, and once more "
        "for the suspects where several workers share the tests. Exit status: 0 pass, 1 fail, "
        "10 undecided; 2 to 6 are pytest's own.",
        "pytest-claude bump OLD=NEW [OLD=NEW …] [-- PYTEST ARGUMENTS]",
        takes_rest=True,
    ),
    "adopt": Command(
        "adopt",
        "after a bump: move the candidate's trials to where plain replay looks",
        (
            _arg("pairs", nargs="*", default=[], metavar="OLD=NEW",
                 help="the models, each as OLD=NEW, or OLD=NEW@effort"),
            _arg("--candidate", metavar='"NAME=VALUE …"',
                 help="the variables of a candidate of --claude-candidate, instead of models"),
            _flag("--anyway", does="also when the verdict is not a pass"),
            _flag("--edit", does="write the new model wherever source and configuration name "
                  "the old one"),
            _flag("--yes", does="remove the old model's recordings and the gate's folder without "
                  "asking"),
        ),
        "Replays the bump's verdict, moves the trials that the verdict read, writes BUMP.md, lists "
        "where the project names the old model, removes what has no use any more, and says what "
        "plain replay says. A second call goes on where the first one ended. Run it in the "
        "project's root.",
        "pytest-claude adopt [--anyway] [--edit] [--yes] OLD=NEW [OLD=NEW …] "
        "[-- PYTEST ARGUMENTS]",
        takes_rest=True,
    ),
    "compare": Command(
        "compare",
        "compare two runs, or the recordings of two revisions, offline",
        (
            _arg("before", metavar="A", help="a run file, or git:REV"),
            _arg("after", metavar="B", help="a run file, git:REV, or . for what is here"),
            _arg("--report", action="append", type=Path, default=[], metavar="PATH",
                 help="write it to PATH: .html, .md, .json (repeatable)"),
        ),
        "A.json B.json: the trials of two run files, with the gate's verdict. "
        "git:REV .: what the recordings at a revision and those here show of the model's "
        "behavior; without a verdict on tests, which nothing runs.",
    ),
    "show": Command(
        "show",
        "the result of a run, or what was said in one test",
        (
            _arg("run_file", type=Path, metavar="RUN.json", help="a run file"),
            _arg("test", nargs="?", metavar="TEST",
                 help="a test's id, its name, or a part that only it has"),
            _arg("--trial", type=int, metavar="N",
                 help="the candidate's trial N (in a plain run, the trial)"),
            _arg("--baseline-trial", type=int, metavar="N", help="the baseline's trial N"),
            _flag("--json", does="one JSON object per test"),
        ),
    ),
    "merge": Command(
        "merge",
        "join the run files of CI shards into one",
        (
            _arg("run_files", nargs="+", type=Path, metavar="RUN.json", help="run files"),
            _arg("-o", "--output", action="append", type=Path, required=True, metavar="PATH",
                 help="what to write: .json, .html, .md (repeatable)"),
        ),
    ),
    "inspect": Command(
        "inspect",
        "what is in a recording, one line per call",
        (
            _PATHS,
            _flag("--json", does="one JSON object per call"),
            _flag("--transcript", does="what was asked and said, whole, to read"),
        ),
    ),
    "check": Command(
        "check",
        "whether every cassette can be replayed and holds no secret",
        (
            _arg("paths", nargs="*", type=Path, metavar="PATH",
                 help="files or folders (default: the folder of the cassettes; then also whether "
                 "each has its test)"),
            _arg("--accept", nargs="+", type=Path, metavar="PATH", default=[],
                 help="take these files as they were edited by hand: they are replayed from now "
                 "on"),
        ),
    ),
    "accept": Command(
        "accept",
        "what tests do in their recordings is what claude.behaves_as_recorded() holds them to",
        (
            _arg("tests", nargs="+", metavar="TEST",
                 help="tests, files or folders, as pytest takes them"),
        ),
        "Replays all recorded trials of these tests, offline, and writes what those that pass do "
        "into behavior.json beside their cassettes. A test that fails for another reason accepts "
        "nothing.",
        "pytest-claude accept TEST [TEST …] [-- PYTEST ARGUMENTS]",
        takes_rest=True,
    ),
    "suggest": Command(
        "suggest",
        "the checks that held in all recorded trials, as code to paste",
        (
            _arg("tests", nargs="*", default=[], metavar="TEST",
                 help="tests, files or folders, as pytest takes them (default: all)"),
            _arg("--write", type=Path, metavar="FILE.py",
                 help="write them into this new file, a function for each test"),
            _flag("--json", does="one JSON list, test by test"),
        ),
        "Replays all recorded trials of these tests, offline, and prints the checks that held in "
        "each of them and that their tests do not state. No file is changed. Exit status: 1 when "
        "there is nothing to suggest.",
        "pytest-claude suggest [--write FILE.py] [--json] [TEST …] [-- PYTEST ARGUMENTS]",
        takes_rest=True,
    ),
    "coverage": Command(
        "coverage",
        "which recorded behavior no test would miss",
        (
            _arg("tests", nargs="*", default=[], metavar="TEST",
                 help="tests, files or folders, as pytest takes them (default: all)"),
            _flag("--json", does="one JSON object"),
            _arg("--report", action="append", type=Path, default=[], metavar="PATH",
                 help="write the replay with the table to PATH: .html, .md (repeatable)"),
        ),
        "Replays all recorded trials of these tests, offline, and then each trial again and again, "
        "each time with answers in which one recorded behavior is otherwise: a tool is not called, "
        "a field of the JSON is gone. A behavior is looked at by the tests that fail then. No file "
        "is changed.",
        "pytest-claude coverage [--json] [--report PATH] [TEST …] [-- PYTEST ARGUMENTS]",
        takes_rest=True,
    ),
    "prune": Command(
        "prune",
        "remove the cassettes whose test is gone, and parts of requests that none refers to",
        (_flag("--yes", does="remove them without asking"),),
        "Lists the cassettes that no test asks and the parts that no cassette refers to, and "
        "removes them once you say yes. Gates' folders and recordings of other tools are left "
        "alone.",
    ),
    "import": Command(
        "importing",
        "make cassettes of recordings of other tools, in whatever format",
        (
            _PATHS,
            _arg("--into", type=Path, metavar="FOLDER",
                 help="where to put them, by their paths below PATH (default: the folder of the "
                 "cassettes)"),
            _arg("--test", metavar="NODEID", help="the test whose recording the one PATH is"),
            _flag("--keep-failed", does="keep failed attempts that a good answer follows"),
        ),
    ),
    "from": Command(
        "from_source",
        "make tests of recorded traffic, or of another tool's suite",
        (
            _arg("source", choices=[*FROM], metavar="SOURCE", help=", ".join(FROM)),
            _PATHS,
            _arg("--into", type=Path, required=True, metavar="FOLDER",
                 help="where to write the test file and its file of cases"),
            _arg("--name", metavar="NAME",
                 help="write test_NAME.py and NAME.jsonl (default: traffic; of a suite the name "
                 "of PATH)"),
            _arg("--n", type=_sample, default=5, metavar="N",
                 help="of traffic: how many cases of each cluster, or all (default: 5)"),
            _flag("--keep-personal-data", does="of traffic: leave e-mail addresses, phone, card "
                  "and account numbers as they are"),
            _arg("--request-field", metavar="FIELD",
                 help="of jsonl: the field that holds the request (default: request, input, body "
                 "or params)"),
            _arg("--reply-field", metavar="FIELD",
                 help="of jsonl: the field that holds the reply (default: response, output, reply, "
                 "message or completion)"),
        ),
        "From traffic (exports of traces, logs, cassettes) it reads the calls of Claude, "
        "clusters them by system prompt, tools and what the model did, samples each cluster, "
        "takes secrets and personal data out, writes cassettes, a file of cases and one short "
        "test, and replays it once, which accepts what it does. From a suite (a promptfoo "
        "configuration, or a data set of DeepEval or pydantic-evals) it writes a test module and "
        "its files of cases; what has no equivalent is listed. No file is written over.",
    ),
    "export": Command(
        "export",
        "write cassettes that plain vcrpy replays whole, with nothing kept beside them",
        (
            _PATHS,
            _arg("--into", type=Path, required=True, metavar="FOLDER",
                 help="where to put them, by their paths below PATH"),
        ),
    ),
    "models": Command(
        "models",
        "what is known of each model: dates, prices, limits",
        (
            _arg("filter", nargs="?", default="", metavar="FILTER",
                 help="part of an id, or an id of any platform"),
            _flag("--json", does="all facts, with date and sources"),
            _flag("--live", does="ask GET /v1/models and take its word first"),
        ),
    ),
    "scan": Command(
        "scan",
        "where source, configuration and workflows name a model, and when it retires",
        (
            _PATHS_OR_PROJECT,
            _arg("--within", metavar="DAYS",
                 help="exit with 1 when a model retires within so many days (default: "
                 "claude_retirement_days, 60), or off"),
            _flag("--json", does="one JSON object for each place"),
        ),
        "Reads the files that git knows or would add, notebooks and workflows too; cassettes, "
        "prose and what is larger than 1 MB are left out. Exit status: 1 when a model that is "
        "named is retired, or retires within DAYS.",
    ),
    "completion": Command(
        "completion",
        "the script that completes these commands in a shell",
        (_arg("shell", choices=("bash", "zsh", "tcsh"), help="the shell"),),
        'Prints the script. For bash, add  eval "$(pytest-claude completion bash)"  to ~/.bashrc; '
        "for zsh, write it to a file _pytest-claude in a folder of $fpath.",
    ),
}  # fmt: skip
