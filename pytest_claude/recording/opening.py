"""What a trial can be answered from: its cassette, and what an interrupted run left of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_claude.errors import RecordingProblem
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.recording import cassette, partial
from pytest_claude.recording.cassette import NO_LABEL, Label, Rulings
from pytest_claude.recording.entry import Recorded, same_exchange
from pytest_claude.recording.fingerprint import Known, Normalize, known
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.matching import Index
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.slugs import named_model
from pytest_claude.recording.store import Store
from pytest_claude.settings import RecordMode
from pytest_claude.transcript.interaction import Request
from pytest_claude.transcript.service import fault

_LARGE = 100_000_000  # bytes


@dataclass(frozen=True)
class Place:
    """Where the cassettes of one test and stream are, and which of them is meant.

    Attributes:
        folder: The cassettes of the test.
        index: Number of the trial, from 0.
        command: The command that runs this one test.
        label: Whose a cassette is that is recorded here.
        model: The main model of the test, once its first trial has named it.
        adopted: A recording of another tool: replayed where there is none of ours.
        before: Names of the shared cassettes that were there when the session began: its tests
            make the others. None where that does not matter.
        patience_s: How long to wait for another process that is recording the same, in seconds.
        in_rounds: Whether this very run has left what a partial file holds.
        elsewhere: Finds the folder of a recording of the test that lies where it is not looked
            for, and the folder that it should be; as they are typed.
    """

    folder: Folder
    index: int
    command: str
    label: Label = NO_LABEL
    model: str | None = None
    adopted: Path | None = None
    before: frozenset[str] | None = None
    patience_s: float = 0
    in_rounds: bool = False
    elsewhere: Callable[[], tuple[str, str] | None] = lambda: None


@dataclass(frozen=True)
class Opened:
    """A cassette that is open.

    Attributes:
        path: Where the cassette is or will be.
        model: The model that names it; "" for another tool's recording.
        written: When it was last written, as the file system says; None where it is not there.
        index: What can be played from it.
        resumed: Whether answers of an interrupted run are in the index, or a judge's rulings of it
            among the rulings.
        notes: What the user should know, one sentence each.
        rulings: How a judge read replies of the cassette that was there.
    """

    path: Path
    model: str
    written: int | None
    index: Index
    resumed: bool = False
    notes: tuple[str, ...] = ()
    rulings: Rulings = ()

    @property
    def on_disk(self) -> bool:
        """Whether the cassette was there."""
        return self.written is not None

    @property
    def is_outdated(self) -> bool:
        """Whether another process has written the cassette since."""
        return _written(self.path) != self.written


@dataclass(frozen=True)
class Shelf:
    """The cassettes that one trial may open.

    Attributes:
        place: Where they are.
        mode: What may be called and written.
        redaction: What makes another tool's recording ours.
        normalize: The rules of the test for what does not count in requests.
        names: What the project's own names of models stand for.
        store: Takes the long strings of what is recorded; None where cassettes hold them.
        dry: Whether nothing is called or written, whatever the mode.
    """

    place: Place
    mode: RecordMode
    redaction: Redaction
    normalize: Normalize | None
    names: ModelNames = NO_NAMES
    store: Store | None = None
    dry: bool = False

    def open(self, model: str | None) -> Opened:
        """The cassette named by the model of the trial's first call.

        Raises:
            UnreadableCassette: It can't be read.
        """
        model = named_model(self.names.resolved(self.place.model or model or "no-model"))
        path = self.place.folder.path(model, self.place.index)
        if self.place.adopted is not None and not path.exists():
            return self._open(self.place.adopted, "")
        return self._open(path, model)

    def reopen(self, opened: Opened) -> Opened:
        """The same cassette, as it is now.

        Raises:
            UnreadableCassette: It can't be read.
        """
        return self._read(opened.path, opened.model)

    def other(self, mark: str, named: Opened) -> Opened | None:
        """The cassette to open in the place of `named`, which does not answer the first call.

        Where two threads ask two models, either can come first, and so name the file. It is the
        only one of this trial's cassettes that has the call's fingerprint, `mark`.
        """
        if self.mode == "all" and self._answers(named.path, mark):
            return None
        recordings = self.place.folder.recordings(self.place.index)
        others = [r for r in recordings if r.path != named.path and self._answers(r.path, mark)]
        return self._open(others[0].path, others[0].model) if len(others) == 1 else None

    def index(self, entries: Sequence[Recorded]) -> Index:
        """The index of `entries` by what counts for this test."""
        return Index(entries, self.normalize, self.names)

    def known(self, request: Request) -> Known:
        """What replay knows of a request, by what counts for this test."""
        return known(request, self.normalize, self.names)

    def is_once_for_all(self, path: Path) -> bool:
        """Whether a cassette that is there stays as it is: with `once`, all but the shared ones
        that tests have made in this session.
        """
        before = self.place.before
        return self.mode == "once" and (before is None or path.name in before)

    def _answers(self, path: Path, mark: str) -> bool:
        try:
            recorded = cassette.load(path, path.name) if path.exists() else []
        except RecordingProblem:
            return False
        return self.index(recorded).matching(mark) > 0

    def _open(self, path: Path, model: str) -> Opened:
        if self.mode == "all":
            rulings = [*_rulings(path), *partial.load_rulings(path)]
            return Opened(path, model, _written(path), self.index(()), rulings=rulings)
        return self._read(path, model)

    def _read(self, path: Path, model: str) -> Opened:
        shown = self.place.folder.shows(path)
        written = _written(path)
        recorded: Sequence[Recorded] = ()
        rulings: Rulings = ()
        if written is not None:
            recorded, rulings = cassette.load_with_rulings(path, shown)
        notes = []
        if written is not None and (real := self.place.folder.outside(path)) is not None:
            notes.append(f"{shown} is behind a symbolic link: it is {real}")
        if written is not None and (size := path.stat().st_size) > _LARGE:
            notes.append(f"{shown} is large: {size // 1_000_000} MB")
        if self.mode != "none":
            # Another tool's recording becomes ours when it is saved: without its headers. And what
            # has become a secret since ours was saved is not saved again.
            recorded = [self._as_stored(entry) for entry in recorded]
        left = _left_by_an_interrupted_run(path, recorded)
        if left:
            paid = "1 answer" if len(left) == 1 else f"{len(left)} answers"
            where = f"{shown}{partial.SUFFIX}"
            if self.mode == "none" or (written is not None and self.is_once_for_all(path)):
                notes.append(
                    f"an interrupted recording left {paid} in {where}: --claude-record goes on "
                    "from it"
                )
                left = []
            elif not self.place.in_rounds:
                notes.append(f"{paid} of an interrupted recording taken from {where}")
        index = self.index([*recorded, *left])
        read = [] if self.mode == "none" else partial.load_rulings(path)
        rulings, resumed = [*rulings, *read], bool(left or read)
        return Opened(path, model, written, index, resumed, tuple(notes), rulings)

    def _as_stored(self, entry: Recorded) -> Recorded:
        if entry.ours and self.redaction.own is None:
            if not self.redaction.secrets.find(entry.text):
                return entry
        stored = self.redaction.interaction(entry.interaction)
        unchanged = entry.ours and stored == entry.interaction
        return entry if unchanged else Recorded.of(stored, self.store)


def _rulings(path: Path) -> Rulings:
    """The rulings in a cassette that is being replaced; none where it can't be read."""
    try:
        return cassette.read_rulings(path) if path.exists() else ()
    except RecordingProblem:
        return ()


def _written(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _left_by_an_interrupted_run(path: Path, recorded: Sequence[Recorded]) -> list[Recorded]:
    """Answers that were paid for and never became a cassette; not paid again."""
    if not partial.partial_of(path).exists():
        return []
    index = Index(recorded)
    left = []
    for entry in partial.load(path):
        if not entry.response.complete or fault(entry.interaction):
            continue
        # A process may die when its cassette is in place and the partial file not yet gone.
        same = index.take(index.mark(entry))
        if same is None or not same_exchange(same.interaction, entry.interaction):
            left.append(entry)
    return left
