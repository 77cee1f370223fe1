"""The cassette that one trial has open: what is taken from it, who may write it, what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_claude.errors import RecordingProblem, UnsavedCassette
from pytest_claude.recording import cassette, files, partial, problems
from pytest_claude.recording.call import Calls
from pytest_claude.recording.cassette import Rulings
from pytest_claude.recording.entry import Recorded, same_exchange
from pytest_claude.recording.locking import WriteLock
from pytest_claude.recording.matching import Index
from pytest_claude.recording.opening import Opened, Shelf
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.judging import text_hash
from pytest_claude.transcript.parse import parse_transcript

Take = Callable[[Index, str], Recorded | None]
"""`Index.take`, or `Index.show` for an answer that the app is to get again."""
Summarize = Callable[[Sequence[Interaction]], Sequence[str]]


class OpenCassette:
    """Opens the cassette at the trial's first call, and locks it before the first paid one.

    Not locked against other threads: the recorder that owns it holds the lock.

    Attributes:
        notes: What the user should know though nothing failed, one sentence each.
        calls: The calls of the trial, which the recorder adds to.
    """

    def __init__(self, shelf: Shelf, calls: Calls) -> None:
        self.notes: list[str] = []
        self.calls = calls
        self._shelf = shelf
        self._opened: Opened | None = None
        self._writing: WriteLock | None = None
        self._unwritten: list[Recorded] = []
        self._paid_for_show = False
        self._saved: Sequence[Recorded] = ()
        self._rulings: dict[str, Mapping[str, Any]] = {}

    # --- what it is -------------------------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The cassette as it was opened; None before the first call."""
        return self._opened

    @property
    def index(self) -> Index:
        """What can be played from it, once it is open."""
        assert self._opened is not None, "a call opened it"
        return self._opened.index

    @property
    def only_replays(self) -> bool:
        """Whether the API is not called: replay, a dry run, or a cassette that is kept."""
        return self._shelf.mode == "none" or self._shelf.dry or self.is_kept

    @property
    def is_kept(self) -> bool:
        """Whether it is there and `once` leaves it as it is."""
        opened = self._opened
        return opened is not None and opened.on_disk and self._shelf.is_once_for_all(opened.path)

    @property
    def is_ready(self) -> bool:
        """Whether no file is needed for the next answer: it is open and, to record, locked.

        Until a call has begun, another file may be looked for: see `find`.
        """
        return bool(self.calls) and (self.only_replays or self._writing is not None)

    @property
    def unused(self) -> tuple[int, ...]:
        """Numbers of the recorded interactions that were not played; other tests may play them."""
        return () if self._opened is None or self._is_shared else self.index.unused

    @property
    def numbers(self) -> tuple[int, ...]:
        """Where the calls are in a saved cassette that tests share, from 1; else nothing."""
        if self._opened is None or not self._is_shared:
            return ()
        index = self._shelf.index(self._saved or self.index.entries)
        places = {id(entry): number for number, entry in enumerate(index.entries, start=1)}
        taken = [index.take(index.mark(call.entry)) for call in self.calls if call.entry]
        return () if None in taken else tuple(places[id(entry)] for entry in taken)

    @property
    def _is_shared(self) -> bool:
        return self._shelf.place.label.shared

    @property
    def rulings(self) -> Mapping[str, Mapping[str, Any]]:
        """How a judge read replies, by key: what the cassette held, and what was added since."""
        held = () if self._opened is None else self._opened.rulings
        return {**{str(ruling["key"]): ruling for ruling in held}, **self._rulings}

    # --- what is taken from it --------------------------------------------------------------

    def adopt(self, path: Path) -> None:
        """Replay from `path`, a recording of another tool, where the test has none of ours.

        It is one trial: repeated for the others it would be evidence that nobody gathered.
        """
        place = self._shelf.place
        if self._shelf.mode == "none" and place.index == 0 and path.exists():
            self._shelf = replace(self._shelf, place=replace(place, adopted=path))

    def find(self, take: Take, mark: str, model: str | None) -> Recorded | None:
        """The recorded answer to a request with the fingerprint `mark`; opens the cassette.

        `model` is what the request asks: the trial's first call names the file.

        Raises:
            RecordingProblem: The cassette can't be read, or another process is recording it.
        """
        opened = self._opened or self._open(self._shelf.open(model))
        entry = take(opened.index, mark)
        if entry is None and not self.calls:
            other = self._shelf.other(mark, opened)
            if other is not None:
                self.unlock()
                entry = take(self._open(other).index, mark)
        return entry

    def claim(self, take: Take, mark: str) -> Recorded | None:
        """Make sure that a paid answer can be kept, before it is paid for.

        Returns:
            The answer, where another process has recorded it in the meantime.

        Raises:
            RecordingProblem: Another process is recording the cassette, or the disk refuses it.
        """
        assert self._opened is not None, "it was looked into"
        return take(self._claim(self._opened).index, mark)

    def _open(self, opened: Opened) -> Opened:
        if opened.resumed and self._writing is None and not self._shelf.dry:
            return self._claim(opened)  # another process may be writing what looks left over
        self._opened = opened
        self.notes += opened.notes
        return opened

    def _claim(self, opened: Opened) -> Opened:
        if self._writing is not None:
            return opened
        self._check_links(opened.path)
        self._writing = WriteLock(opened.path, self._shelf.place.patience_s)
        if self._shelf.mode == "all" or not (opened.resumed or opened.is_outdated):
            return opened
        opened = self._open(self._shelf.reopen(opened))
        for call in self.calls:
            if call.entry is not None:
                opened.index.take(opened.index.mark(call.entry))
        return opened

    def _check_links(self, path: Path) -> None:
        """Nothing is written where a symbolic link leads out of the folder of cassettes."""
        folder, store = self._shelf.place.folder, self._shelf.store
        parts = () if store is None else store.folders[:1]
        for each in (path, partial.partial_of(path), *parts):
            if (real := folder.outside(each)) is not None:
                raise problems.behind_link(folder.shows(each), real)

    def unlock(self) -> None:
        """Let other processes write it."""
        if self._writing is not None:
            with suppress(RecordingProblem):  # it was raised where the answer arrived
                self._write_rest()
            self._writing.release()
            self._writing = None

    # --- what is kept in it -----------------------------------------------------------------

    def add(self, entry: Recorded) -> None:
        """Put a paid answer on disk; where the disk refuses it, it is tried again with the next.

        Raises:
            UnsavedCassette: The disk refuses it.
        """
        self._unwritten.append(entry)
        self._write_rest()

    def _write_rest(self) -> None:
        assert self._opened is not None, "a call opened it"
        while self._unwritten:
            entry = self._unwritten.pop(0)
            try:
                partial.append(self._opened.path, entry)
            except UnsavedCassette:
                self._unwritten.insert(0, entry)
                raise

    def add_shown(self, entry: Recorded) -> None:
        """Keep a paid answer that the app did not get for its next try."""
        self.index.add_shown(entry)
        self._paid_for_show = True

    def add_ruling(self, ruling: Mapping[str, Any]) -> None:
        """Keep how a judge read a reply; it is saved with the cassette.

        Raises:
            UnsavedCassette: The disk refuses it.
        """
        assert self._opened is not None, "its replies are in it"
        partial.append_ruling(self._opened.path, ruling)
        self._rulings[str(ruling["key"])] = ruling

    def lock(self) -> None:
        """Make sure that what is added to the open cassette can be kept.

        Raises:
            RecordingProblem: Another process is recording it, or the disk refuses it.
        """
        assert self._opened is not None, "a call opened it"
        self._claim(self._opened)

    def is_changed(self, *, passed: bool) -> bool:
        """Whether the trial leaves another cassette than it opened."""
        if self._opened is None or self.only_replays:
            return False
        live = self._paid_for_show or any(not call.recorded for call in self.calls)
        dropped = passed and bool(self.unused)
        added = live or bool(self._rulings)
        return added or bool(self.calls.unconnected) or dropped or self._opened.resumed

    def save(
        self,
        summarize: Summarize,
        *,
        passed: bool,
        redacted: Callable[[Recorded], Recorded] = lambda entry: entry,
    ) -> None:
        """Write it whole, as the trial leaves it; the partial file has no use any more.

        Args:
            summarize: Gives the lines for reviewers.
            passed: Whether the trial passed.
            redacted: Takes out of an entry what is known to be a secret by now.

        Raises:
            RecordingProblem: The disk refuses it, or it would not read back as it is.
        """
        assert self._opened is not None, "it was changed"
        opened = self._opened
        entries = self._joined(opened) if self._is_shared else self._own(opened, passed=passed)
        before, entries = entries, [redacted(entry) for entry in entries]
        again = {id(old): new for old, new in zip(before, entries, strict=True)}
        for call in self.calls:
            call.entry = again.get(id(call.entry), call.entry)
        summary = summarize([entry.interaction for entry in entries])
        label = replace(self._shelf.place.label, model=opened.model)
        rulings = self._rulings_on(entries)
        cassette.save(opened.path, entries, summary, label=label, rulings=rulings)
        self._saved = entries
        try:
            partial.partial_of(opened.path).unlink(missing_ok=True)
            gone = _parts_of(before) - _parts_of(entries)  # a later call showed a secret in them
            if gone and self._shelf.store is not None:
                self._shelf.store.remove_unused(gone)
        except OSError as error:
            raise files.unsaved(opened.path, error) from error

    def remove_used_up(self) -> None:
        """Remove a partial file of which the cassette has all: a kill after the save leaves it."""
        opened = self._opened
        if opened is None or self.only_replays or opened.resumed or self._writing is not None:
            return
        left = partial.partial_of(opened.path)
        if left.exists():
            with suppress(RecordingProblem, OSError):  # another process may be recording into it
                lock = WriteLock(opened.path)
                try:
                    if not self._shelf.reopen(opened).resumed:
                        left.unlink()
                finally:
                    lock.release()

    def _rulings_on(self, entries: Sequence[Recorded]) -> Rulings:
        """The rulings on replies that `entries` hold, in an order that no thread decides."""
        rulings = self.rulings
        if not rulings:
            return ()
        answers = parse_transcript([entry.interaction for entry in entries]).answers
        texts = {text_hash(answer.text) for answer in answers}
        return [rulings[key] for key in sorted(rulings) if rulings[key]["reply"] in texts]

    def _own(self, opened: Opened, *, passed: bool) -> list[Recorded]:
        played = [call.entry for call in self.calls if call.entry is not None]
        played += opened.index.shown
        return [*self._unchanged(opened, played), *(() if passed else opened.index.left)]

    def _joined(self, opened: Opened) -> list[Recorded]:
        """What was there, as it is since the lock is held, and what this trial adds."""
        added = [call.entry for call in self.calls if call.entry and not call.recorded]
        return [*opened.index.entries, *added]

    def _unchanged(self, opened: Opened, recorded: list[Recorded]) -> list[Recorded]:
        """`recorded`, with the old entry wherever the answer is the same: only times differ."""
        if self._shelf.mode != "all" or not opened.on_disk:
            return recorded
        try:
            old = Index(cassette.load(opened.path, opened.path.name))
        except RecordingProblem:
            return recorded  # it is being replaced
        pairs = ((new, old.take(old.mark(new))) for new in recorded)
        return [
            before
            if before is not None and same_exchange(before.interaction, new.interaction)
            else new
            for new, before in pairs
        ]


def _parts_of(entries: Sequence[Recorded]) -> set[str]:
    """The names of the parts that entries refer to."""
    return {reference.name for entry in entries for reference in entry.references}
