"""`pytest-claude from`: recorded traffic, exports of traces or cassettes, becomes a test."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pytest_claude.cli import accept
from pytest_claude.cli.inputs import recordings
from pytest_claude.cli.project import Project, read_project
from pytest_claude.clock import elapsed_s
from pytest_claude.errors import RecordingProblem, SettingsError
from pytest_claude.models.ids import canonical_model
from pytest_claude.places import Places
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.store import Store
from pytest_claude.traces.cases import linked, without_doubles
from pytest_claude.traces.clusters import Cluster, clusters
from pytest_claude.traces.files import ENDINGS
from pytest_claude.traces.model import Case, LeftOut, TracedCall
from pytest_claude.traces.personal import PersonalData
from pytest_claude.traces.sources import SOURCES, read_jsonl
from pytest_claude.traces.summary import Tally, changed_lines, chosen_lines, counted, read_lines
from pytest_claude.traces.writing import (
    Written,
    case_lines,
    identified,
    test_text,
    without_secrets,
    write_cassettes,
    write_text,
)

_T = TypeVar("_T")
_NAME = re.compile(r"\w+", re.ASCII)
_REDACTING = ("-p", "pytest_claude.plugin.redacting")
_MOST = 10  # of what is named one by one
_EVERY_S = 2.0  # how often a long command says how far it is


def run(options: argparse.Namespace) -> int:
    """Write the test, and replay it once, which accepts what it does; pytest's exit status then."""
    project = read_project(Path.cwd())
    stem = options.name or "traffic"
    name = f"test_{stem}"
    test, cases_file = options.into / f"{name}.py", options.into / f"{stem}.jsonl"
    _check_name(stem, project, test)
    shown = Path(os.path.relpath(test.resolve(), project.root.resolve())).as_posix()
    node = f"{shown}::{name}"
    places = Places(_here(project.cassette_root), _here(project.root))
    _check_new(test, cases_file, places.own(node).path("x", 0).parent.parent)
    files = [*_files(options.source, options.paths)]
    progress = _Progress()
    tally = Tally()
    calls = [*progress.each(_calls(options, files, tally), "records read")]
    cases = linked(calls)
    found = clusters(without_doubles(cases))
    _print(read_lines(tally, len(files)), chosen_lines(tally, len(cases), found, options.n))
    chosen = [*_chosen(found, options.n)]
    if not chosen:
        raise SettingsError(f"from {options.source}: no call of Claude to make a test of")
    personal = None if options.keep_personal_data else PersonalData()
    redaction = Redaction.of_environment(os.environ)
    try:
        written = identified(
            without_secrets(
                chosen, personal, redaction, lambda texts: _by_hook(texts, options.into)
            )
        )
        kept = write_cassettes(
            progress.each(written, "cassettes written"),
            test=node,
            title=SOURCES[options.source].title,
            places=places,
            store=Store.below(project.cassette_root, project.store_requests),
            names=project.names,
        )
        write_text(cases_file, case_lines(written))
        write_text(test, test_text(options.source, stem, cases_file.name))
    except (RecordingProblem, OSError) as error:
        print(f"FAIL {getattr(error, 'headline', error)}", file=sys.stderr)
        return 1
    if same := len(chosen) - len(written):
        print(f"{counted(same, 'case')} left out: what is taken out told them from others")
    counts = None if personal is None else personal.counts
    _print(changed_lines([each.case for each in written], counts))
    print(
        f"written: {test}, {cases_file}, and below {_below(kept)} {counted(len(kept), 'cassette')}"
    )
    return _replay(test, written)


def _replay(test: Path, written: Sequence[Written]) -> int:
    """Replay the test once, and say what comes of it; pytest's exit status, 1 for a red case."""
    ran, run = accept.replay([str(test)], capture_output=True, text=True, errors="replace")
    results = () if run is None else run.results
    red = [result.test for result in results if not result.passed]
    green = len(results) - len(red)
    if ran.returncode or green < len(written):
        print(ran.stdout, ran.stderr, sep="", end="")
        print(f"{green:,} of {len(written):,} replay green; no bump can be gated with the others")
        for each in red[:_MOST]:
            print(f"  red: {each}")
        if (more := len(red) - _MOST) > 0:
            print(f"  and {more:,} more")
        print(f"to run them     pytest {test}")
        return ran.returncode or 1
    print(f"{green:,} of {len(written):,} replay green, and what they do is accepted")
    print(f"to run them     pytest {test}")
    for model in dict.fromkeys(canonical_model(str(w.case.request["model"])) for w in written):
        print(f"to gate a bump  pytest-claude bump {model}=NEW -- {test} --claude-record")
    return 0


