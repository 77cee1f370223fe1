"""Everything that writes: the disk refuses, or the process dies, at any operation.

A file is the whole old one or the whole new one, no answer that was paid for is lost, and the next
run leaves what an undisturbed one leaves.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from faults.disk import FAULTS, Died, Disk, Fault, each_operation, tree
from ledgers import decided, trials
from report_samples import PASSED
from simulator import asks, by_prompt, calls

from pytest_claude import cli
from pytest_claude.cli import adopt, prune
from pytest_claude.cli.orphans import find_orphans
from pytest_claude.errors import RecordingProblem, SettingsError, UnsavedCassette
from pytest_claude.gating import Ledger, Policy
from pytest_claude.places import places_of
from pytest_claude.plugin.gate.attempts import Attempts
from pytest_claude.recording import cassette, partial
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.files import write_atomically
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.opening import Place
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.store import Store
from pytest_claude.report.story import story
from pytest_claude.report_files import write_reports
from pytest_claude.run.ledger_file import LedgerFile
from pytest_claude.run.place import FileNames
from pytest_claude.run.record import Run, dumps, loads
from pytest_claude.settings import RunSettings, Swap
from pytest_claude.transcript.interaction import Interaction, Request, Response

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
URL = "https://api.anthropic.com/v1/messages"


@pytest.fixture(params=FAULTS.values(), ids=FAULTS)
def fault(request: pytest.FixtureRequest) -> Fault:
    fault: Fault = request.param
    return fault


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder as it is before."""
    folder = tmp_path / "made"
    folder.mkdir()
    return folder


def asked(prompt: str) -> Request:
    body = {"model": OLD, "messages": [{"role": "user", "content": prompt}]}
    return Request("POST", URL, json.dumps(body).encode())


def answer(text: str) -> Response:
    return Response(200, json.dumps({"said": text}).encode())


def entries(*prompts: str, said: str = "first") -> list[Recorded]:
    return [Recorded.of(Interaction(asked(p), answer(f"{said} {p}"))) for p in prompts]


def after(act: Callable[[Path], object], made: Path) -> dict[str, bytes]:
    """What an undisturbed call leaves."""
    *_, (work, disk) = each_operation(made, FAULTS["death"], lambda work: None)
    act(work)
    assert not disk.struck
    return tree(work)


def test_a_dead_process_writes_nothing_more_and_a_failed_write_is_torn(made: Path) -> None:
    def write(folder: Path) -> None:
        with suppress(OSError), (folder / "x").open("wb", buffering=0) as file:
            file.write(b"abcd")
        (folder / "y").write_text("later")

    left = [
        (disk.steps[-1], tree(work)) for work, disk in each_operation(made, FAULTS["death"], write)
    ]
    whole = {"x": b"abcd", "y": b"later"}
    assert left == [
        ("open x", {}), ("write x", {"x": b"ab"}), ("open y", {"x": b"abcd"}),
        ("write y", {"x": b"abcd", "y": b"la"}), ("write y", whole),
    ]  # fmt: skip
    torn = [tree(work) for work, _ in each_operation(made, FAULTS["full disk"], write_both)]
    assert torn[1] == {"x": b"ab", "y": b"later"}


def write_both(folder: Path) -> None:
    for name, data in (("x", b"abcd"), ("y", b"later")):
        with suppress(OSError), (folder / name).open("wb", buffering=0) as file:
            file.write(data)


# --- one cassette ---------------------------------------------------------------------------


@pytest.mark.parametrize("before", [(), ("one",)], ids=["new", "over an old one"])
@pytest.mark.fault("W02", "W03")
def test_a_saved_cassette(made: Path, fault: Fault, before: tuple[str, ...]) -> None:
    path = Path("sub", "x.yaml")
    if before:
        cassette.save(made / path, entries(*before))

    def save(work: Path) -> None:
        cassette.save(work / path, entries("one", "two"))

    told: list[str] = []

    def act(work: Path) -> None:
        told.clear()
        try:
            save(work)
        except UnsavedCassette as error:
            told.append(error.headline)

    why = "" if fault.error is None else os.strerror(fault.error)
    old, new = tree(made), after(save, made)
    for work, disk in each_operation(made, fault, act):
        assert told in ([], [f"x.yaml could not be saved: {why}"])
        left = tree(work)
        kept = {name: data for name, data in left.items() if not name.endswith(".tmp")}
        assert kept in (old, new), disk.steps
        assert fault.error is None or left == kept, "an error leaves no file behind"
        assert fault.error is None or bool(told) is (left != new)
        save(work)
        assert tree(work) == new, disk.steps
    assert len(disk.steps) > 5


