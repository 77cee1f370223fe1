"""Why a trial can't be kept or answered, in the words of the user. Pure."""

from __future__ import annotations

import json
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import ParamSpec

from pytest_claude.errors import (
    CallOutsideTrial,
    CassetteMiss,
    RecordingProblem,
    Row,
    SpoiledTrial,
    UnsavedCassette,
    Void,
)
from pytest_claude.models.ids import ModelNames
from pytest_claude.models.served import is_known, is_other
from pytest_claude.recording.call import Call, Calls
from pytest_claude.transcript.interaction import Response
from pytest_claude.transcript.json_values import mapping, string
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.parse import parse_answer
from pytest_claude.transcript.quoting import cut, quote
from pytest_claude.transcript.service import fault

P = ParamSpec("P")
_LIBRARIES = (
    str(Path(__file__).parents[1]),
    *map(sysconfig.get_path, ("stdlib", "purelib", "platlib")),
)


class Problems(list[RecordingProblem]):
    """The problems of a trial, or of the time outside all trials: one is enough to fail it.

    They are kept also where the app, or a framework around it, swallowed what it met.
    """

    def take(self, error: Exception) -> RecordingProblem:
        """Keep what was raised while a call was recorded or replayed, as a problem, once."""
        problem = error if isinstance(error, RecordingProblem) else _inner(error)
        if not any(problem is kept for kept in self):
            self.append(problem)
            if isinstance(problem, CassetteMiss | CallOutsideTrial):
                problem.rows = _with_the_line_of_the_app(problem.rows)
        return problem

    def taking(self, keep: Callable[P, object]) -> Callable[P, None]:
        """`keep`, with what it raises kept instead: the app has its answer already."""

        def kept(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                keep(*args, **kwargs)
            except Exception as error:
                self.take(error)

        return kept


def _with_the_line_of_the_app(rows: Sequence[Row]) -> tuple[Row, ...]:
    """`rows`, with the place of the call before what to do about it, where it is known."""
    place = _line_of_the_app()
    called = [] if place is None else [("called at", place)]
    remedies = (n for n, (label, _) in enumerate(rows) if label.startswith("to "))
    first = next(remedies, len(rows))
    return (*rows[:first], *called, *rows[first:])


def _line_of_the_app() -> str | None:
    """The nearest line of the stack that is of no library; None where another process called."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith((*_LIBRARIES, "<")):
            path = Path(name)
            shown = path.relative_to(here) if path.is_relative_to(here := Path.cwd()) else path
            return f"{shown.as_posix()}, line {frame.f_lineno}, in {frame.f_code.co_name}"
        frame = frame.f_back
    return None


def refusal(problem: RecordingProblem) -> bytes:
    """A problem as the API and Bedrock word an error: what the app gets instead of an answer."""
    message = f"pytest-claude: {problem.headline}"
    error = {"type": "invalid_request_error", "message": message}
    return json.dumps({"type": "error", "error": error, "message": message}).encode()


REFUSED = {
    "content-type": "application/json",
    "x-should-retry": "false",
    "x-amzn-errortype": "ValidationException",
}
"""The headers of a refusal; its status is 400: no SDK sends such a request again."""


def _inner(error: Exception) -> RecordingProblem:
    """What a function of the project, a library or our own code raised."""
    cause = f"{type(error).__name__}: {error}".removesuffix(": ")
    frames = traceback.extract_tb(error.__traceback__)
    where = [f for f in frames if not f.filename.startswith(_LIBRARIES)] or frames
    problem = RecordingProblem(
        f"a call could not be recorded or replayed: {cut(cause)}",
        [
            ("expected", "rules, hooks and recordings that can be applied to the call"),
            ("observed", cause),
            ("evidence", f"{where[-1].filename}, line {where[-1].lineno}"),
            ("to go on", "mend that line; where it is of pytest-claude itself, report it"),
        ],
    )
    problem.__cause__ = error
    return problem


def another_road(target: str) -> CallOutsideTrial:
    """A request to `target` by a road that is not replayed."""
    return CallOutsideTrial(
        f"{target}: a call that can't be replayed was refused",
        [
            ("expected", "model calls through the Anthropic SDK, httpx, httpx2 or boto3"),
            ("observed", f"another library sent {target}"),
            (
                "to go on",
                "send it to the URL of the fixture `claude_server`: it records any library",
            ),
            ("on purpose", "@pytest.mark.claude(live=True) lets this test reach the API"),
        ],
    )


def read_past(number: int, cassette: str, command: str) -> RecordingProblem:
    """The app waits for more of the answer to call `number` than it read while recording."""
    return RecordingProblem(
        f"the app reads on where it left the recorded answer to call {number}",
        [
            ("expected", "the app leaves the answer where it left it while recording"),
            ("observed", "it waited for more, and the recording has no more"),
            ("evidence", f"{cassette}, call {number}"),
            ("to record", f"{command} --claude-record=all"),
        ],
    )


def forked(child: int) -> CallOutsideTrial:
    """A call in a forked process."""
    return CallOutsideTrial(
        "a forked process asked a model: that can't be recorded or replayed",
        [
            ("expected", "model calls in the process of the test"),
            ("observed", f"process {child} was forked from it"),
            ("to go on", "use threads, or the fixture `claude_server`"),
        ],
    )


def behind_link(shown: str, real: str) -> UnsavedCassette:
    """A cassette that nobody may write: a symbolic link leads out of the folder of cassettes."""
    return UnsavedCassette(
        f"{shown} is not written: it is behind a symbolic link out of the folder of cassettes",
        [
            ("expected", "every cassette that is recorded in the folder of cassettes itself"),
            ("observed", f"it is {real}"),
            (
                "to repair",
                "put a folder in place of the link, or set claude_cassette_dir to where it leads",
            ),
        ],
    )


def flaws(calls: Calls, command: str) -> list[RecordingProblem]:
    """Why the calls of a trial are not a recording of it; `command` runs its test."""
    spoiled_by = spoiled(calls, command, recording=True)
    found = (_unconnected(calls, command), _pending(calls), spoiled_by)
    return [flaw for flaw in found if flaw is not None]


def _pending(calls: Calls) -> RecordingProblem | None:
    """A call that is still under way; its answer will be in the partial file."""
    numbers = [n for n, call in enumerate(calls, start=1) if call.entry is None]
    if not numbers:
        return None
    return RecordingProblem(
        f"the test ended while call {numbers[0]} was under way: nothing was recorded",
        [
            ("expected", "every call has its answer when the test ends"),
            ("observed", f"call {', '.join(map(str, numbers))} had none yet"),
            ("to record", "let the test wait for its threads and tasks"),
        ],
    )


def _unconnected(calls: Calls, command: str) -> SpoiledTrial | None:
    """The API could not be reached for a request, and no retry could either."""
    answered = {call.known.fingerprint for call in calls if call.entry is not None}
    lost = [error for mark, error in calls.unconnected.items() if mark not in answered]
    if not lost:
        return None
    return SpoiledTrial(
        "the API was not reached: nothing was recorded",
        [
            ("expected", "an answer of the model to record"),
            ("observed", f"{type(lost[0]).__name__}: {cut(str(lost[0]))}, retries included"),
            ("to record", f"{command} --claude-record"),
        ],
        why="the API was not reached",
    )


def timed_out(raised: BaseException, command: str) -> SpoiledTrial:
    """A trial that a time limit ended: what the app would have made of it is not known.

    Args:
        raised: By what set the limit.
        command: The command that runs its test.
    """
    return SpoiledTrial(
        "the time limit of the test ended it: nothing was recorded",
        [
            ("expected", "a trial that comes to its end"),
            ("observed", f"{cut(str(raised)).rstrip('.')}: nothing was recorded"),
            ("to record", f"{command} --claude-record, with a longer limit"),
        ],
        void="timed_out",
        why="ended by the time limit of the test",
    )


def spoiled(calls: Calls, command: str, *, recording: bool) -> SpoiledTrial | None:
    """Why the answers of a trial say nothing about a model: one is a failure of the service.

    What failed and was answered when the app sent it again does not count.

    Args:
        calls: Of the trial.
        command: The command that runs its test.
        recording: Whether they were to be recorded, and are not a recording's.
    """
    failed: dict[int, Void] = {
        n: void for n, call in enumerate(calls, start=1) if (void := _fault(call))
    }
    answered = {
        call.known.fingerprint
        for n, call in enumerate(calls, start=1)
        if call.entry is not None and n not in failed
    }
    for number, void in failed.items():
        if calls[number - 1].known.fingerprint not in answered:
            return _spoiled(calls[number - 1], number, void, command, recording=recording)
    return None


def _spoiled(call: Call, number: int, void: Void, command: str, *, recording: bool) -> SpoiledTrial:
    assert call.interaction is not None, "it failed with an answer"
    parsed, answer = parse_answer(call.interaction), call.interaction.response
    error = None if parsed is None else parsed.error
    message = _message(answer) if error is None else error.message
    whose = f"call {number}" + (" (the judge's)" if call.judges else "")
    if answer.status >= 400:
        what, seen = f"the API answered {answer.status}", f"HTTP {answer.status} to {whose}"
        seen += "" if void == "account" else ", retries included"
    elif void == "cut":
        what, seen = "the connection broke in an answer", f"the answer to {whose} has no end"
    else:
        kind = "an error" if error is None or error.type is None else f"`{error.type}`"
        what, seen = f"the API ended an answer in {kind}", f"the answer to {whose} ends in {kind}"
    expected = "an answer of the model to record" if recording else "an answer of the model"
    rows: list[Row] = [("expected", expected), ("observed", seen)]
    if message:
        rows.append(("the API", quote(message, 200)))
    if void == "account":
        rows.append(("to go on", _OF_THE_ACCOUNT.get(answer.status, _ITS_LIMITS)))
    rows.append(("to record", f"{command} --claude-record"))
    return SpoiledTrial(
        f"{what}: nothing was recorded" if recording else what,
        rows,
        void=void,
        why=f"{what}, {quote(message, 80)}" if message and void == "account" else what,
    )


def other_model(answers: Iterable[Answer], names: ModelNames, command: str) -> SpoiledTrial | None:
    """Why the answers of a trial are no evidence: one is of another model than was asked.

    One that names no model is no evidence either way.

    Args:
        answers: To the app, parsed.
        names: What the project's own names of models stand for.
        command: The command that runs the test.
    """
    for answer in answers:
        asked, served = answer.request.model, answer.served_model
        if not asked or not served or not is_other(asked, served, names):
            continue
        asked, by = names.canonical(asked), names.canonical(served)
        unknown = [(a, b) for a, b in ((asked, by), (by, asked)) if not is_known(a, names)]
        lines = [f"{name} = {model}" for name, model in unknown if is_known(model, names)]
        what = f"{by} answered, not {asked}"
        return SpoiledTrial(
            what,
            [
                ("expected", f"an answer of {asked}"),
                ("observed", f"call {answer.number} was answered by {by}"),
                *(("if the same", f"add to claude_model_map: {line}") for line in lines),
                ("to ask again", f"{command} --claude-record=all"),
            ],
            void="other_model",
        )
    return None


_KEY = "set a key that may ask this: ANTHROPIC_API_KEY, as a rule"
_OF_THE_ACCOUNT = {401: _KEY, 403: _KEY, 404: "name a model that this account can ask"}
_ITS_LIMITS = "see to the account: its credit, its limits, the models it can ask"


def _message(answer: Response) -> str | None:
    """What the API says of its error, where no model was asked."""
    return string(mapping(mapping(answer.json()).get("error")).get("message"))


def _fault(call: Call) -> Void | None:
    return None if call.interaction is None else fault(call.interaction)
