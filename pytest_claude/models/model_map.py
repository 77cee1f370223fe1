"""What a project's own names of models stand for."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_claude.errors import SettingsError
from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import ModelNames, canonical_model, without_account
from pytest_claude.models.naming import unknown_model


def read_model_map(lines: Iterable[str]) -> ModelNames:
    """The names in the lines of `claude_model_map`.

    `NAME = id` says which model a name is; `NAME = id for OLD` also that a request for OLD is sent
    to NAME where a swap replaces OLD by that model.

    Raises:
        SettingsError: A line is wrong.

    >>> read_model_map(["our-sonnet = claude-sonnet-4-5"]).canonical("our-sonnet")
    'claude-sonnet-4-5'
    >>> names = read_model_map(["our-next = claude-opus-5 for our-sonnet"])
    >>> names.counterpart("our-sonnet", "claude-opus-5")
    'our-next'
    """
    models: dict[str, str] = {}
    counterparts: dict[tuple[str, str], str] = {}
    for line in lines:
        name, model, beside = _read(line)
        if beside and counterparts.setdefault((beside, model), name) != name:
            first = counterparts[beside, model]
            raise SettingsError(f"claude_model_map: {line!r}: it is {first} for {beside} already")
        if facts_of(name) is not None:
            continue  # it shows its model
        own = without_account(name)
        if models.setdefault(own, model) != model:
            raise SettingsError(f"claude_model_map: {line!r}: it stands for {models[own]} already")
    for name, model in models.items():
        if model in models:
            raise SettingsError(
                f"claude_model_map: {name} = {model}: a chain, {model} is a name itself; write "
                f"what it stands for"
            )
    return ModelNames(models, counterparts)


def _read(line: str) -> tuple[str, str, str]:
    """The name, the model that it stands for, and the name without account that it is beside."""
    name, _, stated = (part.strip() for part in line.partition("="))
    model, _, old = (part.strip() for part in stated.partition(" for "))
    if not (name and model):
        raise SettingsError(
            f"claude_model_map: {line!r}: expected NAME = canonical id, for example\n"
            "       our-sonnet = claude-sonnet-4-5"
        )
    facts = facts_of(name)
    if facts is not None and (facts.id != model or not old):
        raise SettingsError(f"claude_model_map: {line!r}: {name} is {facts.id} by its own name")
    wrong = unknown_model(model, facts_of(model))
    if wrong is not None and wrong[1]:
        raise SettingsError(f"claude_model_map: {line!r}: {wrong[0]}")
    if canonical_model(model) != model:
        raise SettingsError(
            f"claude_model_map: {line!r}: not a canonical id; write {canonical_model(model)}"
        )
    if not model.startswith("claude-"):
        raise SettingsError(f"claude_model_map: {line!r}: {model} is the id of no Claude model")
    return name, model, without_account(old)