SAVES_20_MB = f"""
import json
from pathlib import Path
from pytest_claude.recording import cassette
from pytest_claude.recording.entry import Recorded
from pytest_claude.transcript.interaction import Interaction, Request, Response

answer = json.dumps({{"said": "twenty million characters " * 800_000}}).encode()
asked = Request("POST", {URL!r}, b'{{"model": "{OLD}"}}')
cassette.save(Path("x.yaml"), [Recorded.of(Interaction(asked, Response(200, answer)))])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that Windows has not")
@pytest.mark.fault("W02")
def test_a_kill_while_20_mb_replace_a_good_cassette_leaves_that(made: Path) -> None:
    path = made / "x.yaml"
    cassette.save(path, entries("one"))
    before = path.read_bytes()
    words = [sys.executable, "-c", SAVES_20_MB]
    for _ in range(5):  # a busy machine may look too late
        path.write_bytes(before)
        with subprocess.Popen(words, cwd=made) as writer:
            while writer.poll() is None and not list(made.glob(".*.tmp")):
                time.sleep(0.0005)
            writer.kill()
        if writer.returncode == -signal.SIGKILL:
            break
    assert writer.returncode == -signal.SIGKILL, "it was killed while it wrote"
    assert path.read_bytes() == before
    subprocess.run(words, cwd=made, check=True)
    assert [each.name for each in made.iterdir()] == ["x.yaml"], "what was left is gone"
    (entry,) = cassette.load(path, "x.yaml")
    assert len(entry.response.body) > 20_000_000


def test_a_file_that_is_replaced_keeps_its_permissions(made: Path) -> None:
    new, script = made / "new", made / "script"
    new.touch()
    for path in (made / "other", script):
        write_atomically(path, b"1")
        assert path.stat().st_mode == new.stat().st_mode
    script.chmod(0o755)
    mode = script.stat().st_mode
    write_atomically(script, b"2")
    assert (script.read_bytes(), script.stat().st_mode) == (b"2", mode)


# --- one trial ------------------------------------------------------------------------------

TRIALS = {
    "a first one": ((), "new_episodes"),
    "one that goes on": (("one",), "new_episodes"),
    "one that asks again": (("one", "two", "three"), "all"),
    "one that others share": (("zero",), "shared"),
}
CASSETTE = f"{OLD}.yaml"


@pytest.mark.parametrize(("before", "mode"), TRIALS.values(), ids=TRIALS)
@pytest.mark.fault("W01")
def test_a_recorded_trial(made: Path, fault: Fault, before: tuple[str, ...], mode: str) -> None:
    shared = mode == "shared"
    if before:
        cassette.save(made / CASSETTE, entries(*before), label=Label(shared=shared, model=OLD))
    paid: list[str] = []
    problems: list[RecordingProblem] = []

    def trial(work: Path) -> None:
        paid.clear()
        problems.clear()
        place = Place(Folder((work,), FileNames(), work), 0, "pytest", Label(shared=shared))
        record: Any = "new_episodes" if shared else mode
        recorder = Recorder(place, record, redaction=Redaction())
        with suppress(RecordingProblem):
            for prompt in ("one", "two", "three"):
                try:
                    call = recorder.begin(asked(prompt), None)
                    if call.entry is None:
                        if fault.error is not None:
                            paid.append(prompt)
                        recorder.end(call, answer(f"second {prompt}"))
                        paid.append(prompt)
                except RecordingProblem as error:
                    recorder.problems.take(error)
                    raise
        recorder.close(ended=True)
        problems.extend(recorder.problems)

    old, new = tree(made), after(trial, made)
    assert list(new) == [CASSETTE]
    for work, disk in each_operation(made, fault, trial):
        left = tree(work)
        assert left.get(CASSETTE) in (old.get(CASSETTE), new[CASSETTE]), disk.steps
        held = partial.load(work / CASSETTE)
        if CASSETTE in left:
            held += cassette.load(work / CASSETTE, CASSETTE)
        kept = {each.response.json()["said"] for each in held}
        assert {f"second {prompt}" for prompt in paid} <= kept, (disk.steps, paid)
        if fault.error is not None and not problems:
            assert left == new, "what is not told has done no harm"
        trial(work)
        assert not problems, disk.steps
        assert tree(work) == new, disk.steps
        if mode != "all":
            assert not {f"second {prompt}" for prompt in paid} & kept, "nothing is paid twice"
    assert len(disk.steps) > 10


@pytest.mark.fault("W01", "T09")
def test_a_trial_with_long_requests(made: Path, fault: Fault) -> None:
    """Their parts are in the store before anything refers to them."""
    paid: list[str] = []
    problems: list[RecordingProblem] = []

    def trial(work: Path) -> None:
        paid.clear()
        problems.clear()
        place = Place(Folder((work,), FileNames(), work), 0, "pytest")
        store = Store.below(work, 100)
        recorder = Recorder(place, "new_episodes", redaction=Redaction(), store=store)
        with suppress(RecordingProblem):
            for prompt in ("one", "two"):
                try:
                    call = recorder.begin(asked(f"{prompt} {'long ' * 50}"), None)
                    if call.entry is None:
                        recorder.end(call, answer(prompt))
                        paid.append(prompt)
                except RecordingProblem as error:
                    recorder.problems.take(error)
                    raise
        recorder.close(ended=True)
        problems.extend(recorder.problems)

    new = after(trial, made)
    for work, disk in each_operation(made, fault, trial):
        held = partial.load(work / CASSETTE)
        if (work / CASSETTE).exists():
            held += cassette.load(work / CASSETTE, CASSETTE)
        assert {*paid} <= {each.response.json()["said"] for each in held}, (disk.steps, paid)
        assert all(each.request.json()["messages"][0]["content"][-5:] == "long " for each in held)
        trial(work)
        assert not problems, disk.steps
        left = {name: data for name, data in tree(work).items() if not name.endswith(".tmp")}
        assert left == new, disk.steps
    assert len(disk.steps) > 20


@pytest.mark.fault("W08")
def test_a_partial_file_that_the_cassette_has_all_of_is_removed(made: Path) -> None:
    cassette.save(made / CASSETTE, entries("one", "two"))
    for entry in entries("one"):
        partial.append(made / CASSETTE, entry)
    place = Place(Folder((made,), FileNames(), made), 0, "pytest")
    for mode, names in (("none", 2), ("once", 2), ("new_episodes", 1)):
        recorder = Recorder(place, mode, redaction=Redaction())  # type: ignore[arg-type]
        for prompt in ("one", "two"):
            assert recorder.begin(asked(prompt), None).recorded
        recorder.close(ended=True)
        assert len(list(made.iterdir())) == names, mode


# --- ledgers and reports --------------------------------------------------------------------


def test_the_ledger_of_a_gate(made: Path, fault: Fault) -> None:
    settings = RunSettings(
        made.with_name("made-work") / "cassettes",
        made.with_name("made-work"),
        "new_episodes",
        bump=(Swap(OLD, NEW),),
    )
    path = f"cassettes/_gate/{OLD}__{NEW}/ledger.jsonl"
    policy = Policy.named("quick")
    ledger = Ledger(trials({"t.py::a": {"base": "PPPP", "cand": "PPPP"}}))
    decision = decided(ledger, policy, {"t.py::a"})
    errors: list[Exception] = []

    def gate(work: Path) -> None:
        errors.clear()
        try:
            attempts = Attempts(settings, places_of(settings))
            attempts.begin(["t.py::a"], "callable")
            attempts.write(ledger, decision, ())
        except (OSError, SettingsError) as error:
            errors.append(error)

    new = after(gate, made)
    assert list(new) == [path]
    begun = LedgerFile(waiting={"t.py::a": [0, 0]}).dumps().encode()
    for work, disk in each_operation(made, fault, gate):
        assert tree(work).get(path) in (None, begun, new[path]), disk.steps
        assert errors or fault.error is None or tree(work) == new
        gate(work)
        assert (tree(work), errors) == (new, []), disk.steps
    assert len(disk.steps) > 10


def test_a_gate_that_dies_at_its_ledger_is_gone_on_with_and_pays_nothing_twice(
    project: Any,
) -> None:
    project.app(sdk_in_children=True)
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.personas(new=calls(("lookup_order", {"order_id": "1234"})))
    project.record()
    before = shutil.copytree(
        project.path / "cassettes", project.path.with_name(f"{project.path.name}-before")
    )
    run = ("-p", "no:cacheprovider", f"--claude-bump={OLD}={NEW}")
    project.record(*run).assert_outcomes(passed=1)
    new = project.cassettes
    for at in (1, 5):  # its temporary file is made, and takes its name
        shutil.rmtree(project.path / "cassettes")
        shutil.copytree(before, project.path / "cassettes")
        with project.server():
            with Disk(project.path, at, only="ledger") as disk, suppress(Died):
                project.run(*run, "--claude-record")
            assert disk.struck
            gc.collect()
            project.run(*run, "--claude-record").assert_outcomes(passed=1)
            assert len(project.simulator.bodies) == 4, disk.steps
        assert project.cassettes == new, disk.steps


def test_a_gate_that_dies_while_it_drops_what_the_app_asks_no_more_is_gone_on_with(
    project: Any,
) -> None:
    project.app(sdk_in_children=True)
    test = "def test_a(claude):\n    ask('{}')\n    assert claude.calls_tool('lookup_order')"
    calls_it = calls(("lookup_order", {"order_id": "1234"}))
    project.personas(old=calls_it, new=by_prompt({"mended": calls_it}, asks("Which order?")))
    run = ("-p", "no:cacheprovider", f"--claude-bump={OLD}={NEW}")
    project.tests(test.format("refund"))
    project.record()
    project.record(*run).assert_outcomes(failed=1)
    project.tests(test.format("mended"))
    before = shutil.copytree(
        project.path / "cassettes", project.path.with_name(f"{project.path.name}-before")
    )

    def decision() -> Any:
        project.run(*run, "--claude-report=run.json").assert_outcomes(passed=1)
        return json.loads((project.path / "run.json").read_text())["decision"]

    with Disk(project.path) as disk:
        project.record(*run).assert_outcomes(passed=1)
    new, decided_on = project.cassettes, decision()
    steps = enumerate(disk.steps, start=1)
    drops = [at for at, step in steps if step.startswith("unlink") and step.endswith(".yaml")]
    assert len(drops) > 20
    for at in (drops[0], drops[len(drops) // 2]):
        shutil.rmtree(project.path / "cassettes")
        shutil.copytree(before, project.path / "cassettes")
        with project.server():
            with Disk(project.path, at) as disk, suppress(Died):
                project.run(*run, "--claude-record")
            assert disk.struck
            gc.collect()
            project.run(*run, "--claude-record").assert_outcomes(passed=1)
            assert len(project.simulator.bodies) == 5, "nothing is paid twice"
        # Fresh trials of the baseline are dropped by the next run that would take one.
        left = {name for name in project.cassettes if "/base_fresh/" not in name}
        assert left == set(new)
        assert decision() == decided_on


def test_reports(made: Path, fault: Fault) -> None:
    names = ("run.json", "run.md")
    for name in names:
        (made / name).write_text("old")
    unwritten: list[str] = []

    def write(work: Path) -> None:
        paths = [work / name for name in names]
        unwritten[:] = write_reports(PASSED, story(PASSED), paths, work)

    old, new = tree(made), after(write, made)
    for work, disk in each_operation(made, fault, write):
        left = tree(work)
        assert all(left[name] in (old[name], new[name]) for name in names), disk.steps
        assert fault.error is None or bool(unwritten) is (left != new)
        write(work)
        assert tree(work) == new, disk.steps
    assert len(disk.steps) == 5 * len(names)


# --- commands -------------------------------------------------------------------------------

Command = Callable[[Path], None]


@pytest.fixture
def status() -> list[int]:
    """The exit status of the last command."""
    return []


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, status: list[int]) -> Callable[..., Command]:
    """A command that is typed in the folder that it is given."""

    def command(*words: str) -> Command:
        def run(work: Path) -> None:
            monkeypatch.chdir(work)
            status[:] = [cli.main(words)]

        return run

    return command


def recordings(folder: Path, *names: str) -> None:
    for name in names:
        data = {
            "version": 2,
            "interactions": [
                {
                    "request": {"method": "POST", "url": URL, "body": asked(name).body.decode()},
                    "response": {"code": 200, "body": answer(name).body.decode()},
                }
            ],
        }
        (folder / f"{name}.yaml").write_text(json.dumps(data))


def edited(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / f"{name}.yaml"
        cassette.save(path, entries(name))
        path.write_text(path.read_text().replace("first", "edited"))


def runs(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.json").write_text(dumps(PASSED))


def git_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"*.pyc\r\ncaf\xe9")


COMMANDS: dict[str, tuple[Callable[..., None], tuple[str, ...], list[str]]] = {
    "import": (recordings, ("a", "b"), ["import", "a.yaml", "b.yaml", "--into", "cassettes"]),
    "check --accept": (edited, ("a", "b"), ["check", "--accept", "a.yaml", "b.yaml"]),
    "merge": (runs, ("a",), ["merge", "a.json", "-o", "m.json", "-o", "m.md"]),
    "init": (git_files, (".gitattributes", ".gitignore"), ["init"]),
}


@pytest.mark.parametrize(("make", "names", "words"), COMMANDS.values(), ids=COMMANDS)
def test_a_command(
    made: Path, fault: Fault, typed: Any, status: list[int], make: Any, names: Any, words: Any
) -> None:
    make(made, *names)
    command = typed(*words)
    old, new = tree(made), after(command, made)
    for work, disk in each_operation(made, fault, command):
        told = status.copy()
        left = {name: data for name, data in tree(work).items() if not name.endswith(".tmp")}
        for name, data in left.items():
            assert data in (old.get(name), new[name]), (name, disk.steps)
        assert left.keys() >= old.keys()
        assert fault.error is None or told != [0] or left == new
        command(work)
        assert (tree(work), status) == (new, [0]), disk.steps
    assert len(disk.steps) >= 10


def test_prune(
    made: Path, fault: Fault, typed: Any, status: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (made / "test_a.py").touch()
    for test in ("test_kept", "test_gone", "test_left"):
        label = Label(model=OLD, test=f"test_a.py::{test}")
        cassette.save(made / "cassettes/test_a" / test / CASSETTE, entries("one"), label=label)
    temporary = f"cassettes/test_a/test_gone/.{CASSETTE}.1.tmp"
    (made / temporary).touch()

    def orphans() -> Any:
        return find_orphans(Path("cassettes"), Path.cwd(), {"test_a.py::test_kept": None})

    monkeypatch.setattr(prune, "project_orphans", orphans)
    command = typed("prune", "--yes")
    old, new = tree(made), after(command, made)
    assert new.keys() == {"test_a.py", f"cassettes/test_a/test_kept/{CASSETTE}"}
    for work, disk in each_operation(made, fault, command):
        told = status.copy()
        assert tree(work).items() <= old.items()
        assert fault.error is None or told != [0] or tree(work).keys() <= {*new, temporary}
        command(work)
        assert status == [0], disk.steps
        # A temporary file that the disk keeps is no reason to keep the cassette.
        assert tree(work) == new or (fault.error and tree(work).keys() <= {*new, temporary})
    assert len(disk.steps) == 3 + 2


# --- adopt ----------------------------------------------------------------------------------

ADOPTED = """
import anthropic

