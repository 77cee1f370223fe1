"""Refused for what the messages hold, and how they end."""

from __future__ import annotations

from pytest_claude.models.asked import Asked, as_mapping
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.refusals.common import NEW_API, every, on_new_api, refused
from pytest_claude.models.rule import Rule

_CONVERSE = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html"


def _document_of_assistant(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(block.get("type") == "document" for block in asked.blocks("assistant"))
    return "`document` in an assistant message" if found and on_new_api(asked) else None


def _citations_of_user(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(b.get("type") == "text" and b.get("citations") for b in asked.blocks("user"))
    return "`citations` on a user's text" if found and on_new_api(asked) else None


def _prefill(asked: Asked, facts: ModelFacts) -> str | None:
    return "ends with an assistant message (prefill)" if _prefilled(asked) else None


def _prefill_with_tools(asked: Asked, facts: ModelFacts) -> str | None:
    both = _prefilled(asked) and asked.view.tools
    return "ends with an assistant message (prefill) and offers tools" if both else None


def _prefilled(asked: Asked) -> bool:
    """Whether the last message is text of the assistant, not a turn that the API paused."""
    messages = asked.view.messages
    if not messages or messages[-1].get("role") != "assistant":
        return False
    content = messages[-1].get("content")
    if isinstance(content, str):
        return True
    last = content[-1] if isinstance(content, list) and content else None
    return as_mapping(last).get("type") == "text"


def _video(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(block.get("type") == "video" for block in asked.blocks())
    return "a video; it takes text, images and documents" if found else None


def _uploaded_file(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(as_mapping(block.get("source")).get("type") == "file" for block in asked.blocks())
    if not found or not asked.headers_known:
        return None
    beta = any(beta.startswith("files-api-") for beta in asked.betas)
    return None if beta else "an uploaded file without the beta header of the Files API"


RULES: tuple[Rule, ...] = (
    refused(
        "document-in-assistant-api-2026-10-21", every, _document_of_assistant,
        "move the document to a user message", since=NEW_API,
        sources=("api/migration-2026-10-21",),
    ),
    refused(
        "citations-in-user-text-api-2026-10-21", every, _citations_of_user,
        "drop the citations of user texts", since=NEW_API,
        sources=("api/migration-2026-10-21",),
    ),
    refused(
        "prefill", lambda facts: facts.prefill is False, _prefill,
        "output_config.format with a JSON schema, or say it in the system prompt",
        "This model does not support assistant message prefill. "
        "The conversation must end with a user message.",
        sources=("api/errors",),
    ),
    refused(
        "prefill-with-tools", lambda facts: facts.prefill is True and "-3" in facts.id,
        _prefill_with_tools, "end with a user message",
        "Your API request included an `assistant` message in the final position, which would "
        "pre-fill the `assistant` response. When using tools, pre-filling the `assistant` "
        "response is not supported.",
        confidence="observed", platforms=("bedrock",),
    ),
    refused(
        "video", every, _video, "send frames as images", confidence="observed",
        sources=(_CONVERSE,),
    ),
    refused(
        "uploaded-file", every, _uploaded_file, "anthropic-beta: files-api-2025-04-14",
        platforms=("anthropic",), sources=("build-with-claude/files",),
    ),
)  # fmt: skip
