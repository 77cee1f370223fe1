"""The judge that reads, while a suite is recorded, the replies that the rules leave open.

One `Judging` lasts as long as its process, so that no reply is read twice; each arm of a trial has
a `Judge`, which looks into its cassette and asks by the way of its calls.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pytest_claude.behavior.clarifying import Clarification
from pytest_claude.behavior.profile import last_prompt
from pytest_claude.behavior.rubric import OpenReply, Ruling, rubric_request, rulings_in
from pytest_claude.comparison.trial import Judged
from pytest_claude.errors import RecordingProblem
from pytest_claude.models.facts import facts_of
from pytest_claude.models.prices import cost_usd, price_table
from pytest_claude.recording.asking import Unasked, ask
from pytest_claude.recording.call import Call
from pytest_claude.recording.made import Made
from pytest_claude.recording.recorder import Recorder
from pytest_claude.report.numbers import dollars, plural
from pytest_claude.settings import RunSettings
from pytest_claude.transcript.model import Answer, Usage
from pytest_claude.transcript.parse import parse_answer


@dataclass
class Judging:
    """What the judge has read in this process.

    Attributes:
        settings: Of the run.
        paid: Its rulings of this process.
        failures: Why replies stayed unread, and how many for each reason.
        over: Why it is asked no more; None while it is.
        cache: Its rulings by key.
        made: Counts what they cost.
    """

    settings: RunSettings
    paid: list[Ruling] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    over: str | None = None
    cache: dict[str, Ruling] = field(default_factory=dict)
    made: Made = field(default_factory=Made)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def model(self) -> str:
        """The judge."""
        assert self.settings.judge_model is not None, "the settings were checked"
        return self.settings.judge_model

    def ask(self, call: Call, recorder: Recorder, replies: Sequence[OpenReply]) -> list[Ruling]:
        """The rulings on `replies`; on fewer where it gives none on some, or can't be asked."""
        if self.over is not None:
            self._fail(self.over, len(replies))
            return []
        body = rubric_request(replies)
        facts = facts_of(self.settings.names.resolved(self.model))
        if facts is not None and "disabled" in (facts.thinking_modes or ()):
            body["thinking"] = {"type": "disabled"}
        names = self.settings.names
        # A service that was busy to the last is not waited for at every further reply.
        patient = not self.failures
        try:
            answer = ask(
                call,
                self.model,
                body,
                names=names,
                redaction=recorder.redaction,
                patient=patient,
                admission=recorder.admission,
            )
        except Unasked as error:
            self.over = str(error) if error.lasting else None
            self._fail(str(error), len(replies))
            return []
        self.made.judge(self._usd(answer.usage, self.model))  # an answer without a verdict too
        rulings = rulings_in(answer.text, replies, self.model, answer.usage)
        self._count(rulings)
        if len(rulings) < len(replies):
            self._fail("its answer is no verdict", len(replies) - len(rulings))
        return rulings

    def usd_of(self, ruling: Ruling) -> float | None:
        """Dollars that a ruling cost at today's price; None when unknown."""
        return self._usd(ruling.usage, ruling.judge)

    def to_json(self) -> dict[str, Any]:
        """The price of each ruling of this process, and why other replies were not read."""
        return {"paid": [self.usd_of(r) for r in self.paid], "failures": self.failures}

    def _count(self, rulings: Sequence[Ruling]) -> None:
        with self._lock:
            self.paid += rulings
            self.cache |= {ruling.key: ruling for ruling in rulings}

    def _usd(self, usage: Usage, judge: str) -> float | None:
        prices = price_table(self.settings.prices, self.settings.names)
        return cost_usd(usage, judge, overrides=prices)

    def _fail(self, why: str, replies: int) -> None:
        with self._lock:
            self.failures[why] = self.failures.get(why, 0) + replies


