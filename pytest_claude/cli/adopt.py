"""`pytest-claude adopt`: the candidate's trials become the suite's recordings."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from pytest_claude.cli.bump import run_gate
from pytest_claude.cli.project import Project, read_project
from pytest_claude.cli.prune import is_wanted
from pytest_claude.cli.source_files import edit_files, files_that_name
from pytest_claude.errors import SettingsError
from pytest_claude.places import Places, shared_ledgers
from pytest_claude.recording.cassette import parts_named
from pytest_claude.recording.files import remove_files, write_atomically
from pytest_claude.recording.folder import main_model
from pytest_claude.recording.references import FOLDER
from pytest_claude.recording.store import Store
from pytest_claude.report.adoption import adoption, bump_text, foretold_lines
from pytest_claude.report.numbers import plural
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.ledger_file import LedgerFile
from pytest_claude.run.place import (
    ORDINARY,
    Side,
    TrialPlace,
    arm_name,
    gate_names,
    shared_gate,
)
from pytest_claude.run.record import Run
from pytest_claude.settings import (
    Candidate,
    parse_candidate,
    parse_environment,
    parse_swap,
    typed_options,
)
from pytest_claude.transcript.utf8 import utf8

NOTE = "BUMP.md"
_ASIDE = ".replaced"
_RENAMES = "adopt.json"  # what is being renamed, until the note says that it is done

Pair = tuple[str, str]
"""The old and the new model of a swap, as typed."""
Rename = tuple[str, str]
"""Where a file is and where it goes, as paths from the project's root."""


def run(options: argparse.Namespace) -> int:
    """Move the trials, then do what is left; 1 when the verdict forbids it, or pytest's status.

    The gate's folder is removed on a yes only, and so are the old model's recordings. A second
    call goes on where the first one ended, or was killed.
    """
    project = read_project(Path.cwd())
    candidate = _candidate(options)
    below = {} if _gate_folder(project, candidate) else _gated_below(project, candidate)
    if not below:
        return _adopt(project, candidate, options)
    status = 0
    for folder, each in sorted(below.items()):
        print(f"\n{folder}:", flush=True)
        status = max(status, _adopt(each, candidate, options))
    return status


def _candidate(options: argparse.Namespace) -> Candidate:
    """What is to be adopted.

    Raises:
        SettingsError: It is neither one bump nor one set of variables.
    """
    if bool(options.pairs) == bool(options.candidate):
        raise SettingsError('adopt: type OLD=NEW, or --candidate "NAME=VALUE …"')
    if options.candidate:
        return parse_environment("--candidate", options.candidate)
    return Candidate(tuple(parse_swap("adopt", text) for text in options.pairs))


def _gated_below(project: Project, candidate: Candidate) -> dict[str, Project]:
    """The projects below this one in which the gate was run, by folder.

    Raises:
        SettingsError: A gate was run where no ini file says that a project is.
    """
    found = {}
    for folder, places in Places(project.cassette_root, project.root).projects():
        if _gates_in(places.root, project, candidate):
            found[str(folder)] = read_project(project.root / folder)
            if found[str(folder)].cassette_root != places.root:
                raise SettingsError(f"adopt: this gate was run in {folder}: adopt it there")
    return found


