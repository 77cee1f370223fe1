"""Files of exports → their records, one after the other, each with where it is."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.traces.model import LeftOut

ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".txt", ".log", ".gz")
"""The files that are looked for in a folder."""

_BINARY = {b"PAR1": "Parquet", b"ARROW1": "Arrow", b"\xff\xff\xff\xff": "Arrow"}
_CONVERT = {
    "Parquet": "pyarrow.parquet as p; p.read_table({0!r})",
    "Arrow": "pyarrow as p; p.ipc.open_stream({0!r}).read_all()",
}
_MOST_OF_A_FIELD = 1 << 30  # bytes; a field of a CSV file holds a whole conversation

Record = tuple[str, Any]
"""Where a record is, as `file:line` or `file, record N`, and the record."""


def records(path: Path, shown: str) -> Iterator[Record | LeftOut]:
    """The records of a JSON, JSON Lines or CSV file, gzipped or not.

    A line that can't be read is left out alone.

    Raises:
        SettingsError: The file is of a binary format; the text has the command that converts it.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        yield LeftOut("broken", shown, f"can't be read: {error}")
        return
    for magic, name in _BINARY.items():
        if data.startswith(magic):
            raise SettingsError(_to_convert(name, path))
    text = data.decode("utf-8-sig", "replace")
    del data
    if path.name.removesuffix(".gz").endswith(".csv"):
        yield from _rows(text, shown)
    elif (whole := _document(text)) is not None:
        yield from _items(whole, shown)
    else:
        yield from _lines(text, shown)


def _document(text: str) -> Any:
    """The one JSON document that a text is; None where it is lines, or broken."""
    first, _, rest = text.lstrip().partition("\n")
    if rest.strip() and _is_json(first):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _items(whole: Any, shown: str) -> Iterator[Record]:
    if not isinstance(whole, list):
        yield shown, whole
        return
    for number, item in enumerate(whole, start=1):
        yield f"{shown}, record {number}", item


def _lines(text: str, shown: str) -> Iterator[Record | LeftOut]:
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            yield f"{shown}:{number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            yield LeftOut("broken", f"{shown}:{number}", f"no JSON: {error}")


def _rows(text: str, shown: str) -> Iterator[Record | LeftOut]:
    csv.field_size_limit(_MOST_OF_A_FIELD)
    reader = csv.DictReader(io.StringIO(text, newline=""))
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
    lines = f"import {read}.to_pandas().to_json('spans.jsonl', orient='records', lines=True)"
    lines = lines.replace("; p.", "; t = p.", 1).replace(".to_pandas", "; t.to_pandas", 1)
    return (
        f"{path}: this is a {kind} file, which pytest-claude does not read\n"
        f"       to convert it  pip install pyarrow pandas && "
        f'python -c "{lines}"'
    )
