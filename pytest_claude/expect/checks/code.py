"""Whether the code in the last reply parses, and calls only what exists."""

from __future__ import annotations

from types import ModuleType
from typing import Literal

from pytest_claude.behavior.code import CodeFindings, read_code
from pytest_claude.expect.checks.evidence import (
    MOST,
    counted,
    last_answer,
    quoted_reply,
    unknown_of_reply,
)
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.quoting import cut

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

Language = Literal["python"]

_NAME = "writes_valid_code"
_LONGEST_LINE = 100


def writes_valid_code(
    transcript: Transcript,
    language: Language = "python",
    *,
    against: ModuleType | None = None,
) -> Check:
    """Whether the last reply writes code that parses and, with `against`, fits a module.

    Looked at are the fenced blocks tagged as Python, else those without a tag, else the whole
    text; the code is never run. With `against` every import from the module, every attribute of
    it and every call of its functions, classes and methods is held against the real module:
    names must exist, arguments must bind to `inspect.signature`. Import aliases, `from` imports,
    instances, annotated return types and `with` are followed; a name bound in several ways, an
    attribute that shows at run time only and a signature that can't be read are not judged, and
    the check says so. Code that does not use the module is unknown, not valid.

    Args:
        language: Only "python" is known.
        against: The module, imported; None to ask only whether the code parses.

    Raises:
        TypeError: `language` is not known, or `against` is not a module.
    """
    if language != "python":
        raise TypeError(f"language={language!r}: only 'python' is known")
    if against is not None and not isinstance(against, ModuleType):
        raise TypeError(f"against={against!r}: a module, imported")
    fits = f" and fits module `{against.__name__}`" if against is not None else ""
    expected = f"Python that parses{fits}"
    if (missing := unknown_of_reply(Check, _NAME, transcript, expected)) is not None:
        return missing
    last, evidence = last_answer(transcript), quoted_reply(transcript)
    code = read_code(last.text, against)
    if code.blocks and code.error is None and against is not None:
        return _fitting(code, expected, against.__name__, last.number)
    if not code.blocks:
        observed, reason = "no Python in the reply", "no Python"
    elif code.error is None:
        observed = reason = f"parses ({counted(code.lines, 'line')})"
    elif code.blocks[0].fenced:
        observed = reason = f"does not parse: {cut(code.error, _LONGEST_LINE)}"
    else:
        reason = "no code block"
        observed = f"{reason}, and the whole text is no Python: {cut(code.error, _LONGEST_LINE)}"
    outcome = bool(code.blocks) and code.error is None
    return Check(_NAME, outcome, expected, observed, reason, evidence)


def _fitting(code: CodeFindings, expected: str, module: str, number: int) -> Check:
    """The check on code that parses; `number` is the interaction's."""
    parses, hint = f"parses ({counted(code.lines, 'line')})", None
    if code.unclear:
        uses = counted(len(code.unclear), "use")
        hint = f"{uses} can't be judged: {cut(code.unclear[0], _LONGEST_LINE)}"
    lines = [
        line
        for misfit in code.misfits[:MOST]
        for line in (
            f"code block {misfit.block}, line {misfit.line}",
            f"  {cut(misfit.code, _LONGEST_LINE)}",
            f"  {misfit.reason}",
        )
    ]
    if len(code.misfits) > MOST:
        lines.append(f"… {len(code.misfits) - MOST} more")
    outcome: bool | None = not code.misfits
    if code.misfits:
        fit = "does not fit" if len(code.misfits) == 1 else "do not fit"
        observed = f"{parses}; {counted(len(code.misfits), 'use')} of `{module}` {fit}"
        reason = code.misfits[0].reason
    elif code.uses:
        observed = reason = f"{parses}; {counted(code.uses, 'use')} of `{module}`, all fit"
    else:
        outcome = None
        reason = f"no use of `{module}`" + (" that can be judged" if code.unclear else "")
        observed = f"{parses}; {reason}"
    evidence = (Evidence(number, tuple(lines)),)
    return Check(_NAME, outcome, expected, observed, reason, evidence, hint)
