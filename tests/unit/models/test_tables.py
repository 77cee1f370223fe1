"""The data files: each entry has its date and sources, and a slip in one is told in a sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import Any, get_args, get_type_hints

import pytest

from pytest_claude.models.conditions import OF_MODELS, OF_REQUESTS
from pytest_claude.models.facts import facts_of, models
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rule_table import read_rules
from pytest_claude.models.rules import Confidence, Rule, all_rules
from pytest_claude.models.tables import DOCS, TableError, file_text, read_models

FILES = ("models.toml", "refusals.toml", "changes.toml")
ENTRIES = [
    pytest.param(file, entry, data, id=f"{file}-{entry['id']}")
    for file in FILES
    for data in [tomllib.loads(file_text(file))]
    for kind in ("model", "refused", "warning", "behavior")
    for entry in data.get(kind, [])
]


@pytest.mark.parametrize(("file", "entry", "data"), ENTRIES)
def test_an_entry_says_when_and_where_it_was_read(
    file: str, entry: dict[str, Any], data: dict[str, Any]
) -> None:
    read = date.fromisoformat(entry.get("checked", data["checked"]))
    assert date(2026, 8, 22) <= read
    if entry.get("confidence") != "observed":
        assert entry["sources"]
    for source in entry.get("sources", []):
        assert source.startswith("https://") or "://" not in source
        assert not source.startswith(DOCS), "a page of the documentation goes without it"


def test_ids_are_unique_over_all_rules_and_over_all_models() -> None:
    for ids in ([rule.id for rule in all_rules()], [facts.id for facts in models()]):
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("facts", models(), ids=lambda facts: facts.id)
def test_each_value_is_of_its_fields_type(facts: ModelFacts) -> None:
    hints = get_type_hints(ModelFacts)
    for field in fields(ModelFacts):
        value, hint = getattr(facts, field.name), hints[field.name]
        literals = {word for part in (hint, *get_args(hint)) for word in get_args(part)
                    if isinstance(word, str)}  # fmt: skip
        if literals and value is not None:
            assert value in literals, field.name
        if field.name in ("computer_tools", "platform_ids"):
            assert isinstance(value, dict)
        elif "tuple" in str(hint):
            assert value is None or all(isinstance(each, str) for each in value), field.name


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_is_whole(rule: Rule) -> None:
    assert rule.confidence in get_args(Confidence)
    assert (rule.status in (400, 404)) == (rule.effect == "refused")
    assert (rule.message is not None) <= (rule.effect == "refused")
    assert any(rule.models(facts) for facts in models()), "it is about a model"
    assert rule.platforms is None or set(rule.platforms) <= {
        "anthropic", "bedrock", "vertex", "foundry",
    }  # fmt: skip


@pytest.mark.parametrize(("file", "entry", "data"), ENTRIES)
def test_each_id_that_an_entry_names_is_a_models(
    file: str, entry: dict[str, Any], data: dict[str, Any]
) -> None:
    names = [name for key in ("models", "not_models", "from", "not_from") for name in
             entry.get(key, [])]  # fmt: skip
    names += [name for group in data.get("groups", {}).values() for name in group]
    for name in names:
        known = facts_of(name)
        assert name.startswith("@") or (known is not None and known.id == name)


def test_each_condition_and_each_group_is_used_by_a_rule() -> None:
    texts = [tomllib.loads(file_text(name)) for name in FILES[1:]]
    entries = [entry for data in texts for kind in data.values() if isinstance(kind, list)
               for entry in kind]  # fmt: skip
    assert {entry["when"] for entry in entries if "when" in entry} == set(OF_REQUESTS)
    which = {entry[key] for entry in entries for key in ("which", "from_which") if key in entry}
    assert which == set(OF_MODELS)
    for data in texts:
        text = str(data)
        assert all(f"'@{group}'" in text for group in data["groups"])


MODEL = """
checked = "2026-11-22"
[[model]]
id = "claude-x-1"
display_name = "Claude X 1"
line = "x"
status = "active"
sources = ["models/overview"]
"""
RULE = """
checked = "2026-11-22"
[groups]
old = ["claude-3-haiku"]
[[refused]]
id = "no-fun"
models = ["@old"]
when = "forced tool"
words = "fun"
sources = ["api/errors"]
"""


def test_a_file_is_read() -> None:
    (facts,) = read_models(MODEL, "m.toml")
    assert (facts.sources, facts.checked) == ((f"{DOCS}models/overview",), "2026-11-22")
    assert facts.prefill is None, "what is left out is unknown"
    (rule,) = read_rules(RULE, "r.toml")
    assert (rule.effect, rule.status, rule.from_models) == ("refused", 400, None)
    haiku, opus = facts_of("claude-3-haiku"), facts_of("claude-opus-5")
    assert haiku is not None
    assert opus is not None
    assert rule.models(haiku)
    assert not rule.models(opus)


@pytest.mark.parametrize(
    ("read", "text", "old", "new", "told"),
    [
        (read_models, MODEL, "line =", "lines =",
         "a.toml: claude-x-1: unknown key 'lines'; did you mean 'line'?"),
        (read_models, MODEL, 'line = "x"', "", "a.toml: claude-x-1: the key 'line' is missing"),
        (read_models, MODEL, 'id = "claude-x-1"', "", "a.toml: model 1: the key 'id' is missing"),
        (read_models, MODEL, "[[model]]", "[[models]]",
         "a.toml: unknown key 'models'; did you mean 'model'?"),
        (read_models, MODEL, '["models/overview"]', "[]",
         "a.toml: claude-x-1: it names no source, and was not observed"),
        (read_models, MODEL, 'checked = "2026-11-22"', "",
         "a.toml: claude-x-1: checked: a day as YYYY-MM-DD, not None"),
        (read_models, MODEL, 'line = "x"', 'line = "x"\nchecked = "soon"',
         "a.toml: claude-x-1: checked: a day as YYYY-MM-DD, not 'soon'"),
        (read_models, MODEL, MODEL, MODEL + MODEL.partition("22\"")[2],
         "a.toml: claude-x-1: the id comes twice"),
        (read_models, MODEL, "[[model]]", "[[model",
         "a.toml: Expected ']]' at the end of an array declaration (at line 3, column 8)"),
        (read_rules, RULE, "when =", "whence =",
         "a.toml: no-fun: unknown key 'whence'; did you mean 'when'?"),
        (read_rules, RULE, 'words = "fun"', "", "a.toml: no-fun: the key 'words' is missing"),
        (read_rules, RULE, '"forced tool"', '"forced tol"',
         "a.toml: no-fun: when: unknown condition 'forced tol'; did you mean 'forced tool'?"),
        (read_rules, RULE, "when =", 'which = "is blue"\nwhen =',
         "a.toml: no-fun: which: unknown condition 'is blue'"),
        (read_rules, RULE, '"@old"', '"@bold"',
         "a.toml: no-fun: unknown group 'bold'; did you mean 'old'?"),
        (read_rules, RULE, '["api/errors"]', "[]",
         "a.toml: no-fun: it names no source, and was not observed"),
    ],
    ids=["key", "no line", "no id", "kind", "no source", "no date", "date", "twice", "no TOML",
         "key of a rule", "no words", "condition", "condition on models", "group", "no page"],
)  # fmt: skip
def test_a_slip_is_one_sentence_that_names_file_and_entry(
    read: Callable[[str, str], object], text: str, old: str, new: str, told: str
) -> None:
    assert old in text
    with pytest.raises(TableError) as raised:
        read(text.replace(old, new), "a.toml")
    assert str(raised.value) == told
