"""What a recorded request asks, as the rules look at it; reading it raises nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.transcript.interaction import Interaction, Request
from pytest_claude.transcript.json_values import mapping, mappings
from pytest_claude.transcript.model import Answer, RequestView
from pytest_claude.transcript.parse import parse_answer

Kind = Literal["messages", "count_tokens", "batch", "complete"]


@dataclass(frozen=True)
class MessageRequest:
    """One request for a message, on whatever platform, in the words of the Messages API.

    Attributes:
        body: The JSON body; empty where there was none.
        platform: "anthropic", "bedrock", "vertex" or "foundry".
        kind: The endpoint: a message, a count of its tokens, an item of a batch, or the old text
            completion.
        version: The header `anthropic-version`; None where it was not recorded.
        betas: The values of `anthropic-beta`, of the header and of the body.
        response: The content of the recorded answer; empty where there is none.
        answered: Whether the recording shows that the API accepted it; that a batch was submitted
            does not show it of its items.
        direct: Whether it went to Anthropic's own API: a gateway may know other models.
        names: What the project's own names of models stand for.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    platform: str = "anthropic"
    kind: Kind = "messages"
    version: str | None = None
    betas: frozenset[str] = frozenset()
    response: tuple[Mapping[str, Any], ...] = ()
    answered: bool = False
    direct: bool = True
    names: ModelNames = NO_NAMES

    @property
    def model(self) -> str | None:
        """The model as sent, or the id that the project's own name stands for."""
        model = self.view.model
        return None if model is None else self.names.resolved(model)

    @property
    def view(self) -> RequestView:
        """The body, read safely."""
        return RequestView("POST", "", self.body)

    @property
    def headers_known(self) -> bool:
        """Whether the recording kept the headers: what it lacks was not sent."""
        return self.version is not None

    def mapping(self, key: str) -> Mapping[str, Any]:
        """The value of `key` in the body where it is an object, else an empty one."""
        return mapping(self.body.get(key))

    @property
    def thinking(self) -> Any:
        """The value of `thinking.type`; None where it is not set."""
        return self.mapping("thinking").get("type")

    @property
    def effort(self) -> Any:
        """The value of `output_config.effort`; None where it is not set."""
        return self.mapping("output_config").get("effort")

    @property
    def forces_tool(self) -> bool:
        """Whether `tool_choice` is "any" or "tool"."""
        return self.mapping("tool_choice").get("type") in ("any", "tool")

    @property
    def format(self) -> Mapping[str, Any] | None:
        """The format asked of a structured answer, under its new or its old name."""
        return self.view.output_schema

    def blocks(self, role: str | None = None) -> Iterator[Mapping[str, Any]]:
        """The content blocks of the messages of one role, or of all; tool results' own too."""
        for message in self.view.messages:
            if role in (None, message.get("role")):
                yield from _blocks(message.get("content"))

    @property
    def prompt(self) -> str:
        """The system prompt and all texts of the user."""
        texts = [self.view.system]
        for message in self.view.messages:
            content = message.get("content")
            if message.get("role") == "user":
                texts += [content] if isinstance(content, str) else _texts(content)
        return "\n".join(texts)


def requests_in(
    interaction: Interaction, names: ModelNames = NO_NAMES
) -> tuple[MessageRequest, ...]:
    """The requests for messages in one interaction: one, those of a batch, or none.

    Args:
        interaction: As recorded.
        names: What the project's own names of models stand for.
    """
    request = interaction.request
    path = _url(request).path
    if path.endswith("/v1/messages/batches"):
        items = mappings(mapping(request.json()).get("requests"))
        bodies = [mapping(item.get("params")) for item in items]
        return tuple(_request(request, body, names, kind="batch") for body in bodies if body)
    if path.endswith(("/v1/messages/count_tokens", "/count-tokens:rawPredict")):
        body = mapping(request.json())
        answered = interaction.response.status < 400
        one = _request(request, body, names, kind="count_tokens", answered=answered)
        return (one,) if body else ()
    answer = parse_answer(interaction)
    if answer is None or answer.request.body is None:
        return ()
    kind: Kind = "complete" if path.endswith("/v1/complete") else "messages"
    one = _request(
        request,
        answer.request.body,
        names,
        kind=kind,
        platform=answer.platform,
        response=answer.content,
        answered=answer.status < 400 and answer.error is None,
    )
    return (one,)


def request_of(answer: Answer, names: ModelNames = NO_NAMES) -> MessageRequest:
    """The request of an answer, without its headers.

    Args:
        answer: As recorded.
        names: What the project's own names of models stand for.
    """
    body = answer.request.body or {}
    return MessageRequest(body=body, platform=answer.platform, response=answer.content, names=names)


def _request(
    request: Request,
    body: Mapping[str, Any],
    names: ModelNames,
    *,
    kind: Kind = "messages",
    platform: str = "anthropic",
    response: tuple[Mapping[str, Any], ...] = (),
    answered: bool = False,
) -> MessageRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    stated = str(headers.get("anthropic-beta") or "").split(",")
    inside = body.get("anthropic_beta")
    betas = [*stated, *(inside if isinstance(inside, list) else [inside])]
    version = headers.get("anthropic-version")
    return MessageRequest(
        body=body,
        platform="vertex" if "/publishers/anthropic/" in _url(request).path else platform,
        kind=kind,
        version=version if version and re.match(r"\d{4}-\d\d-\d\d$", version) else None,
        betas=frozenset(b.strip() for b in betas if isinstance(b, str) and b.strip()),
        response=response,
        answered=answered,
        direct=(_url(request).hostname or "").endswith("anthropic.com"),
        names=names,
    )


def _url(request: Request) -> SplitResult:
    try:
        return urlsplit(request.url)
    except ValueError:
        return urlsplit("")


def _blocks(content: Any) -> Iterator[Mapping[str, Any]]:
    for block in mappings(content):
        yield block
        if block.get("type") == "tool_result":
            yield from mappings(block.get("content"))


def _texts(content: Any) -> list[str]:
    texts = (block.get("text") for block in _blocks(content))
    return [text for text in texts if isinstance(text, str)]
