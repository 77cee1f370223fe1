"""Cassettes of any model and any test: each has a file of its own, and is found again."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from simulator import calls, says

from pytest_claude import cli
from pytest_claude.recording import cassette
from pytest_claude.recording.slugs import slug
from pytest_claude.run.place import TrialPlace

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3.4"
MODELS = ["claude-sonnet-4.5", "anthropic/claude-sonnet-4.5", "Team-Model.2", ARN]
CALLS = calls(("lookup_order", {"order_id": "1234"}))
TEST = """
@pytest.mark.claude(trials=3)
def test_calls(claude):
    ask(model={model!r})
    assert claude.calls_tool("lookup_order", order_id="1234")
"""
WORKER = ("-p", "xdist", "-n1", "-p", "pytest_claude.plugin")
WORKERS = ("-p", "xdist", "-n2", "-p", "pytest_claude.plugin")


def place(project: Any, name: str) -> TrialPlace:
    """The place of a cassette, by its path below `cassettes/`."""
    read = TrialPlace.read(PurePosixPath(name), lambda: cassette.main_model(project.cassette(name)))
    assert read is not None
    return read


def as_an_earlier_version_wrote(project: Any, gate: str | None = None) -> None:
    """Give all cassettes the names that earlier versions gave them, and no label."""
    for name in [name for name in project.cassettes if name.endswith(".yaml")]:
        path = project.cassette(name)
        entries, here = cassette.load(path, name), place(project, name)
        number = f".{here.index + 1}" if here.index else ""
        path.unlink()
        side = str(here.side.path)
        if gate is not None and here.side.gate:
            side = side.replace(here.side.gate, gate)
        earlier = Path(side, here.folder, f"{slug(here.model)}{number}.yaml")
        cassette.save(project.cassette(str(earlier)), entries)
    if gate is not None:
        ledger = next(name for name in project.cassettes if name.endswith("ledger.jsonl"))
        project.cassette(ledger).rename(project.cassette(f"_gate/{gate}/ledger.jsonl"))


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def bumped(project: Any, old: str, new: str) -> tuple[str, bytes]:
    """Record both models of a bump; the option that replays it, and its run file."""
    project.app(sdk_in_children=True)
    project.tests(TEST.format(model=old))
    project.personas(**{old: CALLS, new: CALLS})
    project.record().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)
    bump = f"--claude-bump={old}={new}"
    project.record(bump, "--claude-report=live.json").assert_outcomes(passed=1)
    project.run(bump, "--claude-report=run.json").assert_outcomes(passed=1)
    return bump, (project.path / "run.json").read_bytes()


@pytest.mark.parametrize("earlier", [False, True], ids=["now", "named by an earlier version"])
@pytest.mark.parametrize("side", ["old", "new"])
def test_a_bump_is_replayed_byte_for_byte(
    project: Any, model: str, side: str, earlier: bool
) -> None:
    old, new = (model, NEW) if side == "old" else (OLD, model)
    bump, run = bumped(project, old, new)
    verdict = json.loads(run)["decision"]["tests"][0]["verdict"]
    assert verdict == json.loads((project.path / "live.json").read_text())[
        "decision"]["tests"][0]["verdict"] == "unchanged"  # fmt: skip
    if earlier:
        from pytest_claude.run.place import gate_names

        as_an_earlier_version_wrote(project, gate_names([(old, new)])[-1])
        project.run().assert_outcomes(passed=1)
        project.run(bump, "--claude-report=run.json").assert_outcomes(passed=1)
        run = (project.path / "run.json").read_bytes()
    before = project.cassettes
    project.run(bump, *WORKER, "--claude-report=again.json").assert_outcomes(passed=1)
    assert (project.path / "again.json").read_bytes() == run
    assert project.cassettes == before


@pytest.mark.usefixtures("commands_in_process")
@pytest.mark.parametrize("earlier", [False, True], ids=["now", "named by an earlier version"])
def test_what_adopt_moves_is_replayed(
    project: Any, model: str, earlier: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    bumped(project, OLD, model)
    if earlier:
        from pytest_claude.run.place import gate_names

        as_an_earlier_version_wrote(project, gate_names([(OLD, model)])[-1])
    words = ["-p", "pytest_claude.plugin", "-W", "ignore"]
    assert cli.main(["adopt", f"{OLD}={model}", "--", *words]) == 0, capsys.readouterr()
    app = (project.path / "test_app.py").read_text()
    (project.path / "test_app.py").write_text(app.replace(repr(OLD), repr(model)))
    project.run("--claude-strict").assert_outcomes(passed=1)
    moved = [place(project, n) for n in project.cassettes
             if n.endswith(".yaml") and not n.startswith("_gate")]  # fmt: skip
    assert sorted({p.model for p in moved} - {OLD}) == [place(project, moved_name(project)).model]
    assert sorted(p.index for p in moved if p.model != OLD)[:3] == [0, 1, 2]


def moved_name(project: Any) -> str:
    return next(n for n in project.cassettes if not n.startswith("_gate") and OLD not in n)


def test_a_sixth_trial_and_a_model_4_6_have_two_files(project: Any) -> None:
    project.personas(**{"claude-opus-4": CALLS, "claude-opus-4.6": CALLS})
    test = TEST.format(model="claude-opus-4").replace("trials=3", "trials=6")
    project.tests(test)
    project.record().assert_outcomes(passed=1)
    assert "test_app/test_calls/claude-opus-4.6.yaml" in project.cassettes
    project.tests(TEST.format(model="claude-opus-4.6"))
    project.record().assert_outcomes(passed=1)
    assert len(project.cassettes) == 9
    project.run().assert_outcomes(passed=1)
    project.tests(test)
    project.run().assert_outcomes(passed=1)


def test_a_file_of_an_earlier_version_keeps_its_name_from_a_sixth_trial(project: Any) -> None:
    project.personas(**{"claude-opus-4": CALLS, "claude-opus-4.6": CALLS})
    project.tests(TEST.format(model="claude-opus-4.6"))
    project.record().assert_outcomes(passed=1)
    as_an_earlier_version_wrote(project)
    before = project.cassette("test_app/test_calls/claude-opus-4.6.yaml").read_bytes()
    project.tests(TEST.format(model="claude-opus-4").replace("trials=3", "trials=6"))
    project.record().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)
    assert project.cassette("test_app/test_calls/claude-opus-4.6.yaml").read_bytes() == before


ALIKE = """
@pytest.mark.parametrize("word", ["de", "DE", "De"])
def test_asks(claude, word):
    ask(f"a {word} order")
    assert claude.calls_tool("lookup_order")
