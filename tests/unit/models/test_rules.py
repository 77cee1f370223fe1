"""The rules: each with a request that it is about, and whatever a request holds, no exception."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.models.adapt import REWRITES, adapt
from pytest_claude.models.facts import facts_of, models
from pytest_claude.models.findings import Finding, findings, refusals
from pytest_claude.models.message_request import MessageRequest, requests_in
from pytest_claude.models.rules import all_rules
from pytest_claude.transcript.interaction import Interaction, Request, Response

USER = [{"role": "user", "content": "Hi"}]
NEW_API = "2026-10-21"
OLD_API = "2023-06-01"


def asked(body: dict[str, Any], **more: Any) -> MessageRequest:
    return MessageRequest(body={"messages": USER, **body}, **more)


def thinking(kind: str, **more: Any) -> dict[str, Any]:
    return {"thinking": {"type": kind, **more}}


def effort(level: str) -> dict[str, Any]:
    return {"output_config": {"effort": level}}


def json_format(schema: Any) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


CLOSED = {"type": "object", "additionalProperties": False, "properties": {}}
FORCED = {"tool_choice": {"type": "any"}}
CITED = {"type": "document", "citations": {"enabled": True}}


def tool(kind: str, **more: Any) -> dict[str, Any]:
    return {"tools": [{"type": kind, **more}]}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


PREFILLED = {"messages": [*USER, {"role": "assistant", "content": "{"}]}

# rule, target, the request, what is told of it
TABLE: list[tuple[str, str, MessageRequest, str]] = [
    ("model-retired", "claude-3-haiku-20240307", asked({}), "was retired on 2026-04-20"),
    ("text-completions", "claude-haiku-4-5", asked({}, kind="complete"), "Text Completions API"),
    ("thinking-enabled", "claude-sonnet-5-5", asked(thinking("enabled", budget_tokens=2048)),
     '"enabled"` is not supported'),
    ("thinking-unsupported", "claude-3-5-haiku-latest",
     asked(thinking("enabled", budget_tokens=2048)), "thinking is not supported"),
    ("thinking-disabled-always-on", "claude-opus-5-5", asked(thinking("disabled")), '"disabled"`'),
    ("thinking-disabled-always-on", "claude-fable-5-2", asked(thinking("disabled")), '"disabled"`'),
    ("thinking-disabled-fable5", "claude-fable-5", asked(thinking("disabled")), '"disabled"`'),
    ("thinking-disabled-sonnet55", "eu.anthropic.claude-sonnet-5-5", asked(thinking("disabled")),
     '"disabled"`'),
    ("thinking-disabled-high-effort", "claude-opus-5",
     asked({**thinking("disabled"), **effort("max")}), 'at effort "max"'),
    ("thinking-adaptive-old", "claude-sonnet-4-5", asked(thinking("adaptive")), '"adaptive"`'),
    ("thinking-between-tools", "claude-haiku-5-5", asked(thinking("between_tools")),
     '"between_tools"`'),
    ("between-tools-effort", "claude-sonnet-5-5",
     asked({**thinking("between_tools"), **effort("xhigh")}), 'at effort "xhigh"'),
    ("between-tools-fields", "claude-sonnet-5-5",
     asked(thinking("between_tools", display="omitted")), "with `display`"),
    ("between-tools-per-message-effort", "claude-sonnet-5-5",
     asked({**thinking("between_tools"), "messages": [{**USER[0], **effort("low")}]}),
     "effort per message"),
    ("budget-ge-max-tokens", "claude-sonnet-4-5",
     asked({**thinking("enabled", budget_tokens=2048), "max_tokens": 2048}, version=OLD_API),
     "`budget_tokens` 2048 is not below `max_tokens` 2048"),
    ("budget-below-1024", "claude-sonnet-4-5", asked(thinking("enabled", budget_tokens=1023)),
     "1023; at least 1,024"),
    ("thinking-block-missing", "claude-sonnet-4-5",
     asked({**thinking("enabled", budget_tokens=2048), "messages": [
         *USER, {"role": "assistant", "content": [{"type": "tool_use", "id": "t"}]},
         {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]}),
     "without the thinking block"),
    ("sampling-non-default", "claude-opus-4-7", asked({"temperature": 0.2}),
     "`temperature` 0.2; only 1 is accepted"),
    ("sampling-non-default", "claude-sonnet-5-5", asked({"top_p": 1}),
     "`top_p` 1; only 0.99 is accepted"),
    ("sampling-non-default", "claude-haiku-5-5", asked({"top_k": 40}), "`top_k` is not accepted"),
    ("sampling-both", "claude-opus-4-1", asked({"temperature": 1, "top_p": 0.5}), "together"),
    ("sampling-with-thinking-old", "claude-sonnet-4-6",
     asked({**thinking("adaptive"), "temperature": 0}), "`temperature` 0 while thinking"),
    ("sampling-with-thinking-old", "claude-sonnet-4-5",
     asked({**thinking("enabled", budget_tokens=2048), "top_p": 0.9}), "`top_p` 0.9 while"),
    ("sampling-api-2026-10-21", "claude-sonnet-4-5", asked({"temperature": 1}, version=NEW_API),
     "`temperature` with anthropic-version 2026-10-21"),
    ("document-in-assistant-api-2026-10-21", "claude-sonnet-5-5",
     asked({"messages": [{"role": "assistant", "content": [{"type": "document"}]}, *USER]},
           version=NEW_API), "in an assistant message"),
    ("citations-in-user-text-api-2026-10-21", "claude-sonnet-5-5",
     asked(user({"type": "text", "text": "x", "citations": [{"a": 1}]}), version=NEW_API),
     "on a user's text"),
    ("prefill", "claude-sonnet-4-6", asked(PREFILLED), "ends with an assistant message (prefill)"),
    ("prefill-with-tools", "anthropic.claude-3-haiku-20240307-v1:0",
     asked({**PREFILLED, "tools": [{"name": "f"}]}, platform="bedrock"), "offers tools"),
    ("video", "claude-sonnet-4-5", asked(user({"type": "video"})), "a video"),
    ("uploaded-file", "claude-sonnet-4-5",
     asked(user({"type": "image", "source": {"type": "file"}}), version=OLD_API), "Files API"),
    ("forced-tool-choice", "claude-sonnet-5-5", asked(FORCED, kind="count_tokens"),
     '"tool" and "any" are not supported'),
    ("forced-tool-with-manual-thinking", "claude-3-7-sonnet-20250219",
     asked({**FORCED, **thinking("enabled", budget_tokens=2048)}), "with thinking enabled"),
    ("forced-tool-with-adaptive-thinking", "claude-sonnet-4-6",
     asked({**FORCED, **thinking("adaptive")}), "with thinking adaptive"),
    ("forced-tool-bedrock-sonnet5", "anthropic.claude-sonnet-5", asked(FORCED, platform="bedrock"),
     "without thinking disabled"),
    ("effort-unsupported", "claude-haiku-4-5", asked(effort("low")), "`effort` is not supported"),
    ("effort-level", "claude-opus-4-6", asked(effort("xhigh")),
     'effort "xhigh"; it has low, medium, high, max'),
    ("max-tokens-over-limit", "claude-opus-4-5", asked({"max_tokens": 64_001}),
     "`max_tokens` 64,001; at most 64,000"),
    ("computer-tool-old-toolset", "claude-opus-5-5", asked(tool("computer_20251124")),
     "computer_20251124"),
    ("fgts-header-with-toolset", "claude-opus-5-5",
     asked(tool("computer_toolset_20260801"),
           betas=frozenset({"fine-grained-tool-streaming-2025-05-14"})), "with a toolset"),
    ("text-editor-old", "claude-sonnet-4-5", asked(tool("text_editor_20250124")),
     "text_editor_20250124"),
    ("code-execution-legacy", "claude-haiku-5-5", asked(tool("code_execution_20250522")),
     "code_execution_20250522"),
    ("output-format-param", "claude-sonnet-4-5",
     asked({"output_format": {"type": "json_schema", "schema": CLOSED}}, version=OLD_API),
     "without its beta header"),
    ("citations-with-format", "claude-sonnet-4-5",
     asked({**json_format(CLOSED), **user(CITED)}), "together"),
    ("citations-unsupported", "claude-3-haiku-20240307", asked(user(CITED)),
     "citations are not supported"),
    ("structured-outputs-unsupported", "claude-sonnet-4-20250514", asked(json_format(CLOSED)),
     "an output format is not supported"),
    ("structured-outputs-bedrock", "anthropic.claude-sonnet-5-5",
     asked({"tools": [{"name": "f", "strict": True, "input_schema": CLOSED}]}, platform="bedrock"),
     "strict tools are not supported"),
    ("schema-missing", "claude-sonnet-4-5", asked({"output_config": {"format": {"type": "x"}}}),
     "without a schema"),
    ("schema-open-object", "claude-sonnet-4-5",
     asked(json_format({**CLOSED, "properties": {"a": {"type": "object"}}})),
     "output format: $.a lacks additionalProperties: false"),
    ("schema-keyword", "claude-sonnet-4-5",
     asked({"tools": [{"name": "f", "strict": True,
                       "input_schema": {"type": "array", "minItems": 2}}]}),
     "strict tool f: For 'array' type, 'minItems' values other than 0 or 1"),
    ("schema-outside-reference", "claude-sonnet-4-5",
     asked(json_format({"$ref": "https://example.com/a.json"})), "leaves the schema"),
    ("strict-tools-limit", "claude-sonnet-4-5",
     asked({"tools": [{"name": f"t{n}", "strict": True, "input_schema": CLOSED}
                      for n in range(21)]}), "21 strict tools; at most 20"),
    ("advisor-pairing", "claude-sonnet-5-5",
     asked({"tools": [{"type": "advisor_20260301", "model": "claude-haiku-5-5"}]}),
     "claude-haiku-5-5 can't advise it"),
    ("fast-mode", "claude-sonnet-5-5", asked({"speed": "fast"}), '`speed: "fast"`'),
]  # fmt: skip


def of(asked: MessageRequest, target: str) -> dict[str, Finding]:
    return {each.rule: each for each in refusals(asked, target, on="2026-11-25")}


@pytest.mark.parametrize(
    ("rule", "target", "request_", "told"), TABLE, ids=[f"{row[0]}-{row[1]}" for row in TABLE]
)
def test_a_rule_tells_what_it_is_about(
    rule: str, target: str, request_: MessageRequest, told: str
) -> None:
    finding = of(request_, target)[rule]
    assert told in finding.seen
    assert finding.status in (400, 404)
    assert finding.since is not None or facts_of(target).released is None  # type: ignore[union-attr]
    assert finding.mechanical == (rule in REWRITES)


def test_every_refusal_is_in_the_table() -> None:
    refused = {rule.id for rule in all_rules() if rule.effect == "refused"}
    assert refused == {row[0] for row in TABLE}
    assert REWRITES.keys() <= refused


@pytest.mark.parametrize(
    ("rule", "target", "request_"),
    [row[:3] for row in TABLE if row[0] in REWRITES],
    ids=[f"{row[0]}-{row[1]}" for row in TABLE if row[0] in REWRITES],
)
def test_what_is_mechanical_is_settled_by_adapting(
    rule: str, target: str, request_: MessageRequest
) -> None:
    adapted, rewrites = adapt(request_.body, target)
    left = of(MessageRequest(adapted, request_.platform, request_.kind), target)
    assert rule not in left
    assert set(left) <= set(of(request_, target)), "mending one thing breaks no other"
    assert rule in [rewrite.rule for rewrite in rewrites]


@pytest.mark.parametrize("model", [each.id for each in models()])
def test_a_plain_request_is_refused_by_no_model(model: str) -> None:
    assert refusals(asked({"max_tokens": 1024}), model) == ()


ACCEPTED = [
    ("claude-sonnet-4", asked(tool("text_editor_20250429"))),
    ("claude-sonnet-4-5", asked({**thinking("enabled", budget_tokens=2048), "messages": [
         *USER, {"role": "assistant", "content": [{"type": "thinking"}, {"type": "tool_use"}]},
         {"role": "user", "content": [{"type": "tool_result"}]}]})),
    ("claude-opus-4-6", asked({"speed": "fast"})),
    ("claude-sonnet-4-5", asked({"temperature": 0.2, "top_k": 5})),
    ("claude-sonnet-5-5", asked({"temperature": 1})),
    ("claude-sonnet-5-5", asked(thinking("between_tools"))),
    ("claude-haiku-5-5", asked({**FORCED, **thinking("disabled")})),
    ("claude-opus-4-6", asked({**FORCED, **thinking("adaptive")})),
    ("claude-sonnet-5", asked(FORCED)),
    ("claude-sonnet-4-5", asked(PREFILLED)),
    # A turn that the API paused is sent back as it is: that is no prefill.
    ("claude-sonnet-5-5", asked({"messages": [
        *USER, {"role": "assistant", "content": [{"type": "server_tool_use"}]}]})),
    ("claude-3-7-sonnet", asked({"max_tokens": 128_000}, betas=frozenset({"output-128k-2025"}),
                                version=OLD_API)),
    ("claude-sonnet-4-5", asked({**thinking("enabled", budget_tokens=2048), "max_tokens": 2048})),
    ("claude-sonnet-5-5", asked(tool("computer_20251124"), platform="bedrock")),
    ("claude-fable-5-2", asked({"speed": "fast"})),
    ("claude-sonnet-4-5", asked(json_format(
        {**CLOSED, "properties": {"minLength": {"type": "string", "minLength": 1}}}))),
]  # fmt: skip


@pytest.mark.parametrize(("target", "request_"), ACCEPTED, ids=range(len(ACCEPTED)))
def test_what_is_documented_as_accepted_is_not_refused(
    target: str, request_: MessageRequest
) -> None:
    assert refusals(request_, target) == ()


def test_a_retirement_is_judged_by_the_day() -> None:
    sonnet = "claude-sonnet-4-5"
    assert refusals(asked({}), sonnet, on="2026-11-30") == ()
    (finding,) = refusals(asked({}), sonnet, on="2026-12-01")
    assert finding.rule == "model-retired"
    assert finding.since == "2026-11-30"
    assert refusals(asked({}), sonnet) == (), "without a day nothing is said"
    assert refusals(asked({}, platform="bedrock"), sonnet, on="2026-12-01") == ()


def test_a_gateway_may_have_models_of_other_names() -> None:
    (finding,) = findings(asked({}, direct=False), "some-model")
    assert (finding.rule, finding.effect) == ("model-unknown", "warning")
    assert refusals(asked({}, direct=False), "claude-3-haiku", on="2026-11-25") == ()
    body = b'{"model": "some-model"}'
    hosts = ("api.anthropic.com", "gateway.example.com")
    read = [
        requests_in(interaction(f"https://{host}/v1/messages", body))[0].direct for host in hosts
    ]
    assert read == [True, False]


def test_a_rule_does_not_hold_before_it_began() -> None:
    request = asked({"temperature": 1}, version=NEW_API)
    assert refusals(request, "claude-sonnet-4-5", on="2026-10-20") == ()
    assert refusals(request, "claude-sonnet-4-5", on="2026-10-21") != ()


def test_limits_that_were_not_read_are_told_as_assumed() -> None:
    (finding,) = refusals(asked({"temperature": 0.5}), "claude-fable-5-2")
    assert finding.confidence == "assumed"


@pytest.mark.parametrize(
    ("model", "rule", "told"),
    [
        ("claude-next-1", "model-unknown", "claude-next-1 is unknown here: no rule was applied"),
        ("claude-sonnet-6", "model-unknown", "claude-sonnet-6 is unknown here"),
        ("claude-2.1", "model-unknown", "claude-2.1 is unknown here"),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
         "model-unknown", "is unknown here"),
        ("claude-sonet-4-5", "model-not-found", "did you mean claude-sonnet-4-5?"),
        ("claude-4-5-haiku", "model-not-found", "no model is named claude-4-5-haiku"),
        ("claude-sonnet-4-5-20250930", "model-not-found", "claude-sonnet-4-5-20250929?"),
        ("claude-haiku-4-5-latest", "model-not-found", "did you mean claude-haiku-4-5?"),
        ("no model", "model-not-found", "no model is named no model"),
        ("", "model-not-found", "no model is named so"),
        ("x" * 10_000, "model-not-found", "no model is named xxx"),
        ("claude-" + "9" * 10_000, "model-not-found", "no model is named claude-999"),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_model_that_is_not_known(model: str, rule: str, told: str) -> None:
    (finding,) = findings(asked({"temperature": 0.2}), model, old="claude-sonnet-4-5")
    assert finding.rule == rule
    assert told in finding.seen
    assert len(finding.seen) < 160
    assert (finding.effect == "refused") == (rule == "model-not-found")


@pytest.mark.parametrize(
    "model",
    ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5@20250929",
     "anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
     "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
     "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"
     "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
     "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
     "projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929",
     "projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5"],
)  # fmt: skip
def test_every_documented_form_of_an_id_is_known(model: str) -> None:
    facts = facts_of(model)
    assert facts is not None
    assert facts.id == "claude-sonnet-4-5"
    (finding,) = refusals(asked(thinking("adaptive")), model)
    assert finding.rule == "thinking-adaptive-old"


def changed(body: dict[str, Any], old: str, new: str, **more: Any) -> dict[str, str]:
    found = findings(asked(body, **more), new, old=old)
    return {each.rule: each.seen for each in found if each.effect != "refused"}


def test_what_changes_without_an_error() -> None:
    body = {"max_tokens": 500, "messages": [{"role": "user", "content": "Answer as JSON."}]}
    found = changed(body, "claude-sonnet-4-5", "claude-sonnet-5-5")
    for rule in ("thinking-on-by-default", "small-max-tokens", "tokenizer", "content0",
                 "refusal-new", "b-s55-json-prompted", "b-46-escaping"):  # fmt: skip
        assert rule in found
    assert "cache-minimum" not in found
    assert "b-s55-asks" not in found, "that is of low and medium effort"


def test_a_change_is_one_against_a_model() -> None:
    assert "tokenizer" not in changed({}, "claude-sonnet-5", "claude-sonnet-5-5")
    assert "tokenizer" not in changed({}, "claude-next-1", "claude-sonnet-5-5")
    assert "b-s55-asks" in changed(effort("low"), "claude-sonnet-5", "claude-sonnet-5-5")


def test_hints_look_at_the_request() -> None:
    cached = {"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]}
    old, new = "claude-sonnet-4-5", "claude-haiku-5-5"
    assert changed(cached, old, new)["cache-minimum"].startswith("prompt cache from 512 tokens")
    assert "image-tokens" in changed(user({"type": "image"}), old, new)
    assert "priority-tier" in changed({"service_tier": "auto"}, old, new)
    assert "effort-default-changed" in changed({}, old, new)
    assert "beta-headers-dead" in changed({}, old, new, betas=frozenset({"pdfs-2024-09-25"}))
    assert "display-omitted" in changed({}, old, new, response=({"type": "thinking"},))
    assert "model-deprecated" in changed({}, new, old)
    assert "thinking-enabled-deprecated" in changed(
        thinking("enabled", budget_tokens=2000), old, "claude-sonnet-4-6"
    )
    assert "reasoning-in-reply" in changed({"system": "Show your reasoning."}, old,
                                           "claude-sonnet-5-5")  # fmt: skip


# --- reading recordings ---------------------------------------------------------------------------


def interaction(url: str, body: bytes, headers: dict[str, str] | None = None) -> Interaction:
    return Interaction(Request("POST", url, body, headers or {}), Response(200, b"{}"))


def test_requests_are_found_on_every_endpoint() -> None:
    api = "https://api.anthropic.com/v1/messages"
    headers = {"anthropic-version": NEW_API, "anthropic-beta": "a-1, b-2"}
    (plain,) = requests_in(interaction(api, b'{"model": "m", "anthropic_beta": ["c-3"]}', headers))
    assert (plain.version, plain.betas) == (NEW_API, {"a-1", "b-2", "c-3"})
    (count,) = requests_in(interaction(f"{api}/count_tokens", b'{"model": "m"}'))
    assert (count.kind, count.model, count.headers_known) == ("count_tokens", "m", False)
    old = interaction("https://api.anthropic.com/v1/complete", b'{"model": "m", "prompt": "x"}')
    assert [found.kind for found in requests_in(old)] == ["complete"]
    batch = b'{"requests": [{"custom_id": "a", "params": {"model": "m"}}, {"params": 3}, 4]}'
    (item,) = requests_in(interaction(f"{api}/batches", batch))
    assert (item.kind, item.model) == ("batch", "m")
    assert requests_in(interaction("https://example.com/v1/other", b"{}")) == ()
    assert requests_in(interaction("http://[", b"{}")) == ()


def test_bedrocks_converse_is_read_in_the_same_words() -> None:
    body = (
        b'{"messages": [], "outputConfig": {"textFormat": {"type": "json_schema", "structure":'
        b' {"jsonSchema": {"schema": "{\\"type\\": \\"object\\"}"}}}}, "toolConfig": {"tools":'
        b' [{"toolSpec": {"name": "f", "strict": true}}]}}'
    )
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-opus-4-6-v1/converse"
    (found,) = requests_in(interaction(url, body))
    assert found.platform == "bedrock"
    assert [f.rule for f in refusals(found, found.model or "")] == ["schema-open-object"]
    assert found.view.tools[0]["strict"] is True


# --- whatever it holds ----------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.sampled_from(["enabled", "disabled", "adaptive", "any", "max", "json_schema", "object"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(max_size=8) | st.sampled_from(
            ["type", "effort", "format", "schema", "citations", "source", "content", "role",
             "budget_tokens", "strict", "input_schema", "properties", "model", "name"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip
BODIES = st.dictionaries(
    st.sampled_from(["model", "messages", "system", "tools", "tool_choice", "thinking", "speed",
                     "temperature", "top_p", "top_k", "max_tokens", "output_config",
                     "output_format", "service_tier", "odd"]),
    JSON, max_size=8,
)  # fmt: skip


@given(body=BODIES, target=st.sampled_from([m.id for m in models()]) | st.text(),
       version=st.none() | st.sampled_from([NEW_API, OLD_API, "odd"]))  # fmt: skip
def test_whatever_a_request_holds_there_is_a_finding_or_none(
    body: dict[str, Any], target: str, version: str | None
) -> None:
    before = repr(body)
    for platform in ("anthropic", "bedrock", "vertex", "foundry"):
        request = MessageRequest(body, platform, version=version)
        for each in findings(request, target, old="claude-sonnet-4-5", on="2026-11-25"):
            assert each.seen
    adapt(body, target)
    assert repr(body) == before


def test_a_deep_schema_is_looked_at_without_end() -> None:
    schema: Any = {"type": "object"}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    assert refusals(asked(json_format(schema)), "claude-sonnet-5-5")[0].rule == "schema-open-object"


@given(st.binary(max_size=60) | st.just(b""), st.text(max_size=40))
def test_whatever_was_sent_reading_it_raises_nothing(body: bytes, path: str) -> None:
    for url in (f"https://api.anthropic.com/{path}", "https://api.anthropic.com/v1/messages"):
        requests_in(interaction(url, body))
