"""The place of a trial: writes and reads the paths of cassettes. Pure; no other code knows them.

Relative to the cassette root a cassette is in

    <module path>/<Class.test[id]>/<model>[.n].yaml            n = 2 for a test's second trial
    <module path>[/<Class>]/@fixtures/<scope>/<name>/<model>.yaml
    <shared name>/<model>[.n].yaml
    <module path>/<Class.test[id]>/behavior.json               what was accepted of the test
    _gate/<OLD>__<NEW>[+<OLD>__<NEW>…]/[attempt<k>/]<stream>/  and then the first line
    _gate/baseline__<reference>/<stream>/                      likewise
    _gate/<OLD>/[attempt<k>/]base_fresh/                       of several candidates, and of each
    _gate/<OLD>/[attempt<k>/]cand@<candidate>/                 `_gate/baseline` without an OLD

Names hold ASCII only, so that case folding is all that can make two of them one: see `Home`. What
an earlier version named otherwise is found too: see `Home.choose` and `FileNames.spellings`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import PurePath, PurePosixPath
from typing import TypeVar

from pytest_claude.comparison.trial import Stream
from pytest_claude.errors import SettingsError
from pytest_claude.recording.slugs import (
    LONGEST,
    as_label,
    digest,
    fitted,
    hashed,
    is_reserved,
    named_model,
    slug,
)
from pytest_claude.settings import Candidate

LONGEST_PATH = 180
"""Characters of a cassette's path below the checkout, where the module's own path leaves room."""

_GATE, _FIXTURES, _BASELINE = "_gate", "@fixtures", "baseline"
_LONGEST_FILE, _LONGEST_MODEL, _LONGEST_GATE, _LONGEST_ARM = 41, 31, 80, 40
_SHORTEST_SLUG = 10  # a letter, and the hash that tells it from the others
_SUFFIX = ".yaml"
_CUT = "=-"  # before the hash of a model; no escape begins so

_NUMBERED = re.compile(r"(.+)\.([2-9]|[1-9]\d+)")
_ATTEMPT = re.compile(r"attempt([2-9]|[1-9]\d+)")
_STREAM = re.compile(r"base_fresh|cand(?:@(?P<arm>.+))?")
_PLAIN_MODEL = re.compile(r"[a-z0-9_+,-]")
_ESCAPED = re.compile(r"(?:[a-z0-9_+,-]|=[0-9a-f]{2})+")
_HASH = re.compile(r"-[0-9a-f]{8}$")
_LIKE_A_CASSETTE = re.compile(r"(?i)\.yaml(?:\.|$)")
# Read without its escapes, it would end the name of a model in the folder of a gate.
_SEPARATES = re.compile(r"\+|^_|_$|(?<=_)_")

_T = TypeVar("_T", str, PurePosixPath)

Recorded = Callable[[], str | None]
"""The canonical model that names a file, or that its first call asks, as the file says."""


@dataclass(frozen=True)
class Side:
    """The trials that are in one folder: the ordinary ones, or those of one stream of a gate.

    Attributes:
        gate: Name of the gate's folder; "" for ordinary recordings.
        attempt: Number of the gate's attempt, from 1.
        stream: "base" for ordinary recordings.
        arm: Name of the candidate in the folder, where several share the gate; else "".
    """

    gate: str = ""
    attempt: int = 1
    stream: Stream = "base"
    arm: str = ""

    @property
    def root(self) -> PurePosixPath:
        """The folder of the gate's attempt, relative to the cassette root."""
        if not self.gate:
            return PurePosixPath()
        root = PurePosixPath(_GATE, self.gate)
        return root if self.attempt == 1 else root / f"attempt{self.attempt}"

    @property
    def path(self) -> PurePosixPath:
        """The folder that the ordinary layout begins in, relative to the cassette root."""
        return self.root / self._name if self.gate else PurePosixPath()

    @property
    def ledger(self) -> PurePosixPath:
        """The folder of the ledger of the gate's attempt, relative to the cassette root."""
        return self.root / replace(self, stream="cand")._name if self.arm else self.root

    @property
    def _name(self) -> str:
        return f"{self.stream}@{self.arm}" if self.arm and self.stream == "cand" else self.stream

    @classmethod
    def read(cls, path: PurePosixPath) -> Side:
        """The side that a path below the cassette root is on."""
        match path.parts:
            case (first, gate, name, *_) if first == _GATE and (of := _STREAM.fullmatch(name)):
                return cls(gate, 1, *_stream(of))
            case (first, gate, attempt, name, *_) if (
                first == _GATE
                and (of := _STREAM.fullmatch(name))
                and (number := _ATTEMPT.fullmatch(attempt))
            ):
                return cls(gate, int(number[1]), *_stream(of))
        return cls()


