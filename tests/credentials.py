"""Invented credentials of twenty kinds, three of each, and how an app shows what they are.

They are put together here, so that no host of repositories takes a file for a leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
from dataclasses import dataclass
from typing import Literal

Shown = Literal["shape", "variable", "header", "MCP", "database", "signed URL"]

_RANDOM = random.Random(20)
_MIXED = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def _some(signs: str, count: int) -> str:
    return "".join(_RANDOM.choices(signs, k=count))


def _code(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Credential:
    """One credential.

    Attributes:
        kind: Of what.
        value: It.
        core: The part of it that nobody can guess.
        shown: What shows that it is one: its shape, or where an app has it.
    """

    kind: str
    value: str
    core: str
    shown: Shown = "shape"

    @property
    def headers(self) -> dict[str, str]:
        """The header that holds it, if one does."""
        return {"X-Shop-Gateway": self.value} if self.shown == "header" else {}

    @property
    def more(self) -> dict[str, object]:
        """What the body holds besides the messages, if it is shown there."""
        servers = [{"type": "url", "url": "https://mcp.test", "authorization_token": self.value}]
        return {"mcp_servers": servers} if self.shown == "MCP" else {}

    @property
    def text(self) -> str:
        """A text that shows what it is, if one does."""
        if self.shown == "database":
            return f"DATABASE_URL=postgresql://shop:{self.value}@db.test/orders"
        if self.shown == "signed URL":
            return f"https://files.test/invoice.pdf?X-Amz-Expires=900&X-Amz-Signature={self.value}"
        return "nothing"


def _three(
    kind: str, form: str, signs: str, count: int, shown: Shown = "shape"
) -> list[Credential]:
    cores = [_some(signs, count) for _ in range(3)]
    return [Credential(kind, form.replace("*", core), core, shown) for core in cores]


_TOKEN = _code({"alg": "HS256"}) + "." + _code({"sub": "1234567890"})
CREDENTIALS = [
    *_three("Anthropic", "sk-" + "ant-api03-*AA", _MIXED, 93),
    *_three("OpenAI", "sk-" + "proj-*", _MIXED, 64),
    *_three("OpenRouter", "sk-" + "or-v1-*", _HEX, 64),
    *_three("AWS", "AK" + "IA*", string.ascii_uppercase + "234567", 16),
    *_three("Google", "AI" + "za*", _MIXED, 35),
    *_three("GitHub", "gh" + "p_*", _MIXED, 36),
    *_three("GitLab", "gl" + "pat-*", _MIXED, 20),
    *_three("Slack", "xo" + "xb-123456789012-1234567890123-*", _MIXED, 24),
    *_three("Stripe", "sk" + "_live_*", _MIXED, 24),
    *_three("SendGrid", "S" + "G.abcdefghijklmnopqrstuv.*", _MIXED, 43),
    *_three("Hugging Face", "h" + "f_*", _MIXED, 34),
    *_three("npm", "np" + "m_*", _MIXED, 36),
    *_three("Shopify", "shp" + "at_*", _HEX, 32),
    *_three("JSON web token", f"{_TOKEN}.*", _MIXED, 43),
    *_three("private key", "-----BEGIN " + "PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----",
            _MIXED, 64),
    *_three("variable", "*", _MIXED, 24, "variable"),
    *_three("header", "*", _MIXED, 24, "header"),
    *_three("MCP server", "*", _MIXED, 24, "MCP"),
    *_three("database", "*", _MIXED, 16, "database"),
    *_three("signature", "*", _HEX, 64, "signed URL"),
]  # fmt: skip


def traces(credential: Credential) -> list[str]:
    """What must be in no file: the core, its ends, and its code in base64."""
    core = credential.core
    codes = []
    for before in range(3):
        code = base64.b64encode(b"\0" * before + core.encode()).decode()
        codes.append(code[4:24])
    return [core[:12], core[-12:], *codes]
