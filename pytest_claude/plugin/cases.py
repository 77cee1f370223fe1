"""Data sets: a file of cases parametrizes a test."""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.run.record import InSet
from pytest_claude.settings import check_keyword, check_pass_rate, did_you_mean
from pytest_claude.transcript.utf8 import encodable

IN_SET: pytest.StashKey[InSet] = pytest.StashKey()
_SIZE: pytest.StashKey[int] = pytest.StashKey()
"""How many tests the function of a case has, also those that are not selected."""


class Case:
    """One case of a data set.

    The fields of the file are attributes: `case.prompt`. `case["max price"]` reads a field whose
    name is no identifier. A list or a dict that is read is a copy, so no trial meets what another
    trial appended.

    Attributes:
        id: Names the test and its recording.
        tags: The groups that the case belongs to.
    """

    __slots__ = ("__fields", "id", "tags")  # mangled: a field may have any other name

    id: str
    tags: tuple[str, ...]

    def __init__(self, fields: dict[str, Any], name: str, tags: tuple[str, ...]) -> None:
        self.__fields = fields
        self.id = name
        self.tags = tags

    def __getitem__(self, field: str) -> Any:
        if field not in self.__fields:
            raise KeyError(_lacks(self.id, field, self.__fields))
        return copy.deepcopy(self.__fields[field])

    def __getattr__(self, field: str) -> Any:
        if field.startswith("__"):  # `copy` asks before it fills it in
            raise AttributeError(field)
        if field not in self.__fields:
            raise AttributeError(_lacks(self.id, field, self.__fields))
        return copy.deepcopy(self.__fields[field])

    def __contains__(self, field: str) -> bool:
        return field in self.__fields

    def __repr__(self) -> str:
        return f"Case({self.id!r})"


def _lacks(case: str, field: str, there: Iterable[Any]) -> str:
    fields = [*map(str, there)]
    near = did_you_mean(field, fields)
    return f"case {case!r} has no field {field!r}{near}; fields: {', '.join(fields)}"


class CaseFile(NamedTuple):
    """A file of cases, as a test names it.

    Attributes:
        source: The file with the decorator.
        line: The line of the decorator.
        named: What was typed.
        id: The field that names a case.
        tags: The field with its groups.
    """

    source: Path
    line: int
    named: str
    id: str
    tags: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(os.path.normpath(self.source.parent / self.named))