"""


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["alone", "two workers"])
def test_tests_that_fold_alike_get_folders_of_their_own(
    project: Any, workers: tuple[str, ...]
) -> None:
    project.tests(ALIKE)
    project.record(*workers).assert_outcomes(passed=3)
    folders = [Path(name).parent.as_posix() for name in project.cassettes]
    assert len({folder.casefold() for folder in folders}) == 3
    assert "test_app/test_asks[DE]" in folders  # the first by id
    project.run("--claude-strict").assert_outcomes(passed=3)
    project.run("--claude-strict", "-k", "De").assert_outcomes(passed=3)
    for word in ("de", "DE", "De"):
        project.run("--claude-strict", f"test_app.py::test_asks[{word}]").assert_outcomes(passed=1)


def test_who_was_recorded_first_keeps_the_plain_folder(project: Any) -> None:
    project.tests(ALIKE)
    project.record("test_app.py::test_asks[de]").assert_outcomes(passed=1)
    assert project.cassettes == [f"test_app/test_asks[de]/{OLD}.yaml"]
    project.record("test_app.py::test_asks[DE]").assert_outcomes(passed=1)
    project.record().assert_outcomes(passed=3)
    assert len({name.casefold() for name in project.cassettes}) == 3
    assert f"test_app/test_asks[de]/{OLD}.yaml" in project.cassettes
    project.run("--claude-strict").assert_outcomes(passed=3)


@pytest.mark.fault("C08")
def test_what_an_earlier_version_recorded_in_folders_that_fold_alike_is_replayed(
    project: Any,
) -> None:
    project.tests(ALIKE)
    project.record().assert_outcomes(passed=3)
    for name in project.cassettes:
        label = cassette.read_label(project.cassette(name))
        assert label is not None
        path = project.cassette(f"test_app/{label.test.partition('::')[2]}/{OLD}.yaml")
        entries = cassette.load(project.cassette(name), name)
        project.cassette(name).unlink()
        cassette.save(path, entries)
    project.run("--claude-strict").assert_outcomes(passed=3)


def test_a_long_test_has_a_short_path_and_its_earlier_folder_is_found(project: Any) -> None:
    name, word = f"test_{'t' * 40}", "x" * 90
    project.tests(ALIKE.replace('["de", "DE", "De"]', f'["{word}"]').replace("test_asks", name))
    project.record().assert_outcomes(passed=1)
    (path,) = project.cassettes
    folder = Path(path).parent
    assert len(f"cassettes/{path}") <= 180
    assert len(folder.name) < 130
    earlier = project.cassette(f"test_app/{slug(f'{name}[{word}]')}")
    assert earlier.name != folder.name
    project.cassette(str(folder)).rename(earlier)
    project.run("--claude-strict").assert_outcomes(passed=1)
    project.record("--claude-trials=2").assert_outcomes(passed=1)
    project.run("--claude-strict", "--claude-trials=2").assert_outcomes(passed=1)


def test_a_cassette_says_whose_it_is(project: Any) -> None:
    project.tests("""
