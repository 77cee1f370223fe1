"""`pytest-claude models`: what is known of each model."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pytest_claude import clock
from pytest_claude.errors import SettingsError


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    models = commands.add_parser(
        "models", help="what is known of each model: dates, prices, limits"
    )
    models.add_argument(
        "filter",
        nargs="?",
        default="",
        metavar="FILTER",
        help="part of an id, or an id of any platform",
    )
    models.add_argument("--json", action="store_true", help="all facts, with date and sources")
    models.add_argument(
        "--live", action="store_true", help="ask GET /v1/models and take its word first"
    )
    models.set_defaults(run=_models)


def _models(options: argparse.Namespace) -> int:
    from pytest_claude.cli.project import read_project
    from pytest_claude.models.facts import facts_of, models
    from pytest_claude.models.prices import rates
    from pytest_claude.report.models import models_lines

    project = read_project(Path.cwd())
    overrides = project.price_table
    if options.live:
        from pytest_claude.cli.live import live_models

        found = live_models()
    else:
        found = list(models())
    named = facts_of(project.names.resolved(options.filter)) if options.filter else None
    shown = [f for f in found if options.filter in f.id or (named and named.id == f.id)]
    if not shown:
        known = ", ".join(dict.fromkeys(facts.line for facts in found))
        raise SettingsError(f"models {options.filter}: no known model has that in its id; {known}")
    priced = {facts.id: rates(facts.id, overrides) for facts in shown}
    if options.json:
        data = [
            {**facts.to_json(), "prices": None if (p := priced[facts.id]) is None else vars(p)}
            for facts in shown
        ]
        print(json.dumps(data, indent=1, ensure_ascii=False))
        return 0
    for line in models_lines(shown, priced, clock.today()):
        print(line)
    return 0
