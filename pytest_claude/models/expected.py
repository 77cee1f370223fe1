"""What a recording would call, what that would cost, and how long it would take. Pure.

What is recorded of a test says what its next trial takes. Of a request that was never answered the
prompt is estimated by its length; the answer by the answers that the suite holds, and by
`max_tokens` where it holds none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.prices import NO_OVERRIDES, PriceTable, cost_usd
from pytest_claude.transcript.model import Usage

Range = tuple[float, float]
"""The least and the most of an estimate."""

_BYTES = (5.0, 2.5)
"""Of a token: the most and the least; a prompt has fewer tokens than bytes."""

_OF_TOOLS = 700  # tokens that the API adds to a request with tools, at most
_OF_AN_IMAGE = 1_600  # tokens at most: the API scales a larger one down
_OF_A_PAGE = 1_600  # tokens of the shortest document
_BASE64_OF_A_TOKEN = 20  # characters of a document in base64
_AROUND_THE_MEAN = (0.5, 2.0)
"""What one call may take, times the mean of what is recorded."""


@dataclass(frozen=True)
class Unsent:
    """A request that a recording would send first.

    Attributes:
        model: The model that it asks; "" where it names none.
        platform: "anthropic", "bedrock", "vertex" or "foundry".
        prompt_tokens: Of its prompt, least and most.
        max_tokens: The most that the answer can have; None where the request does not say.
        billed: Whether its answer costs anything: a count of tokens does not.
        batched: Whether it is an item of a batch.
    """

    model: str = ""
    platform: str = "anthropic"
    prompt_tokens: Range = (0, 0)
    max_tokens: int | None = None
    billed: bool = False
    batched: bool = False

    @classmethod
    def of(cls, request: MessageRequest) -> Self:
        """What the request of a test says."""
        most = request.body.get("max_tokens", request.body.get("max_tokens_to_sample"))
        return cls(
            request.model or "",
            request.platform,
            request_tokens(request.body),
            most if isinstance(most, int) else None,
            request.kind != "count_tokens",
            request.kind == "batch",
        )


@dataclass(frozen=True)
class Past:
    """A recorded call, and what it would cost to make it again.

    Attributes:
        model: The model that would be asked.
        usd: Least and most; None where it is unknown.
        output_tokens: Of its answer; None where it is unknown.
        seconds: That it took; None where that is unknown.
    """

    model: str
    usd: Range | None
    output_tokens: int | None
    seconds: float | None


@dataclass(frozen=True)
class Need:
    """What a test, or the set-up of a wider fixture, lacks.

    Attributes:
        owner: Whose calls these are: the folder of its cassettes.
        trials: How many trials would call.
        unsent: What the first of them would send first; empty where no trial was run.
        past: The recorded calls of a trial that would be made again, in each of the trials; empty
            where none is recorded: how many calls there are is not known then.
    """

    owner: str
    trials: int
    unsent: tuple[Unsent, ...] = ()
    past: tuple[Past, ...] = ()

    @property
    def calls(self) -> int:
        """How many calls are expected, at least where none is recorded."""
        return self.trials * max(1, len(self.past or self.unsent))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        unsent = (
            Unsent(**{**each, "prompt_tokens": tuple(each["prompt_tokens"])})
            for each in data["unsent"]
        )
        return cls(data["owner"], data["trials"], tuple(unsent), pasts_from_json(data["past"]))


def pasts_from_json(data: Iterable[Mapping[str, Any]]) -> tuple[Past, ...]:
    """Recorded calls, written as JSON."""
    return tuple(Past(**{**each, "usd": each["usd"] and tuple(each["usd"])}) for each in data)


@dataclass(frozen=True)
class Expected:
    """What calls to one model, or to all, would take.

    Attributes:
        model: The model; "" for all together, and where none is known.
        calls: How many, least and most.
        is_open: Whether there may be more calls than the most.
        usd: What these calls cost, least and most; None where that is unknown.
        seconds: How long they take one after the other; None where that is unknown.
    """

    model: str
    calls: tuple[int, int]
    is_open: bool
    usd: Range | None
    seconds: Range | None


def expected(needs: Iterable[Need], typical: Typical) -> list[Expected]:
    """What the needs would take, by model.

    Args:
        needs: Of the tests and of wider fixtures; of two with one owner the larger counts.
        typical: What the recorded calls of the whole suite took.
    """
    by_owner: dict[str, Need] = {}
    for need in sorted(needs, key=lambda each: each.calls):
        by_owner[need.owner] = need
    return merged([row for need in by_owner.values() for row in _rows(need, typical)])


def merged(rows: Iterable[Expected]) -> list[Expected]:
    """One row for each model, by name."""
    by_model: dict[str, list[Expected]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    return [together(by_model[model], model) for model in sorted(by_model)]


def together(rows: Sequence[Expected], model: str = "") -> Expected:
    """What all rows take; unknown where one is."""
    return Expected(
        model,
        (sum(row.calls[0] for row in rows), sum(row.calls[1] for row in rows)),
        any(row.is_open for row in rows),
        _sum([row.usd for row in rows]),
        _sum([row.seconds for row in rows]),
    )


def of_gate(
    trials: tuple[int, int],
    tests: Sequence[Sequence[Past]],
    prices: PriceTable = NO_OVERRIDES,
    *,
    is_open: bool = False,
) -> list[Expected]:
    """What the trials of one side of a gate take, by model: each as the mean of its tests.

    Args:
        trials: Least and most.
        tests: The calls of one trial of each test, those that are known.
        prices: The project's own names of models.
        is_open: Whether there may be more calls in a trial.
    """
    known = [calls for calls in tests if calls]
    by_model: dict[str, list[Past]] = {}
    for call in (call for calls in known for call in calls):
        by_model.setdefault(prices.names.canonical(call.model), []).append(call)
    rows = []
    for model, calls in sorted(by_model.items()):
        usd = _sum([call.usd for call in calls])
        seconds = [call.seconds for call in calls if call.seconds is not None]
        least, most = (number / len(known) for number in trials)
        rows.append(
            Expected(
                model,
                (round(least * len(calls)), round(most * len(calls))),
                is_open,
                None if usd is None else (usd[0] * least, usd[1] * most),
                (sum(seconds) * least, sum(seconds) * most) if len(seconds) == len(calls) else None,
            )
        )
    return rows or [Expected("", trials, True, None, None)]


def usd_of(calls: Sequence[Past]) -> Range | None:
    """What calls cost together; None where one is unknown, or there is none."""
    return _sum([call.usd for call in calls]) if calls else None


def as_past(need: Need, typical: Typical) -> tuple[Past, ...]:
    """What one trial of a need would call first, as if it were recorded."""
    rows = _rows(replace(need, trials=1, past=()), typical)
    return tuple(
        Past(row.model, row.usd, None, row.seconds and sum(row.seconds) / 2) for row in rows
    )


class Typical:
    """What one more call to a model takes, by the recorded calls of the suite."""

    def __init__(self, suite: Sequence[Past], prices: PriceTable = NO_OVERRIDES) -> None:
        self.prices = prices
        by_model: dict[str, list[Past]] = {"": [*suite]}
        for call in suite:
            by_model.setdefault(self.name(call.model), []).append(call)
        self._of = {
            model: (_around([c.output_tokens for c in calls]), _around([c.seconds for c in calls]))
            for model, calls in by_model.items()
        }

    def name(self, model: str) -> str:
        """The id that a model is listed under; "" for none."""
        return self.prices.names.canonical(model) if model else ""

    def of(self, model: str) -> tuple[Range | None, Range | None]:
        """Output tokens and seconds; of all models where none of this one is recorded."""
        return self._of.get(self.name(model), self._of[""])


def _rows(need: Need, typical: Typical) -> list[Expected]:
    trials = need.trials
    if need.past:
        return [
            Expected(
                typical.name(call.model),
                (trials, trials),
                False,
                _times(call.usd, trials),
                _times(None if call.seconds is None else (call.seconds, call.seconds), trials),
            )
            for call in need.past
        ]
    return [
        Expected(
            typical.name(each.model),
            (trials, trials),
            True,
            _times(_usd(each, typical), trials),
            _times(typical.of(each.model)[1], trials),
        )
        for each in need.unsent
    ] or [Expected("", (trials, trials), True, None, _times(typical.of("")[1], trials))]


def _usd(each: Unsent, typical: Typical) -> Range | None:
    if not each.billed:
        return 0.0, 0.0
    output, most = typical.of(each.model)[0], each.max_tokens
    if most is not None:
        output = (1, most) if output is None else (min(output[0], most), min(output[1], most))
    if output is None:
        return None
    least, largest = (
        cost_usd(
            Usage(input_tokens=round(tokens), output_tokens=round(answer)),
            each.model,
            overrides=typical.prices,
            platform=each.platform,
            batch=each.batched,
        )
        for tokens, answer in zip(each.prompt_tokens, output, strict=True)
    )
    return None if least is None or largest is None else (least, largest)


def request_tokens(body: Mapping[str, Any]) -> Range:
    """Tokens of the prompt of a request, least and most; of files too, which cost by their kind.

    They are counted here: counting at the API is sending.

    >>> request_tokens({"messages": [{"role": "user", "content": "How are you today?"}]})
    (6.6, 13.2)
    """
    parts = [body.get(name) for name in ("system", "tools", "toolConfig", "messages", "prompt")]
    least, most = _tokens([part for part in parts if part])
    return least, most + (_OF_TOOLS if body.get("tools") or body.get("toolConfig") else 0)


def _tokens(value: Any) -> Range:
    if isinstance(value, Mapping):
        image = value.get("image")  # of Converse
        if value.get("type") == "image" or (isinstance(image, Mapping) and "source" in image):
            return 1, _OF_AN_IMAGE
        data = value.get("data") if value.get("type") == "base64" else value.get("bytes")
        if isinstance(data, str):
            return _OF_A_PAGE, max(_OF_A_PAGE, len(data) / _BASE64_OF_A_TOKEN)
        value = [*value, *value.values()]
    if isinstance(value, list):
        each = [_tokens(part) for part in value]
        return sum(least for least, _ in each), sum(most for _, most in each)
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    size = len(text.encode("utf-8", "surrogatepass"))
    return size / _BYTES[0], size / _BYTES[1]


def _around(values: Iterable[float | None]) -> Range | None:
    """What one more of these is likely to be; None where none is known."""
    known = [value for value in values if value is not None]
    mean = sum(known) / len(known) if known else 0.0
    return (mean * _AROUND_THE_MEAN[0], mean * _AROUND_THE_MEAN[1]) if known else None


def _times(each: Range | None, number: int) -> Range | None:
    return None if each is None else (each[0] * number, each[1] * number)


def _sum(ranges: Sequence[Range | None]) -> Range | None:
    known = [each for each in ranges if each is not None]
    if len(known) < len(ranges):
        return None
    return sum(each[0] for each in known), sum(each[1] for each in known)
