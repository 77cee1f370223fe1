"""A project's own names of models, from the ini file to every place that names a model."""

from __future__ import annotations

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.models.facts import facts_of
from pytest_claude.models.findings import findings
from pytest_claude.models.ids import NO_NAMES, ModelNames, canonical_model
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_map import read_model_map
from pytest_claude.models.prices import answer_cost, cost_usd, price_table
from pytest_claude.recording.fingerprint import fingerprint, known
from pytest_claude.transcript.interaction import Request
from pytest_claude.transcript.model import Answer, RequestView, Usage

PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/9x8y7z"


@pytest.mark.parametrize(
    ("line", "name", "model"),
    [
        ("our-sonnet = claude-sonnet-4-5", "our-sonnet", "claude-sonnet-4-5"),
        ("  prod/chat=claude-opus-5", "prod/chat", "claude-opus-5"),
        (f"{PROFILE} = claude-sonnet-4-5", "9x8y7z", "claude-sonnet-4-5"),
        ("next = claude-next-1", "next", "claude-next-1"),
        ("old = claude-3-7-sonnet", "old", "claude-3-7-sonnet"),
    ],
)
def test_a_line_names_a_model(line: str, name: str, model: str) -> None:
    assert read_model_map([line]).models == {name: model}


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["our-sonnet"], "'our-sonnet': expected NAME = canonical id, for example\n"
                         "       our-sonnet = claude-sonnet-4-5"),
        (["= claude-opus-5"], "'= claude-opus-5': expected NAME = canonical id, for example\n"
                              "       our-sonnet = claude-sonnet-4-5"),
        (["x ="], "'x =': expected NAME = canonical id, for example\n"
                  "       our-sonnet = claude-sonnet-4-5"),
        (["x = claude-sonet-4-5"], "'x = claude-sonet-4-5': no model is named claude-sonet-4-5; "
                                   "did you mean claude-sonnet-4-5?"),
        (["x = gpt-5"], "'x = gpt-5': no model is named gpt-5"),
        (["x = prod/chat"], "'x = prod/chat': prod/chat is the id of no Claude model"),
        (["x = claude-sonnet-4-5-20250929"],
         "'x = claude-sonnet-4-5-20250929': not a canonical id; write claude-sonnet-4-5"),
        (["x = anthropic.claude-opus-4-8"],
         "'x = anthropic.claude-opus-4-8': not a canonical id; write claude-opus-4-8"),
        (["claude-opus-5 = claude-opus-4-8"],
         "'claude-opus-5 = claude-opus-4-8': claude-opus-5 is claude-opus-5 by its own name"),
        (["x = claude-next-1", "claude-next-1 = claude-next-2"],
         "x = claude-next-1: a chain, claude-next-1 is a name itself; write what it stands for"),
        (["claude-next-1 = claude-next-1"],
         "claude-next-1 = claude-next-1: a chain, claude-next-1 is a name itself; "
         "write what it stands for"),
        (["x = claude-opus-5", "x = claude-opus-4-8"],
         "'x = claude-opus-4-8': it stands for claude-opus-5 already"),
        (["y = claude-opus-5 for x", "z = claude-opus-5 for x"],
         "'z = claude-opus-5 for x': it is y for x already"),
        (["claude-opus-5@default = claude-opus-4-8 for x"],
         "'claude-opus-5@default = claude-opus-4-8 for x': claude-opus-5@default is claude-opus-5 "
         "by its own name"),
        (["y = claude-opus-5 for"], "'y = claude-opus-5 for': no model is named "
                                    "claude-opus-5 for; did you mean claude-opus-5?"),
    ],
    ids=["no =", "no name", "no id", "misspelt", "not ours", "an alias", "dated", "of a platform",
         "a model's own id", "chain", "itself", "twice", "twice beside a name",
         "another model's id", "beside nothing"],
)  # fmt: skip
def test_a_wrong_line_is_one_sentence(lines: list[str], text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_model_map(lines)
    assert str(raised.value) == f"claude_model_map: {text}"


def test_a_name_beside_another_is_a_name_too_and_keeps_its_account() -> None:
    names = read_model_map(
        ["ours = claude-sonnet-4-5", f"{PROFILE} = claude-opus-5 for ours",
         "anthropic.claude-opus-5 = claude-opus-5 for theirs"]
    )  # fmt: skip
    assert names.models == {"ours": "claude-sonnet-4-5", "9x8y7z": "claude-opus-5"}
    assert names.counterpart("ours", "claude-opus-5") == PROFILE
    assert names.counterpart("ours", "9x8y7z") == PROFILE, "NEW by its own name"
    assert names.counterpart("theirs", "claude-opus-5") == "anthropic.claude-opus-5"
    assert names.counterpart("ours", "claude-opus-4-8") is None


def test_names_are_those_of_one_project() -> None:
    names = read_model_map(["ours = claude-opus-5"])
    assert names.canonical("ours") == "claude-opus-5"
    assert names.same("ours", "us.anthropic.claude-opus-5-v1:0")
    assert not NO_NAMES.same("ours", "claude-opus-5")
    assert (canonical_model("ours"), NO_NAMES.canonical("ours")) == ("ours", "ours")


def test_a_name_counts_with_its_date_before_it_counts_without() -> None:
    lines = ["gw-20250101 = claude-opus-5", "gw-20250601 = claude-opus-4-8", "ours = claude-opus-5"]
    names = read_model_map(lines)
    asked = ["gw-20250101", "gw-20250601", "gw", "gw-20260101", "ours-20260101"]
    assert [names.canonical(model) for model in asked] == [
        "claude-opus-5", "claude-opus-4-8", "gw", "gw", "claude-opus-5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("own", "model"),
    [("claude-ours-20250101", "claude-sonnet-5-5"), (PROFILE, "claude-opus-5")],
)
def test_facts_rules_and_prices_are_those_of_the_model_behind_the_name(
    own: str, model: str
) -> None:
    names = read_model_map(
        ["claude-ours-20250101 = claude-sonnet-5-5", f"{PROFILE} = claude-opus-5"]
    )
    assert facts_of(names.resolved(own)) == facts_of(model) is not None
    used = Usage(input_tokens=1_000_000, output_tokens=0)
    prices = price_table((), names)
    assert cost_usd(used, own, overrides=prices) == cost_usd(used, model) is not None
    sampled = MessageRequest({"model": own, "temperature": 0.5}, names=names)
    assert sampled.model == model
    assert findings(sampled, model) != ()


def test_an_answer_is_priced_by_the_model_behind_the_name_that_was_asked() -> None:
    answer = Answer(
        number=1,
        request=RequestView("POST", "/v1/messages", {"model": "ours"}),
        model="ours",
        served_model=None,
        status=200,
        usage=Usage(input_tokens=1_000_000, output_tokens=0),
    )
    names = read_model_map(["ours = claude-sonnet-5-5"])
    assert answer_cost(answer, price_table((), names)).usd == 2
    assert answer_cost(answer).unpriced == ("ours",)
    unheard = read_model_map(["ours = claude-next-1"])
    assert answer_cost(answer, price_table((), unheard)).unpriced == ("claude-next-1",)


def test_a_price_of_the_users_own_may_be_stated_by_a_name() -> None:
    names = read_model_map(["ours = claude-sonnet-5-5"])
    used = Usage(input_tokens=1_000_000, output_tokens=0)
    lines = ("ours input=7 output=8",)
    assert cost_usd(used, "claude-sonnet-5-5", overrides=price_table(lines, names)) == 7
    assert cost_usd(used, "claude-sonnet-5-5", overrides=price_table(lines)) == 2


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("https://gateway.test/v1/messages", b'{"model": "ours"}'),
        ("https://bedrock.test/model/ours/invoke", b"{}"),
        (f"https://bedrock.test/model/{PROFILE.replace('/', '%2F')}/invoke", b"{}"),
    ],
)
def test_a_name_matches_what_it_stands_for_and_a_cassette_keeps_what_was_sent(
    url: str, body: bytes
) -> None:
    def plain(text: str) -> str:
        own = PROFILE.replace("/", "%2F")
        return text.replace(own, "claude-opus-5").replace("ours", "claude-opus-5")

    asked = Request("POST", url, body)
    direct = Request("POST", plain(url), plain(body.decode()).encode())
    stored = fingerprint(asked)
    assert known(asked).fingerprint != known(direct).fingerprint
    names = ModelNames({"ours": "claude-opus-5", "9x8y7z": "claude-opus-5"})
    mark = known(asked, names=names).fingerprint
    assert mark == known(direct, names=names).fingerprint == fingerprint(direct) != stored
