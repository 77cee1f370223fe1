"""promptfoo's configuration → a suite.

Formats as documented on promptfoo.dev (configuration/reference, prompts, test-cases,
expected-outputs/deterministic), November 2026.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import canonical_model
from pytest_claude.suites import checks
from pytest_claude.suites.files import load, read_text
from pytest_claude.suites.model import NoEquivalent, Stated, Suite, SuiteCase
from pytest_claude.suites.templates import render
from pytest_claude.transcript.json_values import mapping, mappings, parsed

_TEXTS = (".txt", ".md", ".j2")
_DATA = (".json", ".yaml", ".yml")
_CODE = (".js", ".cjs", ".mjs", ".ts", ".py", ".rb", ".sh", ".bash")
_REQUEST = ("max_tokens", "tools", "tool_choice", "thinking", "stop_sequences", "output_config",
            "cache_control", "service_tier")  # fmt: skip
_LONGEST = 60  # characters of what a case is called
_CLAUDE = re.compile(
    r"^(?:anthropic|bedrock|vertex)(?::\w+)*?:(?P<model>[\w.-]*claude(?!-agent-sdk|-code).*)$"
)
_READ = ("description", "tags", "providers", "targets", "prompts", "tests", "defaultTest",
         "scenarios", "outputPath", "sharing", "commandLineOptions", "evaluateOptions")  # fmt: skip
_READ_OF_TEST = ("description", "vars", "assert", "metadata", "options")
_READ_OF_OPTIONS = ("prefix", "suffix", "disableVarExpansion")
_STOPS = {
    "stop": ["end_turn", "stop_sequence"],
    "length": ["max_tokens"],
    "content_filter": ["refusal"],
    "tool_calls": ["tool_use"],
}

Vars = Mapping[str, Any]


def read_promptfoo(path: Path) -> Suite:
    """The suite in a configuration file, with the files that it names.

    Raises:
        SettingsError: It is no configuration of promptfoo, or a file can't be read.
    """
    config = load(path)
    if not isinstance(config, dict) or not config.keys() & {"prompts", "tests", "scenarios"}:
        raise SettingsError(f"{path}: no configuration of promptfoo: no prompts and no tests in it")
    return _Reader(path.parent, config).suite()


class _Reader:
    """Reads one configuration."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self._folder = folder
        self._config = config
        self._left_out: dict[str, None] = {}

    def suite(self) -> Suite:
        request = self._request()
        default = self._data(self._config.get("defaultTest"), "defaultTest")
        prompts = [*self._prompts(self._config.get("prompts", "{{prompt}}"))]
        if "scenarios" in self._config:
            self._leave("scenarios: write their tests out in `tests`")
        for key, value in self._config.items():
            if key not in _READ:
                self._leave(f"{key}: {value}")
        if "repeat" in (how := mapping(self._config.get("evaluateOptions"))):
            self._leave(f"evaluateOptions.repeat: record with --claude-trials {how['repeat']}")
        cases = [
            case
            for test in self._tests(self._config.get("tests") or [])
            for case in self._cases(_merged(mapping(default), test), prompts, request)
        ]
        return Suite(cases, [*self._left_out])

    def _leave(self, line: str) -> None:
        self._left_out[line] = None

    # --- providers, prompts, tests ----------------------------------------------------------

    def _request(self) -> dict[str, Any]:
        """The model and parameters of the first provider that is Claude."""
        providers = self._config.get("providers") or self._config.get("targets") or []
        found: list[dict[str, Any]] = []
        for each in providers if isinstance(providers, list) else [providers]:
            (name, options), *_ = each.items() if _is_named(each) else [(each, {})]
            given = mapping(each) if isinstance(each, dict) and "id" in each else mapping(options)
            name = str(given.get("id", name))
            if (match := _CLAUDE.match(name)) is None:
                self._leave(f"provider {name}: no Claude")
            elif found:
                new = canonical_model(match["model"])
                self._leave(f"provider {name}: pytest-claude bump {found[0]['model']}={new}")
            else:
                config = mapping(given.get("config"))
                for key in config:
                    if key not in _REQUEST:  # the SDK has no sampling any more
                        self._leave(f"provider {name}: config.{key}")
                more = {key: config[key] for key in _REQUEST if key in config}
                if "tools" in more:
                    more["tools"] = self._value(more["tools"])
                found.append({"model": canonical_model(match["model"]), **more})
        return found[0] if found else {}

    def _prompts(self, given: Any) -> Iterator[tuple[str, str]]:
        """The label and the template of each prompt."""
        for each in given if isinstance(given, list) else [given]:
            options = each if isinstance(each, dict) else {}
            raw = str(options.get("raw") or options.get("id") or each)
            label = str(options.get("label", ""))
            name = raw.removeprefix("file://")
            is_name = raw != name or not re.search(r"\s", name)
            if raw.startswith("exec:") or (is_name and _is_code(name)) or re.match(r"\w+://", name):
                self._leave(f"prompt {raw}: it is made by a program, or kept elsewhere")
            elif raw != name or (is_name and Path(name).suffix in (*_TEXTS, *_DATA)):
                for path in self._paths(name):
                    yield from ((label or path.stem, part) for part in _prompts_in(path))
            else:
                yield label, raw

    def _tests(self, given: Any) -> Iterator[Mapping[str, Any]]:
        for each in given if isinstance(given, list) else [given]:
            if isinstance(each, dict):
                yield each
            elif not isinstance(each, str) or "://" in (name := each.removeprefix("file://")):
                self._leave(f"tests {each}: kept elsewhere")
            elif _is_code(name):
                self._leave(f"tests {each}: they are made by a program")
            else:
                for path in self._paths(name):
                    rows = load(path)
                    rows = rows if isinstance(rows, list) else [rows]
                    yield from map(_of_row if path.suffix == ".csv" else dict, mappings(rows))

    def _paths(self, name: str) -> list[Path]:
        if "*" not in name:
            return [self._folder / name]
        if not (found := [path for path in sorted(self._folder.glob(name)) if path.is_file()]):
            self._leave(f"{name}: no such file")
        return found

    def _data(self, value: Any, what: str) -> Any:
        """A value, or what the file that it names holds."""
        if isinstance(value, list):
            return [self._data(each, what) for each in value]
        if not isinstance(value, str) or not value.startswith("file://"):
            return value
        path = self._folder / value.removeprefix("file://")
        if path.suffix in _TEXTS:
            return read_text(path).strip()
        if path.suffix in _DATA:
            return load(path)
        raise NoEquivalent(f"{what} {value}: no text and no data")

    def _value(self, value: Any) -> Any:
        return self._data(value, "the file")

    # --- one test ---------------------------------------------------------------------------

    def _cases(
        self, test: Mapping[str, Any], prompts: list[tuple[str, str]], request: dict[str, Any]
    ) -> Iterator[SuiteCase]:
        """A test for each prompt, and for each combination of variables that are lists."""
        name, options = str(test.get("description") or ""), mapping(test.get("options"))
        left_out = [f"{key}: {test[key]}" for key in test if key not in _READ_OF_TEST]
        left_out += [f"options.{key}" for key in options if key not in _READ_OF_OPTIONS]
        tags = [f"{key}:{value}" for key, value in mapping(test.get("metadata")).items()]
        try:
            given = mapping(self._data(test.get("vars"), "vars"))
            known = {key: self._data(value, f"var {key}") for key, value in given.items()}
            every = [*_combinations(known, expand=not options.get("disableVarExpansion"))]
        except NoEquivalent as why:
            return self._leave(f"test {name or test.get('vars')}: {why}")
        for values, (label, template) in itertools.product(every, prompts):
            asked = (value for value in values.values() if isinstance(value, str | int))
            called = name or " ".join(map(str, asked))[:_LONGEST]
            try:
                whole = [options.get("prefix", ""), template, options.get("suffix", "")]
                prompt, system = _asked("".join(map(str, whole)), values)
            except NoEquivalent as why:
                self._leave(f"prompt {label or template[:40]!r}: {why}")
                continue
            case = SuiteCase(called, prompt, {**request, **system}, tags=[*tags])
            case.tags += [f"prompt:{label}"] if label and len(prompts) > 1 else []
            case.left_out += left_out
            if "transform" in options:
                kinds = (str(each.get("type")) for each in mappings(test.get("assert")))
                case.left_out += [f"{kind}: its test has a transform" for kind in kinds]
            else:
                self._state(case, test.get("assert") or [], values)
            yield case

    def _state(self, case: SuiteCase, asserts: Iterable[Any], values: Vars) -> None:
        for each in mappings(asserts):
            kind = str(each.get("type"))
            if kind == "assert-set" and "threshold" not in each:
                self._state(case, each.get("assert") or [], values)
                continue
            try:
                case.checks.append(self._stated(kind, each, values))
            except NoEquivalent as why:
                case.left_out.append(f"{kind}: {why}")

    def _stated(self, kind: str, given: Mapping[str, Any], values: Vars) -> Stated:
        for key in ("transform", "contextTransform", "config"):
            if key in given:
                raise NoEquivalent(f"it has {key}")
        if given.get("weight") == 0:
            raise NoEquivalent("of weight 0, it only measures")
        plain = kind.removeprefix("not-")
        if (made := _CHECKS.get(plain)) is None:
            raise NoEquivalent(str(given.get("value", "no such check here")))
        value = _rendered(self._data(given.get("value"), "value"), values)
        stated = made(value, {**given, "value": value})
        return stated if plain == kind else stated.contrary


