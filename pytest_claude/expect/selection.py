"""Which calls of a run are meant: by model, by system prompt, by an offered tool."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pytest_claude.expect.checks.evidence import names_text
from pytest_claude.expect.checks.offered import near
from pytest_claude.models.ids import ModelNames
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.quoting import cut

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here


def selection(names: ModelNames, **wanted: Any) -> Callable[[Transcript], Transcript]:
    """What gives the part of a run that fits.

    Args:
        names: What the project's own names of models stand for.
        wanted: The arguments of `View.where`; one that is None fits every call.

    Raises:
        TypeError: Nothing is given.
    """
    given = {name: value for name, value in wanted.items() if value is not None}
    if not given:
        raise TypeError("where() needs model=, system= or tool_offered=")

    def fits(answer: Answer) -> bool:
        return all(_FITS[name](value, answer, names) for name, value in given.items())

    def select(run: Transcript) -> Transcript:
        empty_because = _none(given, run) if run.answers else run.empty_because
        return run.part(filter(fits, run.answers), empty_because)

    return select


def _is_model(wanted: Any, answer: Answer, names: ModelNames) -> bool:
    model = answer.model
    if not isinstance(wanted, str) or model is None:
        return bool(wanted == model)
    return names.same(wanted, model) or fnmatchcase(model, wanted)


def _holds(wanted: Any, answer: Answer, names: ModelNames) -> bool:
    system = answer.request.system
    if isinstance(wanted, str):
        return wanted in system
    if isinstance(wanted, re.Pattern):
        return wanted.search(system) is not None
    return bool(wanted == system)


def _offers(wanted: Any, answer: Answer, names: ModelNames) -> bool:
    return any(wanted == name for name in answer.request.tool_names)


_FITS = {"model": _is_model, "system": _holds, "tool_offered": _offers}


def _none(given: Mapping[str, Any], run: Transcript) -> str:
    """Why nothing fits, with what there was."""
    text = f"no call fits where({', '.join(f'{n}={cut(repr(v))}' for n, v in given.items())})"
    tool = given.get("tool_offered")
    if isinstance(tool, str) and tool not in run.offered:
        text += f"; offered were {names_text(run.offered) or 'no tools'}"
        return text + near(tool, run.offered).removesuffix(".")
    if "model" in given:
        models = dict.fromkeys(answer.model or "no model" for answer in run.answers)
        return f"{text}; asked were {', '.join(map(cut, models))}"
    return text
