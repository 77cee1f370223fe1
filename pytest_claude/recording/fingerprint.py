"""What two requests share when one recording answers both. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pytest_claude.models.ids import NO_NAMES, ModelNames, canonical_model, model_of
from pytest_claude.models.platforms import Platform
from pytest_claude.recording.spelling import BETA, betas_in, neutral, without_beta_flag
from pytest_claude.transcript.interaction import Request

Normalize = Callable[[Any], Any]
"""Takes out of a parsed body what changes from run to run."""
Name = Callable[[str], str]
"""Gives a model's ids one name."""

_PLATFORM_MODEL = re.compile(
    r"/model/(?P<bedrock>[^/]+)/|/publishers/anthropic/models/(?P<vertex>[^/:]+)"
)
_BOUNDARY = re.compile(rb'boundary="?([^";,\s]+)')


@dataclass(frozen=True)
class Known:
    """What replay knows of a request; its body is parsed once for all of it.

    Attributes:
        fingerprint: As `fingerprint` gives it, where names of the project's own count as the
            models that they stand for; with rules of the test, a hash of `counted`. The values of
            `anthropic-beta` that count follow it.
        model: As `model_in` gives it.
    """

    fingerprint: str
    model: str | None


def known(
    request: Request, normalize: Normalize | None = None, names: ModelNames = NO_NAMES
) -> Known:
    """What replay needs to know of a request: which recording answers it, and whom it asks.

    Args:
        request: As it is sent, or as it is recorded.
        normalize: Takes out of its body what changes from run to run.
        names: What the project's own names of models stand for.
    """
    value = _parsed(request)
    model = _model_of(request, value)  # before a rule of the test can change the value
    if normalize is None:
        mark = _hash(request, value, names.canonical)
    else:
        fields = _counted(request, value, normalize, names)
        fields.pop(BETA, None)
        mark = _digest(_ENCODE(fields))
    return Known(with_betas(mark, betas_in(request.headers)), model)


def with_betas(mark: str, betas: str) -> str:
    """A fingerprint with the values of `anthropic-beta` that count beside what it is a hash of."""
    return f"{mark} {betas}" if betas else mark


def fingerprint(request: Request) -> str:
    """A hash of what counts: method, path, query, and the body as canonical JSON.

    The path counts from the last `/v1/` on, with a platform's model id as the model's canonical id
    and without a project or an account. Of the body, key order, white space, `1` against `1.0` and
    the spelling of the model's id do not count; of multipart bodies, the boundary. Scheme, host
    and headers are not in it. It is what a cassette holds, so no setting of a project counts.
    """
    return _hash(request, _parsed(request), canonical_model)


def counted(
    request: Request, normalize: Normalize | None = None, names: ModelNames = NO_NAMES
) -> dict[str, Any]:
    """What counts of a request, by field, in one spelling; two that are equal are one request.

    Its fields are method, path, query, `anthropic-beta` and those of the body, or `body` where
    that is no JSON object. A field that says nothing is left out. The arguments are those of
    `known`.
    """
    return _counted(request, _parsed(request), normalize, names)


def as_text(fields: Mapping[str, Any]) -> str:
    """What `counted` gives, as canonical JSON."""
    return _ENCODE(fields)


def _counted(
    request: Request, value: Any, normalize: Normalize | None, names: ModelNames
) -> dict[str, Any]:
    model = model_in_path(request.url)
    path, query = _DECODE(_target(request.url, model and names.canonical(model)))
    fields = {"method": request.method, "path": path, "query": without_beta_flag(query)}
    if value is None:
        body: Any = _without_boundary(request).decode("utf-8", "surrogateescape")
    else:
        body = _with_one_name(value, names.canonical)
        body = neutral(body if normalize is None else normalize(body))
    others = body if isinstance(body, dict) else {"body": body}
    in_body = others.get("anthropic_beta")  # on Bedrock
    if isinstance(in_body, list):
        others = {key: item for key, item in others.items() if key != "anthropic_beta"}
    betas = betas_in(request.headers, in_body if isinstance(in_body, list) else ())
    # A body may have fields of these names, for example a path of its own.
    others = {f"body.{key}" if key in fields else key: item for key, item in others.items()}
    fields |= {BETA: betas, **others}
    return {key: item for key, item in fields.items() if item not in ("", [])}


