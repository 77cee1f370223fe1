"""When a call that is recorded may go to the API: by the limits of the account, and the budget.

Nothing of this is imported in replay.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from math import ceil, isinf
from random import SystemRandom
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio  # what the HTTP libraries wait with

from pytest_claude.clock import elapsed_s
from pytest_claude.errors import NotSent
from pytest_claude.models.expected import request_tokens
from pytest_claude.models.facts import facts_of
from pytest_claude.models.prices import PriceTable, answer_cost, unpriced_reason
from pytest_claude.recording.fingerprint import model_in
from pytest_claude.recording.limits import BUSY, MOST_WAIT_S, Claim, Limits
from pytest_claude.recording.shared_state import SharedState
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.json_values import mapping, mappings
from pytest_claude.transcript.model import Answer, Usage
from pytest_claude.transcript.parse import parse_answer

T = TypeVar("T")

_Head = tuple[int, Mapping[str, str]]
_OUTPUT_TOKENS = 8_192  # where neither the request nor the facts of its model limit them
# What HTTP libraries raise before a request is sent. A connection that is closed or reset may have
# taken it, and `ConnectionError` of requests says either.
_UNCONNECTED = frozenset({
    "ConnectError", "ConnectTimeout", "PoolTimeout",  # httpx; `ConnectTimeout` of requests too
    "ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError",  # botocore, urllib3
    "NewConnectionError", "NameResolutionError",  # urllib3
    "ClientConnectorError", "ClientConnectorDNSError", "ConnectionTimeoutError",  # aiohttp
    "ConnectionRefusedError",
})  # fmt: skip

_chance = SystemRandom()  # not the one that an app may have seeded
_numbers = count()


class Admission:
    """Lets the calls of one trial go when all processes of the run may send one more."""

    def __init__(
        self,
        state: SharedState[Limits],
        *,
        budget_usd: float | None = None,
        prices: PriceTable | None = None,
        recorded: Callable[[], list[Answer]] = list,
        held_back: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """Share `state` with the other trials of the run.

        Args:
            state: Of all processes.
            budget_usd: What the run may cost; None for no limit. It needs prices.
            prices: Of the project; None where dollars are not counted.
            recorded: Gives earlier answers to the test, for what one more may cost.
            held_back: Takes the seconds for which a call is held back, each time.
        """
        self.state = state
        self.budget_usd = budget_usd
        self._prices = prices
        self._recorded = recorded
        self.held_back = held_back
        self._output_tokens: int | None = None

    def ticket(self, request: Request) -> Ticket:
        """What lets one request go, and counts its answer."""
        return Ticket(self, request)

    def claim(self, request: Request) -> Claim:
        """What a request takes of its account.

        Raises:
            NotSent: There is a budget, and the price of its model, or of the call, is not known.
        """
        claim = Claim(urlsplit(request.url).netloc, amounts={"requests": 1})
        if _only_counts(request):
            return claim
        expected = tuple(_expected(request, self._expected_output()))
        if self.budget_usd is not None and not expected:
            if request.method == "POST" and model_in(request) is not None:
                raise _unknown_call(urlsplit(request.url).path)
        for answer in expected:
            if self._prices is not None:
                cost = answer_cost(answer, self._prices)
                if cost.usd is None and self.budget_usd is not None:
                    raise _unpriced(cost.unpriced)
                claim.usd += cost.usd or 0.0
            if answer.service_tier != "batch":
                claim.model, read = answer.request.model or "", answer.usage.input_tokens or 0
                # How long an answer will be is not known: one is asked for where any are left.
                claim.amounts = {"requests": 1, "input-tokens": read, "tokens": read,
                                 "output-tokens": 1}  # fmt: skip
        return claim

    def cost_usd(self, request: Request, response: Response) -> float | None:
        """Dollars that an answer cost; None where that can't be told, as of one that was cut."""
        if self._prices is None or response.status >= 400:
            return 0.0
        answer = parse_answer(Interaction(request, response))
        if answer is None or not answer.complete:
            return None
        return answer_cost(answer, self._prices).usd

    def _expected_output(self) -> int:
        """The most output tokens of a recorded answer to the test; 0 where there is none."""
        if self._output_tokens is None:
            used = [a.usage.output_tokens or 0 for a in self._recorded()] if self.budget_usd else []
            self._output_tokens = max(used, default=0)
        return self._output_tokens


