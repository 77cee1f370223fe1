"""One place per trial: what was written is read back, and no two places share a file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import canonical_model
from pytest_claude.recording.slugs import as_label, named_model, slug
from pytest_claude.run.place import (
    LONGEST_PATH,
    ORDINARY,
    FileNames,
    Layout,
    Side,
    TrialPlace,
    baseline_names,
    fold,
    gate_names,
)

ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"
GATEWAYS = ["claude-sonnet-4.5", "anthropic/claude-sonnet-4.5", "Team-Model.2", ARN,
            "openrouter/anthropic/claude-3.7-sonnet:thinking", "con", "nul.2", "a=2e", "m-0123abcd",
            "claude-opus-4.6", "claude-opus-4", "x" * 60, "é", "=", "=-"]  # fmt: skip

# Letters that fold, cut, escape and separate, rather than all of Unicode.
signs = st.sampled_from("aAbBzß_-.+,=[]:/ 2é\n")
models = st.one_of(
    st.sampled_from(GATEWAYS),
    st.text(signs, min_size=1, max_size=50),
    st.text(min_size=1, max_size=12),
).filter(lambda model: canonical_model(model) != "")
modules = st.lists(
    st.text(st.sampled_from("aAb_.@g"), min_size=1, max_size=8)
    | st.sampled_from(["_gate", "_GATE", "@fixtures", "cand", "attempt2", "x.yaml"]),
    min_size=1, max_size=3,
).map("/".join)  # fmt: skip
names = st.text(signs, min_size=1, max_size=20) | st.text(min_size=1, max_size=300)
tests = st.builds("{}.{}::{}".format, modules, st.sampled_from(["py", "md"]), names)
indices = st.integers(0, 9998)
gates = st.one_of(
    st.lists(st.tuples(models, models), min_size=1, max_size=5).map(gate_names),
    st.text(min_size=1).map(baseline_names),
).map(lambda names: names[0])
sides = st.just(ORDINARY) | st.builds(
    Side, gates, st.integers(1, 99), st.sampled_from(["base_fresh", "cand"])
)


def asked_in_vain() -> str:
    raise AssertionError("the name says it all")


def place_of(layout: Layout, test: str, side: Side, model: str, index: int) -> TrialPlace:
    folder = layout.test(test, side).plain.relative_to(side.path)
    return TrialPlace(side, folder, named_model(model), index)


# --- what was written is read ---------------------------------------------------------------


@given(tests, models, sides, indices)
@example("_gate/cand/test_a.py::test_b", "claude-opus-4.6", ORDINARY, 0)
def test_a_path_that_was_written_is_read_back(
    test: str, model: str, side: Side, index: int
) -> None:
    place = place_of(Layout(), test, side, model, index)
    assert TrialPlace.read(place.path, lambda: named_model(model)) == place


@given(st.lists(st.from_regex(r"\A[a-z0-9_.,=+\[\]-]{1,10}\Z"), min_size=1, max_size=3), models)
def test_a_shared_cassettes_path_is_read_back(parts: list[str], model: str) -> None:
    try:
        home = Layout().shared("/".join(parts))
    except SettingsError:
        return  # no name of a folder
    place = TrialPlace(ORDINARY, home.plain, named_model(model), 3)
    assert TrialPlace.read(place.path, lambda: named_model(model)) == place
    assert str(home.plain) == "/".join(parts)


@given(models.filter(lambda model: len(named_model(model).encode("utf-8", "surrogatepass")) < 11))
def test_a_first_trials_name_needs_no_look_into_the_file(model: str) -> None:
    name = FileNames.spellings(model, 0)[1]
    assume(not re.search(r"-[0-9a-f]{8}\.", name))  # as an earlier version hashed a name
    assert FileNames.read(name, asked_in_vain) == (named_model(model), 0)


@pytest.mark.parametrize(
    ("name", "recorded", "read"),
    [
        ("claude-opus-4.6.yaml", "claude-opus-4.6", ("claude-opus-4.6", 0)),
        ("claude-opus-4.6.yaml", "claude-opus-4", ("claude-opus-4", 5)),
        ("claude-opus-4.6.yaml", None, ("claude-opus-4", 5)),
        ("claude-opus-4.6.2.yaml", "claude-opus-4.6", ("claude-opus-4.6", 1)),
        # The first trial's first call names the files of the others, whatever they ask first.
        ("claude-opus-4-5.6.yaml", "claude-haiku-4-5", ("claude-opus-4-5", 5)),
        ("anthropic_claude-sonnet-4.5-291b4d73.3.yaml", "anthropic/claude-sonnet-4.5",
         ("anthropic/claude-sonnet-4.5", 2)),
        ("Team-Model.2.yaml", "Team-Model.2", ("Team-Model.2", 0)),
        ("Team-Model.2.yaml", "Team-Model", ("Team-Model", 1)),
        ("claude-opus-5.yaml", None, ("claude-opus-5", 0)),
        ("claude-opus-5.yaml.partial", None, None),
        (".claude-opus-5.yaml", None, None),
        ("BUMP.md", None, None),
    ],
)  # fmt: skip
def test_an_ambiguous_name_is_settled_by_what_is_recorded(
    name: str, recorded: str | None, read: tuple[str, int] | None
) -> None:
    assert FileNames.read(name, lambda: recorded) == read


@given(models, indices)
def test_a_name_of_an_earlier_version_is_read(model: str, index: int) -> None:
    number = f".{index + 1}" if index else ""
    name = f"{slug(named_model(model))}{number}.yaml"
    assert FileNames.spellings(model, index)[0] == name
    assert FileNames.read(name, lambda: named_model(model)) == (named_model(model), index)


# --- no two places share a file -------------------------------------------------------------


@given(st.lists(st.tuples(models, indices), min_size=2, max_size=2, unique=True))
def test_two_trials_never_share_a_name(trials: list[tuple[str, int]]) -> None:
    one, two = ((named_model(model), index) for model, index in trials)
    folded = [FileNames.spellings(*trial)[1].casefold() for trial in (one, two)]
    assert one == two or folded[0] != folded[1]


@given(
    st.lists(st.lists(st.tuples(models, models), min_size=1, max_size=3), min_size=2, max_size=2),
    st.text(min_size=1),
)
def test_two_gates_never_share_a_folder(bumps: list[list[tuple[str, str]]], reference: str) -> None:
    meant = [sorted((named_model(o), named_model(n)) for o, n in bump) for bump in bumps]
    one, two = (gate_names(bump)[0].casefold() for bump in bumps)
    assert meant[0] == meant[1] or one != two
    assert baseline_names(reference)[0].casefold() not in (one, two)
    swapped = reference.swapcase()
    if slug(reference) == reference != swapped:
        assert baseline_names(reference)[0].casefold() != baseline_names(swapped)[0].casefold()


class Disk:
    """Folders with the test that recorded into each; one that folds case, or one that does not."""

    def __init__(self, *, folds: bool) -> None:
        self.labels: dict[PurePosixPath, str | None] = {}
        self._folds = folds

    def alike(self, folder: PurePosixPath) -> Mapping[PurePosixPath, str | None]:
        return {path: label for path, label in self.labels.items() if fold(path) == fold(folder)}

    def record(self, folder: PurePosixPath, label: str | None) -> PurePosixPath:
        """The folder that a recording ends up in."""
        same = next((p for p in self.labels if self._folds and fold(p) == fold(folder)), folder)
        self.labels[same] = label
        return same


alike_tests = st.lists(
    tests | st.builds("t/{}.py::{}".format, st.sampled_from("aAbB"), st.sampled_from(
        ["test_a", "test_A", "TEST_a", "T::x", "T.x", "t.x", "é", "e\u0301"])),
    min_size=2, max_size=6, unique=True,
)  # fmt: skip


@given(alike_tests, st.data(), st.booleans(), st.booleans(), sides)
def test_two_tests_never_share_a_folder(
    ids: list[str], data: st.DataObject, folds: bool, together: bool, side: Side
) -> None:
    disk = Disk(folds=folds)
    held: dict[str, PurePosixPath] = {}
    for _ in range(2):  # what was recorded is found again, in any order
        for test in data.draw(st.permutations(ids)):
            layout = Layout(tests=frozenset(ids) if together else frozenset([test]))
            folder = layout.test(test, side).choose(disk.alike)[-1]
            folder = disk.record(folder, as_label(test))
            assert held.setdefault(test, folder) == folder
    normal = {unicodedata.normalize("NFC", fold(folder)) for folder in held.values()}
    assert len(normal) == len(ids)


@given(alike_tests, sides)
def test_tests_that_are_collected_together_get_their_folders_without_a_look(
    ids: list[str], side: Side
) -> None:
    empty = Disk(folds=True)
    layout = Layout(tests=frozenset(ids))
    chosen = [layout.test(test, side).choose(empty.alike)[-1] for test in ids]
    assert len({fold(folder) for folder in chosen}) == len(ids)
    assert layout.test(min(ids), side).plain == layout.test(min(ids), side).choose(empty.alike)[-1]


@given(alike_tests)
def test_a_test_has_no_folder_that_means_something_else(ids: list[str]) -> None:
    for test in ids:
        parts = [part.lower() for part in Layout().test(test).plain.parts]
        assert parts[0] != "_gate"
        assert "@fixtures" not in parts
        assert not any(part.endswith(".yaml") or ".yaml." in part for part in parts)
        assert ".." not in parts


def test_a_folder_that_was_renamed_by_hand_is_the_tests_own() -> None:
    home = Layout().test("t/test_a.py::test_new")
    disk = Disk(folds=False)
    disk.record(home.plain, "t/test_a.py::test_old")
    assert home.choose(disk.alike)[-1] == home.plain


def test_a_recording_says_who_has_the_plain_folder() -> None:
    first, second = "t/test_a.py::test_A", "t/test_a.py::test_a"
    layout = Layout(tests=frozenset([first, second]))
    disk = Disk(folds=True)
    disk.record(layout.test(second).plain, second)
    assert layout.test(second).choose(disk.alike)[-1] == layout.test(second).plain
    assert layout.test(first).choose(disk.alike)[-1] == layout.test(first).hashed


def test_what_an_earlier_version_recorded_is_replayed_by_the_test_with_exactly_its_name() -> None:
    first, second = "t/test_a.py::test_A", "t/test_a.py::test_a"
    layout = Layout(tests=frozenset([first, second]))
    disk = Disk(folds=False)
    for test in (first, second):
        disk.record(layout.test(test).plain, None)
    assert layout.test(first).plain in layout.test(first).choose(disk.alike)
    assert layout.test(first).plain not in layout.test(second).choose(disk.alike)
    assert layout.test(second).choose(disk.alike)[0] == layout.test(second).plain


def test_fixtures_of_names_that_fold_alike_have_two_folders() -> None:
    layout = Layout(tests=frozenset(["t/test_a.py::TestA::test_x", "t/test_a.py::Testa::test_x"]))
    empty = Disk(folds=True)
    homes = [
        layout.fixture(base, "class", name)
        for base in ("t/test_a.py::TestA", "t/test_a.py::Testa")
        for name in ("orders[en]", "orders[EN]")
    ]
    assert len({fold(home.choose(empty.alike)[-1]) for home in homes}) == 4
    assert str(homes[0].plain) == "t/test_a/TestA/@fixtures/class/orders[en]"
    assert str(homes[3].earlier) == "t/test_a/Testa/@fixtures/class/orders[EN]"


# --- lengths --------------------------------------------------------------------------------


@given(tests, models, sides, indices)
@example("tests/behavior/test_support_desk.py::Test" + "x" * 300, ARN, ORDINARY, 3)
@pytest.mark.fault("P04")
def test_a_path_is_short_where_the_module_leaves_room(
    test: str, model: str, side: Side, index: int
) -> None:
    root = PurePosixPath("/home/me/shop/cassettes")
    layout = Layout.below(root, root.parent)
    place = place_of(layout, test, side, model, index)
    path = (root / place.path).relative_to(root.parent)
    module = len(str(side.path / place.folder.parent))
    assert len(place.path.name) <= 41
    assert len(place.folder.name) >= 1
    assert len(str(path)) <= max(LONGEST_PATH, len("cassettes/") + module + 2 + 10 + 41)


def test_a_gate_cuts_the_name_of_a_test_sooner() -> None:
    test = "tests/test_a.py::test_" + "x" * 70
    gate = Side(gate_names([("claude-sonnet-4-5", "claude-sonnet-5-5")])[0], 2, "base_fresh")
    layout = Layout(LONGEST_PATH - len("cassettes/"))
    assert layout.test(test).plain.name == test.partition("::")[2]
    assert len(layout.test(test, gate).plain.name) < 70
    assert layout.test(test, gate).earlier.name == test.partition("::")[2]


def test_a_gate_of_many_pairs_has_a_short_name() -> None:
    pairs = [(f"claude-model-{n}", f"claude-model-{n + 1}") for n in range(5)]
    short, earlier = gate_names(pairs)
    assert len(short) <= 80 < len(earlier)
    assert gate_names(reversed(pairs))[0] == short


def test_a_name_that_no_file_system_takes_is_not_looked_for() -> None:
    pairs = [(f"claude-model-{n}", f"claude-model-{n + 1}") for n in range(20)]
    assert [len(name) <= 80 for name in gate_names(pairs)] == [True]


# --- the layout as it is documented ---------------------------------------------------------


@pytest.mark.parametrize(
    ("test_id", "folder"),
    [
        ("tests/test_refund.py::test_asks", "tests/test_refund/test_asks"),
        ("test_refund.py::TestX::test_asks[de]", "test_refund/TestX.test_asks[de]"),
        ("test_refund.py::test_asks[" + "x" * 90 + "]", "test_refund/test_asks[" + "x" * 90 + "]"),
    ],
)
def test_a_plain_id_keeps_its_words(test_id: str, folder: str) -> None:
    assert str(Layout().test(test_id).plain) == folder


@pytest.mark.parametrize(
    ("model", "index", "name"),
    [
        ("claude-sonnet-4-5", 0, "claude-sonnet-4-5.yaml"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 1, "claude-sonnet-4-5.2.yaml"),
        ("claude-sonnet-4.5", 0, "claude-sonnet-4=2e5.yaml"),
        ("anthropic/claude-sonnet-4.5", 9, "anthropic=2fclaude-sonnet-4=2e5.10.yaml"),
        (ARN, 0, "a1b2c3.yaml"),
        ("con", 0, "=63on.yaml"),
    ],
)
def test_a_file_is_named_by_the_model(model: str, index: int, name: str) -> None:
    assert FileNames.spellings(model, index)[1] == name


def test_a_gate_has_its_folder() -> None:
    name = gate_names([("claude-sonnet-4-5-20250929", "claude-sonnet-5-5")])[0]
    assert str(Side(name, 1, "cand").path) == "_gate/claude-sonnet-4-5__claude-sonnet-5-5/cand"
    assert str(Side(name, 2, "base_fresh").path) == f"_gate/{name}/attempt2/base_fresh"
    assert Side.read(PurePosixPath("_gate/test_a/test_b/m.yaml")) == ORDINARY


@pytest.mark.parametrize("name", ["checkout", "a/b-c/d_1", "[x]=1,2+3", "v1.2"])
def test_a_shared_name_is_a_folder_as_it_is(name: str) -> None:
    assert str(Layout().shared(name).plain) == name


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc/x", "C:\\x", "C:x", "~/x", "", "/", "a/", "a//b", "a/../b", ".", ".git", "x ",
     "x.", "nul", "a/COM1.txt", "@fixtures", "a/@fixtures/b", "été", "a.yaml", "a.YAML/b", "_gate",
     "_Gate/x", "a\nb", "a\0b", "x" * 200],
)  # fmt: skip
@pytest.mark.fault("P03")
def test_a_shared_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"^cassette="):
        Layout().shared(name)


def test_an_id_that_climbs_stays_below_the_root() -> None:
    assert ".." not in Layout().test("../../etc/test_x.py::test_y").plain.parts
    assert not Layout().test("/etc/test_x.py::test_y").plain.is_absolute()


@pytest.mark.parametrize(
    "text",
    ["a/b", "a\\b", "..", "a:b", "a\nb", "a\0b", "", " ", "x.", "x ", "CON", "nul.txt", "x" * 300,
     "字" * 120, "\ud800"],
)  # fmt: skip
@pytest.mark.fault("P01", "P05")
def test_any_id_becomes_one_safe_name(text: str) -> None:
    name = slug(text)
    assert name
    assert len(name.encode()) < 200
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert name not in (".", "..")
    assert name[-1] not in ". "
    assert slug(text) == name


@pytest.mark.fault("P02")
def test_ids_that_become_equal_after_cleaning_stay_apart() -> None:
    assert len({slug(text) for text in ("a/b", "a:b", "a|b", "a_b")}) == 4
