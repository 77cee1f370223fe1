"""The recordings of a revision, and of the working tree, as behavior."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude.cli.project import cassette_folder
from pytest_claude.errors import SettingsError, UnreadableCassette
from pytest_claude.revision import git

if TYPE_CHECKING:
    from pytest_claude.comparison.trial import Trial


def compare_recordings(before: str, after: str) -> int:
    """Print what the recordings show of the model's behavior; 0 always, it is no verdict."""
    from pytest_claude.comparison.difference import differences
    from pytest_claude.report.numbers import plural
    from pytest_claude.report.terminal import wrap
    from pytest_claude.transcript.quoting import printable

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
    found: dict[str, list[Trial]] = {}
    for name, path in _here(root) if side == "." else _at(side.removeprefix("git:"), root):
        if "/_gate/" not in f"/{name}":
            test = str(Path(name).parent).removeprefix(f"{root}/")
            found.setdefault(test, []).append(_trial(test, len(found.get(test, ())), name, path))
    return found


def _trial(test: str, index: int, name: str, path: Path) -> Trial:
    from pytest_claude.behavior.profile import profile
    from pytest_claude.comparison.trial import Trial
    from pytest_claude.recording.cassette import load
    from pytest_claude.transcript.parse import parse_transcript

    try:
        entries = load(path, name)
    except UnreadableCassette as error:
        raise SettingsError(f"compare: {error.headline}") from None
    transcript = parse_transcript(entry.interaction for entry in entries)
    return Trial(
        test, "base", index, "pass", cassette=name, interactions=len(entries),
        profile=profile(transcript) if transcript.answers else None,
    )  # fmt: skip


def _here(root: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(Path(root).rglob("*.yaml"), key=_order):
        yield path.as_posix(), path


def _at(revision: str, root: str) -> Iterator[tuple[str, Path]]:
    """The cassettes at a revision, each in a file that lives while it is looked at."""
    listed = _git(revision, "ls-tree", "-r", "-z", "--name-only", revision, "--", root)
    names = [n for n in listed.decode("utf-8", "replace").split("\0") if n.endswith(".yaml")]
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(names, key=lambda name: _order(Path(name))):
            path = Path(folder, "cassette.yaml")
            path.write_bytes(_git(revision, "show", f"{revision}:./{name}"))
            yield name, path


def _order(path: Path) -> tuple[str, int]:
    """Trials in their order: `model.yaml`, `model.2.yaml`, …, `model.10.yaml`."""
    number = path.stem.rpartition(".")[2]
    return str(path.parent), int(number) if number.isdecimal() else 1


def _git(revision: str, *words: str) -> bytes:
    return git(Path.cwd(), revision, *words, option="compare")
