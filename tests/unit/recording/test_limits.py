"""The limits of an account and a budget, against servers that have them, in simulated time."""

from __future__ import annotations

import asyncio
import heapq
import json
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from random import Random
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import HTTP_LIBRARY

from pytest_claude.clock import elapsed_s
from pytest_claude.errors import NotSent
from pytest_claude.models.prices import price_table
from pytest_claude.recording.admission import Admission, _has_ended
from pytest_claude.recording.limits import BUSY, Claim, Host, Limits, retry_after_s
from pytest_claude.recording.shared_state import SharedState
from pytest_claude.transcript.interaction import Request

HOST = "api.anthropic.com"
LATENCY_S = 1.0
NETWORK_S = 0.01

Answer = tuple[int, dict[str, str]]
Server = Callable[[float, int], Answer]
"""From the time, and how many other calls are under way there, to status and headers."""


def at_a_time(most: int, retry_after: str | None = "1") -> Server:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return lambda now, others: (429, headers) if others >= most else (200, {})


@dataclass
class Refilled:
    """So many a minute, refilled evenly, as the API does it."""

    size: int
    tells: bool = True
    left: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.size

    def __call__(self, now: float, others: int) -> Answer:
        self.left = min(self.size, self.left + (now - self.at) * self.size / 60)
        self.at = now
        accepted = self.left >= 1
        self.left -= accepted
        told = {
            "anthropic-ratelimit-requests-limit": str(self.size),
            "anthropic-ratelimit-requests-remaining": str(int(self.left)),
        }
        headers = told if self.tells else {}
        return (200, headers) if accepted else (429, {"retry-after": "1", **headers})


