"""What the Models API says of the models, over what the table knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import canonical_model
from pytest_claude.models.model_facts import EFFORTS, ModelFacts
from pytest_claude.transcript.json_values import mapping

_MODES = ("adaptive", "enabled", "disabled", "between_tools")
_SOURCE = "GET /v1/models"


def live_models() -> list[ModelFacts]:
    """All models that the key may use, with what the API says of each.

    Raises:
        SettingsError: There is no key, or the API can't be asked.
    """
    return [_merged(info) for info in _ask(lambda client: list(client.models.list(limit=1000)))]


def live_facts(model: str) -> ModelFacts | None:
    """What the API says of one model; None when it knows none of this name.

    Raises:
        SettingsError: As for `live_models`.
    """
    import anthropic  # late: it takes a second

    def one(client: Any) -> list[Any]:
        try:
            return [client.models.retrieve(model)]
        except anthropic.NotFoundError:
            return []

    found = _ask(one)
    return _merged(found[0]) if found else None


def _ask(ask: Any) -> list[Mapping[str, Any]]:
    import anthropic  # late: it takes a second

    try:
        with anthropic.Anthropic() as client:
            return [info.to_dict() for info in ask(client)]
    except (anthropic.AnthropicError, TypeError) as error:
        told = str(error).splitlines()[0]  # some versions raise TypeError where there is no key
    raise SettingsError(
        f"--live: the Models API can't be asked: {told[:200]}\n"
        "       it needs ANTHROPIC_API_KEY; without --live the shipped facts are used"
    )


def _merged(info: Mapping[str, Any]) -> ModelFacts:
    """The API's word goes before the table's; what it does not say stays as it was."""
    name = str(info["id"])
    known = facts_of(name)
    base = known or ModelFacts(
        id=canonical_model(name),
        display_name=str(info.get("display_name") or name),
        line=str(info.get("line") or "unknown"),
        status="active",
    )
    said: dict[str, Any] = {
        "context_tokens": info.get("max_input_tokens"),
        "max_output_tokens": info.get("max_tokens"),
        "retires_on": _day(info.get("retires_at")),
        "deprecated_on": _day(info.get("deprecated_at")),
        "status": _status(info.get("lifecycle"), base),
        **_capabilities(mapping(info.get("capabilities"))),
    }
    stated = {key: value for key, value in said.items() if value is not None}
    if "retires_on" in stated:
        stated["retires_not_before"] = None
    return replace(base, **stated, sources=(_SOURCE, *base.sources))


def _capabilities(capabilities: Mapping[str, Any]) -> dict[str, Any]:
    types = mapping(mapping(capabilities.get("thinking")).get("types"))
    effort = mapping(capabilities.get("effort"))
    structured = mapping(capabilities.get("structured_outputs")).get("supported")
    return {
        "thinking_modes": tuple(mode for mode in _MODES if _supported(types, mode)) or None,
        "effort_levels": tuple(level for level in EFFORTS if _supported(effort, level))
        if effort
        else None,
        "structured_outputs": structured if isinstance(structured, bool) else None,
    }


def _status(lifecycle: Any, base: ModelFacts) -> str | None:
    # The API does not tell legacy from active.
    if lifecycle in ("deprecated", "retired"):
        return str(lifecycle)
    return None if base.status == "legacy" else "active" if lifecycle == "active" else None


def _supported(capabilities: Mapping[str, Any], name: str) -> bool:
    return mapping(capabilities.get(name)).get("supported") is True


def _day(value: Any) -> str | None:
    text = "" if value is None else str(value)
    return text[:10] if len(text) >= 10 else None
