"""The data files of this package. Their tests hold every entry to its keys, date and sources."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

DOCS = "https://platform.claude.com/docs/en/"
"""The common address of the pages among the sources."""


def read_table(name: str) -> dict[str, Any]:
    """One data file of the package, for example `models.toml`."""
    text = files("pytest_claude.models").joinpath("data", name).read_text("utf-8")
    return tomllib.loads(text)


def frozen(values: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """What an entry has of `keys`, its lists as tuples and its sources as addresses."""
    pages = tuple(page if "://" in page else DOCS + page for page in values.get("sources", ()))
    return {key: _frozen(values[key]) for key in keys if key in values} | {"sources": pages}


def expanded(names: Iterable[str], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The model ids among `names`, and those of each group `@name` among them."""
    for name in names:
        yield from expanded(groups[name[1:]], groups) if name.startswith("@") else (name,)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(each) for key, each in value.items()}
    return tuple(value) if isinstance(value, list) else value
