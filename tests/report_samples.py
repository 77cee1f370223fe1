"""Hand-made runs and transcripts for the tests of reports: small, fixed, and as large as asked."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_claude.behavior.profile import Profile, ToolFact
from pytest_claude.comparison.difference import Difference
from pytest_claude.comparison.trial import CheckNote, Trial
from pytest_claude.gating import Ledger, Policy
from pytest_claude.gating.behaviors import behavior_rates
from pytest_claude.gating.decision import Decision, SetVerdict, TestVerdict
from pytest_claude.gating.measures import ratios
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.record import InSet, Run, TestResult
from pytest_claude.settings import Swap
from pytest_claude.transcript.interaction import Interaction, Request, Response, Timing
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.parse import parse_transcript

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
PAYLOADS = (
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "javascript:window.hacked=1",
    "<svg/onload=window.hacked=1>",
    "{{ 7*7 }}{% raw %}",
    "\x1b[31m\x00\u202e",
)
"""What must be shown as text wherever a model, a user or a test says it."""

Say = Callable[[str, str, int], list[dict[str, Any]]]


def trial(
    test: str, stream: str, index: int, outcome: str = "pass", *, tools: tuple[str, ...] = (),
    model: str | None = None, tokens: int = 100, question: str | None = None, output: Any = None,
    cause: str | None = None, cassette: bool = True, checks: tuple[CheckNote, ...] | None = None,
) -> Trial:  # fmt: skip
    model = model or (OLD if stream == "base" else NEW)
    suffix = "" if index == 0 else f".{index + 1}"
    slug = test.replace("::", "/").replace(".py", "")
    folder = "" if stream == "base" else f"_gate/{OLD}__{NEW}/{stream}/"
    notes = checks if checks is not None else (
        CheckNote("calls_tool", outcome == "pass", "calls `lookup_order`"),
    )  # fmt: skip
    return Trial(
        test=test,
        stream=stream,  # type: ignore[arg-type]
        index=index,
        outcome=outcome,  # type: ignore[arg-type]
        cause=cause or (None if outcome == "pass" else "assert <no: `lookup_order` not called>"),
        models=(OLD,),
        cassette=f"cassettes/{folder}{slug}/{model}{suffix}.yaml" if cassette else None,
        interactions=2,
        checks=notes,
        profile=Profile(
            "acted" if tools else "answered",
            question=question,
            tools=tuple(ToolFact(name, {"order_id": "1234"}, 1) for name in tools),
            output=output,
            has_output=output is not None,
            stop_reason="end_turn",
            last=2,
            calls=2,
            input_tokens=1200 + index,
            output_tokens=tokens + 3 * index,
            thinking_tokens=0 if stream == "base" else 40,
            total_s=1.5 + index / 10,
            time_to_first_token_s=0.8 + index / 20,
        ),
    )


def trials(test: str, stream: str, outcomes: str, **more: Any) -> tuple[Trial, ...]:
    """One trial per letter: p, f, v(oid), s(kip), a(bort)."""
    words = {"p": "pass", "f": "fail", "v": "void", "s": "skip", "a": "abort"}
    return tuple(trial(test, stream, n, words[o], **more) for n, o in enumerate(outcomes))


Judged = tuple[TestResult, TestVerdict]


def result(
    test: str, kind: str, base: str = "ppp", cand: str = "ppp", *, fresh: str = "", duel: str = "",
    sentence: str | None = None, reason: str | None = None, difference: str = "tools",
    values: dict[str, Any] | None = None, **more: Any,
) -> Judged:  # fmt: skip
    """A test and its verdict; `fresh` and `duel` are the trials of a duel, by their letters."""
    found = ()
    if sentence is not None:
        counts = (len(cand + duel), len(cand + duel))
        shown = trial(test, "cand", 0).cassette
        found = (Difference(difference, sentence, (0, len(base)), counts, shown, 1),)  # type: ignore[arg-type]
    decided = (fresh, duel) if duel else (base, cand)
    verdict = TestVerdict(
        test,
        kind,  # type: ignore[arg-type]
        reason=reason,  # type: ignore[arg-type]
        values=values or {},
        baseline=_counts(decided[0]),
        candidate=_counts(decided[1]),
        stage="duel" if duel else "screen",
        screened=_counts(cand),
        differences=found,
        recorded=len(base),
        used=(len(cand + duel), len(fresh)),
        **more,
    )
    new = ("refund",) if sentence else ("lookup_order",)
    return TestResult(
        test,
        (
            *trials(test, "base", base, tools=("lookup_order",)),
            *trials(test, "base_fresh", fresh, tools=("lookup_order",)),
            *trials(test, "cand", cand + duel, tools=new, tokens=150),
        ),
        planned=len(base),
    ), verdict


def _counts(outcomes: str) -> tuple[int, int]:
    return outcomes.count("p"), len(outcomes)


def bump(verdict: str, *judged: Judged, **more: Any) -> Run:
    ordered = sorted(judged, key=lambda pair: pair[0].test)
    made = [t.stream for r, _ in ordered for t in r.trials]
    more.setdefault("candidate_trials", made.count("cand"))
    more.setdefault("fresh_baseline_trials", made.count("base_fresh"))
    pairs = more.pop("pairs", (Swap(OLD, NEW),))
    policy, ledger = Policy(), Ledger(trial for r, _ in ordered for trial in r.trials)
    compared = [ledger.of(v.test, policy) for _, v in ordered if v.gateable]
    more.setdefault("ratios", ratios(compared, policy))
    more.setdefault("behaviors", behavior_rates(compared, policy))
    decision = Decision(verdict, tuple(v for _, v in ordered), **more)  # type: ignore[arg-type]
    return Run(
        Comparison("bump", pairs),
        decision=decision,
        collected=tuple(r.test for r, _ in ordered),
        results=tuple(r for r, _ in ordered),
    )


DUEL = {"p": 0.0020, "threshold": 0.0163, "first_failure": 4, "interval": (-0.95, -0.27)}
REFUND = result(
    "tests/test_refund.py::test_refund_looks_up_the_order_first", "regressed", "p" * 10, "pffpfppf",
    fresh="p" * 20, duel="ffpf", sentence="calls `refund` at once instead of `lookup_order` first",
    **DUEL,
)  # fmt: skip
INVOICE = result(
    "tests/test_invoice.py::test_extracts_invoice_as_json", "regressed", "p" * 10, "fpfpfppf",
    fresh="p" * 19 + "f", duel="fpfffp", difference="output",
    sentence="answers with `$.total` a string instead of a number", **DUEL,
)  # fmt: skip
CITIES = result(
    "tests/test_weather.py::test_compares_two_cities", "changed", "p" * 10, "p" * 4,
    sentence="calls `get_weather` twice in parallel",
)  # fmt: skip
UNITS = result("tests/test_units.py::test_converts_units", "improved", "f" * 10, "p" * 4)
TONE = result("tests/test_tone.py::test_keeps_the_tone", "unchanged", "pppppppppf", "pppppppf")
SLANG = result("tests/test_slang.py::test_translates_slang", "unchanged", "f" * 10, "f" * 4,
               reason="already_failing")  # fmt: skip
BUDGET = result("tests/test_budget.py::test_stays_within", "undecided", "p" * 10, "pp",
                reason="missing", values={"recorded": 2, "look": 4})  # fmt: skip
LINES = result(
    "tests/test_lines.py::test_extracts_lines", "regressed", "p" * 10, "ff", reason="refused",
    difference="refused",
    sentence="is refused with HTTP 400: prefill is not supported",
)  # fmt: skip
MEANT = result(
    "tests/test_meant.py::test_asks_first", "regressed", "p" * 10, "pffpfppf", fresh="p" * 20,
    duel="ffff", reason="accepted", values={"why": "asks first now (until 2027-03-31)"},
    difference="asks", sentence='asks "Which order?" instead of calling `lookup_order`', **DUEL,
)  # fmt: skip
ROUTES = result("tests/test_routes.py::test_routes[a]", "unchanged", "p" * 10, "p" * 4)

SUSPECTS = (INVOICE[0].test, REFUND[0].test)
FAILED = bump("fail", REFUND, INVOICE, CITIES, UNITS, TONE, SLANG, suspects=SUSPECTS,
              rounded_suspects=2, duel_base_n=20, c=0.0163)  # fmt: skip
PASSED = bump("pass", TONE, UNITS)
UNDECIDED = bump("undecided", BUDGET, TONE, open_trials=2)
ACCEPTED = bump("pass", MEANT, TONE, suspects=(MEANT[0].test,), rounded_suspects=1)
REFUSED = bump("fail", LINES, TONE)
IMPROVED = bump("pass", UNITS, TONE)
FAILING = bump("pass", SLANG, TONE)
TWO_PAIRS = bump("pass", ROUTES, TONE,
                 pairs=(Swap(OLD, NEW), Swap("claude-haiku-4-5", "claude-haiku-5")))  # fmt: skip
CHANGED = bump("pass", CITIES, TONE)
NOTHING = bump(
    "fail",
    result("tests/test_a.py::test_one", "not run", cand="", reason="no_check"),
    result("tests/test_b.py::test_two", "not run", cand="", reason="no_check"),
)  # fmt: skip
ONE_TRIAL = bump(
    "undecided",
    result(
        "tests/test_one.py::test_once", "undecided", "p", "f",
        reason="missing", values={"recorded": 1, "look": 4}, difference="asks",
        sentence="asks which order instead of calling `lookup_order`",
    ),
    open_trials=3,
)  # fmt: skip
EMPTY = bump("fail")
PLAIN = Run(
    collected=("tests/test_a.py::test_green", "tests/test_b.py::test_red"),
    results=(
        TestResult("tests/test_a.py::test_green",
                   trials("tests/test_a.py::test_green", "base", "ppp"), planned=3, needed=2),
        TestResult("tests/test_b.py::test_red",
                   trials("tests/test_b.py::test_red", "base", "pff"), planned=3, needed=2),
    ),
)  # fmt: skip


def many(number: int, trials_a_side: int = 4, *, regressed: int = 6) -> Run:
    """A run of `number` tests, of which `regressed` regressed and as many changed."""
    found = []
    for n in range(number):
        test = f"tests/test_module_{n % 25:02}.py::test_behavior_number_{n:03}"
        kind = "regressed" if n < regressed else "changed" if n < 2 * regressed else "unchanged"
        words = {"regressed": "calls `refund` at once", "changed": "calls `search` twice"}
        half = trials_a_side // 2
        duel = {"fresh": "p" * half, "duel": "pf" * (half // 2 or 1), **DUEL}
        more = duel if kind == "regressed" else {}
        cand = "pf" * (half // 2 or 1) if kind == "regressed" else "p" * trials_a_side
        base = "p" * (half if kind == "regressed" else trials_a_side)
        found.append(result(test, kind, base, cand, sentence=words.get(kind), **more))
    suspects = tuple(judged[0].test for judged in found[:regressed])
    return bump("fail", *found, suspects=suspects, rounded_suspects=regressed)


def in_set(judged: Judged, name: str, cases: int, *tags: str, rate: float | None = None) -> Judged:
    """A test as a case of a data set."""
    return replace(judged[0], set=InSet(name, cases, tags, rate)), judged[1]


REFUNDS = "tests/test_refunds.py::test_refund"
CASES = [
    in_set(
        result(f"{REFUNDS}[{name}]", "unchanged", "ppppp", cand, fresh="p" * 8),
        REFUNDS, 8, *tags,
    )
    for name, cand, *tags in [
        ("late", "fppppppp", "delivery"), ("lost", "fppppppp", "delivery", "money"),
        ("broken", "pfpppppp", "delivery"), ("twice", "ppfppppp", "money"),
        ("fees", "pfpppppp", "money"), ("tax", "pppp", "money"), ("thanks", "pppp"),
    ]
]  # fmt: skip
DATA_SET = bump(
    "fail", *CASES, TONE, p_suite=0.0061,
    sets=(SetVerdict(REFUNDS, 7, "confirmed", 0.0021, 0.0009),), fresh_baseline_trials=56,
)  # fmt: skip

RATED = tuple(
    replace(of, trials=trials(of.test, "base", outcomes), needed=1, planned=1,
            set=replace(of.set, cases=4, pass_rate=0.75))
    for (of, _), outcomes in zip(CASES, ["p", "f", "p", "p"], strict=False) if of.set is not None
)  # fmt: skip
RATED = tuple(sorted(RATED, key=lambda of: of.test))
PLAIN_SET = Run(collected=tuple(of.test for of in RATED), results=RATED)


def arm(candidate: str | Comparison, run: Run, *, usd: float = 0.01, seconds: float = 1.5,
        arms: int = 3) -> Run:  # fmt: skip
    """The run as that of one of several candidates, at this price and pace of a trial."""
    comparison = candidate
    if isinstance(candidate, str):
        model, _, effort = candidate.partition("@")
        comparison = Comparison("bump", (Swap(OLD, model, effort or None),))
    assert isinstance(comparison, Comparison)
    folder = re.sub(r"[^\w@.-]+", "-", comparison.sides[1])

    def moved(trial: Trial, number: int) -> Trial:
        new = trial.stream == "cand"
        wave = 1 + (number % 5) / 50 + (len(trial.test) % 7 / 40 if new else 0)
        shown = None if trial.cassette is None else trial.cassette.replace(
            f"_gate/{OLD}__{NEW}/cand/", f"_gate/{OLD}/cand@{folder}/"
        ).replace(f"_gate/{OLD}__{NEW}/base_fresh/", f"_gate/{OLD}/base_fresh/")  # fmt: skip
        profile = trial.profile and replace(trial.profile, total_s=(seconds if new else 1.5) * wave)
        cost = (usd if new else 0.01) * wave
        return replace(trial, cassette=shown, profile=profile, cost_usd=cost)

    assert run.decision is not None
    results = tuple(
        replace(result, trials=tuple(moved(t, n) for n, t in enumerate(result.trials)))
        for result in run.results
    )
    policy = Policy(arms=arms)
    ledger = Ledger(trial for result in results for trial in result.trials)
    compared = [ledger.of(v.test, policy) for v in run.decision.tests if v.gateable]
    decision = replace(
        run.decision, policy=policy, rounded_suspects=2, ratios=ratios(compared, policy)
    )
    return replace(run, comparison=comparison, decision=decision, results=results)


def beside(*arms: Run, any_arm: bool = False) -> Run:
    """A run of several candidates."""
    tests = sorted({test for each in arms for test in each.collected})
    return Run(collected=tuple(tests), arms=arms, any_arm=any_arm)


OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"


def environment(variables: str) -> Comparison:
    return Comparison("environment", before="the app as it is", after=variables)


KEPT = (
    result(REFUND[0].test, "unchanged", "p" * 10, "p" * 4),
    result(INVOICE[0].test, "unchanged", "p" * 10, "p" * 4),
    result(CITIES[0].test, "unchanged", "p" * 10, "p" * 4),
    result(UNITS[0].test, "unchanged", "f" * 10, "f" * 4, reason="already_failing"),
    TONE,
    SLANG,
)
CUT = result(REFUND[0].test, "undecided", "p" * 10, "pf", reason="missing",
             values={"recorded": 2, "look": 4})  # fmt: skip
THREE = beside(
    arm(NEW, bump("pass", *KEPT), usd=0.0093, seconds=1.2),
    arm(HAIKU, FAILED, usd=0.0031, seconds=0.7),
    arm(OPUS, bump("undecided", CUT, *KEPT[1:], open_trials=2), usd=0.02, seconds=2.4),
)
EFFORTS = beside(
    arm(f"{NEW}@low", bump("pass", *KEPT), usd=0.005, seconds=0.9),
    arm(NEW, bump("pass", *KEPT), usd=0.0093, seconds=1.2),
    arm(f"{NEW}@high", bump("pass", *KEPT), usd=0.0093, seconds=1.2),
)
ENVIRONMENTS = beside(
    arm(environment("APP_MODEL=gpt-4o"), bump("pass", *KEPT), usd=0.004, arms=2),
    arm(environment("APP_MODEL=gpt-4o APP_PROMPT=prompts/short.md"), FAILED, usd=0.002, arms=2),
    any_arm=True,
)

RUNS = {
    "pass": PASSED,
    "fail": FAILED,
    "undecided": UNDECIDED,
    "accepted": ACCEPTED,
    "refused": REFUSED,
    "improved": IMPROVED,
    "changed": CHANGED,
    "already-failing": FAILING,
    "two-pairs": TWO_PAIRS,
    "nothing": NOTHING,
    "one-trial": ONE_TRIAL,
    "plain": PLAIN,
    "plain-set": PLAIN_SET,
    "200-tests": many(200),
    "data-set": DATA_SET,
    "three-candidates": THREE,
    "three-efforts": EFFORTS,
    "two-environments": ENVIRONMENTS,
}
"""What every kind of report is read whole of."""


# --- transcripts ------------------------------------------------------------------------------

SYSTEM = "You are the support desk of Acme. Always look up the order first. Be brief. " * 10
TOOLS = [
    {"name": name, "description": f"{name} of a customer's order.", "input_schema": {
        "type": "object", "properties": {"order_id": {"type": "string"}}}}
    for name in ("lookup_order", "refund", "cancel")
]  # fmt: skip
WORDS = [
    "order",
    "status",
    "refund",
    "delivered",
    "yesterday",
    "customer",
    "invoice",
    "total",
    "amount",
    "please",
    "item",
    "saw",
    "hammer",
    "shipped",
    "address",
    "city",
    "weather",
    "units",
    "convert",
    "today",
    "parcel",
    "store",
    "credit",
    "reason",
]


def call(
    model: str, messages: list[dict[str, Any]], content: list[dict[str, Any]], *,
    stop: str = "end_turn", system: str = SYSTEM, status: int = 200, **body: Any,
) -> Interaction:  # fmt: skip
    asked = {"model": model, "max_tokens": 500, "system": system, "tools": TOOLS,
             "messages": messages, **body}  # fmt: skip
    said = {"type": "message", "role": "assistant", "model": model, "content": content,
            "stop_reason": stop, "usage": {"input_tokens": 1214, "output_tokens": 61}}  # fmt: skip
    return Interaction(
        Request("POST", "https://api.anthropic.com/v1/messages", json.dumps(asked).encode()),
        Response(status, json.dumps(said).encode(), timing=Timing(0.4, 0.82, 0.5)),
    )


def two_turns(path: str, *, length: int = 60, user: str = "I want a refund") -> Transcript:
    """Calls a tool, then answers: `refund` on the candidate, `lookup_order` on the baseline."""
    chance = random.Random(path)
    new = "/cand/" in path
    model = NEW if new else OLD
    argument = {"order_id": "1234", "amount": 59.9} if new else {"order_id": "1234"}
    tool = "refund" if new else "lookup_order"
    name = f"toolu_{chance.randrange(10**9)}"
    use = {"type": "tool_use", "id": name, "name": tool, "input": argument}
    result = {"type": "tool_result", "tool_use_id": name, "content": '{"status": "delivered"}'}
    first = [{"role": "user", "content": user}]
    then = [*first, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    text = "Order 1234 was " + " ".join(chance.choice(WORDS) for _ in range(length)) + "."
    thought = {"type": "thinking", "thinking": "", "signature": "x" * 300}
    return parse_transcript(
        [
            call(model, first, [thought, use] if new else [use], stop="tool_use"),
            call(model, then, [{"type": "text", "text": text}]),
        ]
    )
