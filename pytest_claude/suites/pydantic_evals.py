"""pydantic-evals' data sets → a suite.

Formats as documented on ai.pydantic.dev (evals/how-to/dataset-serialization, evals/evaluators/
built-in), November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.suites import checks
from pytest_claude.suites.files import load
from pytest_claude.suites.model import NoEquivalent, Stated, Suite, SuiteCase
from pytest_claude.transcript.json_values import mapping, mappings


def read_pydantic_evals(path: Path) -> Suite:
    """The suite of the data set in a YAML or JSON file.

    Raises:
        SettingsError: It is no data set, or can't be read.
    """
    data = load(path)
    if not isinstance(data, dict) or not isinstance(data.get("cases"), list):
        raise SettingsError(f"{path}: no data set of pydantic-evals: no list of `cases` in it")
    cases = [_case(each, data) for each in mappings(data["cases"])]
    of_report = [_name(each)[0] for each in data.get("report_evaluators") or ()]
    return Suite(cases, [f"report evaluator {name}" for name in of_report])


def _case(given: Mapping[str, Any], data: Mapping[str, Any]) -> SuiteCase:
    expected = given.get("expected_output")
    more = {} if expected is None else {"expected_output": expected}
    case = SuiteCase(str(given.get("name") or ""), _prompt(given.get("inputs")), more=more)
    case.tags = [f"{key}:{value}" for key, value in mapping(given.get("metadata")).items()]
    for each in [*(data.get("evaluators") or ()), *(given.get("evaluators") or ())]:
        name, arguments = _name(each)
        try:
            if (made := _EVALUATORS.get(name)) is None:
                raise NoEquivalent("an evaluator of your own, or none of ours")
            if (stated := made(arguments, expected)) is not None:
                case.checks.append(stated)
        except NoEquivalent as why:
            case.left_out.append(f"{name}: {why}")
    return case


def _prompt(inputs: Any) -> str:
    """What is asked: a text, or an object as lines of `name: value`."""
    if isinstance(inputs, dict):
        named = {key: value for key, value in inputs.items() if value is not None}
        if len(named) > 1:
            return "\n".join(f"{key}: {_prompt(value)}" for key, value in named.items())
        return _prompt(next(iter(named.values()), ""))
    return inputs if isinstance(inputs, str) else json.dumps(inputs, ensure_ascii=False)


def _name(evaluator: Any) -> tuple[str, Any]:
    """The name of an evaluator, and its arguments: none, one without its name, or an object."""
    if isinstance(evaluator, dict) and len(evaluator) == 1:
        return next(iter(evaluator.items()))
    return str(evaluator), None


Make = Callable[[Any, Any], Stated | None]
"""The check of an evaluator, from its arguments and the expected output; None for none."""


def _first(arguments: Any, name: str) -> Any:
    """The first argument, which may be written without its name."""
    return arguments.get(name, arguments) if isinstance(arguments, dict) else arguments


def _contains(value: Any, arguments: Any) -> Stated:
    given = mapping(arguments)
    if not (isinstance(value, str) or given.get("as_strings")):
        raise NoEquivalent("a member of a list or an object")
    return checks.contains(value, ignore_case=not given.get("case_sensitive", True))


def _judged(arguments: Any, _expected: Any) -> Stated:
    given = mapping(arguments)
    if given.get("score") or given.get("assertion", True) is False:
        raise NoEquivalent("the judge says yes or no, and gives no score")
    return checks.judged(str(_first(arguments, "rubric")))


_EVALUATORS: Mapping[str, Make] = {
    "EqualsExpected": lambda _, expected: None if expected is None else checks.equals(expected),
    "Equals": lambda arguments, _: checks.equals(_first(arguments, "value")),
    "Contains": lambda arguments, _: _contains(_first(arguments, "value"), arguments),
    "ContainsExpected": lambda arguments, expected: (
        None if expected is None else _contains(expected, arguments)
    ),
    "MaxDuration": lambda arguments, _: checks.within(total_s=_first(arguments, "seconds")),
    "LLMJudge": _judged,
}
"""What the evaluators that have an equivalent become."""