@dataclass
class PerMinute:
    """So many in each minute of the clock."""

    size: int
    taken: dict[int, int] = field(default_factory=dict)

    def __call__(self, now: float, others: int) -> Answer:
        minute = int(now // 60)
        self.taken[minute] = self.taken.get(minute, 0) + 1
        rest = str(int(60 - now % 60) + 1)
        return (200, {}) if self.taken[minute] <= self.size else (429, {"retry-after": rest})


@dataclass
class Run:
    """Workers that make calls one after the other, and a server."""

    server: Server
    calls: int
    workers: int = 16
    limits: Limits = field(default_factory=Limits)
    now: float = 0.0
    answered: int = 0
    refused: int = 0
    seen_by_app: int = 0
    in_window: int = 0
    closed_until: float = -inf

    def play(self) -> Run:
        chance, waiting, under_way = Random(7), list(range(self.calls)), 0
        queue: list[tuple[float, int, str, str, Answer]] = []
        ties = iter(range(10**9))

        def push(delay_s: float, what: str, name: str, answer: Answer = (0, {})) -> None:
            heapq.heappush(queue, (self.now + delay_s, next(ties), what, name, answer))

        def push_next() -> None:
            if waiting:
                push(0, "ask", str(waiting.pop(0)))

        for _ in range(self.workers):
            push_next()
        while queue:
            self.now, _, what, name, answer = heapq.heappop(queue)
            status, headers = answer
            if what == "ask":
                wait_s = self.limits.enter(name, Claim(HOST, "m", {"requests": 1}), self.now, None)
                push(wait_s or NETWORK_S, "ask" if wait_s else "arrives", name)
                self.in_window += not wait_s and self.now < self.closed_until
            elif what == "arrives":
                status, headers = answer = self.server(self.now, under_way)
                under_way += status < 400
                push(NETWORK_S + (LATENCY_S if status < 400 else 0), "answered", name, answer)
            elif status in BUSY:
                self.refused += 1
                asked = self.now + float(headers.get("retry-after", 0))
                self.closed_until = max(self.closed_until, asked)
                if self.limits.refuse(name, status, headers, self.now, chance.random()):
                    push(0, "ask", name)
                else:
                    self.seen_by_app += 1
                    self.limits.settle(name, 0.0, self.now)
                    push_next()
            else:
                under_way -= 1
                self.answered += 1
                self.limits.settle(name, 0.0, self.now, headers)
                push_next()
        return self


SERVERS: Mapping[str, tuple[Callable[[], Server], float]] = {
    "no limit": (lambda: lambda now, others: (200, {}), 400 / 16),
    "8 at a time": (lambda: at_a_time(8), 400 / 8),
    "2 at a time": (lambda: at_a_time(2), 400 / 2),
    "1 at a time": (lambda: at_a_time(1), 400),
    "15 at a time": (lambda: at_a_time(15), 400 / 15),
    "8 at a time, who ask for 3 s": (lambda: at_a_time(8, "3"), 400 / 8),
    "100 a minute, which it tells": (lambda: Refilled(100), 300 / 100 * 60),
    "100 a minute, refilled": (lambda: Refilled(100, tells=False), 300 / 100 * 60),
    "100 in each minute": (lambda: PerMinute(100), 3 * 60),
    "30 a minute, refilled": (lambda: Refilled(30, tells=False), 370 / 30 * 60),
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_run_is_nearly_as_fast_as_the_account_allows(name: str) -> None:
    server, allowed_s = SERVERS[name]
    run = Run(server(), 400).play()
    assert (run.answered, run.seen_by_app, run.in_window) == (400, 0, 0)
    assert run.now <= 1.3 * allowed_s
    assert run.limits.claims == {}
    if name in ("no limit", "100 a minute, which it tells"):
        assert run.refused == 0


def test_a_limit_that_is_lifted_is_noticed() -> None:
    limits = Limits()
    Run(at_a_time(2), 40, limits=limits).play()
    assert limits.hosts[HOST].most == 2
    limits.hosts[HOST].changed = limits.hosts[HOST].closed_until = -inf  # time has passed
    Run(lambda now, others: (200, {}), 4000, limits=limits).play()
    assert (limits.hosts[HOST].most or 0) >= 16


CALL = Claim(HOST)


def refused(limits: Limits, status: int, headers: dict[str, str], now: float = 0.0) -> bool:
    assert limits.enter("x", Claim(HOST), now, None) == 0
    return limits.refuse("x", status, headers, now, 0.0)


@pytest.mark.parametrize(
    ("status", "headers", "again", "pause_s"),
    [
        (429, {"retry-after": "7"}, True, 7),
        (429, {"retry-after-ms": "1500", "retry-after": "9"}, True, 1.5),
        (429, {}, False, 0.5),
        (429, {"retry-after": "7", "x-should-retry": "false"}, False, 7),
        (429, {"retry-after": "7200"}, False, 7200),
        (529, {"retry-after": "7"}, False, 7),
        (529, {}, False, 0.5),
    ],
)
def test_a_refusal_closes_the_host_for_all(
    status: int, headers: dict[str, str], again: bool, pause_s: float
) -> None:
    limits = Limits()
    assert refused(limits, status, headers) == again
    for name in ("x", "another"):
        assert limits.enter(name, Claim(HOST), 0.0, None) == pause_s
    assert limits.enter("elsewhere", Claim("other.example"), 0.0, None) == 0
    assert limits.enter("another", Claim(HOST), pause_s, None) == 0
    assert (limits.waits, limits.waited_s) == (1, pause_s)


def test_a_call_that_is_refused_again_and_again_is_the_apps_to_deal_with() -> None:
    limits, now, waited = Limits(), 0.0, []
    while True:
        wait_s = limits.enter("x", CALL, now, None)
        if wait_s:
            now, waited = now + wait_s, [*waited, wait_s]
        elif not limits.refuse("x", 429, {"retry-after": "1"}, now, 0.0):
            break
    assert waited[:6] == [1, 2, 4, 8, 16, 30]  # each pause in vain is followed by a longer one
    assert len(waited) == 10


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "0"}, 0),
        (
            {
                "retry-after": "Mon, 30 Nov 2026 12:00:07 GMT",
                "date": "Mon, 30 Nov 2026 12:00:00 GMT",
            },
            7,
        ),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:07 GMT"}, None),
    ],
)
def test_how_long_an_answer_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_input_tokens_of_a_minute_are_shared_too() -> None:
    limits, amounts = Limits(), {"requests": 1, "input-tokens": 600}
    told = {
        f"anthropic-ratelimit-{name}-{what}": value
        for name, what, value in (
            ("input-tokens", "limit", "6000"),
            ("input-tokens", "remaining", "900"),
            ("requests", "limit", "50"),
            ("requests", "remaining", "40"),
        )
    }
    assert limits.enter("a", Claim(HOST, "m", amounts), 0.0, None) == 0
    limits.settle("a", 0.0, 1.0, told)
    assert limits.enter("b", Claim(HOST, "m", amounts), 1.0, None) == 0
    assert limits.enter("c", Claim(HOST, "m", amounts), 1.0, None) == 3  # 300 lack, 100 a second
    assert limits.enter("d", Claim(HOST, "another", amounts), 1.0, None) == 0
    huge = Claim(HOST, "m", {"input-tokens": 10**9})
    assert limits.enter("e", huge, 1.0, None) == 57  # not more than a full minute is asked for


