"""Which requests go to a Claude model. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

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
    host: str,
    path: str,
    headers: Container[str],
    body: Callable[[], bytes],
    *,
    below_a_base: Callable[[], bool] = lambda: False,
) -> bool:
    """Whether a request goes to a Claude model or its API.

    True for every request to a host that serves only Claude, for every request of an SDK client
    (they carry `anthropic-version`) to whatever host, for the paths of Bedrock, Vertex and
    Foundry, below a base URL that the environment names, and for a body in the shape of the
    Messages API on its path, as sent through a gateway. `body` is asked for only in the last case,
    and `below_a_base` in the one before it.
    """
    path = _one_slash(path)
    if "/v1/oauth/" in path:
        return False  # an exchange of tokens: never stored
    if _CLAUDE_HOSTS.fullmatch(host) or "anthropic-version" in headers:
        return True
    if _PLATFORM_PATH.search(path) or below_a_base():
        return True
    if not _MESSAGES_PATH.search(path):
        return False
    data = body()
    return any(all(part in data for part in shape) for shape in _SHAPES)


@dataclass(frozen=True)
class Target:
    """Where a request or a connection goes.

    Attributes:
        host: Name or address.
        port: None where it is not known.
        method: Of the request; None for a connection.
        path: Of the request.
    """

    host: str
    port: int | None
    method: str | None = None
    path: str = ""

    @property
    def words(self) -> str:
        """What it is, for the user; the port where it tells servers of the machine apart."""
        server = f"{self.host}:{self.port}" if self.port and is_loopback(self.host) else self.host
        return f"{self.method} {server}{self.path}" if self.method else f"a connection to {server}"


@dataclass(frozen=True)
class Base:
    """A base URL below which everything is the API's.

    Attributes:
        host: Its host; "localhost" for every name and address of the machine itself.
        port: Its port, also where the URL leaves it out.
        path: Its path without a slash at the end: "" where the whole server is the API's.
    """

    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Base | None:
        """The base that a URL is; None where it is no URL of HTTP."""
        try:
            parts = urlsplit(url)
            port = port_of(parts)
        except ValueError:
            return None
        if port is None:
            return None
        return cls(_one_name(parts.hostname or ""), port, _one_slash(parts.path).rstrip("/"))

    def holds(self, host: str, port: int | None, path: str | None) -> bool:
        """Whether a request to `path` is below it; without a path, any connection to its server."""
        if port != self.port or _one_name(host) != self.host:
            return False
        if not self.path:
            return True
        return path is not None and f"{_one_slash(path)}/".startswith(f"{self.path}/")


PORTS = {"http": 80, "https": 443}


def port_of(url: Any) -> int | None:
    """The port of a parsed URL, also where it leaves that out; None of another scheme."""
    return url.port or PORTS.get(url.scheme)


def _one_slash(path: str) -> str:
    """A path as most servers read it: a base URL with a slash at its end makes two of one."""
    return re.sub("/{2,}", "/", path)


def _one_name(host: str) -> str:
    return "localhost" if is_loopback(host) else host.lower()


def is_loopback(host: str) -> bool:
    """Whether a host name or address never leaves the machine."""
    return host in _LOOPBACK or _LOOPBACK_ADDRESS.fullmatch(host) is not None


def is_model_host(host: str) -> bool:
    """Whether a host serves models and nothing that a test needs otherwise."""
    return bool(_CLAUDE_HOSTS.fullmatch(host) or _MODEL_HOSTS.fullmatch(host))