@pytest.mark.claude(trials=2)
def test_routes(claude):
    anthropic.Anthropic().messages.create(
        model="claude-haiku-4-5", max_tokens=9, messages=[{"role": "user", "content": "which?"}]
    )
    ask()
    assert claude.calls_tool("lookup_order")

def test_plain(claude):
    ask("plain")
    assert claude.calls_tool("lookup_order")
"""
GATE = f"cassettes/_gate/{OLD}__{NEW}"


@pytest.fixture
def adoptable(project: Any, recorded_once: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project with a gate that passed; `pytest` itself is not started again.

    The gate is replayed from what the folder holds, so it has its verdict again where that is what
    it was.
    """
    project.app(sdk_in_children=True)
    project.tests(ADOPTED)
    says_so = calls(("lookup_order", {"order_id": "1234"}))
    project.personas(new=says_so, **{"claude-haiku-4-5": says_so})

    def record() -> None:
        project.record("--claude-trials=3").assert_outcomes(passed=2)
        report = f"--claude-report={project.cassette('run.json')}"
        project.record(f"--claude-bump={OLD}={NEW}", report).assert_outcomes(passed=2)

    recorded_once(project, "adoptable", record)
    shutil.rmtree(project.path / ".pytest_cache", ignore_errors=True)
    run = loads(project.cassette("run.json").read_text(), "run.json")
    gate = {name: data for name, data in tree(project.path).items() if "cassettes/" in name}

    def run_gate(options: Any, _: Any) -> tuple[int, Run]:
        held = {n: d for n, d in tree(Path.cwd()).items() if n in gate or n.endswith(".yaml")}
        assert held == gate, "the gate would have another verdict"
        return 0, run

    monkeypatch.setattr(adopt, "run_gate", run_gate)
    monkeypatch.setattr(adopt, "_replay", lambda *_, **__: None)
    return project


