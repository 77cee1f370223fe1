"""How fast a run may ask the API, and for how many dollars: the arithmetic of one state. Pure.

All processes of a run share the state (`shared_state`). Time comes in, as seconds of one clock of
the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import inf

BUSY = (429, 529)
MOST_WAIT_S = 300.0
"""A longer pause that the API asks for is not waited out."""
# After a 429 or 529 without `retry-after`; the retries of the SDK wait longer and longer.
_PAUSE_S = 0.5
_POLL_S = 0.05  # while a call waits for another to end, which may be in another process
_MOST_REFUSALS = 10  # of one call, that the app does not see
_MOST_JITTER_S = 1.0
# A longer pause is of a rate per minute, which says nothing of how many calls run at a time.
_OF_CONCURRENCY_S = 10.0
_MOST_PROBE_S = 10.0  # or nine pauses: what a refused probe costs is a tenth of the time
_MOST_DOUBLED_S = 30.0
# An answer that is read for longer holds no other call up: the app may wait for that one first.
_HOLDS_UP_S = 60.0
_LOST_S = 600.0  # the SDK's own timeout: a call that has no answer by then will not have one
_ROUNDING = 1e-6
_BUCKETS = ("requests", "tokens", "input-tokens", "output-tokens")
_PREFIX = "anthropic-ratelimit-"


@dataclass
class Claim:
    """What a call takes of its account from when it is sent until its answer has arrived.

    Attributes:
        host: The limits of which it counts for.
        model: It has limits per minute of its own.
        amounts: What the call takes of them, by the name that they have in headers.
        usd: The dollars that are reserved for it.
        sent: When it was sent for the last time.
        waits: Whether it was refused since then, and is to be sent again.
        refusals: How often it was answered 429.
        owner: The process that makes it, and the thread or task there; None for a batch.
    """

    host: str
    model: str = ""
    amounts: Mapping[str, int] = field(default_factory=dict)
    usd: float = 0.0
    sent: float = -inf
    waits: bool = False
    refusals: int = 0
    owner: tuple[int, int] | None = None

    def frees_money(self, claim: Claim, now: float, has_ended: Callable[[int], bool]) -> bool:
        """Whether `claim` may wait for what this one has reserved and does not need.

        A thread or task that reads an answer does not read on while it waits for its next call.
        """
        own, other = self.owner, claim.owner
        if own is not None and (own == other or has_ended(own[0])):
            return False
        within = own is not None and other is not None and own[0] == other[0]
        return now - self.sent < (_HOLDS_UP_S if within else _LOST_S)


@dataclass
class Bucket:
    """A limit per minute: what is left of it, refilled evenly, as the API does it."""

    size: float
    left: float
    at: float

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until there is `amount` in it, or it is full."""
        lacking = min(amount, self.size) - self._refilled(now)
        return lacking * 60 / self.size if lacking > _ROUNDING else 0.0

    def take(self, amount: float, now: float) -> None:
        """Take `amount` out."""
        self.left, self.at = self._refilled(now) - amount, now

    def _refilled(self, now: float) -> float:
        # What calls take is estimated, and more than they use: nothing is owed.
        return min(self.size, max(self.left, 0.0) + (now - self.at) * self.size / 60)


