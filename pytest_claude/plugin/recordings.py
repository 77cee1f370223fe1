"""(test, stream) → its recordings: where they are, and what they hold."""

from __future__ import annotations

from pytest_claude.comparison.trial import Stream
from pytest_claude.errors import RecordingProblem
from pytest_claude.models.platforms import Platform
from pytest_claude.places import Places
from pytest_claude.plugin.attempts import Attempts
from pytest_claude.recording import cassette
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.recorder import models_in
from pytest_claude.run.place import ORDINARY, Side
from pytest_claude.settings import RunSettings, TestSettings
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.parse import parse_transcript


class Recordings:
    """Finds what is recorded of the tests of a run.

    Attributes:
        places: Where the cassettes of the run are.
    """

    def __init__(self, settings: RunSettings, places: Places, attempts: Attempts | None) -> None:
        """`attempts` are those of the gate; None in a plain run."""
        self.places = places
        self._attempts = attempts
        self._canonical = settings.names.canonical
        self._news = {self._canonical(swap.new) for swap in settings.bump}
        self._news -= {self._canonical(swap.old) for swap in settings.bump}

    def attempt(self, test: str, stream: Stream) -> int:
        """Which attempt a stream of a test is at; 1 for the baseline's, which belongs to none."""
        return 1 if self._attempts is None or stream == "base" else self._attempts.of(test)

    def side(self, test: str, stream: Stream) -> Side:
        """On which side of a gate a stream of a test is recorded."""
        if self._attempts is None or stream == "base":
            return ORDINARY
        return self._attempts.side(self.attempt(test, stream), stream)

    def folder(self, test: str, own: TestSettings, stream: Stream) -> Folder:
        """A test's cassettes; what a gate asks of it is always its own.

        Args:
            test: Its node id.
            own: Its settings.
            stream: Which of its trials.
        """
        if stream == "base" and own.cassette is not None:
            return self.places.shared(own.cassette, test)
        return self.places.test(test, self.side(test, stream))

    def indices(self, test: str, own: TestSettings, stream: Stream) -> list[int]:
        """Indices of the trials of a test that have a recording, ascending.

        Args:
            test: Its node id.
            own: Its settings.
            stream: Which of its trials.
        """
        recordings = self.folder(test, own, stream).recordings()
        if stream == "base":  # beside them may be those of a candidate that was adopted
            others = [r for r in recordings if self._canonical(r.model) not in self._news]
            recordings = others or recordings
        indices = sorted({recording.index for recording in recordings})
        if stream == "base" and own.cassette is not None:
            return [n for n in indices if n < own.trials]  # the others are of other tests
        return indices

    def all_trials(self, test: str, own: TestSettings) -> int:
        """How many trials a test has: as many as are recorded, at least what its marker says."""
        return max((own.trials, *(index + 1 for index in self.indices(test, own, "base"))))

    def first_answers(self, test: str, own: TestSettings) -> list[Answer]:
        """The answers in the first recorded trial of the baseline; none where it can't be read."""
        for recording in self.folder(test, own, "base").recordings(0):
            try:
                entries = cassette.load(recording.path, recording.path.name)
                return list(parse_transcript([entry.interaction for entry in entries]).answers)
            except RecordingProblem:
                continue  # the trial that opens it reports it
        return []

    def models(self, test: str, own: TestSettings) -> set[tuple[str, Platform | None]]:
        """The models that the baseline's recordings ask, as sent, with their platform."""
        models: set[tuple[str, Platform | None]] = set()
        for path in self.folder(test, own, "base").paths():
            try:
                models.update(models_in(cassette.load(path, path.name)))
            except RecordingProblem:
                continue  # the trial that opens it reports it
        return models
