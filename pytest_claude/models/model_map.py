"""What a project's own names of models stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_claude.errors import SettingsError
from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import aliases, regular_id, without_account
from pytest_claude.models.naming import unknown_model


def read_model_map(lines: Iterable[str]) -> Mapping[str, str]:
    """The names in the lines of `claude_model_map`, as `aliases` takes them.

    Raises:
        SettingsError: A line is wrong.

    >>> read_model_map(["our-sonnet = claude-sonnet-4-5"])
    {'our-sonnet': 'claude-sonnet-4-5'}
    """
    found: dict[str, str] = {}
    for line in lines:
        with aliases({}):  # not what holds for a run that this one is inside of
            name, model = _read(line)
        if found.setdefault(name, model) != model:
            raise SettingsError(f"claude_model_map: {line!r}: it stands for {found[name]} already")
    for name, model in found.items():
        if model in found:
            raise SettingsError(
                f"claude_model_map: {name} = {model}: a chain, {model} is a name itself; write "
                f"what it stands for"
            )
    return found


def _read(line: str) -> tuple[str, str]:
    name, _, model = (part.strip() for part in line.partition("="))
    if not (name and model):
        raise SettingsError(
            f"claude_model_map: {line!r}: expected NAME = canonical id, for example\n"
            "       our-sonnet = claude-sonnet-4-5"
        )
    if (known := facts_of(name)) is not None:
        raise SettingsError(f"claude_model_map: {line!r}: {name} is {known.id} by its own name")
    wrong = unknown_model(model, facts_of(model))
    if wrong is not None and wrong[1]:
        raise SettingsError(f"claude_model_map: {line!r}: {wrong[0]}")
    if regular_id(model) != model:
        raise SettingsError(
            f"claude_model_map: {line!r}: not a canonical id; write {regular_id(model)}"
        )
    if not model.startswith("claude-"):
        raise SettingsError(f"claude_model_map: {line!r}: {model} is the id of no Claude model")
    return without_account(name), model
