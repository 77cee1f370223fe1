"""Refused for what the output is to be: effort, length, format, citations, speed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pytest_claude.models import schemas
from pytest_claude.models.asked import Asked, as_mapping
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.refusals.common import STRUCTURED_PAGE, Seen, every, named, refused, short
from pytest_claude.models.rule import Rule

_FAST = ("claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-fable-5-2",
         "claude-mythos-5-2")  # fmt: skip
_ONCE_FAST = ("claude-opus-4-6", "claude-opus-4-7")  # whether they still are is not known


def _effort_at_all(asked: Asked, facts: ModelFacts) -> str | None:
    return "`effort` is not supported" if asked.effort is not None else None


def _effort_level(asked: Asked, facts: ModelFacts) -> str | None:
    levels = facts.effort_levels
    if not levels or asked.effort is None or asked.effort in levels:
        return None
    return f'effort "{short(asked.effort)}"; it has {", ".join(levels)}'


def _max_tokens(asked: Asked, facts: ModelFacts) -> str | None:
    sent, limit = asked.view.max_tokens, facts.max_output_tokens
    if sent is None or limit is None or sent <= limit or asked.kind == "batch":
        return None  # a batch may ask for more with a beta
    if any(beta.startswith("output-") for beta in asked.betas) or not _limit_is_one(asked, facts):
        return None
    return f"`max_tokens` {sent:,}; at most {limit:,}"


def _limit_is_one(asked: Asked, facts: ModelFacts) -> bool:
    """Whether no beta raised the limit of this model, or we would see it."""
    return facts.id not in ("claude-3-7-sonnet", "claude-3-5-sonnet") or asked.headers_known


def _old_format_name(asked: Asked, facts: ModelFacts) -> str | None:
    if "output_format" not in asked.body or not asked.headers_known:
        return None
    beta = any(beta.startswith("structured-outputs-") for beta in asked.betas)
    return None if beta else "`output_format` without its beta header"


def _citations_with_format(asked: Asked, facts: ModelFacts) -> str | None:
    both = asked.format is not None and _cites(asked)
    return "citations and an output format together" if both else None


def _citations(asked: Asked, facts: ModelFacts) -> str | None:
    return "citations are not supported" if _cites(asked) else None


def _cites(asked: Asked) -> bool:
    return any(as_mapping(b.get("citations")).get("enabled") is True for b in asked.blocks())


def _output_format(asked: Asked, facts: ModelFacts) -> str | None:
    return "an output format is not supported" if asked.format is not None else None


def _structured(asked: Asked, facts: ModelFacts) -> str | None:
    if asked.format is not None:
        return "an output format is not supported"
    strict = any(tool.get("strict") is True for tool in asked.view.tools)
    return "strict tools are not supported" if strict else None


def _no_schema(asked: Asked, facts: ModelFacts) -> str | None:
    lacks = asked.format is not None and asked.format.get("schema") is None
    return "an output format without a schema" if lacks else None


def _schemas(asked: Asked) -> Iterator[tuple[str, Any]]:
    """The schemas that are compiled, with where they are."""
    if asked.format is not None:
        yield "output format", asked.format.get("schema")
    for tool in asked.view.tools:
        if tool.get("strict") is True:
            yield f"strict tool {short(tool.get('name'))}", tool.get("input_schema")


def _of_schemas(look: Callable[[Any], str | None], words: str) -> Seen:
    def seen(asked: Asked, facts: ModelFacts) -> str | None:
        for where, schema in _schemas(asked) if facts.structured_outputs is not False else ():
            if (found := look(schema)) is not None:
                return f"{where}: {words.format(short(found))}"
        return None

    return seen


def _speed(asked: Asked, facts: ModelFacts) -> str | None:
    return '`speed: "fast"` is not supported' if asked.body.get("speed") == "fast" else None


RULES: tuple[Rule, ...] = (
    refused(
        "effort-unsupported", lambda facts: facts.effort_levels == (), _effort_at_all,
        "leave effort out", confidence="inferred", sources=("build-with-claude/effort",),
    ),
    refused(
        "effort-level", lambda facts: bool(facts.effort_levels), _effort_level,
        "a level that it has", "This model does not support effort level",
        sources=("build-with-claude/effort",),
    ),
    refused(
        "max-tokens-over-limit", lambda facts: facts.max_output_tokens is not None, _max_tokens,
        "lower max_tokens", "max_tokens: <n> > <limit>, which is the maximum allowed number of "
        "output tokens for <model>", sources=("models/overview",),
    ),
    refused(
        "output-format-param", every, _old_format_name, "output_config.format",
        sources=("models/sonnet-5-5/migration-guide",),
    ),
    refused(
        "citations-with-format", every, _citations_with_format, "one or the other",
        sources=(STRUCTURED_PAGE,),
    ),
    refused(
        "citations-unsupported", named("claude-3-haiku"), _citations, "leave citations out",
        "'<model>' does not support citations.", sources=("build-with-claude/citations",),
    ),
    refused(
        "structured-outputs-unsupported", lambda facts: facts.structured_outputs is False,
        _output_format, "ask for JSON in the prompt, or with a tool",
        "'<model>' does not support output format.", sources=(STRUCTURED_PAGE,),
    ),
    refused(
        "structured-outputs-bedrock", named("claude-sonnet-5-5", "claude-haiku-5-5"), _structured,
        "validate the tool's input in code", platforms=("bedrock",),
        sources=("models/sonnet-5-5/migration-guide", "models/haiku-5-5/migration-guide"),
    ),
    refused(
        "schema-missing", every, _no_schema, "output_config.format.schema",
        "output_format.schema: Field required", confidence="observed", sources=(STRUCTURED_PAGE,),
    ),
    refused(
        "schema-open-object", every,
        _of_schemas(schemas.open_object, "{} lacks additionalProperties: false"),
        "additionalProperties: false on every object",
        "For 'object' type, 'additionalProperties' must be explicitly set to false",
        sources=(STRUCTURED_PAGE,),
    ),
    refused(
        "schema-keyword", every, _of_schemas(schemas.unsupported_keyword, "{}"),
        "take it out of the schema and say it in the description", sources=(STRUCTURED_PAGE,),
    ),
    refused(
        "schema-outside-reference", every,
        _of_schemas(schemas.outside_reference, "$ref {} leaves the schema"),
        "put the definition into $defs", sources=(STRUCTURED_PAGE,),
    ),
    refused(
        "fast-mode", lambda facts: facts.id not in (*_FAST, *_ONCE_FAST), _speed, "drop speed",
        confidence="inferred", sources=("build-with-claude/fast-mode",),
    ),
)  # fmt: skip
