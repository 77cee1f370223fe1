"""`pytest-claude from SOURCE`: one module for each kind of source."""

from __future__ import annotations

import argparse
from importlib import import_module

from pytest_claude.cli.commands import FROM


def run(options: argparse.Namespace) -> int:
    """Make a test of what the source holds."""
    module = import_module(f"pytest_claude.cli.{FROM[options.source]}")
    status: int = module.run(options)
    return status
