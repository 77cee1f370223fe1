"""The data files: each entry has its date and sources, and a slip in one is told in a sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from datetime import date
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

import pytest

from pytest_claude.models.conditions import OF_MODELS, OF_REQUESTS
from pytest_claude.models.facts import facts_of, models
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rules import (
    PLAIN,
    SELECTING,
    Confidence,
    Effect,
    Rule,
    all_rules,
    read_rules,
)
from pytest_claude.models.tables import DOCS, frozen, read_table

FILES = ("models.toml", "refusals.toml", "changes.toml")
DATA = {file: read_table(file) for file in FILES}
ENTRIES = [
    pytest.param(file, entry, data, id=f"{file}-{entry['id']}")
    for file, data in DATA.items()
    for kind in ("model", *get_args(Effect))
    for entry in data.get(kind, [])
]
NEEDED = {
    True: [field.name for field in fields(ModelFacts)
           if field.default is MISSING and field.default_factory is MISSING],
    False: ["id", "words"],
}  # fmt: skip
KEYS = {
    True: [field.name for field in fields(ModelFacts)],
    False: [*PLAIN, *SELECTING[0], *SELECTING[1], "when", "words", "checked", "sources"],
}


def slips(data: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a data file, a sentence for each slip that names its entry."""
    is_models = "model" in data
    groups, kinds = data.get("groups", {}), ["model"] if is_models else [*get_args(Effect)]
    yield from unknown("key", data, [*kinds, "checked", "groups"])
    ids: set[str] = set()
    for kind in kinds:
        for number, entry in enumerate(data.get(kind, ()), start=1):
            where = f"{entry.get('id', f'{kind} {number}')}: "
            yield from (where + told for told in unknown("key", entry, KEYS[is_models]))
            lacking = [key for key in NEEDED[is_models] if key not in entry]
            yield from (f"{where}the key {key!r} is missing" for key in lacking)
            if entry.get("id") in ids:
                yield f"{where}the id comes twice"
            ids.add(entry.get("id"))
            checked = entry.get("checked", data.get("checked"))
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(checked)):
                yield f"{where}checked: a day as YYYY-MM-DD, not {checked!r}"
            if not entry.get("sources") and entry.get("confidence") != "observed":
                yield f"{where}it names no source, and was not observed"
            for key, choices in (("when", OF_REQUESTS), ("which", OF_MODELS),
                                 ("from_which", OF_MODELS)):  # fmt: skip
                named = [entry[key]] if key in entry else []
                yield from (
                    f"{where}{key}: {told}" for told in unknown("condition", named, choices)
                )
            named = [name[1:] for key in ("models", "not_models", "from", "not_from")
                     for name in entry.get(key, ()) if name.startswith("@")]  # fmt: skip
            yield from (where + told for told in unknown("group", named, groups))


def unknown(what: str, names: Iterable[str], choices: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name not in choices:
            near = get_close_matches(name, list(choices), n=1)
            yield f"unknown {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


@pytest.mark.parametrize("file", FILES)
def test_a_data_file_has_no_slip(file: str) -> None:
    assert list(slips(DATA[file])) == []


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
    texts = [DATA[name] for name in FILES[1:]]
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


def test_an_entry_is_read() -> None:
    [model] = tomllib.loads(MODEL)["model"]
    facts = ModelFacts(**frozen(model, KEYS[True]))
    assert facts.sources == (f"{DOCS}models/overview",)
    assert facts.prefill is None, "what is left out is unknown"
    (rule,) = read_rules(tomllib.loads(RULE))
    assert (rule.effect, rule.status, rule.from_models) == ("refused", 400, None)
    haiku, opus = facts_of("claude-3-haiku"), facts_of("claude-opus-5")
    assert haiku is not None
    assert opus is not None
    assert rule.models(haiku)
    assert not rule.models(opus)


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (MODEL, "line =", "lines =", "claude-x-1: unknown key 'lines'; did you mean 'line'?"),
        (MODEL, 'line = "x"', "", "claude-x-1: the key 'line' is missing"),
        (MODEL, 'id = "claude-x-1"', "", "model 1: the key 'id' is missing"),
        (RULE, "[[refused]]", "[[refusd]]", "unknown key 'refusd'; did you mean 'refused'?"),
        (MODEL, '["models/overview"]', "[]",
         "claude-x-1: it names no source, and was not observed"),
        (MODEL, 'checked = "2026-11-22"', "", "claude-x-1: checked: a day as YYYY-MM-DD, not None"),
        (MODEL, 'line = "x"', 'line = "x"\nchecked = "soon"',
         "claude-x-1: checked: a day as YYYY-MM-DD, not 'soon'"),
        (MODEL, MODEL, MODEL + MODEL.partition("22\"")[2], "claude-x-1: the id comes twice"),
        (RULE, "when =", "whence =", "no-fun: unknown key 'whence'; did you mean 'when'?"),
        (RULE, 'words = "fun"', "", "no-fun: the key 'words' is missing"),
        (RULE, '"forced tool"', '"forced tol"',
         "no-fun: when: unknown condition 'forced tol'; did you mean 'forced tool'?"),
        (RULE, "when =", 'which = "is blue"\nwhen =',
         "no-fun: which: unknown condition 'is blue'"),
        (RULE, '"@old"', '"@bold"', "no-fun: unknown group 'bold'; did you mean 'old'?"),
        (RULE, '["api/errors"]', "[]", "no-fun: it names no source, and was not observed"),
    ],
    ids=["key", "no line", "no id", "kind", "no source", "no date", "date", "twice",
         "key of a rule", "no words", "condition", "condition on models", "group", "no page"],
)  # fmt: skip
def test_a_slip_is_one_sentence_that_names_its_entry(
    text: str, old: str, new: str, told: str
) -> None:
    assert old in text
    assert told in list(slips(tomllib.loads(text.replace(old, new))))
