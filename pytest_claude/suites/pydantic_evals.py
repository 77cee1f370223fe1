"""pydantic-evals' data sets → a suite.

Formats as documented on ai.pydantic.dev (evals/how-to/dataset-serialization, evals/evaluators/
built-in), November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.suites import checks
from pytest_claude.suites.files import load
from pytest_claude.suites.model import Given, NoEquivalent, Stated, Suite, SuiteCase
from pytest_claude.transcript.json_values import mapping

_ABOUT = ("name", "$schema")  # keys of a data set that change no case


def read_pydantic_evals(path: Path) -> Suite:
    """The suite of the data set in a YAML or JSON file.

    Raises:
        SettingsError: It is no data set, or can't be read.
    """
    loaded = load(path)
    if not isinstance(loaded, dict) or not isinstance(loaded.get("cases"), list):
        raise SettingsError(f"{path}: no data set of pydantic-evals: no list of `cases` in it")
    data, suite = Given(loaded, "data set", about=_ABOUT), Suite()
    evaluators = data.get("evaluators") or ()
    for number, each in enumerate(data["cases"], start=1):
        try:
            suite.cases.append(_case(Given(each, ""), evaluators))
        except NoEquivalent as why:
            suite.left_out.append(f"case {mapping(each).get('name') or number}: {why}")
    of_report = [_name(each)[0] for each in data.get("report_evaluators") or ()]
    suite.left_out += [f"report evaluator {name}" for name in of_report]
    suite.left_out += data.unread()
    return suite


def _case(given: Given, evaluators: Iterable[Any]) -> SuiteCase:
    expected = given.get("expected_output")
    more = {} if expected is None else {"expected_output": expected}
    if not (prompt := _prompt(given.get("inputs"))):
        raise NoEquivalent("no inputs")
    case = SuiteCase(str(given.get("name") or ""), prompt, more=more)
    metadata = given.get("metadata")
    case.tags = [f"{key}:{value}" for key, value in mapping(metadata).items()]
    if not isinstance(metadata, Mapping | None):
        case.left_out.append(f"metadata: {metadata}")
    for each in [*evaluators, *(given.get("evaluators") or ())]:
        name, arguments = _name(each)
        try:
            if (made := _EVALUATORS.get(name)) is None:
                raise NoEquivalent("an evaluator of your own, or none of ours")
            if (stated := made(arguments, expected)) is not None:
                case.checks.append(stated)
                case.left_out += arguments.unread(f"{name}: ")
        except NoEquivalent as why:
            case.left_out.append(f"{name}: {why}")
    case.left_out += given.unread()
    return case


def _prompt(inputs: Any) -> str:
    """What is asked: a text, or an object as lines of `name: value`; "" for nothing."""
    if inputs is None:
        return ""
    if isinstance(inputs, dict):
        named = {key: value for key, value in inputs.items() if value is not None}
        if len(named) > 1:
            return "\n".join(f"{key}: {_prompt(value)}" for key, value in named.items())
        return _prompt(next(iter(named.values()), ""))
    return inputs if isinstance(inputs, str) else json.dumps(inputs, ensure_ascii=False)


def _name(evaluator: Any) -> tuple[str, Given]:
    """The name of an evaluator and its arguments; one without a name is of the name ""."""
    if not isinstance(evaluator, dict):
        return str(evaluator), Given(None, "")
    if evaluator.keys() == {"name", "arguments"}:
        name, arguments = evaluator["name"], evaluator["arguments"]
        if isinstance(arguments, list) and len(arguments) == 1:
            (arguments,) = arguments
    elif len(evaluator) == 1:
        ((name, arguments),) = evaluator.items()
    else:
        return str(evaluator), Given(None, "")
    named = arguments if isinstance(arguments, dict | None) else {"": arguments}
    return str(name), Given(named, str(name))


Make = Callable[[Given, Any], Stated | None]
"""The check of an evaluator, from its arguments and the expected output; None for none."""


def _first(arguments: Given, name: str) -> Any:
    """The first argument, which may be written without its name."""
    for each in (name, ""):
        if each in arguments:
            return arguments[each]
    raise NoEquivalent(f"without {name}")


def _contains(value: Any, given: Given) -> Stated:
    if not (given.get("as_strings", False) or isinstance(value, str)):
        raise NoEquivalent("a member of a list or an object")
    return checks.contains(value, ignore_case=not given.get("case_sensitive", True))


def _within(given: Given, _expected: Any) -> Stated:
    if not isinstance(seconds := _first(given, "seconds"), int | float):
        raise NoEquivalent(f"{seconds}: no number of seconds")
    return checks.within(total_s=seconds)


def _judged(given: Given, expected: Any) -> Stated:
    if given.get("score") or given.get("assertion", True) is False:
        raise NoEquivalent("the judge says yes or no, and gives no score")
    rubric = str(_first(given, "rubric"))
    given.get("include_input")  # our judge reads what was asked, always
    if given.get("include_expected_output") and expected is not None:
        return checks.agrees(expected, f"{rubric}\nThe expected answer:")
    return checks.judged(rubric)


_EVALUATORS: Mapping[str, Make] = {
    "EqualsExpected": lambda _, expected: None if expected is None else checks.equals(expected),
    "Equals": lambda given, _: checks.equals(_first(given, "value")),
    "Contains": lambda given, _: _contains(_first(given, "value"), given),
    "ContainsExpected": lambda given, expected: (
        None if expected is None else _contains(expected, given)
    ),
    "MaxDuration": _within,
    "LLMJudge": _judged,
}
"""What the evaluators that have an equivalent become."""
