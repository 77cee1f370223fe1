"""The calls of our judge among those of the app, told apart by a mark in the request.

The mark is in the body and so survives threads, gateways, and other tools that rewrite a
recording: whoever reads the request knows whose it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pytest_claude.transcript.interaction import Request

JUDGE = "pytest-claude-judge"
"""The `metadata.user_id` of the judge's requests."""


def asks_judge(body: Any) -> bool:
    """Whether a request body is the judge's.

    >>> asks_judge({"metadata": {"user_id": "pytest-claude-judge"}}), asks_judge(None)
    (True, False)
    """
    metadata = body.get("metadata") if isinstance(body, Mapping) else None
    return isinstance(metadata, Mapping) and metadata.get("user_id") == JUDGE


def is_judge(request: Request) -> bool:
    """Whether a request is the judge's."""
    return JUDGE.encode() in request.body and asks_judge(request.json())


def text_hash(text: str) -> str:
    """A hash of a reply's text: 16 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
