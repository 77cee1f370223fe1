"""`pytest-claude suggest`: the checks that held in all recorded trials, as code to paste."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_claude.cli.probed import probed
from pytest_claude.errors import SettingsError
from pytest_claude.report.numbers import plural

Found = dict[str, Any]
"""What the plugin answers of a test: its checks, how many trials they held in."""

_ANY = "from unittest.mock import ANY"
_HEAD = """\
\"\"\"What held in all recorded trials, found by pytest-claude suggest.

Call a function at the end of its test, or move its lines there; delete what is chance.
\"\"\"
"""


def run(options: argparse.Namespace) -> int:
    """Print what held, or write it to a new file; 1 where nothing can be suggested."""
    path: Path | None = options.write
    if path is not None and path.exists():
        raise SettingsError(
            f"suggest --write {path}: the file exists, and suggestions go into a new one alone\n"
            "       name a file that does not exist, or leave --write out to see them"
        )
    if path is not None and path.suffix != ".py":
        raise SettingsError(f"suggest --write {path}: it is Python, so its name ends in .py")
    ran = probed(options)
    if ran.status:
        return ran.status
    found = ran.answers
    if options.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    elif path is None:
        print("\n".join(_printed(found)))
    held = [each for each in found if each["checks"]]
    if path is not None and held:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(_module(held)) + "\n", "utf-8")
        checks = sum(len(each["checks"]) for each in held)
        tests = plural(len(held), "test")
        print(f"{path}: {plural(checks, 'check')} of {tests}, to review", file=sys.stderr)
    if not found:
        print("nothing is suggested: no claude test was found", file=sys.stderr)
    return 0 if held else 1


def _printed(found: Sequence[Found]) -> Iterator[str]:
    if _uses_any(found):
        yield from (_ANY, "")
    for each in found:
        trials = plural(each["trials"], "recorded trial")
        trials += f", of which {each['failed']} failed" if each["failed"] else ""
        why = each["not_read"]
        yield f"# {each['test']}: {trials if why is None else f'not read: {why}'}"
        if each["checks"] and each["fixture"] is None:
            yield "# its function takes the fixture as an argument: claude"
        yield from _lines(each)
        if not each["checks"] and each["not_read"] is None:
            yield (
                "    # nothing that it does not state already"
                if each["stated"]
                else ("    # nothing steady that is worth a check")
            )
        yield ""
    if any(each["checks"] for each in found):
        yield "# all steady facts of a test in one line: assert claude.behaves_as_recorded()"


def _lines(found: Found) -> Iterator[str]:
    held = f"  # held in {found['trials']} of {plural(found['trials'], 'trial')}"
    for check in found["checks"]:
        yield from (f"    {line}" for line in f"assert {check['code']}{held}".splitlines())


def _module(found: Sequence[Found]) -> Iterator[str]:
    yield _HEAD
    if _uses_any(found):
        yield from (_ANY, "")
    names: Counter[str] = Counter()
    for each in found:
        name = re.sub(r"\W+", "_", each["test"].partition("::")[2]).strip("_")
        names[name] += 1
        name += f"_{names[name]}" if names[name] > 1 else ""
        yield from ("", f"def check_{name}({each['fixture'] or 'claude'}):")
        yield f'    """See what {each["test"]} shows."""'
        yield from (*_lines(each), "")


def _uses_any(found: Sequence[Found]) -> bool:
    return any("ANY" in check["code"] for each in found for check in each["checks"])