def _is_named(provider: Any) -> bool:
    """Whether a provider is written as `{its id: its options}`."""
    return isinstance(provider, dict) and "id" not in provider and len(provider) == 1


def _is_code(name: str) -> bool:
    return re.sub(r":\w+$", "", name).endswith(_CODE)


def _merged(default: Mapping[str, Any], test: Mapping[str, Any]) -> dict[str, Any]:
    """A test with what all tests have: its own names win, and both kinds of asserts hold."""
    both = {**default, **test}
    for key in ("vars", "options", "metadata"):
        if isinstance(default.get(key), dict) and isinstance(test.get(key, {}), dict):
            both[key] = {**default[key], **test.get(key, {})}
    asserts = [*(default.get("assert") or []), *(test.get("assert") or [])]
    return {**both, "assert": asserts}


def _combinations(values: Vars, *, expand: bool) -> Iterator[dict[str, Any]]:
    """Each combination of the values of variables; variables may name each other."""
    several = [expand and isinstance(value, list) for value in values.values()]
    lists = [v if many else [v] for v, many in zip(values.values(), several, strict=True)]
    for chosen in itertools.product(*lists):
        one = dict(zip(values, chosen, strict=True))
        yield {name: _rendered(value, one) for name, value in one.items()}


def _rendered(value: Any, values: Vars) -> Any:
    """A value whose texts are templates, with its variables filled in."""
    match value:
        case str():
            return render(value, values)
        case list():
            return [_rendered(each, values) for each in value]
        case dict():
            return {key: _rendered(each, values) for key, each in value.items()}
    return value


