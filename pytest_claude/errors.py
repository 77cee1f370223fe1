"""Every exception of pytest-claude.

    BaseException
    └── RecordingProblem        a problem of the recording edge; sticky: it fails its test
        ├── CassetteMiss        no recorded interaction answers the request
        ├── UnreadableCassette  the file is empty, cut, of another kind or edited
        ├── UnsavedCassette     what was recorded could not be written
        ├── SpoiledTrial        the API failed; there is no answer to keep
        └── CallOutsideTrial    model traffic while no claude test is running
    AssertionError
    ├── NoEvidence              a check was asked for a truth that was not observed
    └── CheckFailed             a check marker does not hold
    Exception
    ├── NotOffered              a tool or an argument that no request offered
    └── SettingsError           a bad option, ini value or marker argument

Problems of the recording edge are no `Exception`: the SDK retries an ordinary exception that is
raised below it and shows it as "Connection error.", and the app's own `except Exception` would
then turn a stale cassette into a green test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Row = tuple[str, str]
"""One labelled line of an explanation: `("observed", "…")`."""


class Explained(Protocol):
    """What an exception needs of the check it is about."""

    @property
    def reason(self) -> str:
        """The shortest telling of what the check came to."""


class RecordingProblem(BaseException):
    """What went wrong at the recording edge, in one line and in rows.

    Attributes:
        headline: One sentence without line breaks.
        rows: Labelled lines in the order expected, observed, evidence, to ….
    """

    def __init__(self, headline: str, rows: Sequence[Row] = ()) -> None:
        super().__init__(headline)
        self.headline = headline
        self.rows = tuple(rows)

    def __reduce__(self) -> tuple[Any, ...]:
        # Own __init__ arguments do not survive the default pickling of exceptions,
        # and process pools need it.
        return type(self), (self.headline, self.rows)


class CassetteMiss(RecordingProblem):
    """No recorded interaction answers a request of the test.

    Attributes:
        cause: Equal for misses that one edit caused, in whatever test.
    """

    def __init__(self, headline: str, rows: Sequence[Row] = (), cause: str | None = None) -> None:
        super().__init__(headline, rows)
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.headline, self.rows, self.cause)


class UnreadableCassette(RecordingProblem):
    """A cassette that can't be read: never the same as an empty or a missing one."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}",
            [
                ("expected", "a cassette that can be read"),
                ("observed", reason),
                ("evidence", path),
                ("to repair", "restore the file (git checkout), or delete it and record again"),
            ],
        )
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.reason)


class UnsavedCassette(RecordingProblem):
    """What was recorded could not be written; the old file is unchanged."""


class SpoiledTrial(RecordingProblem):
    """The API was overloaded or down while recording: nothing to keep as behavior."""


class CallOutsideTrial(RecordingProblem):
    """Model traffic in replay mode while no claude test is running."""


class NoEvidence(AssertionError):
    """A check was used as true or false, but what it asks was not observed."""

    def __init__(self, check: Explained) -> None:
        super().__init__(f"no evidence: {check.reason}")
        self.check = check

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.check,)


class CheckFailed(AssertionError):
    """The check of a marker does not hold for the test it marks."""

    def __init__(self, marker: str, check: Explained) -> None:
        super().__init__(f"{marker}: {check.reason}")
        self.marker = marker
        self.check = check

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.marker, self.check)


class NotOffered(Exception):
    """A check names a tool, or an argument of a tool, that no request offered."""


class SettingsError(Exception):
    """A bad option, ini value or marker argument; the text is one sentence for the user."""


# Tracebacks and reports name them as users import them.
for _error in (
    RecordingProblem,
    CassetteMiss,
    UnreadableCassette,
    UnsavedCassette,
    SpoiledTrial,
    CallOutsideTrial,
    NoEvidence,
    CheckFailed,
    NotOffered,
    SettingsError,
):
    _error.__module__ = "pytest_claude"