def _stream(name: re.Match[str]) -> tuple[Stream, str]:
    return ("base_fresh", "") if name[0] == "base_fresh" else ("cand", name["arm"] or "")


ORDINARY = Side()


def gate_names(pairs: Iterable[tuple[str, str] | tuple[str, str, str | None]]) -> tuple[str, ...]:
    """What a gate's folder is called, the name of earlier versions last where it was another.

    `pairs` are OLD and NEW of each swap, in any order and as any platform spells them, and the
    effort at which NEW is asked where the gate names one.

    >>> gate_names([("claude-sonnet-4-5-20250929", "claude-sonnet-5-5")])
    ('claude-sonnet-4-5__claude-sonnet-5-5',)
    """
    swaps = [(named_model(pair[0]), named_model(pair[1]), *pair[2:]) for pair in pairs]
    names = [f"{_of_a_gate(old)}__{_candidate(*new)}" for old, *new in swaps]
    name = _cut_gate("+".join(sorted(names)))
    if any(effort for _, _, *efforts in swaps for effort in efforts):
        return (name,)
    # No file system took a longer name, so that no earlier version wrote one.
    earlier = "+".join(sorted(f"{slug(old)}__{slug(new)}" for old, new, *_ in swaps))
    return _unique(name, *(old for old in [earlier] if len(old) <= 255))


def _candidate(new: str, effort: str | None = None) -> str:
    return _of_a_gate(new) + (f"@{effort}" if effort else "")


def shared_gate(old: str | None) -> str:
    """What the folder of a gate of several candidates is called; `old` is the model of all.

    >>> shared_gate("claude-sonnet-4-5-20250929"), shared_gate(None)
    ('claude-sonnet-4-5', 'baseline')
    """
    return _BASELINE if old is None else _cut_gate(_of_a_gate(named_model(old)))


def arm_name(candidate: Candidate) -> str:
    """What a candidate is called in the folder of a gate that it shares.

    >>> arm_name(Candidate(environment=(("APP_MODEL", "gpt-4o"),)))
    'APP_MODEL=gpt-4o-c9276ec1'
    """
    if candidate.pairs:
        names = [_candidate(named_model(pair.new), pair.effort) for pair in candidate.pairs]
        return _cut_gate("+".join(names), _LONGEST_ARM)
    return _cased(candidate.name, _LONGEST_ARM)


def baseline_names(reference: str) -> tuple[str, ...]:
    """What the folder of a gate against an earlier run is called; as `gate_names`.

    >>> baseline_names("git:main")
    ('baseline__git_main-60bb5d73',)
    """
    name = f"{_BASELINE}__{_cased(reference, LONGEST)}"
    return _unique(_cut_gate(name), f"{_BASELINE}__{slug(reference)}")


class FileNames:
    """What the files in a folder of cassettes are called.

    Attributes:
        accepted: The file of the behavior that was accepted of the folder's test.
    """

    accepted = "behavior.json"

    @staticmethod
    def spellings(model: str, index: int) -> tuple[str, ...]:
        """What a trial's cassette may be called: by earlier versions, now, and where that is taken.

        `model` is the trial's main model under any platform's id, `index` the number of the trial
        from 0.

        >>> FileNames.spellings("claude-sonnet-4-5-20250929", 1)[0]
        'claude-sonnet-4-5.2.yaml'
        >>> FileNames.spellings("claude-sonnet-4.5", 1)[:2]
        ('claude-sonnet-4.5.2.yaml', 'claude-sonnet-4=2e5.2.yaml')
        """
        number = f".{index + 1}" if index else ""
        return tuple(f"{part}{number}{_SUFFIX}" for part in _parts(named_model(model)))

    @staticmethod
    def read(name: str, recorded: Recorded = lambda: None) -> tuple[str, int] | None:
        """The model and the index that a file's name says; None where it is not a cassette's.

        `recorded` is asked only where the name alone does not say: `claude-opus-4.6.yaml` is trial
        6 of claude-opus-4, or, as an earlier version wrote it, trial 1 of claude-opus-4.6.

        >>> FileNames.read("claude-sonnet-4=2e5.yaml")
        ('claude-sonnet-4.5', 0)
        >>> FileNames.read("claude-opus-4.6.yaml", lambda: "claude-opus-4.6")
        ('claude-opus-4.6', 0)
        """
        if not name.endswith(_SUFFIX) or name.startswith("."):
            return None
        stem = name.removesuffix(_SUFFIX)
        if (plain := _unambiguous(stem)) is not None:
            return plain, 0
        numbered = _NUMBERED.fullmatch(stem)
        model = recorded()
        part, index = stem, 0
        if numbered is not None and (model is None or slug(model) != stem):
            part, index = numbered[1], int(numbered[2]) - 1
        if model is not None and part in _parts(model):
            return model, index
        return (_unescaped(part) if _ESCAPED.fullmatch(part) else part), index


