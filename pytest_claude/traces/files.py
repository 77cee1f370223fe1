"""Files of exports → their records, one after the other, each with where it is."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO, TypeVar

from pytest_claude.traces.model import LeftOut

ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".txt", ".log", ".gz", ".parquet", ".arrow",
           ".zst", ".zip", ".bz2", ".xz")  # fmt: skip
"""The files that are looked for in a folder; those of the last six are named and left out."""

_BINARY = {b"PAR1": "Parquet", b"ARROW1": "Arrow", b"\xff\xff\xff\xff": "Arrow",
           b"(\xb5/\xfd": "zst", b"PK\3\4": "zip", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}  # fmt: skip
_CONVERT = {
    "Parquet": "import pyarrow.parquet as p; t = p.read_table({0!r})",
    "Arrow": "import pyarrow as p; t = p.ipc.open_stream({0!r}).read_all()",
}
_LARGEST = 1 << 29  # characters of a line, or of a file that is one document
_NO_UTF_8 = re.compile("[\udc80-\udcff]")  # what bytes that are no UTF-8 are decoded as

_T = TypeVar("_T")
_NOT_AS_EXPECTED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
                    RecursionError)  # fmt: skip

Record = tuple[str, Any]
"""Where a record is, as `file:line` or `file, record N`, and the record."""


def records(path: Path, shown: str) -> Iterator[Record | LeftOut]:
    """The records of a JSON, JSON Lines or CSV file, gzipped or not.

    A line that can't be read is left out alone, and a file of a binary format whole; the reason has
    the command that converts it.
    """
    try:
        with _opened(path) as data:
            start = data.peek(8)
            for magic, name in _BINARY.items():
                if start.startswith(magic):
                    yield LeftOut("broken", shown, _to_convert(name, path))
                    return
            text = io.TextIOWrapper(data, "utf-8-sig", "surrogateescape", newline="")
            is_table = path.name.lower().removesuffix(".gz").endswith(".csv")
            yield from _rows(text, shown) if is_table else _json(text, shown)
    except (OSError, EOFError, MemoryError, zlib.error) as error:
        yield LeftOut("broken", shown, f"can't be read: {error or 'it is too large'}")


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
    first = file.readline(_LARGEST + 1)
    is_long = len(first) > _LARGEST
    if is_long or (first.strip() and not isinstance(_value(first), ValueError)):
        yield from _lines(first, file, shown)
        return
    text = first + file.read(_LARGEST)
    if file.read(1):
        most = f"{_LARGEST:,} characters"
        yield LeftOut("broken", shown, f"one document of more than {most}: export JSON lines")
        return
    whole = _value(text)
    if not isinstance(whole, ValueError):
        yield from _items(whole, shown)
    elif any(isinstance(_value(line), dict) for line in text.split("\n")):
        yield from _lines("", io.StringIO(text), shown)
    elif (wrong := _NO_UTF_8.search(text)) is not None:
        line = text.count("\n", 0, wrong.start()) + 1
        yield LeftOut("broken", f"{shown}:{line}", str(whole))
    else:
        yield LeftOut("broken", shown, str(whole))


def _value(text: str) -> Any:
    """What a text of JSON says; the error where it is none."""
    if _NO_UTF_8.search(text) is not None:
        return ValueError("it is not UTF-8: write the export in UTF-8")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return ValueError(f"no JSON: {error}")


def _items(whole: Any, shown: str) -> Iterator[Record]:
    if not isinstance(whole, list):
        yield shown, whole
        return
    for number, item in enumerate(whole, start=1):
        yield f"{shown}, record {number}", item


def _lines(first: str, file: TextIO, shown: str) -> Iterator[Record | LeftOut]:
    line, number = first or file.readline(_LARGEST + 1), 1
    while line:
        if len(line) > _LARGEST:
            most = f"{_LARGEST:,} characters"
            yield LeftOut("broken", f"{shown}:{number}", f"a line of more than {most}")
            while line and not line.endswith("\n"):
                line = file.readline(_LARGEST)
        elif line.strip():
            value = _value(line)
            if isinstance(value, ValueError):
                yield LeftOut("broken", f"{shown}:{number}", str(value))
            else:
                yield from _items(value, f"{shown}:{number}")
        line, number = file.readline(_LARGEST + 1), number + 1


def _rows(file: TextIO, shown: str) -> Iterator[Record | LeftOut]:
    csv.field_size_limit(_LARGEST)  # a field holds a whole conversation
    reader = csv.DictReader(iter(lambda: file.readline(_LARGEST), ""))
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
        place = f"{shown}:{line if line > 1 else 2}"
        if any(_NO_UTF_8.search(value) for value in row.values()):
            yield LeftOut("broken", place, "it is not UTF-8: write the export in UTF-8")
        else:
            yield place, row


def _to_convert(kind: str, path: Path) -> str:
    if kind not in _CONVERT:
        return f"a {kind} archive, which pytest-claude does not read: unpack it first"
    read = _CONVERT[kind].format(str(path))
    code = f"{read}; t.to_pandas().to_json('spans.jsonl', orient='records', lines=True)"
    return (
        f"a {kind} file, which pytest-claude does not read\n"
        f'       to convert it  pip install pyarrow pandas && python -c "{code}"'
    )