@pytest.mark.parametrize("kind", ["full disk", "death"])
def test_adopt(adoptable: Any, kind: str, typed: Any, status: list[int], capsys: Any) -> None:
    made, fault = adoptable.path, FAULTS[kind]
    command = typed("adopt", "--yes", "--edit", f"{OLD}={NEW}")
    old, new = tree(made), after(command, made)
    assert status == [0]
    assert f"{GATE}/BUMP.md" in new
    moved = {name for name in new.keys() - old.keys() if name.endswith(".yaml")}
    assert len(moved) > 4
    for work, disk in each_operation(made, fault, command):
        told, said = status.copy(), capsys.readouterr().err
        left = tree(work)
        assert left["app.py"] in (old["app.py"], new["app.py"]), disk.steps
        if "nothing was moved" in said:
            assert left == old, disk.steps
            assert "No space left on device" in said
        if fault.error is not None:
            assert told != [0] or left == new, disk.steps
        command(work)
        assert (tree(work), status) == (new, [0]), (disk.steps, capsys.readouterr().err)
    assert len(disk.steps) > 30


def test_an_adopt_that_was_killed_is_finished_by_the_next_and_plain_replay_passes(
    project: Any, monkeypatch: pytest.MonkeyPatch, commands_in_process: None
) -> None:
    project.app(sdk_in_children=True)
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.personas(new=calls(("lookup_order", {"order_id": "1234"})))
    project.record()
    project.record(f"--claude-bump={OLD}={NEW}").assert_outcomes(passed=1)
    monkeypatch.chdir(project.path)
    monkeypatch.setattr(adopt, "_replay", lambda *_, **__: None)
    words = ["adopt", "--yes", "--edit", f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin"]
    with Disk(project.path, 3, only=f"{NEW}.") as disk, suppress(Died):
        cli.main(words)
    assert disk.steps[2].startswith("replace cassettes/_gate")
    assert cli.main(words) == 0
    assert f'MODEL = "{NEW}"' in (project.path / "app.py").read_text()
    assert [n for n in project.cassettes if "_gate" in n] == [f"_gate/{OLD}__{NEW}/BUMP.md"]
    project.run("--claude-strict").assert_outcomes(passed=1)
