"""One request with its reply in each record, in the words of the Messages API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pytest_claude.traces.files import Record, attempt
from pytest_claude.traces.messages import first
from pytest_claude.traces.model import LeftOut
from pytest_claude.traces.request import Span
from pytest_claude.transcript.json_values import mapping

REQUESTS = ("request", "input", "body", "params")
REPLIES = ("response", "output", "reply", "message", "completion")
_TRACES = ("trace_id", "trace", "session_id", "conversation_id")
_TIMES = ("time", "timestamp", "created_at", "start_time")


def spans(
    records: Iterable[Record | LeftOut],
    requests: tuple[str, ...] = REQUESTS,
    replies: tuple[str, ...] = REPLIES,
) -> Iterator[Span | LeftOut]:
    """The calls of a log of one's own.

    Args:
        records: Of its files.
        requests: Names of the field that holds the request; the record itself is one where none
            is there.
        replies: Names of the field that holds the reply.
    """
    for record in records:
        if isinstance(record, LeftOut):
            yield record
            continue
        yield attempt(record[0], _span, record, requests, replies)


def _span(record: Record, requests: tuple[str, ...], replies: tuple[str, ...]) -> Span | LeftOut:
    source, data = record
    row: Mapping[str, object] = mapping(data)
    request, reply = first(row, requests), first(row, replies)
    if reply is None and not (request or "messages" in row):
        return LeftOut("broken", source, f"it has none of {', '.join((*requests, *replies))}")
    if request is None:
        request = {k: v for k, v in row.items() if k not in (*replies, *_TRACES, *_TIMES)}
    fields = {"request_data": request, "output": reply, "error": mapping(reply).get("error")}
    trace, time = first(row, _TRACES), first(row, _TIMES)
    return Span(fields, source, str(trace or ""), str(time or ""))
