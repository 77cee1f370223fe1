"""DeepEval's data sets of goldens → a suite.

Formats as documented on deepeval.com (evaluation-datasets: goldens, conversational goldens) and as
`EvaluationDataset.save_as` writes them, November 2026.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.suites import checks
from pytest_claude.suites.files import load
from pytest_claude.suites.model import Given, NoEquivalent, Suite, SuiteCase
from pytest_claude.transcript.json_values import mapping

_READ = ("input", "turns", "name", "expected_tools", "additional_metadata")
_DROPPED = ("actual_output", "retrieval_context", "tools_called")


def read_deepeval(path: Path) -> Suite:
    """The suite of the goldens in a JSON, JSON lines or CSV file.

    Raises:
        SettingsError: It holds no goldens, or can't be read.
    """
    rows, suite = load(path), Suite()
    if isinstance(rows, dict):  # as Confident AI exports a data set
        data = Given(rows, "data set")
        rows = [
            each for key in ("goldens", "conversationalGoldens") for each in data.get(key) or ()
        ]
        suite.left_out += data.unread()
    for number, row in enumerate(rows if isinstance(rows, list) else (), start=1):
        try:
            suite.cases.append(_case(Given(row, "")))
        except NoEquivalent as why:
            suite.left_out.append(f"golden {number}: {why}")
    if not rows or not (suite.cases or suite.left_out):
        raise SettingsError(f"{path}: no goldens: a list of objects with an `input`")
    return suite


def _snake(key: str) -> str:
    """`expectedOutput`, as Confident AI writes it, as the field is called."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()


def _case(row: Given) -> SuiteCase:
    golden = {_snake(key): value for key, value in row.items() if value not in (None, "", [])}
    left_out = [f"{key}: {golden[key]}"[:120] for key in _DROPPED if key in golden]
    asked = golden.get("input", "")
    if not isinstance(asked, str):
        raise NoEquivalent(f"its input is no text: {asked}"[:120])
    if asked and "turns" in golden:
        left_out.append(f"turns: {golden['turns']}"[:120])
    prompt = asked or _asked(_json(golden.get("turns", [])), left_out)
    more = {key: golden[key] for key in golden if key not in (*_READ, *_DROPPED)}
    case = SuiteCase(str(golden.get("name", "")), prompt, more=more, left_out=left_out)
    metadata = _json(golden.get("additional_metadata", {}))
    case.tags = [f"{key}:{value}" for key, value in mapping(metadata).items()]
    if not isinstance(metadata, Mapping):
        left_out.append(f"additional_metadata: {metadata}")
    if (expected := golden.get("expected_output")) is not None:
        case.checks.append(checks.agrees(expected))
    try:
        if tools := _tools(golden.get("expected_tools"), left_out):
            case.checks.append(checks.calls_tools(tools, "superset"))
    except NoEquivalent as why:
        left_out.append(f"expected_tools: {why}")
    return case


def _asked(turns: Any, left_out: list[str]) -> list[Any]:
    """The messages up to the last one of the user; what followed is what was answered then."""
    said = [Given(each, "turn") for each in turns] if isinstance(turns, list) else []
    while said and said[-1].get("role") != "user":
        left_out.append(f"turn {len(said)}: after the last one of the user")
        said.pop()
    if not said:
        raise NoEquivalent("neither an input nor a turn of the user")
    for number, turn in enumerate(said, start=1):
        is_text = isinstance(turn.get("content"), str)
        if turn.get("role") not in ("user", "assistant") or not is_text:
            raise NoEquivalent(f"turn {number} is no text of the user or the assistant")
        left_out += turn.unread(f"turn {number}: ")
    return [{"role": turn["role"], "content": turn["content"]} for turn in said]


def _tools(value: Any, left_out: list[str]) -> list[Any]:
    """Each tool by its name, or with the arguments that it is given."""
    value = _json(value)
    if isinstance(value, str):  # a cell of names
        value = [each.strip() for each in re.split(r"[;|]", value)]
    if not isinstance(value, list | None):
        raise NoEquivalent(f"{value}: no list of tools")
    tools: list[Any] = []
    for each in value or ():
        given = Given({"name": each} if isinstance(each, str) else each, "tool")
        name = given.get("name")
        arguments = given.get("input_parameters") or given.get("inputParameters")
        if not (isinstance(name, str) and isinstance(arguments, dict | None)):
            raise NoEquivalent(f"{each}: no name of a tool with its arguments")
        tools.append([name, arguments] if arguments is not None else name)
        left_out += given.unread(f"expected_tools: {name}: ")
    return tools


def _json(value: Any) -> Any:
    """A value, where a cell of CSV holds its JSON."""
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value
