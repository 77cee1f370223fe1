"""`pytest-claude inspect`: what is in a recording."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_claude.cli.inputs import recordings
from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording.cassette import read_recording, read_rulings
from pytest_claude.report.numbers import count
from pytest_claude.report.terminal import in_encoding
from pytest_claude.report.transcript import transcript_lines
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.judging import text_hash
from pytest_claude.transcript.model import KNOWN_FIELDS, Answer, RequestView, is_known_block
from pytest_claude.transcript.parse import parse_answers
from pytest_claude.transcript.quoting import cut, printable


def run(options: argparse.Namespace) -> int:
    """Print what is recorded; 1 when a file could not be read."""
    bad = 0
    paths = list(recordings(options.paths, "inspect"))
    for path in paths:
        try:
            lines = list(_described(path, as_json=options.json, as_transcript=options.transcript))
        except UnreadableCassette as error:
            bad += 1
            line = in_encoding(f"✗ {error.headline}", sys.stderr.encoding or "ascii")
            print(line, file=sys.stderr)
            continue
        for line in lines:
            print(line)
    if bad and len(paths) > 1:
        sys.stdout.flush()
        print(f"{bad} of {len(paths)} files could not be read", file=sys.stderr)
    return 1 if bad else 0


def _described(path: Path, *, as_json: bool, as_transcript: bool) -> Iterator[str]:
    written_as, entries = read_recording(path, str(path))
    if not as_json:
        calls = "interaction" if len(entries) == 1 else "interactions"
        yield f"{path}  {len(entries)} {calls}, {written_as}"
    rulings = {str(ruling["reply"]): ruling for ruling in read_rulings(path)}
    found = parse_answers(entry.interaction for entry in entries)
    for number, (interaction, answers) in enumerate(found, start=1):
        if as_json:
            where = {"file": str(path), "n": number, "format": written_as}
            facts = [
                {**_facts(answer), "read_by_judge": rulings.get(text_hash(answer.text))}
                for answer in answers
            ] or [{**_other(interaction), "read_by_judge": None}]
            yield from (json.dumps({**where, **each}, ensure_ascii=False) for each in facts)
            continue
        if not answers:
            request = interaction.request
            target = printable(f"{request.method} {request.url}")
            yield f"  {number}  {interaction.response.status} {target}"
        for answer in answers:
            yield f"  {number}  {_line(answer)}"
            if (ruling := rulings.get(text_hash(answer.text))) is not None:
                said = f"{ruling.get('kind')}: {ruling.get('reason')}"
                yield printable(f"     {ruling.get('judge')} reads {cut(said, 100)}")
            if as_transcript:
                yield from (f"     {line}".rstrip() for line in transcript_lines(answer))


def _other(interaction: Interaction) -> dict[str, Any]:
    """A call that no model answered, with the keys of one that a model answered."""
    request, response = interaction.request, interaction.response
    body = request.json()
    view = RequestView(request.method, request.url, body if isinstance(body, Mapping) else None)
    nothing = Answer(0, view, view.model, None, response.status, ended=response.ended)
    return {**_facts(nothing), "platform": None, "method": request.method, "url": request.url}


def _facts(answer: Answer) -> dict[str, Any]:
    batch = {} if answer.custom_id is None else {"custom_id": answer.custom_id}
    return {
        **batch,
        "model": answer.model,
        "response_model": answer.served_model,
        "platform": answer.platform,
        "stream": answer.stream,
        "tools_offered": list(answer.request.tool_names),
        "tools_called": [{"name": use.name, "input": use.input} for use in answer.tool_uses],
        "server_tools_called": [use.name for use in answer.server_tool_uses],
        "stop_reason": answer.stop_reason,
        "stop_details": answer.stop_details,
        "text": answer.text,
        "thinking": answer.thinking,
        "redacted_thinking": answer.redacted_thinking,
        "citations": answer.citations,
        "structured": answer.request.output_schema is not None,
        "attachments": [asdict(each) for each in answer.request.attachments],
        "usage": asdict(answer.usage),
        "service_tier": answer.service_tier,
        "context_edits": list(answer.context_edits),
        "status": answer.status,
        "error": None if answer.error is None else asdict(answer.error),
        "complete": answer.complete,
        "ended": answer.ended,
        "judge": answer.judges,
        "unknown": _unknown(answer),
    }


def _unknown(answer: Answer) -> list[str]:
    """The names of what the API sent and we don't know."""
    blocks = [f"block {kind}" for kind in answer.blocks if not is_known_block(kind)]
    events = [f"event {_event_kind(event)}" for event in answer.unknown_events]
    fields = [f"field {name}" for name in answer.other_fields if name not in KNOWN_FIELDS]
    return list(dict.fromkeys([*blocks, *events, *fields]))


def _event_kind(event: Mapping[str, Any]) -> str:
    delta = event.get("delta")
    kind = delta.get("type") if isinstance(delta, Mapping) else None
    return str(kind or event.get("type"))


def _line(answer: Answer) -> str:
    tokens = f"{count(answer.usage.input_tokens)} in {count(answer.usage.output_tokens)} out"
    batch = "" if answer.custom_id is None else f"{printable(answer.custom_id)}  "
    said = [f"{use.name}({json.dumps(use.input, ensure_ascii=False)})" for use in answer.tool_uses]
    if answer.text:
        said.insert(0, json.dumps(" ".join(answer.text.split()), ensure_ascii=False))
    if answer.error is not None:
        error = (answer.error.type, answer.error.message)
        said.append(": ".join(filter(None, error)) or "an error that says nothing")
    text = cut(", ".join(said), 100)
    stop = answer.stop_reason or "no stop reason"
    cut_off = "" if answer.complete else ", cut off"
    judge = "judge " if answer.judges else ""
    asked = f"{batch}{judge}{answer.model or 'no model'}"
    return f"{answer.status} {stop}{cut_off}  {asked}  {tokens}  {text}".rstrip()
