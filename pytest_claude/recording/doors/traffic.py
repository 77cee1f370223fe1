"""Which requests go to a Claude model. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Container

API_HOST = "api.anthropic.com"

_LOOPBACK = ("localhost", "::1", "0.0.0.0", "::", "")
_LOOPBACK_ADDRESS = re.compile(r"127(?:\.\d{1,3}){3}|(?:[a-z0-9-]+\.)*localhost")
# Hosts that serve nothing but Claude.
_CLAUDE_HOSTS = re.compile(
    r"api\.anthropic\.com"
    r"|claude\.googleapis\.com"
    r"|(?:bedrock-mantle|aws-external-anthropic)\.[a-z0-9-]+\.api\.aws"
)
# Hosts that serve models of many makers; the path tells.
_MODEL_HOSTS = re.compile(r"bedrock-runtime(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
_PLATFORM_PATH = re.compile(
    r"/model/(?:arn:.+|[^/]+)/(?:invoke|converse)"  # Bedrock; a decoded ARN holds a slash
    r"|/publishers/anthropic/models/"  # Vertex
    r"|/anthropic/v1/messages"  # Foundry
)
_MESSAGES_PATH = re.compile(r"/v1/(?:messages(?:/count_tokens|/batches)?|complete)$")
_SHAPES = ((b'"model"', b'"messages"'), (b'"model"', b'"prompt"'), (b'"requests"', b'"params"'))

ANY_SHAPE = b'"model", "messages"'
"""A body to pass where the real one is not known."""


def is_model_traffic(
    host: str, path: str, headers: Container[str], body: Callable[[], bytes]
) -> bool:
    """Whether a request goes to a Claude model or its API.

    True for every request to a host that serves only Claude, for every request of an SDK client
    (they carry `anthropic-version`) to whatever host, for the paths of Bedrock, Vertex and
    Foundry, and for a body in the shape of the Messages API on its path, as sent through a
    gateway. `body` is asked for only in the last case.
    """
    if path.startswith("/v1/oauth/"):
        return False  # an exchange of tokens: never stored
    if _CLAUDE_HOSTS.fullmatch(host) or "anthropic-version" in headers:
        return True
    if _PLATFORM_PATH.search(path):
        return True
    if not _MESSAGES_PATH.search(path):
        return False
    data = body()
    return any(all(part in data for part in shape) for shape in _SHAPES)


def is_loopback(host: str) -> bool:
    """Whether a host name or address never leaves the machine."""
    return host in _LOOPBACK or _LOOPBACK_ADDRESS.fullmatch(host) is not None


def is_model_host(host: str) -> bool:
    """Whether a host serves models and nothing that a test needs otherwise."""
    return bool(_CLAUDE_HOSTS.fullmatch(host) or _MODEL_HOSTS.fullmatch(host))
