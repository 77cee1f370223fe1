"""Whether the code in the last reply parses, and calls only what exists."""

from __future__ import annotations

from types import ModuleType
from typing import Literal

from pytest_claude.behavior.code import CodeFindings, read_code
from pytest_claude.expect.checks.evidence import (
    counted,
    last_answer,
    quoted_reply,
    unknown_of_reply,
)
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.quoting import cut

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

Language = Literal["python"]

_NAME = "writes_valid_code"
_MOST = 5
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

    Raises:
        TypeError: `language` is not known, or `against` is no module.
    """
    if language != "python":
        raise TypeError(f"language={language!r}: only 'python' is known")
    if against is not None and not isinstance(against, ModuleType):
        raise TypeError(f"against={against!r}: a module, imported")
    fits = f" and fits module `{against.__name__}`" if against is not None else ""
    expected = f"Python that parses{fits}"
    if (missing := unknown_of_reply(_NAME, transcript, expected)) is not None:
        return missing
    last = last_answer(transcript)
    found = read_code(last.text, against)
    if not found.blocks:
        return Check(_NAME, False, expected, "no Python in the reply", "no Python",
                     quoted_reply(transcript))  # fmt: skip
    if found.error is not None:
        if not found.blocks[0].fenced:
            observed = "no code block, and the whole text is no Python"
            return Check(_NAME, False, expected, f"{observed}: {cut(found.error, _LONGEST_LINE)}",
                         "no code block", quoted_reply(transcript))  # fmt: skip
        observed = f"does not parse: {cut(found.error, _LONGEST_LINE)}"
        return Check(_NAME, False, expected, observed, observed, quoted_reply(transcript))
    parses = f"parses ({counted(found.lines, 'line')})"
    if against is None:
        return Check(_NAME, True, expected, parses, parses, quoted_reply(transcript))
    return _fitting(found, expected, parses, against.__name__, last.number)


def _fitting(found: CodeFindings, expected: str, parses: str, module: str, number: int) -> Check:
    hint = None
    if found.unclear:
        uses = counted(len(found.unclear), "use")
        hint = f"{uses} can't be judged: {cut(found.unclear[0], _LONGEST_LINE)}"
    if found.misfits:
        lines: list[str] = []
        for misfit in found.misfits[:_MOST]:
            lines.append(f"code block {misfit.block}, line {misfit.line}")
            lines += [f"  {cut(misfit.code, _LONGEST_LINE)}", f"  {misfit.reason}"]
        if len(found.misfits) > _MOST:
            lines.append(f"… {len(found.misfits) - _MOST} more")
        fit = "does not fit" if len(found.misfits) == 1 else "do not fit"
        observed = f"{parses}; {counted(len(found.misfits), 'use')} of `{module}` {fit}"
        return Check(_NAME, False, expected, observed, found.misfits[0].reason,
                     (Evidence(number, tuple(lines)),), hint)  # fmt: skip
    if not found.uses:
        none = f"no use of `{module}`" + (" that can be judged" if found.unclear else "")
        return Check(_NAME, None, expected, f"{parses}; {none}", none, (Evidence(number),), hint)
    observed = f"{parses}; {counted(found.uses, 'use')} of `{module}`, all fit"
    return Check(_NAME, True, expected, observed, observed, (Evidence(number),), hint)
