"""`pytest-claude import`: cassettes of other tools' recordings."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import takewhile
from pathlib import Path

from pytest_claude.cli.inputs import recordings
from pytest_claude.cli.project import Project, cassette_folder, read_project
from pytest_claude.errors import RecordingProblem, SettingsError
from pytest_claude.ini_files import ini_keys
from pytest_claude.places import Places, own_folders
from pytest_claude.recording import cassette
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.importing import main_model, read_for_import
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.slugs import named_model
from pytest_claude.recording.store import Store
from pytest_claude.run.place import FileNames
from pytest_claude.transcript.summary import summarize


def run(options: argparse.Namespace) -> int:
    """Write a cassette for each recording; 1 when a file was bad or its place is taken."""
    names = read_project(Path.cwd()).names
    redaction = Redaction.of_environment(os.environ)
    bad = strays = 0
    for source, folder, label, store in _places(options):
        try:
            written_as, entries = read_for_import(
                source, redaction, store, keep_failed=options.keep_failed
            )
            model = named_model(names.resolved(main_model(entries)))
            target = folder.path(model, 0)
            into = options.into or cassette_folder()
            is_inside = source.resolve().is_relative_to(into.resolve())
            if written_as.startswith("pytest-claude") and is_inside:
                raise RecordingProblem(f"{source}: is in its place already; replay reads it")
            if (real := folder.outside(target)) is not None:
                raise RecordingProblem(f"{source}: {target} is {real}, out of {into}")
            if not entries:
                print(f"{source}: no call to a model, nothing imported")
                continue
            summary = summarize([entry.interaction for entry in entries])
            whose = replace(label, model=model)
            cassette.save_new(source, target, entries, summary, written_as, whose)
            print(f"{source} ({written_as}) → {target}")
            strays += label is _NO_TEST
        except RecordingProblem as error:
            bad += 1
            named = source.name in error.headline
            print(f"FAIL {'' if named else f'{source}: '}{error.headline}", file=sys.stderr)
    if strays:
        print(f"{strays} of them named after no test file here\nto place one  {_PLACE_ONE}")
    return 1 if bad else 0


_PLACE_ONE = "pytest-claude import FILE --test NODEID"


def _places(options: argparse.Namespace) -> Iterator[tuple[Path, Folder, Label, Store]]:
    """Each recording, the folder and the label of its test, and where its long strings go."""
    project = read_project(Path.cwd())
    given: Path | None = options.into
    if options.test is not None:
        sources = list(recordings(options.paths, "import"))
        if len(sources) != 1:
            raise SettingsError(f"import --test {options.test}: {len(sources)} recordings, not one")
        yield sources[0], *_home(project, given, options.test)
        return
    for path in options.paths:
        for source in recordings([path], "import"):
            module = module_of(source, project.root)
            if module is None:
                below = source.relative_to(path) if path.is_dir() else Path(source.name)
                into = given or Path(os.path.relpath(project.cassette_root))
                yield (
                    source,
                    Folder((into / below.parent / _stem(source),), FileNames(), Path(), root=into),
                    _NO_TEST,
                    _store(project, given),
                )
                continue
            # A project of its own in the repository replays what lies in its own folder.
            own = read_project(module.parent) if given is None else project
            own = project if ini_keys(own.root) is None else own
            file = module.relative_to(own.root.resolve()).as_posix()
            yield source, *_home(own, given, f"{file}::{_in_module(source)}")


_NO_TEST = Label()


def _home(project: Project, given: Path | None, test: str) -> tuple[Folder, Label, Store]:
    """Where replay looks for the recordings of a test, and whose they are labelled to be."""
    root = given or Path(os.path.relpath(project.cassette_root))
    folder = Places(root, Path(os.path.relpath(project.root))).own(test)
    return folder, Label(test=folder.identity), _store(project, given)


def _store(project: Project, given: Path | None) -> Store:
    """The store of the cassettes below the project's root, or below `given` where that is not."""
    root = project.cassette_root
    is_inside = given is None or given.resolve().is_relative_to(root.resolve())
    return Store.below(root if is_inside or given is None else given, project.store_requests)


def module_of(source: Path, top: Path) -> Path | None:
    """The file of the test that a recording is named after; None where none is near.

    pytest-recording keeps `cassettes/test_orders/test_asks.yaml` beside `test_orders.py`, others
    beside the folder of all tests or in a tree like theirs: the folders that a recording is in end
    as the path of its test's file does. pytest-vcr leaves the file out.

    Args:
        source: The recording.
        top: The folder that holds all tests.
    """
    folder, top = source.resolve().parent, top.resolve()
    if not folder.is_relative_to(top):
        return None
    near = {
        file: (_in_common(file.with_suffix("").parts[::-1], folder.parts[::-1]),
               _in_common(file.parts, folder.parts))
        for file in _files(top).get(f"{folder.name}.py", ())
    }  # fmt: skip
    best = [file for file, nearness in near.items() if nearness == max(near.values())]
    if best:
        return best[0] if len(best) == 1 else None
    function = _in_module(source).partition("[")[0].rpartition(":")[2]
    written = re.compile(rf"\bdef\s+{re.escape(function)}\b")
    beside = folder.parent.glob("*.py")
    best = [file for file in beside if written.search(file.read_text("utf-8", "replace"))]
    return best[0] if len(best) == 1 else None


@cache
def _files(top: Path) -> Mapping[str, list[Path]]:
    """The Python files of a project by their names."""
    files = defaultdict(list)
    for folder, names in own_folders(top):
        for name in names:
            if name.endswith(".py"):
                files[name].append(folder / name)
    return files


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts two paths have in common from their beginning on."""
    same = (a == b for a, b in zip(one, other, strict=False))
    return sum(takewhile(bool, same))


def _in_module(source: Path) -> str:
    """The part of a test's id after its file, as the name of a recording has it."""
    name, bracket, parameters = _stem(source).partition("[")
    return f"{name.replace('.', '::')}{bracket}{parameters}"


def _stem(source: Path) -> str:
    return Path(source.name.removesuffix(".gz")).stem
