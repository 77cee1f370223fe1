"""The files of a suite: YAML, JSON, JSON lines and CSV, read as plain values."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError


def load(path: Path) -> Any:
    """What a file holds: a value, or for `.jsonl` and `.csv` a list.

    Raises:
        SettingsError: It can't be read, or is of another kind; the text names it.
    """
    text = read_text(path)
    import yaml  # late: commands that read no suite do without

    try:
        match path.suffix.lower():
            case ".yaml" | ".yml":
                return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            case ".json":
                return json.loads(text)
            case ".jsonl":
                return [json.loads(line) for line in text.split("\n") if line.strip()]
            case ".csv":
                return [*csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)]
    except (ValueError, RecursionError, csv.Error, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: can't be read: {error}") from None
    raise SettingsError(f"{path}: a .yaml, .yml, .json, .jsonl or .csv file is read")


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
