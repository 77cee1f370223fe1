"""The recordings of a revision, and of the working tree, as behavior."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath

from pytest_claude.behavior.profile import profile
from pytest_claude.cli.project import cassette_folder
from pytest_claude.comparison.difference import differences
from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import SettingsError, UnreadableCassette
from pytest_claude.models.ids import NO_NAMES
from pytest_claude.models.served import is_other
from pytest_claude.recording.cassette import load, main_model
from pytest_claude.recording.references import FOLDER, names_in
from pytest_claude.report.numbers import plural
from pytest_claude.report.terminal import wrap
from pytest_claude.revision import git
from pytest_claude.run.place import ORDINARY, TrialPlace
from pytest_claude.transcript.parse import parse_transcript
from pytest_claude.transcript.quoting import printable


def compare_recordings(before: str, after: str) -> int:
    """Print what the recordings show of the model's behavior; 0 always, it is no verdict."""
    root = cassette_folder().as_posix()
    old, new = _recorded(before, root), _recorded(after, root)
    if not old and not new:
        raise SettingsError(f"compare {before} {after}: no cassette below {root}/ in either")
    changed = 0
    for test in sorted({*old, *new}):
        base, cand = old.get(test, []), new.get(test, [])
        if base and cand:
            found = [difference.counted for difference in differences(base, cand)]
        else:
            found = [f"only in {before if base else after}"]
        if found:
            changed += 1
            print(printable(test))
            for text in found:
                for line in wrap(printable(text), 76):
                    print(f"    {line}")
    tests = plural(len({*old, *new}), "test")
    print(f"{before} → {after}: {changed} of {tests} behave differently in their recordings")
    if changed and after == ".":
        print(f"  for a verdict  pytest --claude-baseline {before}")
    return 0


def _recorded(side: str, root: str) -> dict[str, list[Trial]]:
    """The trials that the recordings of one side show, by the test's folder."""
    trials: dict[str, list[Trial]] = {}
    with tempfile.TemporaryDirectory() as folder:
        here = ((path.as_posix(), path) for path in sorted(Path(root).rglob("*.yaml")))
        files = here if side == "." else _at(side.removeprefix("git:"), root, Path(folder))
        placed = [(p.folder, p.index, n, path) for n, path in files if (p := _place(n, path, root))]
        for place, _, name, path in sorted(placed):
            test = str(place)
            trials.setdefault(test, []).append(_trial(test, len(trials.get(test, ())), name, path))
    return trials


def _place(name: str, path: Path, root: str) -> TrialPlace | None:
    """The place that a cassette has among the ordinary ones; None where a gate made it."""
    place = TrialPlace.read(PurePosixPath(name).relative_to(root), lambda: main_model(path))
    return place if place is not None and place.side == ORDINARY else None


def _trial(test: str, index: int, name: str, path: Path) -> Trial:
    try:
        entries = load(path, name)
        transcript = parse_transcript(entry.interaction for entry in entries)
    except UnreadableCassette as error:
        raise SettingsError(f"compare: {error.headline}") from None
    return Trial(
        test, "base", index, "pass", cassette=name, interactions=len(entries),
        profile=profile(transcript, is_other=partial(is_other, names=NO_NAMES))
        if transcript.answers
        else None,
    )  # fmt: skip


def _at(revision: str, root: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """The cassettes at a revision, each with a copy in `folder`."""
    listed = _git(revision, "ls-tree", "-r", "-z", "--name-only", revision, "--", root)
    names = [n for n in listed.decode("utf-8", "replace").split("\0") if n.endswith(".yaml")]
    for number, name in enumerate(sorted(names)):
        path = folder / f"{number}.yaml"
        data = _git(revision, "show", f"{revision}:./{name}")
        path.write_bytes(data)
        for part in names_in(data.decode("utf-8", "replace")):
            _copy_part(revision, f"{root}/{FOLDER}/{part}", folder / FOLDER / part)
        yield name, path


def _copy_part(revision: str, name: str, to: Path) -> None:
    """A part as it is in a checkout, where Git LFS fetches it; reading tells if it is missing."""
    if not to.exists():
        to.parent.mkdir(exist_ok=True)
        with suppress(SettingsError):
            to.write_bytes(_git(revision, "cat-file", "--filters", f"{revision}:./{name}"))


def _git(revision: str, *words: str) -> bytes:
    return git(Path.cwd(), revision, *words, option="compare")
