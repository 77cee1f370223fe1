"""The files of a suite: YAML, JSON, JSON lines and CSV, read as plain values."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError

_CORE = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)",
        "-+.0123456789",
    ),
}
"""How YAML 1.2 writes truths and numbers: `yes` and `12:30` are texts, `1e3` is a number."""


def load(path: Path, *, core: bool = False) -> Any:
    """What a file holds: a value, or for `.jsonl` and `.csv` a list.

    Args:
        path: The file.
        core: YAML 1.2, as JavaScript reads it; else YAML 1.1, as Python does.

    Raises:
        SettingsError: It can't be read, or is of another kind; the text names it.
    """
    text = read_text(path)
    import yaml  # late: commands that read no suite do without

    try:
        match path.suffix.lower():
            case ".yaml" | ".yml":
                return yaml.load(text, _loader(core=core))
            case ".json":
                return json.loads(text)
            case ".jsonl":
                return [json.loads(line) for line in text.split("\n") if line.strip()]
            case ".csv":
                rows = io.StringIO(text, newline="")
                return [*map(_row, csv.DictReader(rows, restval="", skipinitialspace=True))]
    except (ValueError, RecursionError, csv.Error, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: can't be read: {error}") from None
    raise SettingsError(f"{path}: a .yaml, .yml, .json, .jsonl or .csv file is read")


def _row(row: dict[str | None, Any]) -> dict[str | None, Any]:
    if None in row:
        raise ValueError(f"a row has more cells than the header: {row[None]}")
    return row


def yaml_value(text: str) -> Any:
    """The value of a text in YAML 1.2, of which JSON is a part; None where it is neither."""
    import yaml

    try:
        return yaml.load(text, _loader(core=True))
    except (ValueError, RecursionError, yaml.YAMLError):
        return None


@cache
def _loader(*, core: bool) -> Any:
    import yaml

    safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if not core:
        return safe
    names = {f"tag:yaml.org,2002:{name}": how for name, how in _CORE.items()}
    theirs = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in names]
        for first, resolvers in safe.yaml_implicit_resolvers.items()
    }
    loader: Any = type("CoreLoader", (safe,), {"yaml_implicit_resolvers": theirs})
    for tag, (pattern, first) in names.items():
        loader.add_implicit_resolver(tag, re.compile(rf"(?:{pattern})\Z"), list(first))
    return loader


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        SettingsError: It can't be read; the text names it.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8; save the file as UTF-8") from None
