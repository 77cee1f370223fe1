"""Files of exports → their records, one after the other, each with where it is."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, TextIO, TypeVar

from pytest_claude.errors import SettingsError
from pytest_claude.traces.model import LeftOut

ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".txt", ".log", ".gz")
"""The files that are looked for in a folder."""

_BINARY = {b"PAR1": "Parquet", b"ARROW1": "Arrow", b"\xff\xff\xff\xff": "Arrow"}
_CONVERT = {
    "Parquet": "import pyarrow.parquet as p; t = p.read_table({0!r})",
    "Arrow": "import pyarrow as p; t = p.ipc.open_stream({0!r}).read_all()",
}
_MOST_OF_A_FIELD = 1 << 30  # bytes; a field of a CSV file holds a whole conversation

_T = TypeVar("_T")
_NOT_AS_EXPECTED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
                    RecursionError)  # fmt: skip

Record = tuple[str, Any]
"""Where a record is, as `file:line` or `file, record N`, and the record."""


def records(path: Path, shown: str) -> Iterator[Record | LeftOut]:
    """The records of a JSON, JSON Lines or CSV file, gzipped or not.

    A line that can't be read is left out alone.

    Raises:
        SettingsError: The file is of a binary format; the text has the command that converts it.
    """
    try:
        with _opened(path) as data:
            start = data.peek(8)
            for magic, name in _BINARY.items():
                if start.startswith(magic):
                    raise SettingsError(_to_convert(name, path))
            text = io.TextIOWrapper(data, "utf-8-sig", "replace", newline="")
            is_table = path.name.removesuffix(".gz").endswith(".csv")
            yield from _rows(text, shown) if is_table else _json(text, shown)
    except (OSError, EOFError, zlib.error) as error:
        yield LeftOut("broken", shown, f"can't be read: {error}")


def attempt(source: str, make: Callable[..., _T], *given: Any) -> _T | LeftOut:
    """What is made of a record; left out where a tool wrote it otherwise than its documentation."""
    try:
        return make(*given)
    except _NOT_AS_EXPECTED as error:
        return LeftOut("broken", source, f"it is not as expected: {error!r}")


def _opened(path: Path) -> io.BufferedReader | gzip.GzipFile:
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if is_packed else path.open("rb")


def _json(file: TextIO, shown: str) -> Iterator[Record | LeftOut]:
    """The records of JSON lines, or of one document; lines are read one by one."""
    first = file.readline()
    if first.strip() and not isinstance(_value(first), ValueError):
        yield from _lines(chain([first], file), shown)
        return
    text = first + file.read()
    whole = _value(text)
    if not isinstance(whole, ValueError):
        yield from _items(whole, shown)
    elif any(isinstance(_value(line), dict) for line in text.split("\n")):
        yield from _lines(io.StringIO(text), shown)
    else:
        yield LeftOut("broken", shown, f"no JSON: {whole}")


def _value(text: str) -> Any:
    """What a text of JSON says; the error where it is none."""
    try:
        return json.loads(text)
    except ValueError as error:
        return error
    except RecursionError as error:
        return ValueError(str(error))


def _items(whole: Any, shown: str) -> Iterator[Record]:
    if not isinstance(whole, list):
        yield shown, whole
        return
    for number, item in enumerate(whole, start=1):
        yield f"{shown}, record {number}", item


def _lines(lines: Iterable[str], shown: str) -> Iterator[Record | LeftOut]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        value = _value(line)
        if isinstance(value, ValueError):
            yield LeftOut("broken", f"{shown}:{number}", f"no JSON: {value}")
        else:
            yield from _items(value, f"{shown}:{number}")


def _rows(file: TextIO, shown: str) -> Iterator[Record | LeftOut]:
    csv.field_size_limit(_MOST_OF_A_FIELD)
    reader = csv.DictReader(file)
    while True:
        line = reader.line_num + 1
        try:
            row: Mapping[Any, Any] = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield LeftOut("broken", f"{shown}:{line}", f"no CSV: {error}")
            continue
        if None in row or None in row.values():
            yield LeftOut(
                "broken", f"{shown}:{line}", "it has not as many fields as the first line"
            )
            continue
        yield f"{shown}:{line if line > 1 else 2}", row


def _to_convert(kind: str, path: Path) -> str:
    read = _CONVERT[kind].format(str(path))
    code = f"{read}; t.to_pandas().to_json('spans.jsonl', orient='records', lines=True)"
    return (
        f"{path}: this is a {kind} file, which pytest-claude does not read\n"
        f'       to convert it  pip install pyarrow pandas && python -c "{code}"'
    )
