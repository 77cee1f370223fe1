"""`pytest-claude preflight NEW`: what breaks, what changes and what it costs, before one call."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from pytest_claude import clock
from pytest_claude.cli.inputs import recordings
from pytest_claude.cli.live import live_facts
from pytest_claude.cli.project import read_project
from pytest_claude.errors import SettingsError, UnreadableCassette
from pytest_claude.models.bill import bill
from pytest_claude.models.ids import ModelNames
from pytest_claude.models.message_request import requests_in
from pytest_claude.models.preflight import Call, known_id, preflight
from pytest_claude.models.speed import compare_speed
from pytest_claude.recording.cassette import FORMAT, main_model, read_recording
from pytest_claude.report.plan_words import quick_bump
from pytest_claude.report.preflight import preflight_lines
from pytest_claude.report.terminal import in_encoding
from pytest_claude.report_files import as_typed
from pytest_claude.run.place import ORDINARY, TrialPlace, base_of, from_gates
from pytest_claude.transcript.parse import parse_answer


def run(options: argparse.Namespace) -> int:
    """Print what a bump would meet; 1 when a request would be refused."""
    project = read_project(Path.cwd())
    unreadable: list[str] = []
    of_gates: list[Call] = []
    paths = options.paths or [project.cassette_root]
    calls = list(_calls(paths, unreadable, of_gates, project.names))
    on = options.on or clock.today()
    live = live_facts(options.new) if options.live else None
    if options.live and live is None:
        raise SettingsError(f"preflight {options.new} --live: the API knows no such model")
    new, *olds = map(project.names.resolved, [options.new, *options.olds])
    found = preflight(calls, new, olds=olds, on=on, facts=live)
    if not found.judged:
        raise SettingsError(_nothing(options, found.others, unreadable))
    overrides = project.price_table
    money = bill(
        [call for call in calls if known_id(call.request.model or "") in found.olds], new,
        requests_per_day=options.requests_per_day, overrides=overrides,
    )  # fmt: skip
    speed = _speed([*calls, *of_gates], found.olds, new)
    for line in unreadable:
        print(f"FAIL {line}", file=sys.stderr)
    if options.json:
        costs = asdict(money) | {"gate_quick": asdict(quick_bump(money))}
        data = found.to_json() | {"new": options.new, "costs": costs,
                                  "speed": [asdict(change) for change in speed],
                                  "unreadable": unreadable}  # fmt: skip
        print(json.dumps(data, indent=1, ensure_ascii=False))
    else:
        again = f"pytest-claude preflight {options.new} -v"
        for line in preflight_lines(
            found, money, speed, overrides=overrides, verbose=options.verbose, command=again
        ):
            print(in_encoding(line, sys.stdout.encoding or "utf-8"))
    return 1 if found.refused or unreadable else 0


def _calls(
    paths: list[Path], unreadable: list[str], of_gates: list[Call], names: ModelNames
) -> Iterator[Call]:
    """The recorded calls of ordinary trials; those that a gate made go into `of_gates`."""
    for root in paths:
        for path in recordings([root], "preflight"):
            below = path.relative_to(root) if path != root else path
            place = TrialPlace.read(from_gates(below), partial(main_model, path))
            calls = _calls_in(path, place, unreadable, names)
            if place is None or place.side == ORDINARY:
                yield from calls
            else:
                of_gates += calls


def _calls_in(
    path: Path, place: TrialPlace | None, unreadable: list[str], names: ModelNames
) -> Iterator[Call]:
    shown = as_typed(path.absolute())
    try:
        written_as, entries = read_recording(path, shown)
        test, module, trial = _named(shown, place if written_as == FORMAT else None)
        for number, entry in enumerate(entries, start=1):
            answer = parse_answer(entry.interaction, number)
            for request in requests_in(entry.interaction, names):
                told = answer if request.kind == "messages" else None
                yield Call(test, module, shown, number, trial, request, told)
    except UnreadableCassette as error:
        unreadable.append(error.headline)


def _named(shown: str, place: TrialPlace | None) -> tuple[str, str, int]:
    """The test, its file and the trial that a recording is of, as its place says."""
    if place is None or len(place.folder.parts) < 2:  # of another tool, or shared by tests
        return shown, shown, 1
    module = base_of(place.folder)
    if not module.parts:  # of a fixture of the session
        module = PurePosixPath(place.folder.parts[0])
    name = place.folder.relative_to(module)
    return f"{module}.py::{name}", f"{module}.py", place.index + 1


def _speed(calls: list[Call], olds: tuple[str, ...], new: str) -> Any:
    by_model: dict[bool, dict[str, list[Any]]] = {True: {}, False: {}}
    target = known_id(new)
    for call in calls:
        model = known_id(call.request.model or "")
        if call.answer is not None and model in (*olds, target) and target not in olds:
            by_model[model == target].setdefault(call.test, []).append(call.answer)
    return compare_speed(by_model[False], by_model[True])


def _nothing(options: argparse.Namespace, others: dict[str, int], unreadable: list[str]) -> str:
    where = ", ".join(map(str, options.paths)) or "the project's cassettes"
    if unreadable:
        return f"preflight: no recording could be read: {unreadable[0]}"
    if not others:
        return f"preflight: {where}: no recorded request to a model"
    seen = ", ".join(f"{model or 'no model'} ({n})" for model, n in others.items())
    named = ", ".join(options.olds)
    return f"preflight --from {named}: no recorded request asks it; they ask {seen}"
