"""What a command asks of each recorded test, beside its result; the command loads this plugin.

The process that runs a test answers, the test's report carries the answer, and the process that
prints writes all of them into the file that the command named.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.behavior.alterations import Shown, shown
from pytest_claude.behavior.tools import roles
from pytest_claude.comparison.trial import Trial
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.suggestions import Recorded, suggestions
from pytest_claude.models.ids import ModelNames
from pytest_claude.plugin.accepting import refuse_other_models
from pytest_claude.plugin.fixtures import CURRENT
from pytest_claude.plugin.markers import NORMALIZE, TEST_SETTINGS
from pytest_claude.plugin.session import PROBE, Rehearse
from pytest_claude.plugin.trials import TrialRun
from pytest_claude.recording.altering import Altering
from pytest_claude.recording.fingerprint import Normalize, known
from pytest_claude.transcript.interaction import Request
from pytest_claude.transcript.json_values import mapping
from pytest_claude.transcript.model import Transcript

_SAID: pytest.StashKey[list[tuple[Transcript, Reading]]] = pytest.StashKey()
_ASKED: pytest.StashKey[list[Request]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("claude")
    group.addoption("--claude-probe", choices=[*_PROBES], help="what pytest-claude asks")
    group.addoption("--claude-probed", type=Path, help="where it reads what is answered")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    command: Any = config.getoption("--claude-probe")
    refuse_other_models(config, f"{command}: what is read")
    config.stash[PROBE] = _PROBES[command]
    config.pluginmanager.register(_Answers(config), "pytest-claude-answers")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Run no test that reaches the API itself: what is asked is of recordings."""
    settings = item.stash.get(TEST_SETTINGS, None)
    if settings is not None and settings.live:
        pytest.skip("it reaches the API itself")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Keep what was said by the end of the body: what is pasted there sees as much."""
    try:
        return (yield)
    finally:
        if (view := item.stash.get(CURRENT, None)) is not None:
            said = item.stash.setdefault(_SAID, [])
            said.append((view._transcript(), view._reading()))
            calls = (call for call in view._arm.recorder.calls if not call.judges)
            item.stash.setdefault(_ASKED, []).extend(call.request for call in calls)


class _Answers:
    """Takes the answers from the reports, and writes them."""

    def __init__(self, config: pytest.Config) -> None:
        self._taken: list[Any] = []
        self._path: Any = config.getoption("--claude-probed")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = getattr(report, "claude", None) or {}
        self._taken += [data["probed"]] if "probed" in data else []

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not hasattr(session.config, "workerinput"):
            self._path.write_text(json.dumps(self._taken), "utf-8")


def _suggested(item: pytest.Item, runs: Sequence[TrialRun], _rehearse: Rehearse) -> Any:
    """The checks that hold in all trials of a test, and what is in the way of knowing them."""
    said, results = _said(item), [run.result for run in runs]
    ours = ("claude", "pytest_claude")
    fixture = next((name for name in ours if name in getattr(item, "fixturenames", ())), None)
    why = _not_read(said, results)
    stated = {(note.name, note.expected) for trial in results for note in trial.checks}
    found = [] if why is not None else suggestions(said, fixture or "claude")
    return {
        "test": item.nodeid,
        "fixture": fixture,
        "trials": len(said),
        "failed": sum(trial.outcome == "fail" for trial in results),
        "not_read": why,
        "checks": [asdict(s) for s in found if (s.check, s.expected) not in stated],
        "stated": sum((s.check, s.expected) in stated for s in found),
    }


def _said(item: pytest.Item) -> list[Recorded]:
    """The trials that the test has run so far."""
    return [Recorded(*each) for each in item.stash.get(_SAID, ())]


def _not_read(said: Sequence[Recorded], results: Sequence[Trial]) -> str | None:
    """Why nothing is known of the recorded trials of a test; None where something is."""
    stopped = next((trial for trial in results if trial.outcome not in ("pass", "fail")), None)
    if stopped is not None:
        return stopped.cause or stopped.outcome
    silent = any(trial.transcript.last is None for trial in said)
    return "it makes no call to a model" if silent else None


# --- coverage -------------------------------------------------------------------------------


def _covered(item: pytest.Item, runs: Sequence[TrialRun], rehearse: Rehearse) -> Any:
    """What the trials of a test show, and whether it would notice that each were otherwise."""
    said, results = _said(item), [run.result for run in runs]
    asked = [*item.stash.get(_ASKED, ())]  # of the rehearsals there will be more
    why = _not_read(said, results)
    if why is None and any(trial.outcome == "fail" for trial in results):
        why = "it fails in replay"
    first: dict[tuple[str, str], tuple[int, Shown]] = {}
    for index, trial in enumerate(said if why is None else ()):
        tools = roles(trial.transcript, trial.reading.output_tools, trial.reading.asking_tools)
        for each in shown(trial.transcript, trial.profile, tools):
            first.setdefault((each.kind, each.name), (index, each))
    found = [
        {"kind": each.kind, "name": each.name, **_noticed(each, results[index], index, rehearse)}
        for index, each in first.values()
    ]
    if why is None:
        normalize = item.stash.get(NORMALIZE, None)
        found += _parameters(asked, normalize, said[0].reading.names)
    return {"test": item.nodeid, "not_read": why, "shown": found}


def _noticed(each: Shown, before: Trial, index: int, rehearse: Rehearse) -> dict[str, Any]:
    """Whether a trial fails where one behavior is otherwise, and which check says so.

    Unknown where the answer can't be altered, and where the app then asks more than is recorded.
    """
    verdict: bool | None = None
    for way in each.ways:
        altering = Altering(way)
        run = rehearse(index, altering)
        if altering.met and run.result.outcome == "fail":
            return {"noticed": True, "by": _what_failed(before, run)}
        if altering.met and run.result.outcome == "pass":
            verdict = False
    return {"noticed": verdict, "by": None}


def _what_failed(before: Trial, run: TrialRun) -> str:
    """The check that says otherwise than before; else the kind of what was raised."""
    after = {(note.name, note.line): note.outcome for note in run.result.checks}
    asked = ((n, (n.name, n.line)) for n in before.checks)
    names = (note.name for note, key in asked if after.get(key, note.outcome) != note.outcome)
    raised = [*run.raised.values(), AssertionError()]
    kind = "assert" if isinstance(raised[0], AssertionError) else type(raised[0]).__name__
    return next(names, kind)


def _parameters(
    requests: Sequence[Request], normalize: Normalize | None, names: ModelNames
) -> list[dict[str, Any]]:
    """The parameters of requests: replay holds each, unless a rule of the project takes it out."""
    held: dict[tuple[str, str], bool] = {}
    for request in requests:
        body = mapping(request.json())
        for name, value in body.items():
            left = {key: other for key, other in body.items() if key != name}
            without = replace(request, body=json.dumps(left).encode())
            plain, matched = (
                known(request, rule, names).fingerprint != known(without, rule, names).fingerprint
                for rule in (None, normalize)
            )
            if plain:  # else the request says the same without it
                key = ("model", str(value)) if name == "model" else ("parameter", name)
                held[key] = held.get(key, True) and matched
    return [
        {"kind": kind, "name": name, "noticed": is_held, "by": "replay" if is_held else None}
        for (kind, name), is_held in held.items()
    ]


_PROBES = {"suggest": _suggested, "coverage": _covered}
