"""Why no recording answers a request: the cause first, then what to type. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.errors import CassetteMiss, Row
from pytest_claude.models.ids import ModelNames
from pytest_claude.recording.comparing import Change, Comparison, nearest
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import Known
from pytest_claude.recording.ignoring import volatile
from pytest_claude.recording.matching import CANDIDATES, Index
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secret_shapes import REPLACEMENT
from pytest_claude.recording.spelling import BETA
from pytest_claude.transcript.interaction import Request
from pytest_claude.transcript.json_values import mapping, mappings
from pytest_claude.transcript.judging import is_judge

_MOST_NAMED = 5  # further differences that a miss names


@dataclass(frozen=True)
class Asked:
    """A request that no recording answers, and what is known of its trial.

    Attributes:
        request: As it would have gone out.
        known: What was read from it.
        number: Of the call in its trial, from 1.
        cassette: The trial's cassette, as it is shown to the user.
        exists: Whether there is such a file.
        models: Models that the test is recorded for, where there is no such file.
        trial: Number of the trial, from 1.
        neighbours: Whether the test has no recording while other tests of its file have some.
        command: Runs this test alone and records it.
        shared: Whether other tests play what this one does not.
        elsewhere: The folder of the test's recordings that lies where it is not looked for, and
            the one that it should be; None where no such folder was found.
    """

    request: Request
    known: Known
    number: int
    cassette: str
    exists: bool
    models: Sequence[str]
    trial: int
    neighbours: bool
    command: str
    shared: bool = False
    elsewhere: tuple[str, str] | None = None


def explain(asked: Asked, index: Index, redaction: Redaction) -> CassetteMiss:
    """The miss to raise for `asked`, where `index` holds what is recorded.

    `redaction` is for what is recorded: a secret in it is not shown.
    """
    if not asked.exists:
        return _nothing_recorded(asked, index.names)
    if not index.entries:
        return _miss(asked, "the cassette is empty", "0 recorded interactions")
    if played := index.matching(asked.known.fingerprint):
        return _one_more(asked, played)
    recorded = index.candidates(CANDIDATES, judges=is_judge(asked.request))
    if not recorded:
        held = len(index.entries)
        observed = (
            f"{'1 interaction' if held == 1 else f'{held} interactions'}, none of the judge's"
        )
        cause = "the judge is not recorded"
        if not is_judge(asked.request):
            observed, cause = f"{held} of the judge's", "only the judge is recorded"
        return _miss(asked, cause, observed)
    sent = index.counted(asked.request)
    candidates = []
    for number, entry in recorded:
        fields = index.counted_of(entry, redaction)
        if index.keeps_no_betas(entry):
            fields[BETA] = sent.get(BETA, "")
        candidates.append((number, {key: item for key, item in fields.items() if item != ""}))
    number, comparison = nearest(sent, candidates)
    if not comparison.changes:
        return _one_more(asked, sum(fields == sent for _, fields in candidates))
    return _differs(asked, number, comparison, index)


def _one_more(asked: Asked, played: int) -> CassetteMiss:
    cause = "one call more than recorded"
    words = "interaction was" if played == 1 else f"{played} matching interactions were"
    return _miss(asked, cause, f"{'the matching' if played == 1 else 'all'} {words} played")


def _nothing_recorded(asked: Asked, names: ModelNames) -> CassetteMiss:
    model = names.canonical(asked.known.model or "")
    renamed: list[Row] = []
    if asked.models and not model:
        cause = f"recorded for {', '.join(asked.models)}, and this call names no model"
    elif asked.models and model not in asked.models:
        cause = f"recorded for {', '.join(asked.models)}, not for {model}"
    elif asked.models:
        cause = f"trial {asked.trial} is not recorded"
    else:
        cause = "nothing is recorded for this test"
        if asked.elsewhere is not None:
            there, here = asked.elsewhere
            above = shlex.quote(here.rpartition("/")[0])
            cause = "nothing is recorded where this run looks"
            renamed = [
                ("it lies in", there),
                ("to move it", f"mkdir -p {above} && mv {shlex.quote(there)} {shlex.quote(here)}"),
            ]
        elif asked.neighbours:
            renamed = [("if renamed", "pytest-claude check names the folder to move")]
    return _miss(asked, cause, cause, renamed)


def _miss(asked: Asked, cause: str, observed: str, more: Sequence[Row] = ()) -> CassetteMiss:
    rows = [_expected(asked), ("observed", observed), ("evidence", asked.cassette)]
    rows += [("to record", asked.command), *more]
    return CassetteMiss(_headline(asked, cause), rows, cause)


def _differs(asked: Asked, number: int, comparison: Comparison, index: Index) -> CassetteMiss:
    entry = index.entries[number - 1]
    change, *others = comparison.changes
    cause = _cause(asked.request, entry.request, change)
    equal = f"; {', '.join(comparison.equal)} are equal" if comparison.equal else ""
    where = f", {change.place}" if change.place else ""
    rules = [_rule(each) for each in comparison.changes]
    ignorable = [] if None in rules else list(dict.fromkeys(filter(None, rules)))
    rows = [
        _expected(asked),
        ("observed", f"`{change.field}` differs from the nearest recording{equal}"),
        ("evidence", f"{asked.cassette}, interaction {number} of {len(index.entries)}{where}"),
        ("", f"-  {_or_absent(change.recorded)}"),
        ("", f"+  {_or_absent(change.sent)}"),
        *_also(others),
        *_of_redaction(change),
        *_of_another_tool(entry),
        ("to record", asked.command),
        *_to_ignore(ignorable or [_rule(change)]),
    ]
    edit = f"{change.field}: {change.recorded} → {change.sent}"
    calls = 1 if asked.shared else max(1, len(index.unused))
    return CassetteMiss(_headline(asked, cause), rows, cause, edit, calls, ignorable, change.field)


def _also(others: Sequence[Change]) -> list[Row]:
    if not others:
        return []
    named = ", ".join(f"`{other.field}`" for other in others[:_MOST_NAMED])
    more = len(others) - _MOST_NAMED
    return [("differ too", f"{named} and {more} more" if more > 0 else named)]


def _of_redaction(change: Change) -> list[Row]:
    """What explains a miss beside a secret, where an older version took out less of it."""
    if REPLACEMENT not in (change.recorded or "") or REPLACEMENT not in (change.sent or ""):
        return []
    return [("if not edited", "redaction may have changed since; record the test again")]


def _of_another_tool(entry: Recorded) -> list[Row]:
    """What explains a miss on a recording that was green with the tool that made it."""
    if entry.ours:
        return []
    words = "another tool, which may not have compared bodies; yours may have changed since"
    return [("recorded by", words)]


def _cause(sent: Request, recorded: Request, change: Change) -> str:
    """What happened, in words: the same for every test that one edit made stale."""
    top = re.split(r"[.\[]", change.field, maxsplit=1)[0]
    if is_judge(sent):
        return _judge_cause(change)
    if _rule(change) is not None:
        return f"a value that changes from run to run (`{change.field}`)"
    if top == "model":
        return f"the model was swapped: {change.recorded} → {change.sent}"
    if top == "tools":
        return _tools_cause(sent, recorded, change)
    if top == "messages" and _turns(sent) == _turns(recorded):
        return "the turns come in another order"
    if top in ("system", "messages"):
        return f"the prompt was edited (`{change.field}`)"
    if top == BETA:
        return f"the betas changed: {change.recorded or 'none'} → {change.sent or 'none'}"
    if top in ("method", "path", "query"):
        return "nothing like it is recorded"
    return f"`{change.field}` changed"


def _judge_cause(change: Change) -> str:
    if change.field == "model":
        return f"another judge: {change.recorded} → {change.sent}"
    if change.field.startswith("messages[0].content[0]"):
        return "what is judged is not what was judged"
    if change.field.startswith("messages[0].content[1]"):
        return "the rubric was edited"
    return "the judge's instructions are of another version of pytest-claude"


def _tools_cause(sent: Request, recorded: Request, change: Change) -> str:
    now, before = _tools(sent), _tools(recorded)
    for words, names in (("added", now.keys() - before), ("removed", before.keys() - now)):
        if names:
            return f"the tool `{sorted(names)[0]}` was {words}"
    changed = next((name for name in now if now[name] != before.get(name)), None)
    return f"the tool `{changed}` was edited" if changed else "the tools come in another order"


def _tools(request: Request) -> dict[str, Any]:
    tools = mappings(mapping(request.json()).get("tools"))
    return {str(tool.get("name") or tool.get("type")): tool for tool in tools}


def _turns(request: Request) -> list[str]:
    messages = mapping(request.json()).get("messages")
    return sorted(json.dumps(m, sort_keys=True) for m in messages or ())


def _rule(change: Change) -> str | None:
    if change.recorded is None or change.sent is None or change.recorded == change.sent:
        return None
    return volatile(change.recorded, change.sent)


def _to_ignore(rules: Sequence[str | None]) -> list[Row]:
    named = ", ".join(f'"{rule}"' for rule in rules if rule is not None)
    if not named:
        return []
    return [("to ignore it", f"@pytest.mark.claude_ignore({named}), or seed it in the test")]


def _headline(asked: Asked, cause: str) -> str:
    of_whom = " (the judge's)" if is_judge(asked.request) else ""
    return f"no recording answers call {asked.number}{of_whom}: {cause}"


def _expected(asked: Asked) -> Row:
    request = asked.request
    target = f"call {asked.number}, {asked.known.model or request.method}"
    path = f"{request.method} {urlsplit(request.url).path}"
    return "expected", f"a recorded answer to {path} ({target})"


def _or_absent(text: str | None) -> str:
    return "(absent)" if text is None else text
