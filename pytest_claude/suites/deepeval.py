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
from pytest_claude.suites.model import Suite, SuiteCase
from pytest_claude.transcript.json_values import mapping, mappings

_READ = ("input", "turns", "name", "expected_tools", "additional_metadata")
_DROPPED = ("actual_output", "retrieval_context", "tools_called")
_AGREES = "The reply agrees with this expected answer: {}"


def read_deepeval(path: Path) -> Suite:
    """The suite of the goldens in a JSON, JSON lines or CSV file.

    Raises:
        SettingsError: It holds no goldens, or can't be read.
    """
    rows = load(path)
    if isinstance(rows, dict):  # as Confident AI exports a data set
        rows = [each for key in ("goldens", "conversationalGoldens") for each in rows.get(key, ())]
    suite = Suite()
    for number, row in enumerate(mappings(rows), start=1):
        golden = {_snake(key): value for key, value in row.items() if value not in (None, "", [])}
        if (case := _case(golden)) is None:
            suite.left_out.append(f"golden {number}: neither an input nor a turn of the user")
        else:
            suite.cases.append(case)
    if not (suite.cases or suite.left_out):
        raise SettingsError(f"{path}: no goldens: a list of objects with an `input`")
    return suite


def _snake(key: str) -> str:
    """`expectedOutput`, as Confident AI writes it, as the field is called."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()


def _case(golden: Mapping[str, Any]) -> SuiteCase | None:
    prompt = golden.get("input") or _asked(golden.get("turns"))
    if not prompt:
        return None
    more = {key: golden[key] for key in golden if key not in (*_READ, *_DROPPED)}
    case = SuiteCase(str(golden.get("name", "")), prompt, more=more)
    case.tags = [f"{k}:{v}" for k, v in mapping(golden.get("additional_metadata")).items()]
    case.left_out = [f"{key}: {golden[key]}"[:120] for key in _DROPPED if key in golden]
    if (expected := golden.get("expected_output")) is not None:
        case.checks.append(checks.judged(_AGREES.format(expected)))
    if tools := _tools(golden.get("expected_tools")):
        case.checks.append(checks.calls_tools(tools, "superset"))
    return case


def _asked(turns: Any) -> list[Any]:
    """The messages up to the last one of the user; what followed is what was answered then."""
    said = [{"role": t.get("role"), "content": t.get("content")} for t in mappings(_json(turns))]
    while said and said[-1]["role"] != "user":
        said.pop()
    return said


def _tools(value: Any) -> list[Any]:
    """Each tool by its name, or with the arguments that it is given."""
    value = _json(value)
    if isinstance(value, str):  # a cell of names
        value = [each.strip() for each in re.split(r"[;|]", value)]
    tools: list[Any] = []
    for each in value or ():
        given = mapping(each)
        arguments = given.get("input_parameters") or given.get("inputParameters")
        name = given.get("name", each)
        tools.append([name, arguments] if isinstance(arguments, dict) else name)
    return tools


def _json(value: Any) -> Any:
    """A value, where a cell of CSV holds its JSON."""
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value
