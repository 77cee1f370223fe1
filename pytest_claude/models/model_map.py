"""What a project's own names of models stand for."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_claude.errors import SettingsError
from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import ModelNames, canonical_model, without_account
from pytest_claude.models.naming import unknown_model


def read_model_map(lines: Iterable[str]) -> ModelNames:
    """The names in the lines of `claude_model_map`.

    Raises:
        SettingsError: A line is wrong.

    >>> read_model_map(["our-sonnet = claude-sonnet-4-5"]).canonical("our-sonnet")
    'claude-sonnet-4-5'
    """
    models: dict[str, str] = {}
    for line in lines:
        name, model = _read(line)
        if models.setdefault(name, model) != model:
            raise SettingsError(f"claude_model_map: {line!r}: it stands for {models[name]} already")
    for name, model in models.items():
        if model in models:
            raise SettingsError(
                f"claude_model_map: {name} = {model}: a chain, {model} is a name itself; write "
                f"what it stands for"
            )
    return ModelNames(models)


def _read(line: str) -> tuple[str, str]:
    name, _, model = (part.strip() for part in line.partition("="))
    if not (name and model):
        raise SettingsError(
            f"claude_model_map: {line!r}: expected NAME = canonical id, for example\n"
            "       our-sonnet = claude-sonnet-4-5"
        )
    if (facts := facts_of(name)) is not None:
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
    return without_account(name), model