def cases(
    path: str,
    *,
    id: str = "id",  # noqa: A002  # the field is called so
    tags: str = "tags",
) -> pytest.MarkDecorator:
    """Run a test once for each case of a file; the test takes the argument `case`.

    ```python
    @pytest_claude.cases("refunds.jsonl")
    def test_refund(case, claude):
        app.answer(case.prompt)
        assert claude.calls_tool(case.tool)
    ```

    Args:
        path: A `.jsonl`, `.json`, `.csv`, `.yaml` or `.yml` file, relative to the test file.
        id: The field that names a case: a text or a whole number that no other case has.
        tags: The field with the groups of a case: a list, or a text with commas.
    """
    if not isinstance(path, str):  # a lone decorator: pytest would collect no test, and say nothing
        raise TypeError(f'write @pytest_claude.cases("FILE"), not cases({path!r})')
    caller = sys._getframe(1)
    source = Path(caller.f_globals.get("__file__", ""))
    return pytest.mark.claude_cases.with_args(CaseFile(source, caller.f_lineno, path, id, tags))


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give a test its cases; a mistake fails the collection of its file with one sentence."""
    test = metafunc.definition
    file = next((each for mark in test.iter_markers("claude_cases") for each in mark.args), None)
    if not isinstance(file, CaseFile):
        pytest.fail(f"{test.nodeid}: the marker claude_cases is set by @pytest_claude.cases", False)
    root = metafunc.config.rootpath
    where = f"{_shown(file.source, root)}:{file.line}: @pytest_claude.cases({file.named!r})"
    if sum(mark.name == "claude_cases" for mark in test.own_markers) > 1:
        pytest.fail(f"{where}: a test has one data set; join the files, or write two tests", False)
    if "case" not in metafunc.fixturenames:
        pytest.fail(f"{where}: {test.name} takes no case; write def {test.name}(case, …)", False)
    try:
        rows = read_cases(file, _shown(file.path, root))
    except SettingsError as error:
        raise pytest.fail.Exception(f"{where}: {error}", pytrace=False) from None
    _warn_of_secrets(test, file.named, rows)
    metafunc.parametrize("case", rows, ids=[case.id for case in rows])


def _warn_of_secrets(test: pytest.Item, named: str, rows: Sequence[Case]) -> None:
    """Warn once of ids that hold a secret: they are in node ids, which nothing redacts."""
    from pytest_claude.recording.redaction import Redaction

    ids, text = "\n".join(case.id for case in rows), Redaction().text
    if text(ids) != ids and (case := next((c for c in rows if text(c.id) != c.id), None)):
        told = f"@pytest_claude.cases({named!r}): an id holds a secret ({text(case.id)}), and ids "
        told += "are in node ids, reports and run files; name another field: id=…"
        test.warn(pytest.PytestWarning(told))


def count_cases(items: Sequence[pytest.Item]) -> None:
    """Keep how many cases the set of a function has; `items` are all its tests, none deselected."""
    cases = [item for item in items if _case_of(item) is not None]
    for item in cases:
        item.stash[_SIZE] = len(cases)


def keep_sets(items: Sequence[pytest.Item]) -> None:
    """Keep of which data set each test is a case; `items` are all, also those not to run.

    Raises:
        SettingsError: A marker `claude_set` is wrong.
    """
    for item in items:
        mark, case = item.get_closest_marker("claude_set"), _case_of(item)
        rate = None if mark is None else _pass_rate(item, mark, is_case=case is not None)
        if case is not None:
            item.stash[IN_SET] = InSet(_set_name(item), item.stash.get(_SIZE, 1), case.tags, rate)


def _case_of(item: pytest.Item) -> Case | None:
    case = getattr(getattr(item, "callspec", None), "params", {}).get("case")
    return case if isinstance(case, Case) else None


def _set_name(item: pytest.Item) -> str:
    parent = item.parent
    assert parent is not None, "a test has a module"
    return f"{parent.nodeid}::{getattr(item, 'originalname', item.name)}"


def _pass_rate(item: pytest.Item, mark: pytest.Mark, *, is_case: bool) -> float:
    file, line, _ = item.location
    call = f"{file}:{(line or 0) + 1}: @pytest.mark.claude_set"
    if not is_case:
        raise SettingsError(f'{call}: not a data set; add @pytest_claude.cases("FILE")')
    if mark.args:
        raise SettingsError(f"{call}: write pass_rate={mark.args[0]!r}")
    for key in mark.kwargs:
        check_keyword(call, key, ("pass_rate",))
    check_pass_rate(call, mark.kwargs.get("pass_rate"))
    return float(mark.kwargs["pass_rate"])


def _shown(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


# --- the file -------------------------------------------------------------------------------

Rows = Iterator[tuple[str, Any]]
"""The cases of a file, each with its place in it: ":3", or ", case 3"."""


def read_cases(file: CaseFile, shown: str) -> list[Case]:
    """The cases of a file, in its order.

    Raises:
        SettingsError: It can't be read, holds no case, or one of them has no id of its own.
    """
    try:
        read = _READERS[file.path.suffix.lower()]
    except KeyError:
        raise SettingsError(f"a data set is a {', '.join(_READERS)} file") from None
    try:
        data = file.path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{shown}: {error.strerror}; the path is that from the test file"
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{shown}:{line}: not UTF-8; save the file as UTF-8") from None
    found: dict[str, str] = {}
    rows = []
    for place, row in read(text, shown):
        if not isinstance(row, dict):
            raise SettingsError(f"{shown}{place}: a case is an object with fields, not {_cut(row)}")
        name = _id(row, file, f"{shown}{place}")
        if name in found:
            raise SettingsError(
                f"{shown}{place}: the id {name!r} is that of {shown}{found[name]} too; it names "
                "the recording of one case: change one of them"
            )
        found[name] = place
        rows.append(Case(row, name, _tags(row.get(file.tags), f"{shown}{place}")))
    if not rows:
        raise SettingsError(
            f'{shown}: holds no case; write one, such as {{"id": "late", "prompt": "Where is it?"}}'
        )
    return rows


def _id(row: dict[Any, Any], file: CaseFile, place: str) -> str:
    if file.id not in row:
        raise SettingsError(
            f"{place}: no field {file.id!r}, which names the recording of a case"
            f"{did_you_mean(file.id, map(str, row))}; add it, or name another field: "
            f"cases({file.named!r}, id=…); fields: {', '.join(map(str, row))}"
        )
    value = row[file.id]
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise SettingsError(f"{place}: {file.id} is {_cut(value)}; write a text or a whole number")
    return str(value)


def _tags(value: Any, place: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not (value is None or isinstance(value, list)):
        raise SettingsError(f"{place}: tags are {_cut(value)}; write a list of texts")
    tags = (encodable(str(tag)).strip() for tag in value or ())
    return tuple(dict.fromkeys(filter(None, tags)))


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _json_lines(text: str, shown: str) -> Rows:
    for number, line in enumerate(text.split("\n"), start=1):  # JSON has other line ends in texts
        if line.strip():
            yield f":{number}", _json(line, shown, number)


def _json_list(text: str, shown: str) -> Rows:
    rows = _json(text, shown, 1) if text.strip() else []
    if not isinstance(rows, list):
        raise SettingsError(f"{shown}: a .json data set is a list of objects, not {_cut(rows)}")
    for number, row in enumerate(rows, start=1):
        yield f", case {number}", row


def _json(text: str, shown: str, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line += error.lineno - 1
        raise SettingsError(f"{shown}:{line}: no JSON: {error.msg}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 1,000 brackets
        raise SettingsError(f"{shown}:{line}: no JSON: {error}") from None


def _csv(text: str, shown: str) -> Rows:
    import csv
    import io

    rows = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    header: list[str] = []
    try:
        for row in filter(None, rows):
            place = f":{rows.line_num}"
            if not header:
                header = row
                if twice := {name for name in row if row.count(name) > 1}:
                    raise SettingsError(f"{shown}{place}: two columns are called {twice.pop()!r}")
            elif len(row) != len(header):
                columns = f"{len(row)} columns, and the header has {len(header)}"
                raise SettingsError(f"{shown}{place}: {columns}; put texts with commas in quotes")
            else:
                yield place, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise SettingsError(f"{shown}:{rows.line_num}: no CSV: {error}") from None


def _yaml(text: str, shown: str) -> Rows:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = base(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.SequenceNode | None):
            raise SettingsError(f"{shown}: a YAML data set is a list: begin each case with `- `")
        for each in node.value if node is not None else ():
            yield f":{each.start_mark.line + 1}", loader.construct_object(each, deep=True)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f":{mark.line + 1}"
        problem = getattr(error, "problem", None) or error
        raise SettingsError(f"{shown}{place}: no YAML: {problem}") from None


_READERS: dict[str, Callable[[str, str], Rows]] = {
    ".jsonl": _json_lines,
    ".json": _json_list,
    ".csv": _csv,
    ".yaml": _yaml,
    ".yml": _yaml,
}