class Ticket:
    """Lets one request go, as often as it has to be sent, and counts what its answer cost."""

    def __init__(self, admission: Admission, request: Request) -> None:
        self._admission = admission
        self._request = request
        self._name = f"{os.getpid()} {next(_numbers)}"
        self._claim: Claim | None = None
        self._headers: Mapping[str, str] = {}
        self._settled = False
        self._withdrawn = threading.Event()

    def send(
        self, send: Callable[[], T], head: Callable[[T], _Head], close: Callable[[T], Any]
    ) -> T:
        """What `send` gets, once it may be sent; not a 429 that can be waited out.

        Raises:
            NotSent: It may not be sent.
        """
        owner = threading.get_ident()
        while True:
            while wait_s := self._enter(owner):
                self._withdrawn.wait(wait_s)
            answer = send()
            if not self._is_refused(*head(answer)):
                return answer
            close(answer)

    async def send_async(
        self,
        send: Callable[[], Awaitable[T]],
        head: Callable[[T], _Head],
        close: Callable[[T], Awaitable[Any]],
    ) -> T:
        """The same in an event loop, which goes on meanwhile."""
        owner = anyio.get_current_task().id
        while True:
            while wait_s := await anyio.to_thread.run_sync(self._enter, owner):
                await anyio.sleep(wait_s)
            answer = await send()
            status, headers = head(answer)
            with anyio.CancelScope(shield=status in BUSY):
                if status not in BUSY:
                    self._headers = headers
                    return answer
                if not await anyio.to_thread.run_sync(self._is_refused, status, headers):
                    return answer
                await close(answer)

    def withdraw(self) -> None:
        """Send it no more, if it is still held: its test has ended."""
        self._withdrawn.set()

    def settle(self, response: Response | None) -> None:
        """Count an answer; None where no model gave one, and nothing is to be paid."""
        if response is None:
            self._end(0.0)
        else:
            usd = self._admission.cost_usd(self._request, response)
            self._end(usd, self._headers if response.status < 400 else None)

    def drop(self, error: BaseException) -> None:
        """Count a call that got no answer; what it cost is not known once it was connected."""
        self._end(0.0 if type(error).__name__ in _UNCONNECTED else None)

    def _enter(self, owner: int) -> float:
        """Seconds to wait before asking again; 0 where it is to be sent now.

        Args:
            owner: The thread or task that makes the call.

        Raises:
            NotSent: It may not be sent.
        """
        admission = self._admission
        if self._withdrawn.is_set():
            raise NotSent("not sent: its test ended while it was held", void="not_sent")
        if self._claim is None:
            self._claim = admission.claim(self._request)
            self._claim.owner = os.getpid(), owner
        with admission.state.held() as limits:
            if self._settled:  # its task was cancelled while this thread waited
                raise NotSent("not sent: the app gave it up while it was held", void="not_sent")
            wait_s = limits.enter(
                self._name, self._claim, elapsed_s(), admission.budget_usd, has_ended=_has_ended
            )
            spent_usd, reserved_usd = limits.spent_usd, limits.reserved_usd
        if isinf(wait_s):
            budget_usd = admission.budget_usd or 0.0
            raise _over_budget(budget_usd, spent_usd, reserved_usd, self._claim.usd)
        if wait_s > MOST_WAIT_S:
            raise _closed(wait_s)
        admission.held_back(wait_s)
        return wait_s

    def _is_refused(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the answer is a 429 that is waited out; keeps what it says of the limits."""
        self._headers = headers
        if status not in BUSY:
            return False
        with self._admission.state.held() as limits:
            if self._settled:
                return False
            return limits.refuse(self._name, status, headers, elapsed_s(), _chance.random())

    def _end(self, usd: float | None, headers: Mapping[str, str] | None = None) -> None:
        def settle(limits: Limits) -> None:
            if not self._settled:
                self._settled = True
                limits.settle(self._name, usd, elapsed_s(), headers)

        self._admission.state.change(settle)


def _has_ended(pid: int) -> bool:
    """Whether a process runs no more; a killed one may still be listed."""
    import psutil  # late: asked where the budget is nearly used up

    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# --- what a call may cost -------------------------------------------------------------------


def _expected(request: Request, output_tokens: int) -> Iterator[Answer]:
    """An answer as it may come to each message that a request asks for; a batch asks for many.

    Args:
        request: As it is sent.
        output_tokens: Of each answer; 0 where that is not known.
    """
    path = urlsplit(request.url).path
    if path.endswith("/v1/messages/batches") and request.method == "POST":
        url = request.url.partition("/v1/messages/batches")[0] + "/v1/messages"
        for item in mappings(mapping(request.json()).get("requests")):
            body = json.dumps(item.get("params")).encode()
            for one in _expected(Request("POST", url, body), output_tokens):
                yield replace(one, service_tier="batch", custom_id=str(item.get("custom_id")))
    elif (answer := parse_answer(Interaction(request, Response(200, b"{}")))) is not None:
        view = answer.request
        facts = facts_of(view.model or "")
        most = view.max_tokens or (facts and facts.max_output_tokens) or _OUTPUT_TOKENS
        usage = Usage(ceil(request_tokens(view.body or {})[1]), min(output_tokens or most, most))
        yield replace(answer, usage=usage)


def _only_counts(request: Request) -> bool:
    """Whether a request counts tokens, which is free."""
    path = urlsplit(request.url).path
    return path.endswith(("/count_tokens", "/count-tokens", "/count-tokens:rawPredict"))


# --- why it is not sent ---------------------------------------------------------------------


def _over_budget(budget_usd: float, spent_usd: float, reserved_usd: float, usd: float) -> NotSent:
    reserved = f", {_dollars(reserved_usd)} reserved for calls under way" if reserved_usd else ""
    return NotSent(
        f"not sent: the budget of {_dollars(budget_usd)} does not allow it",
        [
            ("expected", "a recording within --claude-budget"),
            (
                "observed",
                f"{_dollars(spent_usd)} spent{reserved}, and this call may cost {_dollars(usd)}",
            ),
            ("to go on", "as the end of the run says, with another --claude-budget"),
        ],
        void="budget",
        why="not sent: the budget was spent",
    )


def _dollars(usd: float) -> str:
    return f"${usd:,.2f}" if usd >= 0.1 else f"${usd:.4f}"


def _unpriced(models: tuple[str, ...]) -> NotSent:
    why = unpriced_reason(models)
    return NotSent(
        f"not sent: {why.partition(':')[0]}",
        [
            ("expected", "a known price of each model that is asked within --claude-budget"),
            ("observed", why),
            ("to go on", "add that line to claude_prices, or leave --claude-budget out"),
        ],
        void="budget",
    )


def _unknown_call(path: str) -> NotSent:
    return NotSent(
        f"not sent: the price of a call of {path} is unknown",
        [
            ("expected", "calls of the Messages API within --claude-budget"),
            ("observed", f"{path} asks a model, and what that costs can't be told"),
            ("to go on", "leave --claude-budget out, or call /v1/messages"),
        ],
        void="budget",
    )


def _closed(wait_s: float) -> NotSent:
    return NotSent(
        f"not sent: the API asks to wait {wait_s:.0f} s more",
        [
            ("expected", f"limits of the account that allow a call within {MOST_WAIT_S:.0f} s"),
            ("observed", f"HTTP 429 or 529 with a `retry-after` that ends in {wait_s:.0f} s"),
            ("to go on", "repeat the command later: what is recorded is not paid again"),
        ],
        void="service",
    )