def _prompts_in(path: Path) -> list[str]:
    """The prompts in a file: several in a text, and a chat in JSON or YAML."""
    if path.suffix == ".txt":
        parts = re.split(r"^---\n", read_text(path), flags=re.MULTILINE)
        return [part.strip() for part in parts]
    return [json.dumps(load(path)) if path.suffix in _DATA else read_text(path).strip()]


def _asked(template: str, values: Vars) -> tuple[str | list[Any], dict[str, Any]]:
    """A prompt, or the messages of a chat in JSON; and its system prompt, where it has one."""
    chat = parsed(template) if template.startswith("[") else None
    if chat is not None:
        chat = _rendered(chat, values)
    elif (text := render(template, values)).startswith("["):  # with tags around its messages
        chat = parsed(text)
    if not (isinstance(chat, list) and chat and all("role" in mapping(m) for m in chat)):
        return render(template, values), {}
    system = [str(message.get("content")) for message in chat if message["role"] == "system"]
    others = [message for message in chat if message["role"] != "system"]
    if any(block.get("type") not in ("text", "image", "document")
           for message in others for block in mappings(message.get("content"))):  # fmt: skip
        raise NoEquivalent("its messages are not in the form of the Messages API")
    return others, {"system": "\n\n".join(system)} if system else {}


# --- CSV ------------------------------------------------------------------------------------

_COMPACT = re.compile(r"(?P<type>[a-z][a-z:0-9-]*)(?:\((?P<threshold>[\d.]+)\))?:\s*(?P<value>.*)",
                      re.DOTALL)  # fmt: skip


def _of_row(row: Mapping[str, str]) -> dict[str, Any]:
    """A test of a row: the columns that begin with `__` say something of it, others are vars."""
    expected = [v for k, v in row.items() if re.fullmatch(r"__expected\d*", k) and v]
    meta = {k.partition(":")[2]: v for k, v in row.items() if k.startswith("__metadata:") and v}
    options = {k: row[f"__{k}"] for k in ("prefix", "suffix") if row.get(f"__{k}")}
    return {
        "description": row.get("__description"),
        "vars": {k: v for k, v in row.items() if not k.startswith("__")},
        "assert": [_compact(text) for text in expected],
        "metadata": meta,
        "options": options,
    }


def _compact(text: str) -> dict[str, Any]:
    """An assertion as a cell writes it: `contains: Paris`, or the text that is expected."""
    match = _COMPACT.fullmatch(text)
    kind = match["type"] if match is not None else ""
    if match is None or kind.removeprefix("not-") not in {*_CHECKS, *_OTHERS}:
        return {"type": "equals", "value": text}
    value: Any = match["value"]
    if kind.endswith(("-any", "-all")):
        value = [each.strip() for each in next(_csv_row(value))]
    number = match["threshold"] or (value if kind.endswith(("cost", "latency")) else None)
    return {"type": kind, "value": value} | ({"threshold": float(number)} if number else {})


def _csv_row(text: str) -> Iterator[list[str]]:
    import csv

    yield from csv.reader([text], skipinitialspace=True)


