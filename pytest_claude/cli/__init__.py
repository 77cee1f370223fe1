"""The command `pytest-claude`: one module per subcommand."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_claude.cli import (
    adopt,
    bump,
    check,
    compare,
    demo,
    importing,
    init,
    inspect,
    merge,
    models,
    preflight,
    prune,
    show,
)
from pytest_claude.cli.project import read_project
from pytest_claude.errors import SettingsError

_USAGE = 4
_COMMANDS = (
    demo, init, preflight, bump, adopt, compare, show, merge, inspect, check, prune, importing,
    models,
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    parser = _parser()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        parser.print_help(sys.stderr)
        _tell("which COMMAND?")
        parser.exit(_USAGE)
    words, rest = _divided(words)
    options, unknown = parser.parse_known_args(words)
    if unknown:
        takes = getattr(options, "takes_rest", False)
        hint = f"; what pytest is to get comes after --: -- {shlex.join(unknown)}" if takes else ""
        parser.error(f"unrecognized arguments: {shlex.join(unknown)}{hint}")
    if rest and not getattr(options, "takes_rest", False):
        parser.error(f"unrecognized arguments: -- {' '.join(rest)}")
    options.rest = rest
    try:
        read_project(Path.cwd())  # a wrong line of its ini file ends every command
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except SettingsError as error:
        _tell(str(error))
        return _USAGE
    except BrokenPipeError:
        # The reader has seen enough (`| head`); without this Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _divided(words: list[str]) -> tuple[list[str], list[str]]:
    """Our own words, and those after `--`, which are pytest's."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        """Exit with pytest's status for a usage error."""
        self.print_usage(sys.stderr)
        _tell(message)
        self.exit(_USAGE)


def _tell(message: str) -> None:
    from pytest_claude.report.terminal import usage_text

    print(f"ERROR: {usage_text(message)}", file=sys.stderr)


def _parser() -> _Parser:
    from pytest_claude import __version__

    parser = _Parser(
        prog="pytest-claude", description="Behavior regression tests for apps built on Claude."
    )
    parser.add_argument("--version", action="version", version=f"pytest-claude {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return parser
