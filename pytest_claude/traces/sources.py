"""The formats of traffic that can be read, by the names that a user types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_claude.traces.files import Record, attempt, records
from pytest_claude.traces.model import LeftOut, TracedCall
from pytest_claude.traces.readers import cassettes, jsonl, otel, tables
from pytest_claude.traces.request import Span, call_of

Read = Callable[[Iterable[tuple[Path, str]]], Iterator[TracedCall | LeftOut]]
"""Gives the calls in files, each with its path and how it is shown."""


@dataclass(frozen=True)
class Source:
    """A format of traffic.

    Attributes:
        title: What it is, in words.
        read: Reads its files.
    """

    title: str
    read: Read


def _spans(
    reader: Callable[[Iterable[Record | LeftOut]], Iterator[Span | LeftOut]],
    files: Iterable[tuple[Path, str]],
) -> Iterator[TracedCall | LeftOut]:
    """The calls in exports; all files are read as one, for they may be parts of one."""
    found = (record for path, shown in files for record in records(path, shown))
    for span in reader(found):
        yield span if isinstance(span, LeftOut) else attempt(span.source, call_of, span)


def _recordings(files: Iterable[tuple[Path, str]]) -> Iterator[TracedCall | LeftOut]:
    return (call for path, shown in files for call in cassettes.read(path, shown))


def read_jsonl(requests: str | None, replies: str | None) -> Read:
    """The reader of logs of one's own, whose fields have these names."""
    reader = partial(
        jsonl.spans,
        requests=(requests,) if requests else jsonl.REQUESTS,
        replies=(replies,) if replies else jsonl.REPLIES,
    )
    return partial(_spans, reader)


SOURCES: Mapping[str, Source] = {
    "otel": Source("an OpenTelemetry trace", partial(_spans, otel.spans)),
    "langfuse": Source("a Langfuse export", partial(_spans, tables.LANGFUSE.spans)),
    "langsmith": Source("a LangSmith export", partial(_spans, tables.LANGSMITH.spans)),
    "logfire": Source("a Logfire export", partial(_spans, tables.LOGFIRE.spans)),
    "braintrust": Source("a Braintrust export", partial(_spans, tables.BRAINTRUST.spans)),
    "jsonl": Source("a log of requests and replies", read_jsonl(None, None)),
    "cassettes": Source("recordings", _recordings),
}
