"""A suite → a pytest module and its files of cases."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pytest_claude.suites.model import Stated, Suite, SuiteCase

_MOST_NAMED = 5
_OWN = {"id", "prompt", "request", "tags"}  # fields of a case that are not the file's


def written(suite: Suite, name: str, source: str) -> dict[str, str]:
    """The texts of the files by their names: one test module, and a file of cases for each test.

    Cases that state the same, with other values, are one test.

    Args:
        suite: The cases.
        name: What the module is of: `test_NAME.py`.
        source: What it is read from, for its first line.
    """
    groups: dict[tuple[str, ...], list[tuple[SuiteCase, dict[str, Any]]]] = {}
    for case, ident in zip(suite.cases, ids(suite.cases), strict=True):
        codes, values = _stated(case.checks)
        fields = {"id": ident, "prompt": case.prompt, "request": case.request, **values}
        fields |= {"tags": case.tags} if case.tags else {}
        for key, value in case.more.items():
            fields[_free(key, {*fields, *_OWN})] = value
        groups.setdefault(codes, []).append((case, fields))
    names = _names(name, [*groups])
    texts = {
        f"{each}.jsonl": "".join(f"{_json(fields)}\n" for _, fields in group)
        for each, group in zip(names, groups.values(), strict=True)
    }
    tests = [_test(*each) for each in zip(names, groups, groups.values(), strict=True)]
    return {f"test_{name}.py": _head(suite, source, "".join(tests)), **texts}


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, default=str)  # YAML has dates


def ids(cases: list[SuiteCase]) -> Iterator[str]:
    """A name for each case, of its own name or what it asks."""
    taken: set[str] = set()
    for case in cases:
        asked = case.prompt if isinstance(case.prompt, str) else case.prompt[-1].get("content")
        words = re.findall(r"[a-z0-9]+", (case.name or str(asked)).casefold())
        slug = "-".join(words)[:40].strip("-") or "case"
        free = (slug, *(f"{slug}-{number}" for number in range(2, len(cases) + 1)))
        ident = next(each for each in free if each not in taken)
        taken.add(ident)
        yield ident


def _stated(checks: list[Stated]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The code of checks on a case, and the fields that they read; of one name each has its own."""
    codes, fields = [], dict[str, Any]()
    for check in checks:
        places = {}
        for name, value in check.values.items():
            field = _free(name, {*fields, *_OWN})
            fields[field], places[name] = value, f"case.{field}"
        codes.append(check.code.format_map(places))
    return tuple(codes), fields


def _free(name: str, taken: Collection[str]) -> str:
    """A name, with a number where it is taken."""
    names = (name, *(f"{name}_{number}" for number in range(2, 1_000)))
    return next(each for each in names if each not in taken)


def _names(name: str, groups: list[tuple[str, ...]]) -> list[str]:
    """A name for each test: of the suite alone, or with a number where there are several."""
    return [name] if len(groups) == 1 else [f"{name}_{n + 1}" for n in range(len(groups))]


def _test(name: str, codes: tuple[str, ...], group: list[tuple[SuiteCase, dict[str, Any]]]) -> str:
    marker = "" if codes else "@pytest.mark.claude_as_recorded\n"
    lines = ["    reply = ask(claude, case)" if any("reply" in code for code in codes)
             else "    ask(claude, case)"]  # fmt: skip
    lines += [f"    assert {code}" for code in codes]
    left_out: dict[str, list[str]] = {}
    for case, fields in group:
        for line in case.left_out:
            left_out.setdefault(" ".join(line.split()), []).append(fields["id"])
    lines += [f"    # not imported ({_of(ids)}): {line}" for line, ids in left_out.items()]
    head = f'\n\n@pytest_claude.cases("{name}.jsonl")\n{marker}def test_{name}(claude, case):\n'
    return head + "\n".join(lines) + "\n"


def _of(ids: list[str]) -> str:
    more = len(ids) - _MOST_NAMED
    return ", ".join(ids[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def docstring(text: str) -> str:
    """The code of a docstring, whatever is in the text; it does not end with a quote."""
    escaped = text.replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{escaped}"""'


def _head(suite: Suite, source: str, tests: str) -> str:
    left_out = [f"- {' '.join(line.split())}" for line in suite.left_out]
    not_imported = ["", "Not imported:", "", *left_out] if left_out else []
    said = "\n".join([f"Imported from {source}; it is yours to edit.", *not_imported])
    said += "\n" if not_imported else ""
    imports = [each for each in ("re",) if f"{each}." in tests]
    theirs = ["import pytest"] if "@pytest.mark" in tests else []
    top = "\n".join([*(f"import {each}" for each in imports), *([""] if imports else []),
                     *theirs, "import pytest_claude"])  # fmt: skip
    return f'''{docstring(said)}

{top}


def ask(claude, case):
    """Ask the model itself. To test an app, call it here, and return claude.reply."""
    return claude.ask(case.prompt, **case.request)
{tests}'''
