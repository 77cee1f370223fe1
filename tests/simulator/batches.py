"""The Message Batches API: batches with ids of their own, in progress, cancelled and ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Result = Mapping[str, Any]

EXPIRED: Result = {"type": "expired"}
CANCELED: Result = {"type": "canceled"}


def errored(kind: str, message: str) -> Result:
    """An item that has no message."""
    error = {"type": kind, "message": message}
    return {"type": "errored", "error": {"type": "error", "error": error, "request_id": "req_011"}}


@dataclass
class Batch:
    """A batch.

    Attributes:
        ident: Its id.
        requests: Its items.
        results: What each item comes to, in order.
        looks: How often it is still seen in progress.
        cancelled: Whether somebody has cancelled it.
        created: When it arrived.
    """

    ident: str
    requests: Sequence[Any]
    results: Sequence[Result]
    looks: int
    created: datetime
    cancelled: bool = False

    @property
    def ended(self) -> bool:
        """Whether its results are there."""
        return self.looks <= 0

    def cancel(self) -> None:
        """End it without an answer to an item, at the next look."""
        self.cancelled, self.looks = True, 1
        self.results = [CANCELED] * len(self.requests)

    def look(self, url: str) -> dict[str, Any]:
        """What the API says of it now; each look at one in progress brings it nearer to its end."""
        said = self.described(url)
        self.looks -= 1
        return said

    def described(self, url: str) -> dict[str, Any]:
        """What the API says of it."""
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        if self.ended:
            counts |= Counter(str(result["type"]) for result in self.results)
        else:
            counts["processing"] = len(self.requests)
        created = self.created.isoformat()
        below = f"{url}/v1/messages/batches/{self.ident}/results"
        return {
            "id": self.ident,
            "type": "message_batch",
            "processing_status": "ended" if self.ended else self._status,
            "request_counts": counts,
            "created_at": created,
            "ended_at": created if self.ended else None,
            "expires_at": (self.created + timedelta(days=1)).isoformat(),
            "archived_at": None,
            "cancel_initiated_at": created if self.cancelled else None,
            "results_url": below if self.ended else None,
        }

    @property
    def _status(self) -> str:
        return "canceling" if self.cancelled else "in_progress"

    @property
    def lines(self) -> bytes:
        """Its results as JSON Lines."""
        pairs = zip(self.requests, self.results, strict=True)
        lines = ({"custom_id": item["custom_id"], "result": result} for item, result in pairs)
        return b"\n".join(json.dumps(line).encode() for line in lines)


def page(batches: Sequence[Batch], query: Mapping[str, str], url: str) -> dict[str, Any]:
    """A page of the list: the newest first, no custom_ids."""
    newest = sorted(batches, key=lambda batch: batch.created, reverse=True)
    ids = [batch.ident for batch in newest]
    start = ids.index(query["after_id"]) + 1 if "after_id" in query else 0
    end = ids.index(query["before_id"]) if "before_id" in query else len(ids)
    limit = int(query.get("limit", 20))
    data = [batch.look(url) for batch in newest[start:end][:limit]]
    return {
        "data": data,
        "has_more": start + limit < end,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def now() -> datetime:
    """The time of the server."""
    return datetime.now(UTC)
