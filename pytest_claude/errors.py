"""Every exception of pytest-claude.

    AssertionError
    ├── NoEvidence              a check was asked for a truth that was not observed
    └── CheckFailed             a check marker does not hold
    Exception
    ├── RecordingProblem        a problem of the recording edge; sticky: it fails its test
    │   ├── CassetteMiss        no recorded interaction answers the request
    │   ├── UnreadableCassette  the file is empty, cut, of another kind or edited
    │   ├── UnsavedCassette     what was recorded could not be written
    │   ├── SpoiledTrial        what was answered says nothing about the model that was asked
    │   │   └── NotSent         the model would refuse the request: it is not paid for
    │   ├── Unrecorded          in a dry run: a recording would send the request
    │   ├── CallOutsideTrial    model traffic that no cassette can answer
    │   └── UnknownSDK          requests of the installed SDK don't pass our patch
    ├── NotOffered              a tool or an argument that no request offered
    └── SettingsError           a bad option, ini value or marker argument

A problem of the recording edge is not raised in the app: the SDK would retry what is raised below
it and show it as "Connection error.", and what is no `Exception` would kill the event loop that
other tests go on with. The app meets an error of its own library, and the test fails afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

Row = tuple[str, str]
"""One labelled line of an explanation: `("observed", "…")`."""


Void = Literal["service", "cut", "account", "other_model", "not_sent", "no_recording", "timed_out"]
"""Why a trial is no evidence about a model: an error of the service, or none of its answers; an
answer that the server or the network cut; the account can't ask this; another model answered; the
request was held back; its recording is not there; a time limit of pytest-timeout ended the test."""


class Explained(Protocol):
    """What an exception needs of the check it is about."""

    @property
    def reason(self) -> str:
        """What decided, in one line."""
        ...  # a docstring alone would be a body that returns None


class _Pickled(Exception):
    """An exception that survives pickling: made without its `__init__`, then given its attributes.

    The default calls the class with `args`, which holds the message and not the arguments of an
    `__init__` of our own. Process pools and pytest-xdist pickle exceptions.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).__new__, (type(self), *self.args), self.__dict__


class RecordingProblem(_Pickled):
    """What went wrong at the recording edge, in one line and in rows.

    Attributes:
        headline: One sentence without line breaks.
        rows: Labelled lines in the order expected, observed, evidence, to ….
    """

    def __init__(self, headline: str, rows: Sequence[Row] = ()) -> None:
        super().__init__(headline)
        self.headline = headline
        self.rows = tuple(rows)


class CassetteMiss(RecordingProblem):
    """No recorded interaction answers a request of the test.

    Attributes:
        cause: What happened, in words: "the prompt was edited (`system`)".
        edit: The changed span, before and after: equal for all misses that one edit caused.
            None where no recording is near.
        calls: How many calls it takes to record the rest of the trial again, as recorded.
    """

    def __init__(
        self,
        headline: str,
        rows: Sequence[Row] = (),
        cause: str = "",
        edit: str | None = None,
        calls: int = 1,
    ) -> None:
        super().__init__(headline, rows)
        self.cause = cause
        self.edit = edit
        self.calls = calls


_RESTORE = "restore the file (git checkout), or delete it and record again"


class UnreadableCassette(RecordingProblem):
    """A cassette that can't be read: never the same as an empty or a missing one.

    Attributes:
        path: The file, as it is shown to the user.
        reason: What is wrong with it.
        to_accept: The command that accepts the file as it is, where there is one.
        to_repair: What to do about it; None where the file has to be restored or recorded again.
    """

    def __init__(
        self,
        path: str,
        reason: str,
        to_accept: str | None = None,
        to_repair: str | None = None,
    ) -> None:
        accept = [] if to_accept is None else [("to accept", to_accept)]
        super().__init__(
            f"{path}: {reason}",
            [
                ("expected", "a cassette that can be read"),
                ("observed", reason),
                ("evidence", path),
                ("to repair", to_repair or _RESTORE),
                *accept,
            ],
        )
        self.path = path
        self.reason = reason
        self.to_accept = to_accept
        self.to_repair = to_repair


class UnsavedCassette(RecordingProblem):
    """What was recorded could not be written; the old file is unchanged."""


class SpoiledTrial(RecordingProblem):
    """What a trial was answered says nothing about the model that it asks.

    Attributes:
        void: Why.
        why: The same in a clause, without what became of it.
    """

    def __init__(
        self,
        headline: str,
        rows: Sequence[Row] = (),
        *,
        void: Void = "service",
        why: str | None = None,
    ) -> None:
        super().__init__(headline, rows)
        self.void: Void = void
        self.why = headline if why is None else why


class NotSent(SpoiledTrial):
    """A request that its model is known to refuse was held back while recording."""


class Unrecorded(RecordingProblem):
    """What a dry run met: a request that a recording would send.

    Attributes:
        request: It, as it would be stored.
        folder: The folder of the cassette that its answer would be in.
        before: How many calls of the trial were answered before it.
        shared: In a cassette that tests share, which request it is: it is sent once for all.
    """

    def __init__(
        self, headline: str, request: object, folder: str, before: int, shared: str = ""
    ) -> None:
        super().__init__(headline, [("to record it", "leave --claude-dry-run out")])
        self.request = request
        self.folder = folder
        self.before = before
        self.shared = shared


class CallOutsideTrial(RecordingProblem):
    """Model traffic in replay mode outside a claude test, or by a road that is not replayed."""


class UnknownSDK(RecordingProblem):
    """Requests of the installed SDK don't pass our patch: nothing could be replayed."""


class NoEvidence(_Pickled, AssertionError):
    """A check was used as true or false, but nothing was observed that decides it."""

    def __init__(self, check: Explained) -> None:
        super().__init__(f"no evidence: {check.reason}")
        self.check = check


class CheckFailed(_Pickled, AssertionError):
    """The check of a marker does not hold for the test it marks."""

    def __init__(self, marker: str, check: Explained) -> None:
        super().__init__(f"{marker}: {check.reason}")
        self.marker = marker
        self.check = check


class NotOffered(Exception):
    """A check names a tool, or an argument of a tool, that no request offered."""


class SettingsError(Exception):
    """A bad option, ini value or marker argument; the text is one sentence for the user."""


# Tracebacks and reports name them as users import them.
for _error in tuple(vars().values()):
    if isinstance(_error, type) and issubclass(_error, BaseException):
        _error.__module__ = "pytest_claude"
