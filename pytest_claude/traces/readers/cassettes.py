"""Recordings of any known format → calls, whichever platform and library made them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_claude.errors import RecordingProblem
from pytest_claude.models.ids import model_of
from pytest_claude.recording.cassette import read_recording
from pytest_claude.recording.spelling import BETA
from pytest_claude.traces.model import LeftOut, TracedCall
from pytest_claude.traces.request import NOT_SENT, is_claude, spelled
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.model import Answer, Usage
from pytest_claude.transcript.parse import parse_answers

_MODEL = re.compile(r"/models/([\w.-]+):")  # as Gemini's API has it
_REFUSED = 400  # other errors are of the key, the account or the service, and no behavior


def read(path: Path, shown: str) -> Iterator[TracedCall | LeftOut]:
    """The calls in a recording; streams and the platforms' own forms become plain messages."""
    try:
        recorded = read_recording(path, shown)[1]
        pairs = [*parse_answers(entry.interaction for entry in recorded)]
    except RecordingProblem as error:
        yield LeftOut("broken", shown, error.headline)
        return
    for number, (interaction, answers) in enumerate(pairs, start=1):
        source = f"{shown}, interaction {number}"
        if not answers:
            yield _other(interaction, source)
        for answer in answers:
            yield _call(answer, interaction, shown, source)


def _other(of: Interaction, source: str) -> LeftOut:
    """Why an interaction that is none of the Messages API is no call of Claude."""
    in_path = _MODEL.search(of.request.url)
    model = model_of(of.request.json()) or (in_path[1] if in_path else "")
    if not model or is_claude(model):  # a count of tokens, a batch, …
        return LeftOut("no call to a model", source)
    return LeftOut("another vendor's model", source, model)


def _call(answer: Answer, of: Interaction, trace: str, source: str) -> TracedCall | LeftOut:
    body = answer.request.body
    if answer.judges:
        return LeftOut("no call to a model", source, "pytest-claude's own judge was asked")
    if body is None or not answer.request.messages or not isinstance(body.get("messages"), list):
        return LeftOut("no content", source)
    if not is_claude(answer.model or "") and not is_claude(answer.served_model or ""):
        return LeftOut("another vendor's model", source, answer.model or "")
    if answer.error is not None and answer.status != _REFUSED:
        return LeftOut("failed", source, f"HTTP {answer.status}")
    if not answer.complete:
        return LeftOut("cut", source)
    betas = of.request.headers.get(BETA, "") or ",".join(body.get("anthropic_beta") or ())
    asked = {k: v for k, v in body.items() if k not in NOT_SENT}
    asked["messages"] = [*answer.request.messages]
    model = answer.model or ""
    asked["model"] = spelled(model if is_claude(model) else answer.served_model or "")
    reply = _error(answer) if answer.error is not None else _message(answer)
    return TracedCall(asked, reply, source, answer.status, trace, answer.number, betas)


def _message(answer: Answer) -> Mapping[str, Any]:
    return {
        "id": answer.response_id or "msg_recorded",
        "type": "message",
        "role": "assistant",
        "model": answer.served_model or answer.model,
        "content": list(answer.content),
        "stop_reason": answer.stop_reason,
        "stop_sequence": answer.stop_sequence,
        "usage": usage(answer.usage),
        **answer.other_fields,
    }


def usage(counted: Usage) -> dict[str, int]:
    """Tokens as the API states them; what was not counted is left out."""
    named = {
        "input_tokens": counted.input_tokens,
        "output_tokens": counted.output_tokens,
        "cache_read_input_tokens": counted.cache_read_tokens,
        "cache_creation_input_tokens": counted.cache_write_tokens,
    }
    return {name: number for name, number in named.items() if number is not None}


def _error(answer: Answer) -> Mapping[str, Any]:
    assert answer.error is not None, "it failed"
    told = {"type": answer.error.type or "invalid_request_error", "message": answer.error.message}
    return {"type": "error", "error": told}