@dataclass(frozen=True)
class TrialPlace:
    """Where the cassette of one trial is.

    Attributes:
        side: Ordinary recordings, or one stream of a gate.
        folder: The folder of the test, fixture or shared name, relative to that of the side.
        model: Canonical id of the main model.
        index: Number of the trial, from 0.
    """

    side: Side
    folder: PurePosixPath
    model: str
    index: int

    @property
    def path(self) -> PurePosixPath:
        """The cassette's path relative to the cassette root."""
        return self.side.path / self.folder / FileNames.spellings(self.model, self.index)[-2]

    @classmethod
    def read(cls, path: PurePosixPath, recorded: Recorded = lambda: None) -> TrialPlace | None:
        """The place that a path below the cassette root is; None where it is not a cassette's."""
        name = FileNames.read(path.name, recorded)
        if name is None:
            return None
        side = Side.read(path)
        return cls(side, path.parent.relative_to(side.path), *name)


@dataclass(frozen=True)
class Home:
    """The folders that one test's cassettes may be in on one side, relative to the cassette root.

    Two tests whose plain folders are one after case folding get two folders: of tests that are
    collected together the first by id has the plain one, unless a recording says otherwise.

    Attributes:
        identity: The test's id, or what names the fixture; "" for what tests share.
        plain: Its folder as a rule.
        hashed: Its folder where another one has the plain one.
        earlier: The folder where an earlier version of pytest-claude kept it.
        yields: Whether a test that is collected too and folds alike comes first.
        plain_of: The folders of what has another identity; None for what tests share.
    """

    identity: str
    plain: PurePosixPath
    hashed: PurePosixPath
    earlier: PurePosixPath
    yields: bool = False
    plain_of: Callable[[str], Home] | None = field(default=None, compare=False)

    @property
    def folders(self) -> tuple[PurePosixPath, ...]:
        """All folders that it may have."""
        return _unique(self.earlier, self.plain, self.hashed)

    def choose(
        self, alike: Callable[[PurePosixPath], Mapping[PurePosixPath, str | None]]
    ) -> tuple[PurePosixPath, ...]:
        """The folders to look in, in this order; what is new goes into the last.

        `alike` gives the folders on disk that are a given one once case is folded, each with the
        identity that its cassettes are labelled with; None where they are not labelled.
        A folder that was renamed by hand is labelled with the old id, and is the test's own.
        """
        if not self.identity:
            return (self.plain,)
        found: list[PurePosixPath] = []
        own, taken = None, self.yields
        for wanted in _unique(self.earlier, self.plain):
            for folder, label in alike(wanted).items():
                if label == self.identity:
                    found.append(folder)
                    own = folder if wanted == self.plain else own
                elif folder == wanted and (label is None or not self._collides(label)):
                    found.append(folder)
                elif wanted == self.plain:
                    taken = True
        new = own or (self.hashed if taken else self.plain)
        return (*(folder for folder in _unique(*found, self.hashed) if folder != new), new)

    def _collides(self, label: str) -> bool:
        """Whether the test with another identity has a folder that is ours once case is folded."""
        assert self.plain_of is not None, "it has an identity"
        mine = {fold(self.plain), fold(self.earlier)}
        other = self.plain_of(label)
        return not mine.isdisjoint((fold(other.plain), fold(other.earlier)))


