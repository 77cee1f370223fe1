"""The command `pytest-claude`: one module per subcommand, imported when it is run."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from pytest_claude.cli.commands import COMMANDS
from pytest_claude.cli.project import read_project
from pytest_claude.errors import SettingsError

_USAGE = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what a terminal can't show is escaped
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        parser.print_help(sys.stderr)
        _tell("which COMMAND?")
        parser.exit(_USAGE)
    at = words.index("--") if "--" in words else len(words)
    words, rest = words[:at], words[at + 1 :]  # pytest's come after `--`
    options, unknown = parser.parse_known_args(words)
    if unknown:
        hint = f"; what pytest is to get comes after --: -- {shlex.join(unknown)}"
        hint = hint if options.command.takes_rest else ""
        parser.error(f"unrecognized arguments: {shlex.join(unknown)}{hint}")
    if rest and not options.command.takes_rest:
        parser.error(f"unrecognized arguments: -- {' '.join(rest)}")
    options.rest = rest
    try:
        read_project(Path.cwd())  # a wrong line of its ini file ends every command
        command = import_module(f"pytest_claude.cli.{options.command.module}")
        status: int = command.run(options)
        sys.stdout.flush()
        return status
    except SettingsError as error:
        _tell(str(error))
        return _USAGE
    except BrokenPipeError:
        # The reader has seen enough (`| head`); without this Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


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
    for name, command in COMMANDS.items():
        made = commands.add_parser(
            name, help=command.help, description=command.description, usage=command.usage
        )
        made.set_defaults(command=command)
        for names, options in command.arguments:
            made.add_argument(*names, **options)
    return parser