def own_part(
    body: Mapping[str, Any], normalize: Normalize | None, names: ModelNames, *, whole: bool = False
) -> str:
    """A hash of what an app itself says in a request.

    Turns of the model and the ids of its tool calls don't count: they differ from trial to trial.

    Args:
        body: As the app built it.
        normalize: Takes out of it what changes from run to run.
        names: What the project's own names of models stand for.
        whole: Whether all counts: the first request of a trial holds no turn of the model, and
            those that are called so are examples.
    """
    model = model_of(body)
    value: Any = body if model is None else {**body, "model": names.canonical(model)}
    value = value if normalize is None else normalize(value)
    messages = value.get("messages") if isinstance(value, Mapping) else None
    if isinstance(messages, list) and not whole:
        turns = [*map(_own_turn, messages[:-1]), *messages[-1:]]
        value = {**value, "messages": [_without_ids(turn) for turn in turns]}
    return _digest(_ENCODE(value))


def _own_turn(turn: Any) -> Any:
    """A turn before the last; the model's are left out. A last one of it begins its reply."""
    is_models = isinstance(turn, Mapping) and turn.get("role") == "assistant"
    return "assistant" if is_models else turn


def _without_ids(turn: Any) -> Any:
    """A turn whose tool results say not which call they answer."""
    content = turn.get("content") if isinstance(turn, Mapping) else None
    if not isinstance(content, list):
        return turn
    blocks = [
        {**block, "tool_use_id": ""}
        if isinstance(block, Mapping) and "tool_use_id" in block
        else block
        for block in content
    ]
    return {**turn, "content": blocks}


def edition(asked: Iterable[str]) -> str:
    """The fingerprint of what an app asked in a trial so far: 16 hexadecimal digits.

    `asked` are the hashes of its requests, in any order: an app may ask at once.
    """
    return _digest("\n".join(sorted(asked)))[:16]


def model_in(request: Request) -> str | None:
    """The model a request asks, from its body or, on Bedrock and Vertex, from its path.

    For a batch it is the model of its first request.
    """
    return _model_of(request, request.json())


def _model_of(request: Request, body: Any) -> str | None:
    return model_of(body) or model_in_path(request.url) or _model_in_batch(body)


def _parsed(request: Request) -> Any:
    """The body with `1.0` as `1`, or None where it is no JSON."""
    try:
        return _DECODE(request.body.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def _hash(request: Request, value: Any, name: Name) -> str:
    model = model_in_path(request.url)
    target = _target(request.url, model if model is None else name(model))
    if value is None:
        body = _without_boundary(request).decode("utf-8", "surrogateescape")
    else:
        body = _ENCODE(_with_one_name(value, name))
    return _digest(f"{request.method} {target}\n{body}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _with_one_name(value: Any, name: Name) -> Any:
    model = model_of(value)
    return value if model is None else {**value, "model": name(model)}


def _model_in_batch(body: Any) -> str | None:
    match body:
        case {"requests": [{"params": params}, *_]}:
            return model_of(params)
    return None


def _whole_number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


# Made once: `json.loads` and `json.dumps` make theirs anew for each call.
_DECODE = json.JSONDecoder(parse_float=_whole_number).decode
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@lru_cache(maxsize=256)
def _target(url: str, model: str | None) -> str:
    """Path and query; `model` replaces the platform's id in the path."""
    parts = urlsplit(url)
    path = parts.path
    platform = _PLATFORM_MODEL.search(path)
    if platform is not None and model is not None:
        path = f"/model/{quote(model)}/{path[platform.end() :].lstrip('/')}"
    elif "/v1/" in path:
        path = path[path.rfind("/v1/") :]
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return json.dumps([path, query])


@lru_cache(maxsize=256)
def model_in_path(url: str) -> str | None:
    """The model that the path of a URL names, as on Bedrock and Vertex."""
    platform = _PLATFORM_MODEL.search(urlsplit(url).path)
    return None if platform is None else unquote(platform["bedrock"] or platform["vertex"])


def with_model_in_path(url: str, model: str) -> str:
    """`url` with another model in its path, escaped as the one that is there."""
    platform = _PLATFORM_MODEL.search(url)
    assert platform is not None, "it names one"
    start, end = platform.span(platform.lastgroup or 0)
    return url[:start] + quote(model, safe=":@" if "%" not in url[start:end] else "") + url[end:]


@lru_cache(maxsize=256)
def platform_in(url: str) -> Platform | None:
    """The platform whose ids a request to `url` holds; None for Anthropic's API and gateways."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if (path := _PLATFORM_MODEL.search(parts.path)) is not None:
        return "bedrock" if path["bedrock"] else "vertex"
    if host.startswith("bedrock-mantle."):
        return "mantle"
    return "foundry" if host.endswith(".azure.com") else None


def boundary_in(headers: Mapping[str, str]) -> bytes | None:
    """What is between the parts of a multipart body; None for another body."""
    kind = headers.get("content-type", "")
    found = _BOUNDARY.search(kind.encode()) if kind.startswith("multipart/") else None
    return None if found is None else found[1]


def _without_boundary(request: Request) -> bytes:
    own = boundary_in(request.headers)
    return request.body if own is None else request.body.replace(own, b"boundary")
