"""Which calls of a run are meant: by model, by system prompt, by an offered tool."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pytest_claude.expect.checks.evidence import names_text
from pytest_claude.expect.checks.offered import near
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.quoting import cut

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True


@dataclass(frozen=True)
class Selection:
    """What a call must fit; None fits every call.

    Attributes:
        model: A model id, dates and platforms aside; a glob; or anything with `==`.
        system: A text in the system prompt; a compiled pattern; or anything with `==`.
        tool_offered: A tool that the request offered.
        names: What the project's own names of models stand for.
    """

    model: Any = None
    system: Any = None
    tool_offered: Any = None
    names: ModelNames = NO_NAMES

    def __post_init__(self) -> None:
        if not self._given:
            raise TypeError("where() needs model=, system= or tool_offered=")

    @property
    def _given(self) -> dict[str, Any]:
        """What was asked for, by the name of its argument."""
        wanted = {"model": self.model, "system": self.system, "tool_offered": self.tool_offered}
        return {name: value for name, value in wanted.items() if value is not None}

    def of(self, run: Transcript) -> Transcript:
        """The part of a run that fits."""
        fitting = [answer for answer in run.answers if self._fits(answer)]
        return run.part(fitting, run.empty_because if not run.answers else self._none(run))

    def _fits(self, answer: Answer) -> bool:
        return (
            (self.model is None or self._is_model(answer.model))
            and (self.system is None or _holds(self.system, answer.request.system))
            and (self.tool_offered is None or self._offers(answer))
        )

    def _is_model(self, model: str | None) -> bool:
        if not isinstance(self.model, str) or model is None:
            return bool(self.model == model)
        return self.names.same(self.model, model) or fnmatchcase(model, self.model)

    def _offers(self, answer: Answer) -> bool:
        return any(self.tool_offered == name for name in answer.request.tool_names)

    def _none(self, run: Transcript) -> str:
        """Why nothing fits, with what there was."""
        given = ", ".join(f"{n}={cut(repr(v))}" for n, v in self._given.items())
        text = f"no call fits where({given})"
        if isinstance(self.tool_offered, str) and self.tool_offered not in run.offered:
            text += f"; offered were {names_text(run.offered) or 'no tools'}"
            return text + near(self.tool_offered, run.offered).removesuffix(".")
        if self.model is not None:
            models = dict.fromkeys(answer.model or "no model" for answer in run.answers)
            return f"{text}; asked were {', '.join(map(cut, models))}"
        return text


def _holds(wanted: Any, system: str) -> bool:
    if isinstance(wanted, str):
        return wanted in system
    if isinstance(wanted, re.Pattern):
        return wanted.search(system) is not None
    return bool(wanted == system)