@pytest.fixture(scope="module")
def greeting():
    return ask("hello")

def test_asks(claude, greeting):
    ask()
    assert claude.replies

@pytest.mark.claude(cassette="ours")
def test_shares(claude):
    ask()
    assert claude.replies
""")
    project.personas(old=says("hi"))
    project.record().assert_outcomes(passed=2)
    labels = {name: cassette.read_label(project.cassette(name)) for name in project.cassettes}
    assert labels == {
        f"ours/{OLD}.yaml": cassette.Label(shared=True, model=OLD),
        f"test_app/@fixtures/module/greeting/{OLD}.yaml": cassette.Label(
            model=OLD, fixture="test_app.py::@fixtures/module/greeting"
        ),
        f"test_app/test_asks/{OLD}.yaml": cassette.Label(model=OLD, test="test_app.py::test_asks"),
    }


def test_a_folder_that_was_renamed_by_hand_is_replayed(project: Any) -> None:
    project.tests(TEST.format(model=OLD))
    project.record().assert_outcomes(passed=1)
    project.tests(TEST.format(model=OLD).replace("test_calls", "test_named_otherwise"))
    folder = project.cassette("test_app/test_calls")
    folder.rename(folder.with_name("test_named_otherwise"))
    project.run("--claude-strict").assert_outcomes(passed=1)


def test_shared_names_that_fold_alike_are_refused(project: Any) -> None:
    source = """
@pytest.mark.claude(cassette="{}")
def test_{}(claude):
    ask()
    assert claude.replies
"""
    project.tests(source.format("Orders", "one") + source.format("orders", "two"))
    for words in ((), ("-k", "one")):
        result = project.record(*words)
        if words:
            result.assert_outcomes(passed=1, deselected=1)
        else:
            assert result.ret == pytest.ExitCode.USAGE_ERROR
            project.unwrapped(result.errlines).fnmatch_lines([
                "ERROR: test_app.py::test_two: cassette='orders': the folder of 'Orders' on macOS "
                "and Windows; take one spelling"
            ])  # fmt: skip
    assert project.run("-k", "two").ret == pytest.ExitCode.USAGE_ERROR


def test_a_key_in_a_tests_id_is_in_no_file(project: Any) -> None:
    key = "sk-ant-api03-" + "aB3" * 20
    project.tests(ALIKE.replace('["de", "DE", "De"]', f"[{key!r}]").replace("{word}", "plain"))
    project.record().assert_outcomes(passed=1)
    (name,) = project.cassettes
    assert key not in name + project.cassette(name).read_text()
    project.run("--claude-strict").assert_outcomes(passed=1)
