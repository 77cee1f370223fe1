"""The keys of pytest's ini files, for whoever runs no pytest in their folder."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError

_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini",
          "setup.cfg")  # fmt: skip


def ini_keys(folder: Path) -> Mapping[str, Any] | None:
    """The keys of the file that configures pytest in a folder; None where none does.

    Raises:
        SettingsError: It can't be read.
    """
    return next((keys for name in _FILES if (keys := keys_in(folder / name)) is not None), None)


def keys_in(path: Path) -> Mapping[str, Any] | None:
    """The keys of pytest in a file; None when it does not configure pytest.

    Raises:
        SettingsError: It can't be read.
    """
    if not path.is_file():
        return None
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix == ".toml":
            return _toml_keys(tomllib.loads(text), path.name)
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read_string(text)
    except (OSError, ValueError, configparser.Error) as error:
        raise SettingsError(f"{path.name}: {error}") from None
    section = "tool:pytest" if path.name == "setup.cfg" else "pytest"
    if parser.has_section(section):
        return dict(parser[section])
    return {} if path.name in ("pytest.ini", ".pytest.ini") else None


def _toml_keys(data: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    if name != "pyproject.toml":
        return _table(data.get("pytest"))
    tools = _table(data.get("tool"))
    if "pytest" not in tools:
        return None
    tool = _table(tools["pytest"])
    return _table(tool.get("ini_options", tool))


def _table(value: object) -> Mapping[str, Any]:
    """A table; empty where it is something else."""
    return value if isinstance(value, Mapping) else {}
