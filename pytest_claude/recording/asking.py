"""Asking a model by the way of an app: to the place of its call, with its credentials.

These requests are not traffic of the app: no trial counts them as calls, no cassette holds them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pytest_claude.errors import RecordingProblem
from pytest_claude.models.ids import ModelNames, canonical_model
from pytest_claude.models.platforms import spelled
from pytest_claude.recording.call import Call, Way
from pytest_claude.recording.fingerprint import model_in_path, platform_in, with_model_in_path
from pytest_claude.recording.redaction import Redaction
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.parse import parse_answer

if TYPE_CHECKING:
    from pytest_claude.recording.admission import Admission

_VERSIONS = {"bedrock": "bedrock-2023-05-31", "vertex": "vertex-2023-10-16"}
# One endpoint stands for its kin: streamed, batched, counted.
_ENDPOINTS = (
    (re.compile(r"/v1/(?:messages|complete)(?:/.*)?$"), "/v1/messages"),
    (re.compile(r"/(?:invoke|converse)(?:-with-response-stream|-stream)?$"), "/invoke"),
    (re.compile(r":(?:streamR|r)awPredict$"), ":rawPredict"),
)


_BUSY = (408, 429, 500, 502, 503, 504, 529)
_PAUSES_S = (1.0, 4.0)
_LONGEST_PAUSE_S = 60.0


class Unasked(Exception):
    """Why a model could not be asked, or gave no answer.

    Attributes:
        lasting: Whether another call would fare no better.
    """

    def __init__(self, why: str, *, lasting: bool = False) -> None:
        super().__init__(why)
        self.lasting = lasting


def ask(
    call: Call,
    model: str,
    body: Mapping[str, Any],
    *,
    names: ModelNames,
    redaction: Redaction,
    patient: bool = True,
    admission: Admission | None = None,
) -> Answer:
    """The answer of `model` to `body`, asked as `call` was.

    Args:
        call: A call of the app.
        model: As on Anthropic's API; it is spelled as the platform of the call spells it.
        body: Of a Messages request for a structured answer, without a model. On Bedrock the
            format is left out: the body says it in words too.
        names: What the project's own names of models stand for.
        redaction: Takes secrets out of the answer.
        patient: Whether a busy service is asked again.
        admission: Lets calls go to the API; None: all.

    Raises:
        Unasked: It can't be asked so, or there is no good answer.
    """
    way, sent = call.again, call.known.model
    if way is None or sent is None:
        raise Unasked("it can't be asked by the way of the app's call")
    platform = platform_in(way.url)
    there = spelled((canonical_model(names.resolved(sent)), model), sent, platform, names)
    if there is None:
        raise Unasked(f"what {model} is called there is not known", lasting=True)
    url, whole = _endpoint(way.url), dict(body)
    if platform in ("bedrock", "mantle"):
        del whole["output_config"]  # not every model has structured outputs there
    if model_in_path(url) is None:
        whole["model"] = there
    else:
        url = with_model_in_path(url, there)
        whole["anthropic_version"] = _VERSIONS[platform or "bedrock"]
    data = json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass")
    send = way.send if admission is None else partial(_held, admission, way)
    try:
        response = _sent(send, url, data) if patient else send(url, data)
    except RecordingProblem as problem:
        raise Unasked(problem.headline, lasting=True) from problem
    except Exception as error:  # of whatever library; recording goes on
        raise Unasked(redaction.text(f"{type(error).__name__}: {error}")) from error
    request = Request("POST", redaction.url(url), data)
    answer = parse_answer(Interaction(request, redaction.response(response)))
    if answer is None or not answer.ok:
        said = answer.error.message if answer is not None and answer.error is not None else None
        raise Unasked(
            f"HTTP {response.status}{f': {said}' if said else ''}",
            lasting=response.status in (401, 403, 404),
        )
    return answer


def _held(admission: Admission, way: Way, url: str, data: bytes) -> Response:
    """The answer, once the limits of the account and the budget let the call go."""
    ticket = admission.ticket(Request("POST", url, data))
    try:
        response = ticket.send(
            lambda: way.send(url, data),
            lambda answer: (answer.status, answer.headers),
            lambda answer: None,
        )
    except BaseException as error:
        ticket.drop(error)
        raise
    ticket.settle(response)
    return response


def _sent(send: Callable[[str, bytes], Response], url: str, data: bytes) -> Response:
    """The answer; a busy service is asked again, up to twice, when it says or after seconds."""
    from pytest_claude.recording.limits import retry_after_s  # late: no replay asks

    for pause_s in _PAUSES_S:
        response = send(url, data)
        if response.status not in _BUSY:
            return response
        asked_s = retry_after_s(response.headers) or 0
        time.sleep(asked_s if 0 < asked_s <= _LONGEST_PAUSE_S else pause_s)
    return send(url, data)


def _endpoint(url: str) -> str:
    """Where a message is asked for, not streamed, for the URL of an app's call."""
    parts = urlsplit(url)
    path = parts.path
    for pattern, one in _ENDPOINTS:
        path = pattern.sub(one, path)
    query = "&".join(each for each in parts.query.split("&") if each != "beta=true")
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))
