"""What a command asks of each recorded test, beside its result; the command loads this plugin.

The process that runs a test answers, the test's report carries the answer, and the process that
prints writes all of them into the file that the command named.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Generator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.behavior.alterations import Shown, shown
from pytest_claude.behavior.tools import roles
from pytest_claude.comparison.trial import Trial
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.suggestions import Recorded, Suggestion, suggestions
from pytest_claude.models.ids import ModelNames
from pytest_claude.plugin.accepting import refuse_other_models
from pytest_claude.plugin.fixtures import CURRENT
from pytest_claude.plugin.markers import NORMALIZE, TEST_SETTINGS
from pytest_claude.plugin.session import PROBE, Probe, Rehearse
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
    group.addoption("--claude-probe-shown", type=int, help="the terminal that it is shown on")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    command: Any = config.getoption("--claude-probe")
    refuse_other_models(config, f"{command}: what is read")
    config.stash[PROBE] = _PROBES[command]
    config.pluginmanager.register(_Answers(config), "pytest-claude-answers")
    if command == "suggest" and getattr(config.option, "dist", "no") != "no":
        config.option.dist = "loadfile"  # xdist: all cases of a function run in one process


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
        self._shown: Any = config.getoption("--claude-probe-shown")
        self._tests = self._begun = 0
        if hasattr(config, "workerinput"):
            self._shown = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._tests = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._tests = len(ids)

    def pytest_runtest_logstart(self) -> None:
        self._begun += 1
        if self._shown is not None:
            line = f"\r\x1b[Kreplaying: test {self._begun} of {self._tests}"
            with suppress(OSError):  # a terminal may be closed meanwhile
                os.write(self._shown, line.encode())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        probed = (getattr(report, "claude", None) or {}).get("probed")
        self._taken += [] if probed is None else [probed]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._taken += json.loads(getattr(node, "workeroutput", {}).get("claude_suggested", "[]"))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        config = session.config
        suggested = [_suggested(cases) for cases in config.stash.get(_CASES, {}).values()]
        output: Any = getattr(config, "workeroutput", None)
        if output is not None:
            output["claude_suggested"] = json.dumps(suggested)
        else:
            self._path.write_text(json.dumps([*self._taken, *suggested]), "utf-8")


# --- suggest --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Case:
    """A test that has run: one case of its function, or all of it.

    Attributes:
        test: Its id.
        function: The id of its function.
        fixture: What it calls our fixture; None where it takes none.
        said: What was said in each trial.
        failed: How many trials failed.
        not_read: Why nothing is known of it; None where something is.
        stated: The checks that it states itself.
    """

    test: str
    function: str
    fixture: str | None
    said: Sequence[tuple[Transcript, Reading]]
    failed: int
    not_read: str | None
    stated: Collection[tuple[str, str]]


_CASES: pytest.StashKey[dict[object, list[_Case]]] = pytest.StashKey()


def _take_case(item: pytest.Item, runs: Sequence[TrialRun], _rehearse: Rehearse) -> None:
    """Keep what a test showed: all cases of a function share its body, so they get one answer."""
    said, results = item.stash.get(_SAID, []), [run.result for run in runs]
    ours, above = ("claude", "pytest_claude"), item.parent
    assert above is not None, "a test has a module"
    case = _Case(
        item.nodeid,
        f"{above.nodeid}::{getattr(item, 'originalname', item.name)}",
        next((name for name in ours if name in getattr(item, "fixturenames", ())), None),
        said,
        sum(trial.outcome == "fail" for trial in results),
        _not_read([transcript for transcript, _ in said], results),
        {(note.name, note.expected) for trial in results for note in trial.checks},
    )
    cases = item.config.stash.setdefault(_CASES, {})
    cases.setdefault(getattr(item, "function", item), []).append(case)


def _suggested(cases: Sequence[_Case]) -> dict[str, Any]:
    """The checks that hold in all trials of all cases, and what is in the way of knowing them."""
    first = cases[0]
    not_read = {case.test: case.not_read for case in cases if case.not_read is not None}
    read = [case for case in cases if case.not_read is None]
    found: Sequence[Suggestion] = ()
    try:
        trials = [Recorded(*each) for case in read for each in case.said]
        found = suggestions(trials, first.fixture or "claude") if trials else ()
    except Exception as error:  # the other tests still get their answers
        not_read |= {case.test: _fault(error) for case in read}
        read = []
    stated = {each for each in chain.from_iterable(case.stated for case in read)
              if all(each in case.stated for case in read)}  # fmt: skip
    has_cases = len(cases) > 1 or first.test != first.function
    return {
        "test": first.function,
        "fixture": first.fixture,
        "cases": len(read) if has_cases else None,
        "trials": sum(len(case.said) for case in read),
        "failed": sum(case.failed for case in read),
        "not_read": not_read,
        "checks": [asdict(s) for s in found if (s.check, s.expected) not in stated],
        "stated": sum((s.check, s.expected) in stated for s in found),
    }


def _fault(error: Exception) -> str:
    return f"a fault of pytest-claude: {type(error).__name__}: {error}"


def _not_read(said: Sequence[Transcript], results: Sequence[Trial]) -> str | None:
    """Why nothing is known of the recorded trials of a test; None where something is."""
    stopped = next((trial for trial in results if trial.outcome not in ("pass", "fail")), None)
    if stopped is not None:
        return stopped.cause or stopped.outcome
    silent = any(transcript.last is None for transcript in said)
    return "it makes no call to a model" if silent else None


# --- coverage -------------------------------------------------------------------------------


def _covered(item: pytest.Item, runs: Sequence[TrialRun], rehearse: Rehearse) -> Any:
    """What the trials of a test show, and whether it would notice that each were otherwise."""
    results = [run.result for run in runs]
    why = _not_read([transcript for transcript, _ in item.stash.get(_SAID, ())], results)
    if why is None and any(_is_red(run) for run in runs):
        why = "it fails in replay"
    found: list[dict[str, Any]] = []
    not_known: str | None = None
    try:
        if why is None:
            found, not_known = _rehearsed(item, results, rehearse)
    except Exception as error:  # the other tests still get their answers
        why = _fault(error)
    return {"test": item.nodeid, "not_read": why, "not_known": not_known, "shown": found}


def _rehearsed(
    item: pytest.Item, results: Sequence[Trial], rehearse: Rehearse
) -> tuple[list[dict[str, Any]], str | None]:
    """What the trials show and a test notices, and why the latter is not known."""
    said = [Recorded(*each) for each in item.stash[_SAID]]
    asked = [*item.stash[_ASKED]]  # of the rehearsals there will be more
    first: dict[tuple[str, str], tuple[int, Shown]] = {}
    for index, trial in enumerate(said):
        tools = roles(trial.transcript, trial.reading.output_tools, trial.reading.asking_tools)
        for each in shown(trial.transcript, trial.profile, tools):
            first.setdefault((each.kind, each.name), (index, each))
    control = partial(_unsteady, results[0], rehearse)
    unsteady = control() if first else None
    found: list[dict[str, Any]] = [
        {
            "kind": each.kind,
            "name": each.name,
            **(_UNKNOWN if unsteady else _noticed(each, results[index], index, rehearse)),
        }
        for index, each in first.values()
    ]
    if any(each["noticed"] for each in found) and (unsteady := control()) is not None:
        found = [{**each, **_UNKNOWN} for each in found]
    found += _parameters(asked, item.stash.get(NORMALIZE, None), said[0].reading.names)
    return found, unsteady


_UNKNOWN = {"noticed": None, "by": None}


def _unsteady(before: Trial, rehearse: Rehearse) -> str | None:
    """How a trial ends on the answers as they are recorded; None where it ends as before.

    Else what it says of altered answers says nothing: it may fail because it ran before.
    """
    run = rehearse(before.index, Altering(lambda message: message))
    after = run.result
    if after.outcome == before.outcome and not _is_red(run):
        return None
    return f"run once more on the same answers, it ends otherwise: {after.cause or after.outcome}"


def _is_red(run: TrialRun) -> bool:
    """Whether pytest fails a test for this trial: not where it is expected to fail."""
    return bool(run.subtests) or any(report.failed for report in run.reports.values())


def _noticed(each: Shown, before: Trial, index: int, rehearse: Rehearse) -> dict[str, Any]:
    """Whether a trial turns red where one behavior is otherwise, and which check says so.

    Unknown where the answer can't be altered, and where the app then asks more than is recorded.
    """
    verdict: bool | None = None
    for way in each.ways:
        altering = Altering(way)
        run = rehearse(index, altering)
        if not altering.met or run.problems:
            continue
        if _is_red(run):
            return {"noticed": True, "by": _what_failed(before, run)}
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


_PROBES: dict[str, Probe] = {"suggest": _take_case, "coverage": _covered}