def test_a_limit_per_minute_holds_a_call_back_for_a_minute_at_most() -> None:
    limits, amounts = Limits(), {"input-tokens": 30_000}
    told = {
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "100",
    }
    for number in range(12):  # what they take is estimated: the API may count a tenth of it
        assert limits.enter(str(number), Claim(HOST, "m", amounts), number, None) == 0
    limits.settle("0", 0.0, 12.0, told)
    assert limits.enter("late", Claim(HOST, "m", amounts), 12.0, None) == 60
    huge = Claim(HOST, "m", {"input-tokens": 10**6})
    assert limits.enter("huge", huge, 72.0, None) == 0
    assert limits.enter("late", Claim(HOST, "m", amounts), 72.0, None) == 60


REQUEST = Request("POST", f"https://{HOST}/v1/messages", b'{"model": "claude-sonnet-4-5"}')


def test_a_call_that_was_cancelled_while_a_thread_asks_for_it_leaves_no_claim() -> None:
    state = SharedState(Limits)
    ticket = Admission(state).ticket(REQUEST)
    ticket.drop(asyncio.CancelledError())
    with pytest.raises(NotSent, match="gave it up"):
        ticket.send(never, never, never)
    with state.held() as limits:
        assert limits.claims == {}


@pytest.mark.timeout(60)  # where it fails, it waits for ever
@pytest.mark.parametrize("raises", [False, True])
def test_what_ends_while_its_thread_has_the_state_is_counted_afterwards(
    raises: bool, tmp_path: Path
) -> None:
    for path in (None, tmp_path / "limits"):
        state = SharedState(Limits, path)
        ticket = Admission(state).ticket(REQUEST)
        ticket.send(lambda: 200, lambda status: (status, {}), lambda status: None)
        with suppress(KeyError), state.held() as limits:
            ticket.drop(ConnectionError("the app left, and its stream was collected just now"))
            assert limits.claims
            if raises:
                raise KeyError
        with state.held() as limits:
            assert not limits.claims


@pytest.mark.timeout(60)  # where it fails, it waits for ever
@pytest.mark.parametrize("step", ["loads", "dumps"])
def test_what_ends_while_the_state_is_read_or_written_is_counted_afterwards(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = SharedState(Limits, tmp_path / "limits")
    tickets = [Admission(state).ticket(REQUEST) for _ in range(2)]
    for ticket in tickets:
        ticket.send(lambda: 200, lambda status: (status, {}), lambda status: None)
    original = getattr(pickle, step)

    def meanwhile(value: Any) -> Any:
        while tickets:
            tickets.pop().drop(ConnectionError("collected just now"))
        return original(value)

    monkeypatch.setattr(pickle, step, meanwhile)
    with state.held() as limits:
        assert len(limits.claims) == 2
    with state.held() as limits:
        assert not limits.claims


def test_a_thread_that_holds_a_call_ends_as_soon_as_its_test_does() -> None:
    state = SharedState(Limits)
    with state.held() as limits:
        limits.hosts[HOST] = Host(closed_until=elapsed_s() + 20)
    ticket, began = Admission(state).ticket(REQUEST), elapsed_s()
    threading.Timer(0.1, ticket.withdraw).start()
    with pytest.raises(NotSent, match="its test ended"):
        ticket.send(never, never, never)
    assert elapsed_s() - began < 10


def never(*_: object) -> NoReturn:
    pytest.fail("it is not sent")


# --- the budget -----------------------------------------------------------------------------


def test_what_is_reserved_is_waited_for_before_the_budget_stops_anything() -> None:
    limits = Limits()
    assert limits.enter("a", Claim(HOST, usd=6), 0.0, 10.0) == 0
    assert 0 < limits.enter("b", Claim(HOST, usd=6), 1.0, 10.0) < 1
    assert not limits.over
    limits.settle("a", 1.0, 2.0)
    assert limits.enter("b", Claim(HOST, usd=6), 2.0, 10.0) == 0
    limits.settle("b", None, 3.0)  # what it cost is not known: as much as was reserved
    assert limits.spent_usd == 7
    assert limits.enter("c", Claim(HOST, usd=6), 3.0, 10.0) == inf
    assert limits.enter("d", Claim(HOST, usd=0.01), 3.0, 10.0) == inf  # the run is over
    assert limits.held_back_usd == pytest.approx(6.01)


def test_a_call_that_is_given_up_after_a_refusal_costs_nothing() -> None:
    limits, headers = Limits(), {"retry-after": "1"}
    limits.enter("a", Claim(HOST, usd=6), 0.0, 10.0)
    assert limits.refuse("a", 429, headers, 0.1, 0.0)
    limits.settle("a", None, 0.2)
    assert (limits.spent_usd, limits.claims) == (0, {})
    limits.enter("b", Claim(HOST, usd=6), 2.0, 10.0)
    assert limits.refuse("b", 429, headers, 2.1, 0.0)
    assert limits.enter("b", Claim(HOST, usd=6), 9.0, 10.0) == 0  # it is sent again
    limits.settle("b", None, 9.1)
    assert limits.spent_usd == 6


@pytest.mark.parametrize(
    ("module", "name", "is_paid"),
    [
        (HTTP_LIBRARY, "ConnectError", False),
        (HTTP_LIBRARY, "ConnectTimeout", False),
        (HTTP_LIBRARY, "PoolTimeout", False),
        (HTTP_LIBRARY, "ReadTimeout", True),
        (HTTP_LIBRARY, "RemoteProtocolError", True),
        ("botocore.exceptions", "ConnectTimeoutError", False),
        ("botocore.exceptions", "EndpointConnectionError", False),
        ("botocore.exceptions", "ConnectionClosedError", True),
        ("botocore.exceptions", "ReadTimeoutError", True),
        ("builtins", "ConnectionRefusedError", False),
        ("builtins", "ConnectionResetError", True),
    ],
)
def test_a_call_without_an_answer_costs_what_was_reserved_unless_it_was_not_connected(
    module: str, name: str, is_paid: bool
) -> None:
    kind = vars(pytest.importorskip(module))[name]
    error = kind(endpoint_url=HOST) if module.startswith("botocore") else kind("why")

    def fails() -> NoReturn:
        raise error

    state = SharedState(Limits)
    ticket = Admission(state, prices=price_table(())).ticket(REQUEST)
    with pytest.raises(kind):
        ticket.send(fails, never, never)
    ticket.drop(error)
    with state.held() as limits:
        assert (limits.spent_usd > 0) == is_paid


def test_what_a_killed_worker_had_reserved_is_not_waited_for_for_ever() -> None:
    limits = Limits()
    limits.enter("killed", Claim(HOST, usd=6), 0.0, 10.0)
    assert 0 < limits.enter("b", Claim(HOST, usd=6), 599.0, 10.0) < 1
    assert limits.enter("b", Claim(HOST, usd=6), 601.0, 10.0) == inf


MODEL = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}
BEDROCK = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
VERTEX = "/v1/projects/p/locations/l/publishers/anthropic/models"


