"""The candidates of a run: which attempt each is at, and with which others it shares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_claude.errors import SettingsError
from pytest_claude.places import LEDGER, gate_side, places_of, shared_ledgers
from pytest_claude.plugin.gate.attempts import read_ledger
from pytest_claude.plugin.gate.part import in_part
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.place import Side
from pytest_claude.settings import Candidate, Part, RunSettings, parse_candidate, typed_options


def arms_of(settings: RunSettings) -> list[RunSettings]:
    """The settings of the process of each candidate, in the order in which they were given.

    Candidates that begin now share the chances of a false alarm; one that is added after a gate
    of others was begun, or was judged alone before, is an attempt of its own.

    Raises:
        SettingsError: Two candidates are one; or some of those that were compared together are not
            named.
    """
    names: dict[str, Candidate] = {}
    for each in settings.candidates:
        if (other := names.setdefault(_side(settings, each).arm, each)) is not each:
            raise SettingsError(f"{other.name} and {each.name}: one candidate under two names")
    ledgers = {key: paths for key, paths in _ledgers(settings).items() if _is_begun(paths)}
    latest = max((attempt for attempt, _ in ledgers), default=0)
    again = settings.record_mode == "all" and bool(ledgers) and not _waits(ledgers)
    attempts = {
        each: sorted(n for n, name in ledgers if name == arm) for arm, each in names.items()
    }
    starts = {
        each: latest + 1 + _judged_alone(settings, each)
        for each, numbers in attempts.items()
        if again or not numbers
    }
    arms = []
    for arm, candidate in names.items():
        numbers = attempts[candidate]
        if (start := starts.get(candidate)) is not None:
            beside = (each for each, other in starts.items() if other == start)
            together = tuple(_published(each).option for each in beside)
            numbers = [*numbers, start]
        else:
            path = ledgers[numbers[-1], arm][0]
            together = read_ledger(path).arms or (_published(candidate).option,)
            _check_named(settings, candidate, together, path)
        arms.append(with_part(settings, candidate, together, numbers[0], numbers[-1]))
    return arms


def _check_named(
    settings: RunSettings, candidate: Candidate, together: Iterable[str], ledger: Path
) -> None:
    named = {_side(settings, each).arm for each in settings.candidates}
    sides = {each: _side(settings, parse_candidate(each)).arm for each in together}
    if missing := [each for each, arm in sides.items() if arm not in named]:
        gate = ledger.relative_to(settings.rootdir).parent.parent
        raise SettingsError(
            f"{candidate.option}: it was compared together with {', '.join(missing)}\n"
            "       to judge it, name all of them\n"
            f"       to begin anew, remove what was recorded: rm -r {gate.as_posix()}"
        )


def _judged_alone(settings: RunSettings, candidate: Candidate) -> int:
    """How many attempts a gate of this candidate alone had: its false alarms add up."""
    if not candidate.pairs:
        return 0
    alone = replace(settings, candidates=(), bump=candidate.pairs)
    number = 0
    while _is_begun([settings.cassette_root / gate_side(alone, number + 1).ledger / LEDGER]):
        number += 1
    return number


def with_part(
    settings: RunSettings, candidate: Candidate | None, arms: tuple[str, ...], first: int, last: int
) -> RunSettings:
    """The settings of the process that takes the trials of a candidate, or of the baseline.

    Args:
        settings: Of the run.
        candidate: Whose; None: the baseline's.
        arms: The options of all candidates that share the chances of a false alarm.
        first: The attempt at which they were compared first.
        last: The one that they are at.
    """
    pairs = (pair for each in settings.candidates for pair in each.pairs)
    old = next((pair.old for pair in pairs), None)
    every = typed_options(settings.candidates)
    typed = (*every, "--claude-gate-any") if settings.gate_any else every
    return in_part(settings, Part(candidate, old, arms, typed, first), last)


def _published(candidate: Candidate) -> Candidate:
    """It without the accounts that a model's id may hold."""
    pairs = Comparison("bump", candidate.pairs).published.pairs
    return replace(candidate, pairs=pairs)


def _side(settings: RunSettings, candidate: Candidate) -> Side:
    return gate_side(with_part(settings, candidate, (), 1, 1), 1)


def _ledgers(settings: RunSettings) -> dict[tuple[int, str], list[Path]]:
    """The ledgers of the gate's folder, those of projects below too, by attempt and candidate."""
    places = places_of(settings)
    found: dict[tuple[int, str], list[Path]] = {}
    gate = _side(settings, settings.candidates[0]).gate
    for root in (places.root, *(each.root for _, each in places.projects())):
        for path, side in shared_ledgers(root, gate).items():
            found.setdefault((side.attempt, side.arm), []).append(path)
    return found


def _is_begun(ledgers: Iterable[Path]) -> bool:
    """Whether any holds a trial, or the cassette of one lies beside it."""
    return any([*read_ledger(path).ledger] or any(path.parent.rglob("*.yaml")) for path in ledgers)


def _waits(known: Mapping[tuple[int, str], Sequence[Path]]) -> bool:
    """Whether a test of the latest attempt waits for more trials."""
    latest = max(attempt for attempt, _ in known)
    paths = (path for (attempt, _), of in known.items() if attempt == latest for path in of)
    return any(read_ledger(path).waiting for path in paths)
