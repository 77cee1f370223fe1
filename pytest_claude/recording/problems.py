"""Why a trial can't be kept or answered, in the words of the user. Pure."""

from __future__ import annotations

import json
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from pytest_claude.errors import CallOutsideTrial, RecordingProblem, Row, SpoiledTrial
from pytest_claude.recording.call import Call, Calls
from pytest_claude.recording.opening import is_infrastructure
from pytest_claude.transcript.interaction import Response
from pytest_claude.transcript.quoting import cut, quote

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
        return problem

    def taking(self, keep: Callable[P, object]) -> Callable[P, None]:
        """`keep`, with what it raises kept instead: the app has its answer already."""

        def kept(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                keep(*args, **kwargs)
            except Exception as error:
                self.take(error)

        return kept


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
            ("on purpose", "@pytest.mark.claude(live=True) lets this test reach the API"),
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


def flaws(calls: Calls, command: str) -> list[RecordingProblem]:
    """Why the calls of a trial are not a recording of it; `command` runs its test."""
    return [
        flaw
        for flaw in (_unconnected(calls, command), _pending(calls), _spoiled(calls, command))
        if flaw is not None
    ]


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
    )


def _spoiled(calls: Calls, command: str) -> SpoiledTrial | None:
    """The trial ends in an infrastructure error: no behavior of the model was seen."""
    answered = {call.entry.fingerprint for call in calls if call.entry and not _failed(call)}
    failed = [n for n, call in enumerate(calls, start=1) if _failed(call)]
    last = next(
        (n for n in failed if (e := calls[n - 1].entry) and e.fingerprint not in answered), None
    )
    if last is None:
        return None  # what failed was sent again and answered
    answer = calls[last - 1].response
    assert answer is not None, "it failed with an answer"
    whose = " (the judge's)" if calls[last - 1].judges else ""
    denied = answer.status in (401, 403)
    retries = "" if denied else ", retries included"
    rows: list[Row] = [
        ("expected", "an answer of the model to record"),
        ("observed", f"HTTP {answer.status} to call {last}{whose}{retries}"),
    ]
    if (message := _message(answer)) is not None:
        rows.append(("the API", quote(message, 200)))
    if denied:
        rows.append(("to go on", "set a key that may ask this: ANTHROPIC_API_KEY, as a rule"))
    rows.append(("to record", f"{command} --claude-record"))
    return SpoiledTrial(f"the API answered {answer.status}: nothing was recorded", rows)


def _message(answer: Response) -> str | None:
    """What the API says of its error."""
    error = body.get("error") if isinstance(body := answer.json(), dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) and message else None


def _failed(call: Call) -> bool:
    return call.response is not None and is_infrastructure(call.response)
