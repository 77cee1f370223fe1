"""What was asked: the body of a request in the words of the Messages API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.transcript.json_values import integer, mapping, mappings, string

_ATTACHED = ("image", "document", "container_upload")


@dataclass(frozen=True)
class Attachment:
    """An image or a document, as a reference: what it is, not its content.

    Attributes:
        kind: "image", "document" or "container_upload".
        reference: Its URL, the id of its file, or "sha256:" and the beginning of the hash of what
            was sent; None where nothing was recorded.
        media_type: As stated; None where it was not.
        title: Of a document, as stated.
        size_bytes: Size of what was sent; None for a URL or a file.
    """

    kind: str
    reference: str | None
    media_type: str | None = None
    title: str | None = None
    size_bytes: int | None = None

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Attachment:
        """The reference to what a content block holds."""
        source = mapping(block.get("source", block))
        kind, media = str(block.get("type")), string(source.get("media_type"))
        title = string(block.get("title"))
        reference = string(source.get("url") or source.get("file_id"))
        data = source.get("data", source.get("content", source.get("bytes")))
        if reference is not None or data is None:
            return cls(kind, reference, media, title)
        content = (data if isinstance(data, str) else repr(data)).encode("utf-8", "surrogatepass")
        size = len(content) * 3 // 4 if source.get("type") == "base64" else len(content)
        digest = hashlib.sha256(content).hexdigest()[:12]
        return cls(kind, f"sha256:{digest}", media, title, size)


@dataclass(frozen=True)
class RequestView:
    """What was asked; whatever the body holds, reading it raises nothing.

    Attributes:
        method: HTTP method.
        path: Path of the URL.
        body: The JSON body as it was sent, or None.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    @property
    def model(self) -> str | None:
        """The model as sent."""
        return string(self._get("model"))

    @property
    def system(self) -> str:
        """The system prompt, its text blocks joined."""
        return text_of(self._get("system"))

    @property
    def messages(self) -> tuple[Mapping[str, Any], ...]:
        """The messages, each with `role` and `content`."""
        return mappings(self._get("messages"))

    @property
    def prefill(self) -> str:
        """The beginning of the answer, where the app wrote it: a last message of the assistant.

        A turn of the model that the API paused is sent back too, and is none: it is not text alone.
        """
        last = self.messages[-1] if self.messages else {}
        content = last.get("content") if last.get("role") == "assistant" else ""
        if isinstance(content, str):
            return content
        is_text = all(block.get("type") == "text" for block in mappings(content))
        return "".join(str(b.get("text")) for b in mappings(content)) if is_text else ""

    @property
    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """The tools offered, as sent."""
        return mappings(self._get("tools"))

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The names of the tools offered."""
        return tuple(str(tool["name"]) for tool in self.tools if "name" in tool)

    @property
    def max_tokens(self) -> int | None:
        """The limit of output tokens."""
        return integer(self._get("max_tokens"))

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return self._get("stream") is True

    @property
    def output_schema(self) -> Mapping[str, Any] | None:
        """The format asked of a structured answer, as sent."""
        config = self._object("output_config")
        value = self._get("output_format") if config is None else config.get("format")
        return value if isinstance(value, Mapping) else None

    @property
    def effort(self) -> str | None:
        """The level of effort, as sent."""
        return string((self._object("output_config") or {}).get("effort"))

    @property
    def tool_choice(self) -> Mapping[str, Any] | None:
        """The tool choice, as sent."""
        return self._object("tool_choice")

    @property
    def thinking(self) -> Mapping[str, Any] | None:
        """The thinking setting, as sent."""
        return self._object("thinking")

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The images and documents of the messages, those in tool results included, in order."""
        return tuple(each for m in self.messages for each in _attachments(m.get("content")))

    def _get(self, key: str) -> Any:
        return self.body.get(key) if self.body is not None else None

    def _object(self, key: str) -> Mapping[str, Any] | None:
        value = self._get(key)
        return value if isinstance(value, Mapping) else None


def text_of(content: Any) -> str:
    """The text of a content field: a string, or its text blocks joined by a blank line."""
    if isinstance(content, str):
        return content
    texts = (block.get("text") for block in mappings(content) if block.get("type") == "text")
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _attachments(content: Any) -> Iterator[Attachment]:
    for block in mappings(content):
        if block.get("type") in _ATTACHED:
            yield Attachment.of(block)
        elif block.get("type") == "tool_result":
            yield from _attachments(block.get("content"))