def _adopt(project: Project, candidate: Candidate, options: argparse.Namespace) -> int:
    os.chdir(project.root)  # from where pytest finds the tests, and paths are shown
    gate = _gate_folder(project, candidate)
    if gate is not None:
        _end_renaming(gate)
    elif candidate.environment:
        arms = {
            each: None
            for path in shared_ledgers(project.cassette_root)
            for each in LedgerFile.loads(path.read_text("utf-8"), str(path)).arms
        }
        raise SettingsError(
            f"adopt: {candidate.name} was compared with nothing; there are "
            f"{', '.join(arms) or 'no candidates'}"
        )
    if gate is None or not _is_adopted(gate, _mark(gate, candidate)):
        if gate is not None and _mark(gate, candidate) and _is_adopted(gate, ""):
            note = os.path.relpath(gate / NOTE)
            raise SettingsError(
                f"adopt: another candidate of this gate was adopted, as {note} says\n"
                "       to take this one, restore the files of before that first (git restore)"
            )
        status, run = run_gate(options, _together(project, candidate))
        if run is not None:
            run = _of_candidate(run, candidate)
        if run is None or run.decision is None:
            return status
        if run.decision.overall != "pass" and not options.anyway:
            print(f"\nnothing was moved: the verdict is {run.decision.overall.upper()}")
            print(f"  to adopt it all the same  pytest-claude adopt --anyway {_typed(options)}")
            return 1
        gate = _move_trials(run, project, options, candidate)
    pairs = [(swap.old, swap.new) for swap in candidate.pairs]
    was_edited = bool(pairs) and _edit(options, project, pairs)
    for line in _by_hand(candidate):
        print(line)
    _remove(options, project, pairs, gate)
    _replay(options, candidate, was_edited=was_edited)
    return 0


def _together(project: Project, candidate: Candidate) -> list[str] | None:
    """The options of all candidates that shared its gate; None where it was alone."""
    ledgers = _shared(project.cassette_root, project, candidate)
    if not ledgers:
        return None
    path = [*ledgers][-1]
    arms = LedgerFile.loads(path.read_text("utf-8"), str(path)).arms
    return shlex.split(" ".join(typed_options(map(parse_candidate, arms)))) or None


def _of_candidate(run: Run, candidate: Candidate) -> Run:
    """Its part of a run that compares several."""
    if not run.arms:
        return run
    name = Comparison("bump", candidate.pairs).published.sides[1]
    name = name if candidate.pairs else candidate.name
    comparisons = ((arm, arm.comparison) for arm in run.arms)
    return next(arm for arm, of in comparisons if of is not None and of.sides[1] == name)


def _by_hand(candidate: Candidate) -> list[str]:
    """What the app must do beside the change of the model."""
    lines = [
        f'  output_config={{"effort": "{swap.effort}"}}, in each request to {swap.new}'
        for swap in candidate.pairs
        if swap.effort is not None
    ]
    if candidate.environment:
        lines.append(f"  {candidate.name}, in the environment of the app and of its tests")
    return ["\nwhat the app must set:", *lines] if lines else []


def _typed(options: argparse.Namespace) -> str:
    """The pairs and the arguments for pytest, as they were typed; the flags are left out."""
    rest = f" -- {shlex.join(options.rest)}" if options.rest else ""
    if options.candidate:
        return f"--candidate {shlex.quote(options.candidate)}{rest}"
    return f"{' '.join(options.pairs)}{rest}"


def _is_adopted(gate: Path, mark: str) -> bool:
    """Whether what a gate judged last was adopted: nothing was recorded in it since.

    Some of its ledgers may be gone: a call that removes them can be killed. `mark` is what the
    note says of the candidate.
    """
    note = gate / NOTE
    text = note.read_text("utf-8") if note.exists() else ""
    return bool(text) and mark in text and all(_digest(each) in text for each in _ledgers(gate))


def _mark(gate: Path, candidate: Candidate) -> str:
    """What the note of a gate says of the candidate that was adopted: nothing where it is alone."""
    if not any(gate.rglob("cand@*")):
        return ""
    return f"<!-- candidate {hashlib.sha256(candidate.name.encode()).hexdigest()[:16]} -->\n"


def _ledgers(gate: Path) -> list[Path]:
    """The ledgers of a gate's attempts."""
    return sorted(gate.rglob("ledger.jsonl"))


def _digest(ledger: Path) -> str:
    # As text: git may have changed the line ends.
    return hashlib.sha256(ledger.read_text("utf-8").encode()).hexdigest()[:16]