@dataclass(frozen=True)
class Layout:
    """Gives each test its folder.

    Attributes:
        room: Characters of a cassette's path below the cassette root.
        tests: Ids of all tests that are collected together.
    """

    room: int = LONGEST_PATH
    tests: frozenset[str] = frozenset()

    @classmethod
    def below(cls, root: PurePath, checkout: PurePath, tests: Iterable[str] = ()) -> Layout:
        """The layout below the cassette root `root` of the project at `checkout`."""
        inside = root.is_relative_to(checkout) and root != checkout
        used = len(root.relative_to(checkout).as_posix()) + 1 if inside else 0
        return cls(LONGEST_PATH - used, frozenset(tests))

    def test(self, test_id: str, side: Side = ORDINARY) -> Home:
        """The folders of the test with the node id `test_id`.

        >>> home = Layout().test("tests/test_refund.py::TestRefund::test_asks[de]")
        >>> str(home.plain)
        'tests/test_refund/TestRefund.test_asks[de]'
        """
        file, _, rest = test_id.partition("::")
        return self._home(
            test_id, side, _module(file), rest.replace("::", "."),
            yields=test_id in self._yielding,
            plain_of=lambda label: self.test(label, side),
        )  # fmt: skip

    def fixture(self, base: str, scope: str, name: str, side: Side = ORDINARY) -> Home:
        """The folders of a fixture wider than a test, on one side.

        `base` is where it may be used: a folder, file or class, as in a node id; `name` has its
        parameter in brackets.

        >>> str(Layout().fixture("tests/test_refund.py", "module", "catalogue[en]").plain)
        'tests/test_refund/@fixtures/module/catalogue[en]'
        >>> str(Layout().fixture("", "session", "greeting").plain)
        '@fixtures/session/greeting'
        """
        file, _, classes = base.partition("::")
        is_folder = bool(file) and not file.endswith(".py")  # of a conftest.py
        module = _folder(PurePosixPath(file)) if is_folder or not file else _module(file)
        owner = [slug(classes.replace("::", "."))] if classes else []
        place = PurePosixPath(*module.parts, *owner, _FIXTURES, scope)
        return self._home(
            f"{base}::{_FIXTURES}/{scope}/{name}", side, place, name,
            cased=True,
            yields=base in self._yielding_bases,
            plain_of=lambda label: self._fixture_of(label, side),
        )  # fmt: skip

    def _fixture_of(self, label: str, side: Side) -> Home:
        base, _, rest = label.partition(f"::{_FIXTURES}/")
        scope, _, name = rest.partition("/")
        return self.fixture(base, scope, name, side)

    def shared(self, name: str) -> Home:
        """The folder of the cassettes that tests share under `name`.

        Raises:
            SettingsError: It is not a name that is below the root, and apart from what is ours
                there, on every system.

        >>> str(Layout().shared("checkout/refunds").plain)
        'checkout/refunds'
        """
        parts = name.split("/")
        if any(slug(part) != part or part.lower().endswith(_SUFFIX) for part in parts):
            raise SettingsError(
                f"cassette={name!r}: a name of letters, digits and _.,=+[]-, with / between "
                "folders, without .yaml"
            )
        if parts[0].lower() == _GATE:
            raise SettingsError(
                f"cassette={name!r}: {_GATE} holds the trials of gates; take another"
            )
        folder = PurePosixPath(*parts)
        return Home("", folder, folder, folder)

    def _home(
        self,
        identity: str,
        side: Side,
        parent: PurePosixPath,
        text: str,
        *,
        cased: bool = False,
        yields: bool,
        plain_of: Callable[[str], Home] | None = None,
    ) -> Home:
        above = side.path / _safe_parts(parent)
        room = max(_SHORTEST_SLUG, self.room - len(str(above)) - len("//") - _LONGEST_FILE)
        name = _cased(text, room) if cased else fitted(text, room)
        if _LIKE_A_CASSETTE.search(name):
            name = hashed(text, text, room)
        return Home(
            as_label(identity),
            above / name,
            above / hashed(text, f"{identity}\n", room),
            side.path / parent / slug(text),
            yields,
            plain_of,
        )

    @cached_property
    def _yielding(self) -> frozenset[str]:
        """The tests whose folder is another one's, collected too, where case does not count."""
        return _all_but_first(self.tests, _folded)

    @cached_property
    def _yielding_bases(self) -> frozenset[str]:
        """Likewise the files, folders and classes that fixtures may belong to."""
        bases = {
            base
            for test in self.tests
            for base in (*map(str, PurePosixPath(test.partition("::")[0]).parents), *_owners(test))
        }
        return _all_but_first(bases, str.casefold)


def from_gates(path: PurePath) -> PurePosixPath:
    """A path from the folder of all gates on; as it is where it is not below one.

    For paths whose cassette root is not known.
    """
    parts = PurePosixPath(path.as_posix()).parts
    return PurePosixPath(*parts[parts.index(_GATE) if _GATE in parts else 0 :])


def is_of_fixture(folder: PurePosixPath) -> bool:
    """Whether the cassettes in a folder are of a fixture wider than a test."""
    return _FIXTURES in folder.parts