def _below(paths: list[Path]) -> Path:
    """The folder that all these files are in."""
    return Path(os.path.commonpath([path.parent.parent for path in paths]))


def _check_name(name: str, project: Project, test: Path) -> None:
    """Make sure that the test can be one of the project's.

    Raises:
        SettingsError: It can't.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(f"--name {name}: letters, digits and _, as in the name of a test")
    if not test.resolve().is_relative_to(project.root.resolve()):
        raise SettingsError(f"--into {test.parent}: it is not below {project.root}, the project")


def _check_new(*targets: Path) -> None:
    """Make sure that nothing of the user's is written over: test, cases, folder of cassettes.

    Raises:
        SettingsError: One is there.
    """
    if there := [path for path in targets if path.exists()]:
        verb = "is" if len(there) == 1 else "are"
        raise SettingsError(
            f"{', '.join(map(str, there))} {verb} there already, and nothing is written over\n"
            "       to write another one  add --name NAME\n"
            f"       to write it anew      rm -r {shlex.join(map(str, there))}  first"
        )


def _here(path: Path) -> Path:
    """A path as one from the current folder."""
    return Path(os.path.relpath(path))


def _files(source: str, paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Each file, and how it is named."""
    for path in paths:
        if source == "cassettes":
            top = path if path.is_dir() else path.parent
            found = recordings([path], "from cassettes")
            yield from ((each, each.relative_to(top).as_posix()) for each in found)
            continue
        if path.is_dir():
            below = (p for p in sorted(path.rglob("*")) if p.suffix.lower() in ENDINGS)
            yield from ((p, p.relative_to(path).as_posix()) for p in below if p.is_file())
        elif path.exists():
            yield path, path.name
        else:
            raise SettingsError(f"from {source} {path}: no such file or folder")


def _calls(
    options: argparse.Namespace, files: list[tuple[Path, str]], tally: Tally
) -> Iterator[TracedCall | None]:
    read = SOURCES[options.source].read
    if options.source == "jsonl":
        read = read_jsonl(options.request_field, options.reply_field)
    for call in read(files):
        if isinstance(call, TracedCall) and (why := _unsendable(call)):
            call = LeftOut("broken", call.source, why)
        if isinstance(call, LeftOut):
            tally.leave_out(call)
            yield None
        else:
            tally.calls += 1
            yield call


def _unsendable(call: TracedCall) -> str:
    """Why no SDK can send the request, or no API the reply; "" where they can."""
    try:
        json.dumps(call.reply, allow_nan=False)
        json.dumps(call.body, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return "its request holds half a character (a lone surrogate), which no SDK sends"
    except ValueError:
        return "it holds a number that JSON has not (NaN, or one without end)"
    return ""


def _chosen(found: Iterable[Cluster], number: int | None) -> Iterator[tuple[Case, list[str]]]:
    for cluster in found:
        chosen = cluster.cases if number is None else cluster.sample(number)
        yield from ((case, cluster.tags) for case in chosen)


def _by_hook(texts: list[str], into: Path) -> list[str]:
    """What the project's hook makes of texts; pytest alone loads the `conftest.py` that has it."""
    there = next(path for path in (into, *into.resolve().parents) if path.is_dir())
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        path = Path(folder, "texts.json")
        path.write_text(json.dumps(texts), "utf-8")
        words = [*_REDACTING, f"--claude-redact-texts={path}", str(there)]
        ran = subprocess.run([sys.executable, "-m", "pytest", *words], check=False)
        if ran.returncode:
            raise RecordingProblem("the project's hooks can't be loaded: nothing is written")
        after: list[str] = json.loads(path.read_bytes())
    return after


def _print(*lines: Iterable[str]) -> None:
    for each in lines:
        for line in each:
            print(line)


class _Progress:
    """Says on standard error how far a command is, once it takes a while."""

    def __init__(self) -> None:
        self._next = elapsed_s() + _EVERY_S

    def each(self, items: Iterable[_T | None], of: str) -> Iterator[_T]:
        """The items that are something; all of them are counted."""
        for number, item in enumerate(items, start=1):
            if elapsed_s() >= self._next:
                print(f"{number:,} {of}", file=sys.stderr, flush=True)
                self._next = elapsed_s() + _EVERY_S
            if item is not None:
                yield item
