"""Exports that are one object or one row for each span: a table of where it says what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.traces.files import Record, attempt
from pytest_claude.traces.messages import first, structured
from pytest_claude.traces.model import LeftOut
from pytest_claude.traces.names import at
from pytest_claude.traces.readers.otel import attributes
from pytest_claude.traces.request import Span
from pytest_claude.transcript.json_values import mapping, mappings


@dataclass(frozen=True)
class Export:
    """The reader of one vendor's exports.

    Attributes:
        lists: What holds the spans in a file that is one object.
        trace: Names of the id that the spans of a trace share.
        time: Names of the time at which a span began.
        spread: Paths of fields whose content is as if it were the span's own, as OpenTelemetry's
            attributes.
        marks: Fields of which every span has one: a record without any is none.
    """

    lists: tuple[str, ...]
    trace: tuple[str, ...]
    time: tuple[str, ...]
    marks: tuple[str, ...]
    spread: tuple[str, ...] = ()

    def spans(self, records: Iterable[Record | LeftOut]) -> Iterator[Span | LeftOut]:
        """The spans of an export."""
        for record in records:
            if isinstance(record, LeftOut):
                yield record
                continue
            rows = attempt(record[0], self._listed, *record)
            if isinstance(rows, LeftOut):
                yield rows
                continue
            for source, row in rows:
                yield attempt(source, self._span, source, row)

    def _span(self, source: str, row: Mapping[str, Any]) -> Span | LeftOut:
        if first(row, self.marks) is None:
            return LeftOut("broken", source, f"it has none of {', '.join(self.marks)}")
        spread = (attributes(structured(at(row, path))) for path in self.spread)
        fields = {**row, **{k: v for each in spread for k, v in each.items()}}
        trace, time = first(row, self.trace), first(row, self.time)
        return Span(fields, source, str(trace or ""), str(time or ""))

    def _listed(self, source: str, data: Any) -> list[Record]:
        return [*self._rows(source, data)]

    def _rows(self, source: str, data: Any) -> Iterator[Record]:
        whole = mapping(data)
        if columns := _columns(whole):
            yield from ((f"{source}, row {n}", row) for n, row in enumerate(columns, start=1))
            return
        inner = next(
            (whole[name] for name in self.lists if isinstance(whole.get(name), list)), None
        )
        if inner is None or first(whole, self.marks) is not None:
            yield source, whole
        for number, each in enumerate(inner or (), start=1):
            yield from self._rows(f"{source}, record {number}", each)


def _columns(whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table that is written column by column."""
    columns = mappings(whole.get("columns"))
    if not columns or not all(isinstance(c.get("values"), list) for c in columns):
        return []
    names = [str(column.get("name")) for column in columns]
    rows = zip(*(column["values"] for column in columns), strict=False)
    return [dict(zip(names, row, strict=True)) for row in rows]


_BEGAN = ("start_timestamp", "start_time", "startTime", "created_at", "created", "timestamp")

LANGFUSE = Export(
    lists=("data", "observations"),
    trace=("traceId", "trace_id"),
    time=_BEGAN,
    marks=("id",),
    spread=("metadata/attributes",),  # of what came by OpenTelemetry
)
LANGSMITH = Export(
    lists=("runs", "child_runs"),
    trace=("trace_id",),
    time=(*_BEGAN, "dotted_order"),
    marks=("run_type", "inputs"),
)
LOGFIRE = Export(
    lists=("rows",),
    trace=("trace_id",),
    time=_BEGAN,
    marks=("span_id", "span_name", "attributes"),
    spread=("attributes", "otel_attributes"),
)
BRAINTRUST = Export(
    lists=("events", "data", "rows"),
    trace=("root_span_id", "trace_id"),
    time=_BEGAN,
    marks=("id", "span_id", "span_attributes"),
)
