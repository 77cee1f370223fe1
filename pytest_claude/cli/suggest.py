"""`pytest-claude suggest`: the checks that held in all recorded trials, as code to paste."""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_claude.cli.probed import probed
from pytest_claude.errors import SettingsError
from pytest_claude.report.numbers import plural
from pytest_claude.suites.writing import docstring

Found = dict[str, Any]
"""What the plugin answers of a test function: its checks, how many trials they held in."""

_ANY = "from unittest.mock import ANY"
_HEAD = """\
\"\"\"What held in all recorded trials, found by pytest-claude suggest.

Call a function at the end of its test, or move its lines there; delete what is chance.
\"\"\"
"""
# pytest keeps the asserts of test modules alone where Python is to drop them.
_OPTIMIZED = """\
if not __debug__:
    raise ImportError("python -O drops the checks of this module; move them into a test")
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
        _write(path, "\n".join(_module(held)) + "\n")
        checks = sum(len(each["checks"]) for each in held)
        tests = plural(len(held), "test")
        print(f"{path}: {plural(checks, 'check')} of {tests}, to review", file=sys.stderr)
    if path is not None:
        print("".join(f"{line}\n" for line in _not_read(found)), end="", file=sys.stderr)
    return 0 if held else 1


def _printed(found: Sequence[Found]) -> Iterator[str]:
    if _uses_any(found):
        yield from (_ANY, "")
    for each in found:
        if each["trials"]:
            failed = f", of which {each['failed']} failed" if each["failed"] else ""
            yield f"# {each['test']}: {_counted(each, 'recorded trial')}{failed}"
        yield from (f"# {line}" for line in _not_read([each]))
        if each["checks"] and each["fixture"] is None:
            yield "# its function takes the fixture as an argument: claude"
        yield from _lines(each)
        if not each["checks"] and each["trials"]:
            yield (
                "    # nothing that it does not state already"
                if each["stated"]
                else ("    # nothing steady that is worth a check")
            )
        yield ""
    if any(each["checks"] for each in found):
        yield "# all steady facts of a test in one line: assert claude.behaves_as_recorded()"


def _counted(found: Found, noun: str) -> str:
    of = "" if found["cases"] is None else f" of {plural(found['cases'], 'case')}"
    return plural(found["trials"], noun) + of


def _not_read(found: Sequence[Found]) -> Iterator[str]:
    for each in found:
        yield from (f"{test}: not read: {why}" for test, why in each["not_read"].items())


def _lines(found: Found) -> Iterator[str]:
    held = f"  # held in {found['trials']} of {_counted(found, 'trial')}"
    for check in found["checks"]:
        yield from (f"    {line}" for line in f"assert {check['code']}{held}".splitlines())


def _module(found: Sequence[Found]) -> Iterator[str]:
    yield _HEAD
    if _uses_any(found):
        yield from (_ANY, "")
    yield _OPTIMIZED
    taken: set[str] = set()
    for each in found:
        name = _free_name(each["test"], taken)
        taken.add(name)
        yield from ("", f"def {name}({each['fixture'] or 'claude'}):")
        yield "    " + docstring(f"See what {each['test']} shows.")
        yield from (*_lines(each), "")


def _free_name(test: str, taken: Collection[str]) -> str:
    """A name for the function of a test, in the form in which Python reads it."""
    words = unicodedata.normalize("NFKC", test.partition("::")[2].replace("::", "_"))
    name = "check_" + "".join(c if f"_{c}".isidentifier() else "_" for c in words)
    free = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 2)))
    return next(each for each in free if each not in taken)


def _write(path: Path, code: str) -> None:
    """Write a module that Python reads, and no other.

    Raises:
        SettingsError: Python can't read the code, or the file can't be written.
    """
    try:
        compile(code, str(path), "exec")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, "utf-8")
    except (SyntaxError, ValueError) as error:
        raise SettingsError(
            f"suggest --write {path}: nothing is written, for it would be no Python: {error}\n"
            "       see what was found without --write"
        ) from None
    except OSError as error:
        raise SettingsError(f"suggest --write {path}: {error.strerror}") from None


def _uses_any(found: Sequence[Found]) -> bool:
    return any("ANY" in check["code"] for each in found for check in each["checks"])