def _check_whole(run: Run, gate: Path, options: argparse.Namespace) -> None:
    """Refuse to adopt a part: what is left of the gate would have no verdict.

    Raises:
        SettingsError: Tests were left out by what was typed.
    """
    assert run.decision is not None, "it was judged"
    files = (LedgerFile.loads(path.read_text("utf-8"), str(path)) for path in _ledgers(gate))
    judged = {v.test for v in run.decision.tests if v.reason != "deselected"}
    left = {t.test for file in files for t in file.ledger if t.stream == "cand"} - judged
    if left and options.rest:
        raise SettingsError(
            f"adopt: {plural(len(left), 'test')} of this gate would be left behind: adopt all tests"
        )


def _gate_folder(project: Project, candidate: Candidate) -> Path | None:
    """The folder of its gate; None where there is none.

    Raises:
        SettingsError: It was compared alone, and beside others.
    """
    gates = _gates_in(project.cassette_root, project, candidate)
    if len(gates) > 1:
        one, other = (gate.relative_to(project.root) for gate in gates[:2])
        raise SettingsError(
            f"adopt: {candidate.name} was judged in {one} and in {other}\n"
            f"       to adopt it by one of them, remove the other:\n       rm -r {one}\n"
            f"       rm -r {other}"
        )
    return gates[0] if gates else None


def _gates_in(root: Path, project: Project, candidate: Candidate) -> list[Path]:
    """The folders below a cassette root in which it was judged: alone, or beside others."""
    model = project.names.resolved
    names = gate_names((model(s.old), model(s.new), s.effort) for s in candidate.pairs)
    alone = [root / Side(name, 1, "cand").root for name in names if candidate.pairs]
    first = next((path for path in alone if path.is_dir()), None)
    sides = _shared(root, project, candidate).values()
    shared = {root / replace(side, attempt=1).root for side in sides}
    return [*([first] if first else []), *sorted(shared)]


def _shared(root: Path, project: Project, candidate: Candidate) -> dict[Path, Side]:
    """Its ledgers below a cassette root where it shares a gate, the latest attempt last."""
    model = project.names.resolved
    old = model(candidate.pairs[0].old) if candidate.pairs else None
    pairs = tuple(replace(swap, new=model(swap.new)) for swap in candidate.pairs)
    arm = arm_name(replace(candidate, pairs=pairs))
    of = shared_ledgers(root, None if old is None else shared_gate(old))
    return {path: side for path, side in of.items() if side.arm == arm}


def _move_trials(
    run: Run, project: Project, options: argparse.Namespace, candidate: Candidate
) -> Path:
    """Move what the verdict read, and write BUMP.md; the folder of the gate."""
    tests = {*run.collected, *(result.test for result in run.results)}
    places = Places(project.cassette_root, project.root, tests)

    def ordinary(test: str, model: str, index: int) -> str:
        folder = places.test(test)
        return folder.shows(folder.path(model, index))

    def ordinary_set_up(cassette: str) -> str:
        return os.path.relpath(places.adopted_set_up(cassette))

    adopted = adoption(run, lambda cassette: places.place(cassette).model)
    moves = [move for entry in adopted for move in entry.moves(ordinary, ordinary_set_up)]
    moves = list(dict.fromkeys(moves))  # tests of one scope share their fixtures
    if not moves:
        shared = any(trial.entries for result in run.results for trial in result.trials)
        raise SettingsError(
            "adopt: the tests share their cassettes, and each has trials of its own: change the "
            "model id in the app, then pytest --claude-record"
            if shared
            else "adopt: the candidate has no recorded trial"
        )
    side = places.place(moves[0][0]).side
    gate = places.root / replace(side, attempt=1).root
    _check_whole(run, gate, options)
    replaced = [place for entry in adopted for place in entry.replaced]
    if (gate / NOTE).exists():  # what was adopted before is superseded
        folders = [(places.test(entry.result.test), entry.model) for entry in adopted]
        before = [(of, r) for of, model in folders for r in of.recordings() if r.model == model]
        replaced = list(dict.fromkeys([*replaced, *(of.shows(r.path) for of, r in before)]))
    roots = [root for entry in adopted if (root := places.test(entry.result.test).root)]
    _check(moves, replaced, [*dict.fromkeys(roots), places.root])
    for source, target in moves:
        root = _root_of(target, [*roots, places.root])
        if root not in Path(source).absolute().parents:  # a project below has a store of its own
            for name in parts_named(Path(source)):
                Store.below(root, 0).take(places.root / FOLDER / name)
    digests = " ".join(map(_digest, _ledgers(gate)))
    note = f"{bump_text(run, adopted)}\n<!-- ledger {digests} -->\n"
    _move(moves, replaced, gate, note, _mark(gate, candidate))
    print(f"\nwrote {os.path.relpath(gate / NOTE)}, the text of the pull request")
    print(f"moved {plural(len(moves), 'cassette')} of {plural(len(adopted), 'test')}")
    for line in foretold_lines(run, adopted):
        print(line)
    return gate