@pytest.mark.parametrize(
    ("path", "body", "known"),
    [
        ("/v1/messages", MODEL, True),
        ("/v1/messages/batches", {"requests": [{"custom_id": "a", "params": MODEL}]}, True),
        ("/v1/messages/batches/msgbatch_1/cancel", {}, True),
        ("/v1/messages/count_tokens", MODEL, True),
        (f"{BEDROCK}/converse", {"messages": []}, True),
        (f"{BEDROCK}/count-tokens", {"input": {}}, True),
        (f"{VERTEX}/claude-sonnet-4-5:rawPredict", {"max_tokens": 9, "messages": []}, True),
        (f"{VERTEX}/count-tokens:rawPredict", MODEL, True),
        ("/v1/files", {}, True),
        ("/v1/chat/completions", MODEL, False),
        ("/v1/responses", MODEL, False),
    ],
)
def test_under_a_budget_a_call_that_asks_a_model_has_a_known_price(
    path: str, body: Mapping[str, object], known: bool
) -> None:
    request = Request("POST", f"https://{HOST}{path}", json.dumps(body).encode())
    state, prices = SharedState(Limits), price_table(())
    Admission(state, prices=prices).claim(request)
    budgeted = Admission(state, budget_usd=1.0, prices=prices)
    if known:
        budgeted.claim(request)
        return
    with pytest.raises(NotSent) as caught:
        budgeted.claim(request)
    assert caught.value.headline == f"not sent: the price of a call of {path} is unknown"
    assert caught.value.rows == (
        ("expected", "calls of the Messages API within --claude-budget"),
        ("observed", f"{path} asks a model, and what that costs can't be told"),
        ("to go on", "leave --claude-budget out, or call /v1/messages"),
    )


@pytest.mark.parametrize(
    ("owner", "waits_s"), [((1, 7), 0), ((1, 8), 60), ((2, 7), 600), ((3, 7), 0), (None, 600)]
)
def test_a_call_waits_only_for_what_is_answered_without_it(
    owner: tuple[int, int] | None, waits_s: float
) -> None:
    def asked(now: float) -> float:
        limits = Limits()
        assert limits.enter("a", Claim(HOST, usd=6, owner=owner), 0.0, 10.0) == 0
        claim = Claim(HOST, usd=6, owner=(1, 7))
        return limits.enter("b", claim, now, 10.0, has_ended=lambda pid: pid == 3)

    assert asked(waits_s) == inf
    assert not waits_s or 0 < asked(waits_s - 1) < 1