@dataclass
class Host:
    """What is known of the limits at one host.

    Attributes:
        closed_until: Nothing is sent before.
        in_vain: Pauses after 429 since the last good answer.
        most: Calls at a time; None before one was refused.
        least: What `most` can't be lowered below by refusals of one moment.
        level: What `most` was after the last refusal.
        probe_s: Seconds until one call more is tried.
        changed: When `most` was changed.
        good: Answers since then.
        buckets: Limits per minute, by model and name.
    """

    closed_until: float = -inf
    in_vain: int = 0
    most: int | None = None
    least: int = 1
    level: int = 0
    probe_s: float = 0.0
    changed: float = 0.0
    good: int = 0
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def narrow(self, others: int, now: float, pause_s: float) -> None:
        """Note that a call was refused while `others` were on their way.

        Half of what was allowed stays, however many are refused at one moment.
        """
        before = others + 1 if self.most is None else self.most
        if now >= self.closed_until:
            again = self.most is not None and before <= self.level + 1
            least_s, most_s = 3 * pause_s, max(_MOST_PROBE_S, 9 * pause_s)
            self.probe_s = min(2 * self.probe_s, most_s) if again else least_s
            self.least = max(1, before // 2)
        self.most = self.level = max(self.least, min(before, others))
        self.good, self.changed = 0, now

    def widen(self, others: int, now: float) -> None:
        """Note a good answer: one call more is tried when as many as are allowed were answered."""
        self.in_vain = 0
        if self.most is None:
            return
        self.good += 1
        used = others + 1 >= self.most
        if used and self.good >= self.most and now - self.changed >= self.probe_s:
            self.most, self.good, self.changed = self.most + 1, 0, now


@dataclass
class Limits:
    """What all processes of a run know of the account that they share.

    Attributes:
        spent_usd: Dollars of what was answered.
        over: Whether the budget has stopped the run.
        held_back_usd: What the calls that it held back may cost.
        waits: How often the API asked all to wait.
        waited_s: For how many seconds.
        claims: Of the calls under way, by a name of each.
        hosts: What is known of each.
    """

    spent_usd: float = 0.0
    over: bool = False
    held_back_usd: float = 0.0
    waits: int = 0
    waited_s: float = 0.0
    claims: dict[str, Claim] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)

    @property
    def reserved_usd(self) -> float:
        """Dollars that the calls under way may cost."""
        return sum(claim.usd for claim in self.claims.values())

    def enter(
        self,
        name: str,
        claim: Claim,
        now: float,
        budget_usd: float | None,
        *,
        has_ended: Callable[[int], bool] = lambda pid: False,
    ) -> float:
        """Let a call be sent now, or say how many seconds to wait before asking again.

        Args:
            name: Of the call.
            claim: What it takes; it is kept under the name from when the call is sent.
            now: Seconds.
            budget_usd: What the run may cost; None for no limit.
            has_ended: Says of a process that it runs no more.

        Returns:
            0: it is sent now. Infinity: the budget does not allow it, or any later one.
        """
        if name not in self.claims and budget_usd is not None:
            wait_s = self._wait_for_money(claim, now, budget_usd, has_ended)
            if wait_s > 0:
                self.held_back_usd += claim.usd if wait_s == inf else 0.0
                return wait_s
        claim = self.claims.get(name, claim)
        host = self.hosts.setdefault(claim.host, Host())
        taken = [
            (bucket, amount)
            for key, amount in claim.amounts.items()
            if (bucket := host.buckets.get((claim.model, key))) is not None
        ]
        wait_s = max(host.closed_until - now, *(b.wait_s(amount, now) for b, amount in taken), 0.0)
        if wait_s > 0:
            return wait_s
        if host.most is not None and self._under_way(claim.host, now) >= host.most:
            return _POLL_S
        for bucket, amount in taken:
            bucket.take(amount, now)
        claim.sent, claim.waits = now, False
        self.claims[name] = claim
        return 0.0

    def refuse(
        self, name: str, status: int, headers: Mapping[str, str], now: float, jitter: float
    ) -> bool:
        """Note that a call was answered 429 or 529: nothing is sent before the pause is over.

        Args:
            name: Of the call.
            status: Of the answer.
            headers: Of the answer, in lower case.
            now: Seconds, when the answer arrived.
            jitter: From 0 to 1, by chance: the end of the pause differs from run to run.

        Returns:
            Whether the call is to be sent again, and the app sees nothing of it. A 529 is the
            app's to deal with: it comes to a run of one call at a time too.
        """
        claim = self.claims[name]
        host = self.hosts[claim.host]
        claim.waits = True
        asked_s = retry_after_s(headers)
        pause_s = _PAUSE_S if asked_s is None else asked_s
        left = {_number(headers.get(f"{_PREFIX}{name}-remaining")) for name in _BUCKETS}
        if status == 429 and pause_s <= _OF_CONCURRENCY_S and 0 not in left:
            host.narrow(self._under_way(claim.host, now), now, pause_s)
        claim.refusals += 1
        again = (
            status == 429
            and asked_s is not None
            and pause_s <= MOST_WAIT_S
            and claim.refusals <= _MOST_REFUSALS
            and headers.get("x-should-retry") != "false"
        )
        if again:  # a pause that helped nobody was too short
            pause_s = max(pause_s, min(pause_s * 2.0**host.in_vain, _MOST_DOUBLED_S))
        until = now + pause_s + jitter * min(_MOST_JITTER_S, pause_s / 4)
        if now >= host.closed_until:
            self.waits += 1
            host.in_vain = min(host.in_vain + again, 10)
        if until > host.closed_until:
            self.waited_s += until - max(now, host.closed_until)
            host.closed_until = until
        return again

    def settle(
        self,
        name: str,
        usd: float | None,
        now: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """End the claim of a call.

        Args:
            name: Of the call; one that was never sent has no claim.
            usd: What it cost; None where that is unknown: then it is what was reserved, and
                nothing where its last answer was a refusal.
            now: Seconds.
            headers: Of its answer, in lower case, where a model gave one; else None.
        """
        claim = self.claims.pop(name, None)
        if claim is None:
            self.spent_usd += usd or 0.0
            return
        reserved_usd = 0.0 if claim.waits else claim.usd
        self.spent_usd += reserved_usd if usd is None else usd
        if headers is not None:
            host = self.hosts[claim.host]
            host.widen(self._under_way(claim.host, now), now)
            self._learn(host, claim, headers, now)

    def _wait_for_money(
        self, claim: Claim, now: float, budget_usd: float, has_ended: Callable[[int], bool]
    ) -> float:
        """Seconds until a call may cost what it may; infinity for never."""
        reserved = [each for each in self.claims.values() if each.usd]
        left_usd = budget_usd - self.spent_usd + _ROUNDING
        if self.over or claim.usd > left_usd:
            self.over = True
            return inf
        if self.reserved_usd + claim.usd <= left_usd:
            return 0.0
        if any(each.frees_money(claim, now, has_ended) for each in reserved):
            return _POLL_S
        self.over = True
        return inf

    def _under_way(self, host: str, now: float) -> int:
        """How many calls of all processes are at a host, or their answers arrive."""
        there = (claim for claim in self.claims.values() if claim.host == host and not claim.waits)
        return sum(now - claim.sent < _HOLDS_UP_S for claim in there)

    def _learn(self, host: Host, claim: Claim, headers: Mapping[str, str], now: float) -> None:
        """Take the limits per minute from the headers of an answer.

        What was sent after its request may not be counted in them.
        """
        for name in _BUCKETS:
            size = _number(headers.get(f"{_PREFIX}{name}-limit"))
            left = _number(headers.get(f"{_PREFIX}{name}-remaining"))
            if not size or left is None:
                continue
            later = [
                each.amounts.get(name, 0)
                for each in self.claims.values()
                if (each.host, each.model) == (claim.host, claim.model)
                and not each.waits
                and each.sent > claim.sent
            ]
            host.buckets[claim.model, name] = Bucket(size, left - sum(later), now)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds for which an answer asks to wait; None where it does not say.

    A date counts from the date of the answer itself: the clocks of two machines differ.

    >>> retry_after_s({"retry-after": "7"}), retry_after_s({"retry-after-ms": "250"})
    (7.0, 0.25)
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    if (seconds := _number(headers.get("retry-after"))) is not None:
        return seconds
    try:
        until, now = (parsedate_to_datetime(headers[name]) for name in ("retry-after", "date"))
        return max(0.0, (until - now).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None


def _number(text: str | None) -> float | None:
    """A number of a header that is 0 or more and no infinity; None for all else."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < inf else None