# --- what is left to do ---------------------------------------------------------------------


def _edit(options: argparse.Namespace, project: Project, pairs: Sequence[Pair]) -> bool:
    """List where the project names the old model, and edit it where that is wanted.

    Returns:
        Whether something was edited.
    """
    named = files_that_name(project, pairs)
    olds = ", ".join(old for old, _ in pairs)
    if not named:
        print(f"\nno file of the project names {olds}: see where the app gets its model from")
        return False
    places = [(path, mention) for path, of in named for mention in of]
    known = [(path, mention) for path, mention in places if mention.new is not None]
    by_hand = [(path, mention) for path, mention in places if mention.new is None]
    if options.edit:
        try:
            edit_files(named)
        except OSError as error:
            raise SettingsError(f"adopt: {error.filename}: {error.strerror}") from None
    if known:
        print("\nedited:" if options.edit else "\nthese places name the old model:")
    for path, mention in known:
        print(f"  {path}:{mention.line}  {mention.name} → {mention.new}")
    if by_hand:
        print("\nto edit by hand, for the new name is not known there:")
    for path, mention in by_hand:
        print(f"  {path}:{mention.line}  {mention.name}")
    if known and not options.edit:
        print(f"  to edit them  pytest-claude adopt --edit {_typed(options)}")
    return bool(options.edit and known)


def _remove(
    options: argparse.Namespace,
    project: Project,
    pairs: Sequence[Pair],
    gate: Path,
) -> None:
    """Remove, on a yes, what has no use any more: the old model's recordings and the gate's."""
    of_old = _superseded(project, pairs)
    of_gate = [path for path in sorted(gate.rglob("*")) if path.is_file() and path.name != NOTE]
    if not of_old and not of_gate:
        return
    what = (
        f"{plural(len(of_old), 'cassette')} of the old model and "
        f"{plural(len(of_gate), 'file')} of the gate"
    )
    if not (options.yes or is_wanted(f"\nremove {what}?")):
        print(f"\n{what} have no use any more")
        print(f"  to remove them  pytest-claude adopt --yes {_typed(options)}")
        return
    try:
        remove_files((*of_old, *of_gate), gate)
    except OSError as error:
        raise SettingsError(f"adopt: {error.filename}: {error.strerror}") from None
    print(f"\nremoved {what}")


def _superseded(project: Project, pairs: Sequence[Pair]) -> list[Path]:
    """The ordinary cassettes of the old model beside which there are some of the new one."""
    names = project.names.canonical
    olds, news = {names(old) for old, _ in pairs}, {names(new) for _, new in pairs}
    folders: dict[Path, list[tuple[Path, str]]] = {}
    for root in project.cassette_roots:
        for path in sorted(root.rglob("*.yaml")):
            inside = PurePosixPath(path.relative_to(root).as_posix())
            place = TrialPlace.read(inside, partial(main_model, path))
            if place is not None and place.side == ORDINARY:
                folders.setdefault(path.parent, []).append((path, names(place.model)))
    return [
        path
        for of in folders.values()
        if news & {model for _, model in of}
        for path, model in of
        if model in olds - news
    ]


