"""What a cassette holds, in a few lines that a reviewer can read in its metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.parse import parse_answer

_LONGEST = 200


def summarize(interactions: Sequence[Interaction]) -> list[str]:
    """One line per answer: model, stop reason, tool calls, joined text."""
    answers = (parse_answer(i, number) for number, i in enumerate(interactions, start=1))
    return [_line(answer) for answer in answers if answer is not None]


def _line(answer: Answer) -> str:
    head = f"{answer.request.model} → {answer.stop_reason or f'HTTP {answer.status}'}"
    head = f"judge {head}" if answer.judges else head
    calls = [f"{use.name}({_arguments(use.input)})" for use in answer.tool_uses]
    text = [json.dumps(" ".join(answer.text.split()), ensure_ascii=False)] if answer.text else []
    error = [answer.error.message] if answer.error and answer.error.message else []
    line = f"{head}: {', '.join([*text, *calls, *error])}"
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _arguments(value: object) -> str:
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return ", ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