class Judge:
    """Settles what the rules leave open of the replies of one arm.

    Attributes:
        would_ask: Whether, in a dry run, a reply was met that a recording would have read.
    """

    def __init__(self, judging: Judging, recorder: Recorder) -> None:
        self._judging = judging
        self._recorder = recorder
        self._settings = judging.settings
        self._collected: dict[str, tuple[Call, OpenReply]] | None = None
        self._used: dict[str, Ruling] = {}
        self._tried: set[str] = set()
        self.would_ask = False

    def settle(
        self, answer: Answer, rules: Clarification, calls_tool: bool, is_open: bool
    ) -> Clarification:
        """The reading of a reply: by the judge where its rules leave it open; see `Settle`."""
        mode = self._settings.judge
        if mode == "guess" and is_open:
            return _guessed(rules)
        if mode in ("never", "guess") or (mode == "unsure" and not is_open):
            return rules
        call = self._recorder.calls[answer.number - 1]
        reply = _open_reply(call, answer, calls_tool)
        ruling = self._ruling(call, reply)
        if ruling is None:
            return self._unread(rules)
        self._used[ruling.key] = ruling
        return ruling.applied(rules)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """What the judge read of the trial for its checks and its profile."""
        used = (self._used[key] for key in sorted(self._used))
        return tuple(Judged(r.key[:16], r.judge, self._judging.usd_of(r)) for r in used)

    @property
    def is_asked(self) -> bool:
        """Whether the project has a judge read what the rules leave open."""
        return self._settings.asks_judge

    @property
    def may_ask(self) -> bool:
        """Whether a reply that is left open now would be read."""
        return self.is_asked and not self._recorder.replaying and self._recorder.takes_rulings

    @contextmanager
    def asking_together(self) -> Iterator[None]:
        """Collect the replies that are left open meanwhile, and ask about all in one call."""
        self._collected = {}
        try:
            yield
        finally:
            collected, self._collected = list(self._collected.values()), None
            if collected:
                self._ask(collected[0][0], [reply for _, reply in collected])

    def _ruling(self, call: Call, reply: OpenReply) -> Ruling | None:
        """How the judge read a reply, recorded or asked now; None where it can't be."""
        key = reply.key(self._judging.model)
        if (ruling := self._recorded(key)) is not None:
            return ruling
        self.would_ask = self.is_asked and self._settings.dry_run
        if not self.may_ask or key in self._tried:
            return None
        if self._collected is not None:
            self._collected.setdefault(key, (call, reply))
            return None
        self._ask(call, [reply])
        return self._recorded(key)

    def _recorded(self, key: str) -> Ruling | None:
        held = self._recorder.rulings.get(key)
        return None if held is None else Ruling.from_json(held)

    def _ask(self, call: Call, replies: Sequence[OpenReply]) -> None:
        """Add the rulings on `replies` to the cassette; equal ones were read before."""
        cache, judge = self._judging.cache, self._judging.model

        def rulings() -> list[Mapping[str, Any]]:
            open_ones = [reply for reply in replies if reply.key(judge) not in cache]
            if open_ones:
                self._judging.ask(call, self._recorder, open_ones)
            keys = (reply.key(judge) for reply in replies)
            return [asdict(cache[key]) for key in keys if key in cache]

        self._tried |= {reply.key(judge) for reply in replies}
        try:
            self._recorder.add_rulings(rulings)
        except RecordingProblem as problem:
            self._judging._fail(problem.headline, len(replies))

    def _unread(self, rules: Clarification) -> Clarification:
        """The reading of a reply that the judge is to read, and has not."""
        judge = self._judging
        if self._recorder.replaying:
            advice = (
                f"no verdict of {judge.model} is recorded; recording asks it alone, and not the app"
            )
        else:
            why = next(reversed(judge.failures), "it is asked only while a trial is recorded")
            advice = f"{judge.model} has not read it: {why}"
        if self._settings.judge == "always":
            return replace(rules, certain=False, refuses=None, advice=advice)
        return replace(rules, advice=advice)


_TYPICAL = OpenReply("x" * 1_200, "x" * 800)
_CHARACTERS = 3  # of a token, at least
_OUTPUT_TOKENS = 120  # of a reading, about


def expected_text(settings: RunSettings, trials: Mapping[str, int | None]) -> str:
    """How many replies may be read in a recording, for how much, and what turns it off.

    Args:
        settings: Of the run.
        trials: How many trials each test takes; None where a gate's plan tells.
    """
    judge = settings.judge_model or ""
    tokens = len(json.dumps(rubric_request([_TYPICAL]))) // _CHARACTERS
    usage = Usage(input_tokens=tokens, output_tokens=_OUTPUT_TOKENS)
    usd = cost_usd(usage, judge, overrides=price_table(settings.prices, settings.names))
    if None in trials.values():
        number, price = "one reply a trial at most", f"about {dollars(usd)} each"
    else:
        most = sum(filter(None, trials.values()))
        total = None if usd is None else most * usd
        number, price = f"{plural(most, 'reply')} at most", f"about {dollars(total)}"
    return (
        f"{judge} reads what the rules leave open: {number}, {price} (claude_judge = never: none)"
    )


def _open_reply(call: Call, answer: Answer, calls_tool: bool) -> OpenReply:
    """What the judge gets of a reply, from the request as it is recorded.

    What `claude_ignore` takes out of a request changes from run to run.
    """
    if call.as_recorded is not None:
        recorded = parse_answer(call.as_recorded, answer.number, call.asked_model)
        answer = answer if recorded is None else recorded
    tools = tuple(answer.request.tool_names)
    return OpenReply(answer.text, last_prompt(answer) or "", calls_tool, tools)


def _guessed(rules: Clarification) -> Clarification:
    return replace(
        rules,
        certain=True,
        refuses=rules.kind == "refusal",
        rule="guess",
        doubt=None,
        told_by="the rules' best guess: claude_judge = guess",
    )