def _replay(options: argparse.Namespace, candidate: Candidate, *, was_edited: bool) -> None:
    """Run plain replay and say what it says; an app that names the old model is asked for the new.

    Nothing is adapted: that is what the app's own code must do.
    """
    pairs = () if was_edited else candidate.pairs
    swaps = [word for swap in pairs for word in ("--claude-swap", str(swap))]
    adapt = ["--claude-adapt=off"] if swaps else []
    rest = [word for word in options.rest if not word.startswith("--claude-record")]
    print("\nplain replay on the new model:", flush=True)
    words = [sys.executable, "-m", "pytest", "-q", "--no-header", *swaps, *adapt, *rest]
    variables = {**os.environ, **dict(candidate.environment)}
    status = subprocess.run(words, check=False, env=variables).returncode
    if status == 0:
        print("plain replay passes")
    else:
        print("plain replay is not green: its tests say above what the app must do")


# --- moving ---------------------------------------------------------------------------------


def _root_of(target: str, roots: Iterable[Path]) -> Path:
    """The root of the cassettes that a file is below, as its path says."""
    path = Path(target).absolute()
    return next(root for root in roots if path.is_relative_to(root.absolute()))


def _check(moves: Iterable[Rename], replaced: Collection[str], roots: Sequence[Path]) -> None:
    """Nothing is moved unless all can be."""
    for source, target in moves:
        if not Path(source).exists():
            raise SettingsError(f"adopt: {source} is not there: run it in the project's root")
        if Path(target).exists() and target not in replaced:
            raise SettingsError(f"adopt: {target} exists already; nothing was moved")
        root = _root_of(target, roots)
        if not Path(target).resolve().is_relative_to(root.resolve()):
            where = f"{target} is behind a link out of {root.name}"
            raise SettingsError(f"adopt: {where}; nothing was moved")


def _move(
    moves: Iterable[Rename], replaced: Iterable[str], gate: Path, note: str, mark: str
) -> None:
    """Move all cassettes and write the note, or leave everything as it was.

    The renames are on disk before the first is made, and the note is written after the last: what
    a killed call left is undone before the note is there, and finished after it.
    """
    renames = [*((place, f"{place}{_ASIDE}") for place in replaced), *moves]
    try:
        journal = {"renames": renames, "mark": mark}
        write_atomically(gate / _RENAMES, utf8(json.dumps(journal, indent=1)))
        for source, target in renames:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(source).replace(target)
        write_atomically(gate / NOTE, utf8(note + mark))
    except OSError as error:
        _undo(renames)
        (gate / _RENAMES).unlink(missing_ok=True)
        raise SettingsError(f"adopt: {error}; nothing was moved") from None
    _end_renaming(gate)


def _end_renaming(gate: Path) -> None:
    """Finish what was renamed, or undo it where not all was.

    Raises:
        SettingsError: The disk refuses it; the next call tries again.
    """
    path = gate / _RENAMES
    if not path.exists():
        return
    try:
        journal = json.loads(path.read_text("utf-8"))
        if isinstance(journal, list):  # of an earlier version
            journal = {"renames": journal, "mark": ""}
        renames: list[Rename] = [(source, target) for source, target in journal["renames"]]
        if not _is_adopted(gate, journal["mark"]):
            _undo(renames)
        for _, target in renames:
            if target.endswith(_ASIDE):
                Path(target).unlink(missing_ok=True)
        path.unlink()
    except OSError as error:
        raise SettingsError(f"adopt: {error.filename}: {error.strerror}; try again") from None


def _undo(renames: Sequence[Rename]) -> None:
    for source, target in reversed(renames):
        if Path(target).exists() and not Path(source).exists():
            Path(target).replace(source)