@pytest.mark.parametrize("waits", ["thread", "task"])
def test_a_call_does_not_wait_for_an_answer_that_its_own_app_is_reading(waits: str) -> None:
    def held_back(seconds: float) -> None:
        assert seconds == 0, "it waits for itself"

    async def answer() -> int:
        return 200

    def head(status: int) -> tuple[int, dict[str, str]]:
        return status, {}

    def send_twice() -> None:
        for ticket in tickets:
            ticket.send(lambda: 200, head, never)

    async def send_twice_async() -> None:
        for ticket in tickets:
            await ticket.send_async(answer, head, never)

    prices = price_table(["claude-sonnet-4-5 input=0 output=15"])
    usd = Admission(SharedState(Limits), prices=prices).claim(REQUEST).usd
    admission = Admission(
        SharedState(Limits), budget_usd=1.5 * usd, prices=prices, held_back=held_back
    )
    tickets = [admission.ticket(REQUEST) for _ in "ab"]
    with pytest.raises(NotSent, match="budget") as caught:
        send_twice() if waits == "thread" else asyncio.run(send_twice_async())
    assert dict(caught.value.rows)["observed"] == (
        "$0.0000 spent, $0.96 reserved for calls under way, and this call may cost $0.96"
    )
    assert usd == pytest.approx(0.96, abs=0.005)


def test_a_call_does_not_wait_for_one_of_a_process_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not _has_ended(process.pid)
        process.kill()
        until = elapsed_s() + 10
        while not _has_ended(process.pid):  # nobody has waited for it yet: it is a zombie
            assert elapsed_s() < until
            time.sleep(0.01)
    assert _has_ended(process.pid)


Event = tuple[str, int, float, float]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "answer", "limit", "drop"]),
        st.integers(0, 7),
        st.floats(0, 3),
        st.floats(0, 2),
    ),
    max_size=60,
)


@given(EVENTS, st.floats(0.5, 20))
def test_nothing_is_sent_in_a_pause_and_the_budget_is_crossed_by_what_was_underestimated(
    events: list[Event], budget_usd: float
) -> None:
    limits, now, closed, beyond = Limits(), 0.0, -inf, 0.0
    for what, worker, step_s, usd in events:
        now, name = now + step_s, str(worker)
        claim = limits.claims.get(name)
        sent = claim is not None and not claim.waits
        if what == "enter" and not sent:
            at_once = limits.enter(name, Claim(HOST, usd=usd), now, budget_usd) == 0
            assert not (at_once and now < closed)
        elif what == "answer" and sent:
            beyond += max(0.0, usd - claim.usd)
            limits.settle(name, usd, now, {})
        elif what == "limit" and sent:
            closed = max(closed, now + step_s)
            limits.refuse(name, 429, {"retry-after": str(step_s)}, now, 0.5)
        elif what == "drop":
            limits.settle(name, 0.0 if claim is None else None, now)
        reserved = sum(each.usd for each in limits.claims.values())
        assert limits.spent_usd + reserved <= budget_usd + beyond + 1e-5


@pytest.mark.parametrize("seed", range(20))
def test_eight_workers_spend_one_budget(seed: int, tmp_path: Path) -> None:
    chance = Random(seed)
    budget_usd, sums, lock = chance.uniform(1, 6), [0.0, 0.0, 0.0], threading.Lock()
    plans = [
        [(chance.uniform(0.05, 0.4), chance.uniform(0, 1.4)) for _ in "123456"] for _ in "x" * 8
    ]

    def work(number: int) -> None:
        state = SharedState(Limits, tmp_path / "limits")  # as another process has it
        for call, (usd, factor) in enumerate(plans[number]):
            name = f"{number} {call}"
            while True:
                with state.held() as limits:
                    wait_s = limits.enter(name, Claim(HOST, usd=usd), elapsed_s(), budget_usd)
                if wait_s in (0, inf):
                    break
                time.sleep(0.001)
            if wait_s == inf:
                return
            with lock:
                sums[0] += usd * factor
                sums[1] += max(0.0, usd * (factor - 1))
                sums[2] += 1
            with state.held() as limits:
                limits.settle(name, usd * factor, elapsed_s())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with SharedState(Limits, tmp_path / "limits").held() as limits:
        assert limits.spent_usd == pytest.approx(sums[0])
        assert limits.claims == {}
        assert limits.spent_usd <= budget_usd + sums[1] + 1e-5
        assert limits.over or sums[2] == 48
