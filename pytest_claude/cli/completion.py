"""`pytest-claude completion`: the script that completes its commands in a shell."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def run(options: argparse.Namespace) -> int:
    import shtab  # late: no other command needs it

    from pytest_claude.cli import _parser

    parser = _parser()
    commands: Any = next(a for a in parser._actions if isinstance(a.choices, dict))
    for command in commands.choices.values():
        for action in command._actions:
            if action.type is Path:
                action.complete = shtab.FILE
    print(shtab.complete(parser, options.shell))
    return 0
