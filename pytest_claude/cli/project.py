"""What a project's pytest configuration says to commands that run no pytest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude.ini_files import ini_keys
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.settings import (
    RETIREMENT_DAYS,
    STORE_REQUESTS,
    parse_days,
    parse_store_requests,
)

if TYPE_CHECKING:
    from pytest_claude.models.prices import PriceTable

_RETIREMENT = "claude_retirement_days"


@dataclass(frozen=True)
class Project:
    """A project, as its ini file says.

    Attributes:
        root: The folder of the ini file; the current folder where there is none.
        cassette_root: The folder of all cassettes.
        prices: The user's own prices, one model a line.
        names: What the project's own names of models stand for.
        store_requests: The bytes of the longest string of a request that its cassette holds.
        retirement_days: A model that retires within so many days is told; None: it never is.
    """

    root: Path
    cassette_root: Path
    prices: tuple[str, ...] = ()
    names: ModelNames = NO_NAMES
    store_requests: int = STORE_REQUESTS
    retirement_days: int | None = RETIREMENT_DAYS

    @property
    def cassette_roots(self) -> tuple[Path, ...]:
        """The folder of all cassettes, and those of the projects below."""
        from pytest_claude.places import Places  # late: few commands look for them

        below = Places(self.cassette_root, self.root).projects()
        return (self.cassette_root, *(places.root for _, places in below))

    @property
    def price_table(self) -> PriceTable:
        """The user's own prices.

        Raises:
            SettingsError: A line of `claude_prices` is wrong.
        """
        from pytest_claude.models.prices import price_table  # late: few commands price calls

        return price_table(self.prices, self.names)


def cassette_folder() -> Path:
    """The folder of all cassettes of the project here, as a path from the current folder."""
    return Path(os.path.relpath(read_project(Path.cwd()).cassette_root))


def read_project(folder: Path) -> Project:
    """The project that `folder` is in: the nearest ini file of pytest upward, as pytest looks.

    Raises:
        SettingsError: The file can't be read, or a line of `claude_model_map` is wrong.
    """
    for parent in (folder, *folder.parents):
        keys = ini_keys(parent)
        if keys is not None:
            return Project(
                parent,
                parent / str(keys.get("claude_cassette_dir") or "cassettes"),
                tuple(_lines(keys.get("claude_prices"))),
                _names(_lines(keys.get("claude_model_map"))),
                parse_store_requests(str(keys.get("claude_store_requests", STORE_REQUESTS))),
                parse_days(
                    "claude_retirement_days",
                    str(keys.get("claude_retirement_days", RETIREMENT_DAYS)),
                ),
            )
    return Project(folder, folder / "cassettes")


def _names(lines: list[str]) -> ModelNames:
    if not lines:
        return NO_NAMES
    from pytest_claude.models.model_map import read_model_map  # late: it reads the models' facts

    return read_model_map(lines)


def _lines(value: object) -> list[str]:
    lines = value.splitlines() if isinstance(value, str) else value
    return (
        [text for line in lines if (text := str(line).strip())] if isinstance(lines, list) else []
    )