def base_of(folder: PurePosixPath) -> PurePosixPath:
    """The module of the test whose cassettes are in `folder`, without its ending.

    Of a fixture wider than a test it is the folder, module or class that may use it. Both paths are
    relative to the cassette root, and to the folder of a gate's stream.
    """
    parts = folder.parts
    return PurePosixPath(*parts[: parts.index(_FIXTURES)]) if _FIXTURES in parts else folder.parent


def fold(path: PurePosixPath | str) -> str:
    """What a file system that ignores case takes a path for."""
    return str(path).casefold()


def part_names(name: str) -> tuple[str, ...]:
    """What a folder or file of the project is called in the path of its tests' cassettes."""
    return _unique(slug(name), str(_safe_parts(PurePosixPath(slug(name)))))


@lru_cache(maxsize=4096)
def _module(file: str) -> PurePosixPath:
    path = PurePosixPath(file)
    return _folder(path.with_suffix("") if path.name else PurePosixPath("_"))


def _folder(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*(slug(part) for part in path.parts if part not in ("", "/")))


def _safe_parts(folder: PurePosixPath) -> PurePosixPath:
    """`folder` without what has another meaning in the layout: `_gate` at its top, `x.yaml`."""
    parts = [
        hashed(part, part, LONGEST)
        if _LIKE_A_CASSETTE.search(part) or (not number and part.lower() == _GATE)
        else part
        for number, part in enumerate(folder.parts)
    ]
    return PurePosixPath(*parts)


def _cased(text: str, room: int) -> str:
    """A slug that is hashed where it has an upper case: nobody else is asked who folds alike."""
    plain = fitted(text, room)
    lost = plain != plain.lower() and not _HASH.search(plain)
    return hashed(text, text, room) if lost else plain


def _folded(test_id: str) -> str:
    file, _, rest = test_id.partition("::")
    return fold(_module(file) / slug(rest.replace("::", ".")))


def _owners(test: str) -> Iterable[str]:
    """The file of a test and its classes, the nested ones too."""
    parts = test.partition("[")[0].split("::")
    return ["::".join(parts[:end]) for end in range(1, len(parts))]


def _all_but_first(texts: Iterable[str], key: Callable[[str], str]) -> frozenset[str]:
    """The texts that have the key of another one that is before them in their order."""
    firsts: dict[str, str] = {}
    return frozenset(text for text in sorted(texts) if firsts.setdefault(key(text), text) != text)


# Replay asks for the same few models again and again.
@lru_cache(maxsize=256)
def _unambiguous(stem: str) -> str | None:
    """The model of a first trial whose name says it all; None for every other name."""
    whole = _ESCAPED.fullmatch(stem) and not _HASH.search(stem)
    return _unescaped(stem) if whole else None


@lru_cache(maxsize=256)
def _parts(model: str) -> tuple[str, str, str]:
    """How file names spell a model: by earlier versions, now, and where that is taken."""
    plain = _escaped(model)
    cut = _cut_model(model)
    return slug(model), plain if len(plain) <= _LONGEST_MODEL else cut, cut


def _escaped(model: str) -> str:
    """A model in characters that no system changes, with each other byte as `=xx`.

    >>> _escaped("anthropic/claude-sonnet-4.5")
    'anthropic=2fclaude-sonnet-4=2e5'
    """
    data = model.encode("utf-8", "surrogatepass")
    signs = [chr(b) if _PLAIN_MODEL.fullmatch(chr(b)) else f"={b:02x}" for b in data]
    if is_reserved(model):
        signs[0] = f"={data[0]:02x}"
    return "".join(signs) or _CUT


def _unescaped(part: str) -> str:
    data = re.sub(r"=([0-9a-f]{2})", lambda escape: chr(int(escape[1], 16)), part)
    return data.encode("latin-1").decode("utf-8", "replace")


def _cut_model(model: str) -> str:
    beginning = _escaped(model)[: _LONGEST_MODEL - len(_CUT) - 8]
    return f"{re.sub('=.?$', '', beginning)}{_CUT}{digest(model)}"  # no half of an escape


def _of_a_gate(model: str) -> str:
    part = _parts(model)[1]
    if part == _BASELINE:
        return f"={ord(part[0]):02x}{part[1:]}"
    return _SEPARATES.sub(lambda sign: f"={ord(sign[0]):02x}", part)


def _cut_gate(name: str, longest: int = _LONGEST_GATE) -> str:
    if len(name) <= longest:
        return name
    return f"{name[: longest - len(_CUT) - 8]}{_CUT}{digest(name)}"


def _unique(*values: _T) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))
