"""Loaded by `pytest-claude check` and `prune` alone: writes which tests pytest collects."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

_TESTS: pytest.StashKey[dict[str, str | None]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--claude-tests-to", type=Path, help=argparse.SUPPRESS)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    # In a project's addopts it would leave tests out without deselecting them.
    config.option.lf = False


def pytest_itemcollected(item: pytest.Item) -> None:
    # Before -k and -m of a project's addopts deselect any.
    names = (mark.kwargs for mark in item.iter_markers("claude") if "cassette" in mark.kwargs)
    shared = next(names, {"cassette": None})["cassette"]
    item.config.stash.setdefault(_TESTS, {})[item.nodeid] = shared


def pytest_sessionfinish(session: pytest.Session) -> None:
    named = [word for word in session.config.args if "::" in word]
    tests = session.config.stash.get(_TESTS, {})
    data = {"root": str(session.config.rootpath), "named": named, "tests": tests}
    session.config.option.claude_tests_to.write_text(json.dumps(data), "utf-8")
