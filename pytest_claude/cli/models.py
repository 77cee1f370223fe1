"""`pytest-claude models`: what is known of each model."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from pytest_claude import clock
from pytest_claude.cli.live import live_models
from pytest_claude.cli.project import read_project
from pytest_claude.errors import SettingsError
from pytest_claude.models.facts import facts_of, models
from pytest_claude.models.prices import rates
from pytest_claude.report.models import models_lines


def run(options: argparse.Namespace) -> int:
    project = read_project(Path.cwd())
    overrides = project.price_table
    found = live_models() if options.live else models()
    named = facts_of(project.names.resolved(options.filter)) if options.filter else None
    shown = [f for f in found if options.filter in f.id or (named and named.id == f.id)]
    if not shown:
        known = ", ".join(dict.fromkeys(facts.line for facts in found))
        raise SettingsError(f"models {options.filter}: no known model has that in its id; {known}")
    priced = {facts.id: rates(facts.id, overrides) for facts in shown}
    if options.json:
        data = [
            {**asdict(facts), "prices": None if (p := priced[facts.id]) is None else vars(p)}
            for facts in shown
        ]
        print(json.dumps(data, indent=1, ensure_ascii=False))
        return 0
    print("\n".join(models_lines(shown, priced, clock.today())))
    return 0