_OTHERS = {
    "answer-relevance", "bleu", "classifier", "contains-html", "contains-sql", "contains-xml",
    "context-faithfulness", "context-recall", "context-relevance", "factuality", "g-eval",
    "is-html", "is-sql", "is-xml", "javascript", "levenshtein", "meteor", "model-graded-factuality",
    "moderation", "perplexity", "perplexity-score", "pi", "python", "rouge-n", "ruby",
    "select-best", "similar", "webhook", "word-count",
}  # fmt: skip
"""The assertions that a cell may name and that have no equivalent."""


# --- assertions -----------------------------------------------------------------------------

Make = Callable[[Any, Mapping[str, Any]], Stated]
"""The check of an assertion, from its value and the whole of it."""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _limit(given: Mapping[str, Any], **limit: float) -> Stated:
    if "threshold" not in given:
        raise NoEquivalent("without a threshold, it only measures")
    return checks.within(**{name: each * given["threshold"] for name, each in limit.items()})


def _regex(value: Any, _given: Any) -> Stated:
    try:
        re.compile(str(value))
    except re.error as error:
        raise NoEquivalent(f"{value}: {error}") from None
    return Stated("re.search({regex}, reply.text)", {"regex": str(value)})


def _stops(value: Any, _given: Any) -> Stated:
    if (reasons := _STOPS.get(str(value).lower())) is None:
        raise NoEquivalent(str(value))
    return Stated("reply.stop_reason in {stop_reasons}", {"stop_reasons": reasons})


def _judged(value: Any, given: Mapping[str, Any]) -> Stated:
    if not isinstance(value, str) or "threshold" in given:
        raise NoEquivalent("the judge says yes or no to one sentence, and gives no score")
    return checks.judged(value)


def _same_tools(value: Any, given: Mapping[str, Any]) -> Stated:
    if given.get("threshold", 1) != 1:
        raise NoEquivalent("a share of the tools")
    names = value if isinstance(value, list) else [each.strip() for each in str(value).split(",")]
    return Stated("set(call.name for call in claude.tool_calls) == set({tools})", {"tools": names})


def _uses_tools(value: Any, _given: Any) -> Stated:
    if not all(isinstance(each, str) for each in _list(value)):
        raise NoEquivalent("a pattern, or how often")
    return Stated("all(claude.calls_tool(name) for name in {tools})", {"tools": _list(value)})


def _arguments(value: Any, _given: Any) -> Stated:
    given = mapping(value)
    arguments = given.get("args", given.get("arguments"))
    others = [key for key in given if key not in ("name", "args", "arguments", "mode")]
    if others or not isinstance(arguments, dict) or "name" not in given:
        raise NoEquivalent(", ".join(others) or "no name and arguments")
    nested = any(isinstance(each, dict) for each in arguments.values())
    exact = given.get("mode") == "exact"
    if nested and not exact:
        raise NoEquivalent("a part of a nested argument")
    return checks.calls_tool(str(given["name"]), arguments, exact=exact)


def _sequence(value: Any, _given: Any) -> Stated:
    given = mapping(value)
    if given.get("mode") != "exact":
        raise NoEquivalent("other tools may be called in between")
    return checks.calls_tools([*given.get("steps", ())], "strict")


_CHECKS: Mapping[str, Make] = {
    "contains": lambda value, _: checks.contains(value),
    "icontains": lambda value, _: checks.contains(value, ignore_case=True),
    "contains-all": lambda value, _: checks.contains_several(_list(value), how="all"),
    "contains-any": lambda value, _: checks.contains_several(_list(value), how="any"),
    "icontains-all": lambda value, _: checks.contains_several(
        _list(value), how="all", ignore_case=True
    ),
    "icontains-any": lambda value, _: checks.contains_several(
        _list(value), how="any", ignore_case=True
    ),
    "equals": lambda value, _: checks.equals(value),
    "starts-with": lambda value, _: Stated(
        "reply.text.startswith({starts_with})", {"starts_with": str(value)}
    ),
    "regex": _regex,
    "is-json": lambda value, _: checks.is_json(value),
    "contains-json": lambda value, _: checks.is_json(value, anywhere=True),
    "cost": lambda _, given: _limit(given, cost_usd=1),
    "latency": lambda _, given: _limit(given, total_s=0.001),
    "finish-reason": _stops,
    "is-refusal": lambda _value, _given: Stated("claude.refuses()"),
    "llm-rubric": _judged,
    "model-graded-closedqa": _judged,
    "is-valid-function-call": lambda _value, _given: Stated("claude.passes_valid_arguments()"),
    "is-valid-openai-tools-call": lambda _value, _given: Stated("claude.passes_valid_arguments()"),
    "tool-call-f1": _same_tools,
    "trajectory:tool-used": _uses_tools,
    "trajectory:tool-args-match": _arguments,
    "trajectory:tool-sequence": _sequence,
}
"""What the assertions that have an equivalent become."""
