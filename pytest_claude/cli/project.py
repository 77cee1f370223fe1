"""What a project's pytest configuration says to commands that run no pytest."""

from __future__ import annotations

import configparser
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError

_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini",
          "setup.cfg")  # fmt: skip


@dataclass(frozen=True)
class Project:
    """A project, as its ini file says.

    Attributes:
        root: The folder of the ini file; the current folder where there is none.
        cassette_root: The folder of all cassettes.
        prices: The user's own prices, one model a line.
        model_map: The lines of `claude_model_map`.
    """

    root: Path
    cassette_root: Path
    prices: tuple[str, ...] = ()
    model_map: tuple[str, ...] = ()


@contextmanager
def own_names() -> Iterator[None]:
    """While it lasts, the names of models that the project here has of its own are known.

    Raises:
        SettingsError: The ini file can't be read, or a line of `claude_model_map` is wrong.
    """
    from pytest_claude.models.ids import aliases
    from pytest_claude.models.model_map import read_model_map

    with aliases(read_model_map(read_project(Path.cwd()).model_map)):
        yield


def cassette_folder() -> Path:
    """The folder of all cassettes of the project here, as a path from the current folder."""
    return Path(os.path.relpath(read_project(Path.cwd()).cassette_root))


def read_project(folder: Path) -> Project:
    """The project that `folder` is in: the nearest ini file of pytest upward, as pytest looks.

    Raises:
        SettingsError: The file can't be read.
    """
    for parent in (folder, *folder.parents):
        for name in _FILES:
            keys = _keys(parent / name)
            if keys is not None:
                return Project(
                    parent,
                    parent / str(keys.get("claude_cassette_dir") or "cassettes"),
                    tuple(_lines(keys.get("claude_prices"))),
                    tuple(_lines(keys.get("claude_model_map"))),
                )
    return Project(folder, folder / "cassettes")


def _keys(path: Path) -> Mapping[str, Any] | None:
    """The ini keys in a file; None when it does not configure pytest."""
    if not path.is_file():
        return None
    try:
        text = path.read_text("utf-8")
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
        return data.get("pytest") or {}
    tool = data.get("tool", {}).get("pytest")
    if tool is None:
        return None
    keys: Mapping[str, Any] = tool.get("ini_options", tool)
    return keys


def _lines(value: object) -> list[str]:
    lines = value.splitlines() if isinstance(value, str) else value
    return (
        [text for line in lines if (text := str(line).strip())] if isinstance(lines, list) else []
    )
