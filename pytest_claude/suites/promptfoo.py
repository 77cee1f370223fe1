"""promptfoo's configuration → a suite.

Formats as documented on promptfoo.dev (configuration/reference, prompts, test-cases,
expected-outputs/deterministic), November 2026.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import canonical_model
from pytest_claude.suites import checks, files
from pytest_claude.suites.files import read_text
from pytest_claude.suites.model import Given, NoEquivalent, Stated, Suite, SuiteCase
from pytest_claude.suites.templates import js_text, render
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
_ABOUT = ("description", "$schema")  # keys of a configuration that change no case
_STOPS = {
    "stop": ["end_turn", "stop_sequence"],
    "length": ["max_tokens"],
    "content_filter": ["refusal"],
    "tool_calls": ["tool_use"],
}

Vars = Mapping[str, Any]

load = partial(files.load, core=True)


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
        self._config = Given(config, "configuration", about=_ABOUT)
        self._left_out: dict[str, None] = {}

    def suite(self) -> Suite:
        request = self._request()
        default = self._default()
        prompts = [*self._prompts(self._config.get("prompts") or "{{prompt}}")]
        if "scenarios" in self._config:
            self._leave("scenarios: write their tests out in `tests`")
        tests = self._config.get("tests") or []
        how = Given(mapping(self._config.get("evaluateOptions")), "evaluateOptions")
        if "repeat" in how:
            self._leave(f"evaluateOptions.repeat: record with --claude-trials {how['repeat']}")
        self._leave(*self._config.unread(), *how.unread("evaluateOptions."))
        cases = [
            case
            for test in self._tests(tests)
            for case in self._cases(_merged(default, test), prompts, request)
        ]
        return Suite(cases, [*self._left_out])

    def _leave(self, *lines: str) -> None:
        self._left_out |= dict.fromkeys(lines)

    def _default(self) -> Mapping[str, Any]:
        """What all tests have."""
        try:
            return Given(self._data(self._config.get("defaultTest"), "defaultTest"), "defaultTest")
        except NoEquivalent as why:
            self._leave(str(why))
            return {}

    # --- providers, prompts, tests ----------------------------------------------------------

    def _request(self) -> dict[str, Any]:
        """The model and parameters of the first provider that is Claude."""
        providers = self._config.get("providers") or self._config.get("targets") or []
        found: list[dict[str, Any]] = []
        for each in _list(providers):
            ((name, options),) = each.items() if _is_named(each) else [(each, each)]
            given = Given(mapping(options), "provider", about=("id", "label"))
            name = str(given.get("id", name))
            if (match := _CLAUDE.match(name)) is None:
                self._leave(f"provider {name}: no Claude")
                continue
            model = canonical_model(match["model"])
            if found:
                self._leave(f"provider {name}: pytest-claude bump {found[0]['model']}={model}")
            else:
                found.append({"model": model, **self._parameters(name, given.get("config"))})
            self._leave(*given.unread(f"provider {name}: "))
        return found[0] if found else {}

    def _parameters(self, provider: str, config: Any) -> dict[str, Any]:
        more: dict[str, Any] = {}
        try:
            given = Given(config, "config")
            more = {key: given[key] for key in _REQUEST if key in given}
            self._leave(*given.unread(f"provider {provider}: config."))  # sampling, for one
            if "tools" in more:
                more["tools"] = self._data(more.pop("tools"), "tools")
        except NoEquivalent as why:
            self._leave(f"provider {provider}: {why}")
        return more

    def _prompts(self, given: Any) -> Iterator[tuple[str, str]]:
        """The label and the template of each prompt."""
        for each in _list(given):
            options = Given(mapping(each), "prompt")
            raw = options.get("raw") or options.get("id") or each
            if not isinstance(raw, str):
                self._leave(f"prompt {raw}: no text")
                continue
            label = str(options.get("label", ""))
            self._leave(*options.unread(f"prompt {label or raw[:40]}: "))
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
        for each in _list(given):
            if isinstance(each, dict):
                yield each
            elif not isinstance(each, str) or "://" in (name := each.removeprefix("file://")):
                self._leave(f"tests {each}: kept elsewhere")
            elif _is_code(name):
                self._leave(f"tests {each}: they are made by a program")
            else:
                for path in self._paths(name):
                    for number, row in enumerate(_list(load(path)), start=1):
                        if isinstance(row, dict):
                            yield _of_row(row) if path.suffix == ".csv" else row
                        else:
                            self._leave(f"tests {each}: entry {number} {row!r} is no object")

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

    # --- one test ---------------------------------------------------------------------------

    def _cases(
        self, test: Mapping[str, Any], prompts: list[tuple[str, str]], request: dict[str, Any]
    ) -> Iterator[SuiteCase]:
        """A test for each prompt, and for each combination of variables that are lists."""
        given = Given(test, "test")
        name, asserts = str(given.get("description") or ""), given.get("assert")
        try:
            options = Given(given.get("options"), "options")
            metadata = Given(given.get("metadata"), "metadata")
            variables = Given(self._data(given.get("vars"), "vars"), "vars")
            known = {key: self._data(value, f"var {key}") for key, value in variables.items()}
            every = [*_combinations(known, expand=not options.get("disableVarExpansion"))]
        except NoEquivalent as why:
            return self._leave(f"test {name or test.get('vars')}: {why}")
        before, after = (options.get(key, "") for key in ("prefix", "suffix"))
        tags = [f"{key}:{value}" for key, value in metadata.items()]
        left_out = [*given.unread(), *options.unread("options.")]
        for values, (label, template) in itertools.product(every, prompts):
            asked = (value for value in values.values() if isinstance(value, str | int))
            called = name or " ".join(map(str, asked))[:_LONGEST]
            try:
                prompt, system = _asked(f"{before}{template}{after}", values)
            except NoEquivalent as why:
                test_called = called or "without a name"
                self._leave(f"test {test_called}: prompt {label or template[:40]!r}: {why}")
                continue
            case = SuiteCase(called, prompt, {**request, **system}, tags=[*tags])
            case.tags += [f"prompt:{label}"] if label and len(prompts) > 1 else []
            case.left_out += left_out
            if "transform" in options:
                kinds = (_kind(each) for each in _list(asserts or []))
                case.left_out += [f"{kind}: its test has a transform" for kind in kinds]
            else:
                self._state(case, asserts, values)
            yield case

    def _state(self, case: SuiteCase, asserts: Any, values: Vars) -> None:
        for each in _list(asserts or []):
            kind = _kind(each)
            try:
                given = Given(each, "", about=("type",))
                if kind == "assert-set" and "threshold" not in given:
                    self._state(case, given.get("assert"), values)
                else:
                    case.checks.append(self._stated(kind, given, values))
                case.left_out += given.unread(f"{kind}: ")
            except NoEquivalent as why:
                case.left_out.append(f"{kind}: {why}")

    def _stated(self, kind: str, given: Given, values: Vars) -> Stated:
        for key in ("transform", "contextTransform", "config"):
            if key in given:
                raise NoEquivalent(f"it has {key}")
        if given.get("weight") == 0:
            raise NoEquivalent("of weight 0, it only measures")
        plain = kind.removeprefix("not-")
        if (made := _CHECKS.get(plain)) is None:
            raise NoEquivalent(str(given.get("value", f"no such check here: {dict(given)}")))
        value = _rendered(self._data(given.get("value"), "value"), values)
        stated = made(value, given)
        return stated if plain == kind else stated.contrary


def _kind(assertion: Any) -> str:
    return str(mapping(assertion).get("type", "assertion"))


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
    asserts = [*_list(default.get("assert") or []), *_list(test.get("assert") or [])]
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
        if not (text := render(template, values)).strip():
            raise NoEquivalent("nothing is asked")
        return text, {}
    system = [str(message.get("content")) for message in chat if message["role"] == "system"]
    others = [message for message in chat if message["role"] != "system"]
    if any(block.get("type") not in ("text", "image", "document")
           for message in others for block in mappings(message.get("content"))):  # fmt: skip
        raise NoEquivalent("its messages are not in the form of the Messages API")
    return others, {"system": "\n\n".join(system)} if system else {}


# --- CSV ------------------------------------------------------------------------------------

_COMPACT = re.compile(r"(?P<type>[a-z][a-z:0-9-]*)(?:\((?P<threshold>[\d.]+)\))?:\s*(?P<value>.*)",
                      re.DOTALL)  # fmt: skip


_READ = re.compile(r"__(?:expected\d*|metadata:.*|description|prefix|suffix)")


def _of_row(row: Mapping[str, str]) -> dict[str, Any]:
    """A test of a row: the columns that begin with `__` say something of it, others are vars."""
    expected = [v for k, v in row.items() if re.fullmatch(r"__expected\d*", k) and v]
    others = {k: v for k, v in row.items() if v and k.startswith("__") and not _READ.fullmatch(k)}
    meta = {k.partition(":")[2]: v for k, v in row.items() if k.startswith("__metadata:") and v}
    options = {k: row[f"__{k}"] for k in ("prefix", "suffix") if row.get(f"__{k}")}
    return {
        "description": row.get("__description"),
        "vars": {k: v for k, v in row.items() if not k.startswith("__")},
        "assert": [_compact(text) for text in expected],
        "metadata": meta,
        "options": options,
        **others,
    }


def _compact(text: str) -> dict[str, Any]:
    """An assertion as a cell writes it: `contains: Paris`, or the text that is expected."""
    match = _COMPACT.fullmatch(text)
    kind = match["type"] if match is not None else ""
    if match is None or kind.removeprefix("not-") not in {*_CHECKS, *_OTHERS}:
        return {"type": "equals", "value": text}
    value: Any = match["value"]
    number = match["threshold"] or (value if kind.endswith(("cost", "latency")) else None)
    return {"type": kind, "value": value} | ({"threshold": number} if number else {})


_OTHERS = {
    "answer-relevance", "bleu", "classifier", "contains-html", "contains-sql", "contains-xml",
    "context-faithfulness", "context-recall", "context-relevance", "factuality", "g-eval",
    "is-html", "is-sql", "is-xml", "javascript", "levenshtein", "meteor", "model-graded-factuality",
    "moderation", "perplexity", "perplexity-score", "pi", "python", "rouge-n", "ruby",
    "select-best", "similar", "webhook", "word-count",
}  # fmt: skip
"""The assertions that a cell may name and that have no equivalent."""


# --- assertions -----------------------------------------------------------------------------

Make = Callable[[Any, Given], Stated]
"""The check of an assertion, from its value and the whole of it."""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_FIELD = re.compile(r'[\s,]*(?:"((?:[^"\\]|\\["\\]|""|\\(?!["\\]))*)"\s*(?=,|\Z)|([^\s",][^,]*))')


def _separated(text: str) -> list[str]:
    """The texts between commas; one in double quotes may hold commas."""
    if _FIELD.sub("", text).strip(", \t\r\n"):
        raise NoEquivalent(f"{text}: its quotation marks do not match")
    return [
        plain.strip() or re.sub(r'\\(["\\])|""', lambda escaped: escaped[1] or '"', quoted)
        for quoted, plain in _FIELD.findall(text)
    ]


def _text(value: Any, *kinds: type) -> str:
    """A value that is compared as a text: a text, or of one of these kinds."""
    if type(value) not in (str, *kinds) or value == "":
        raise NoEquivalent(f"{js_text(value)}: promptfoo compares no such value")
    return js_text(value)


def _texts(value: Any) -> list[str]:
    texts = _separated(value) if isinstance(value, str) else value
    if not (isinstance(texts, list) and texts):
        raise NoEquivalent(f"{js_text(value)}: no texts")
    return [each if each == "" else _text(each, int, float, bool) for each in texts]


def _equals(value: Any, given: Given) -> Stated:
    if "value" not in given:
        raise NoEquivalent("without a value")
    is_json = isinstance(value, dict | list | None)
    return checks.equals(value if is_json or value == "" else _text(value, int, float, bool))


def _schema(value: Any) -> Any:
    """A JSON Schema, which may be written as a text; None where none is given."""
    if value is None or value == "":
        return None
    schema = files.yaml_value(value) if isinstance(value, str) else value
    if not isinstance(schema, dict):
        raise NoEquivalent(f"{js_text(value)}: no JSON Schema")
    return schema


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise NoEquivalent(f"threshold {value}: no number") from None


def _limit(given: Given, **limit: float) -> Stated:
    if "threshold" not in given:
        raise NoEquivalent("without a threshold, it only measures")
    number = _number(given["threshold"])
    return checks.within(**{name: each * number for name, each in limit.items()})


def _regex(value: Any, _given: Any) -> Stated:
    pattern = _text(value)
    try:
        re.compile(pattern)
    except re.error as error:
        raise NoEquivalent(f"{value}: {error}") from None
    return Stated("re.search({regex}, reply.text)", {"regex": pattern})


def _stops(value: Any, _given: Any) -> Stated:
    if (reasons := _STOPS.get(str(value).lower())) is None:
        raise NoEquivalent(str(value))
    return Stated("reply.stop_reason in {stop_reasons}", {"stop_reasons": reasons})


def _judged(value: Any, given: Mapping[str, Any]) -> Stated:
    if not isinstance(value, str) or "threshold" in given:
        raise NoEquivalent("the judge says yes or no to one sentence, and gives no score")
    return checks.judged(value)


def _same_tools(value: Any, given: Mapping[str, Any]) -> Stated:
    if _number(given.get("threshold", 1)) != 1:
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
    steps = _list(given.get("steps", []))
    if given.keys() != {"mode", "steps"} or not all(isinstance(each, str) for each in steps):
        raise NoEquivalent("more than a list of names")
    return checks.calls_tools(steps, "strict")


_CHECKS: Mapping[str, Make] = {
    "contains": lambda value, _: checks.contains(_text(value, int, float)),
    "icontains": lambda value, _: checks.contains(_text(value, int, float), ignore_case=True),
    "contains-all": lambda value, _: checks.contains_several(_texts(value), how="all"),
    "contains-any": lambda value, _: checks.contains_several(_texts(value), how="any"),
    "icontains-all": lambda value, _: checks.contains_several(
        _texts(value), how="all", ignore_case=True
    ),
    "icontains-any": lambda value, _: checks.contains_several(
        _texts(value), how="any", ignore_case=True
    ),
    "equals": _equals,
    "starts-with": lambda value, _: Stated(
        "reply.text.startswith({starts_with})", {"starts_with": _text(value)}
    ),
    "regex": _regex,
    "is-json": lambda value, _: checks.is_json(_schema(value)),
    "contains-json": lambda value, _: checks.is_json(_schema(value), anywhere=True),
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
