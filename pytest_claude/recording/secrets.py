"""What a secret is: one definition for what is never written and what is found in files. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import product
from pathlib import Path
from urllib.parse import quote, quote_plus

REPLACEMENT = "[redacted]"
SHORTEST = 8
"""Characters of a credential; a shorter value would be replaced in ordinary words too."""

# The names that SDKs read credentials from end so.
VARIABLE = re.compile(r"(?:API_KEY|AUTH_TOKEN|BEARER_TOKEN_BEDROCK"
                      r"|SECRET_ACCESS_KEY|SESSION_TOKEN)$")  # fmt: skip
# Another service's variable holds a word where an SDK wants it set; Claude's, a gateway's key.
_NEVER_A_WORD = ("ANTHROPIC_", "AWS_")
_WORD = re.compile(r"(?:[^\W\d]|[.-]){,19}")

# No letter or digit before; the letter of an escape, as in `\nAKIA…`, does not count.
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))"
_END = r"(?![A-Za-z0-9])"
_LINE_END = r"(?:\s|\\+[nr])"  # in JSON a line end is an escape, in JSON within JSON a longer one
_BLANK = rf"{_LINE_END}*+"
_ANTHROPIC = rf"(?:sk-ant-[a-z]+\d\d-|{_START}sk-ant-(?![a-z]+\d\d-))[A-Za-z0-9_-]{{8,}}"

_PRIVATE = "a private key"
_SHAPES = {
    "an Anthropic key": (("sk-ant-",), _ANTHROPIC),
    "an OpenAI key": (
        ("sk-proj-", "sk-svcacct-", "sk-admin-", "T3BlbkFJ"),
        rf"{_START}sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{{40,}}"
        r"|[A-Za-z0-9_-]{10,}T3BlbkFJ[A-Za-z0-9_-]{10,})",
    ),
    "an OpenRouter key": (("sk-or-v1-",), rf"{_START}sk-or-v1-[0-9a-f]{{64}}{_END}"),
    "a Hugging Face token": (("hf_",), rf"{_START}hf_[A-Za-z0-9]{{34}}{_END}"),
    "an AWS access key id": (("AKIA", "ASIA"), rf"{_START}A[KS]IA[A-Z2-7]{{16}}{_END}"),
    "a GitHub token": (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        rf"{_START}(?:gh[opsur]_[A-Za-z0-9]{{36,}}|github_pat_[A-Za-z0-9]{{22}}_\w{{59}}){_END}",
    ),
    # After or before `+` it would be a piece of base64.
    "a Google API key": (("AIza",), rf"{_START}(?<![+_-])AIza[\w-]{{35}}(?![\w+-])"),
    "a Slack token": (("xox",), rf"{_START}xox[abeoprs]-(?:\d+-)+[A-Za-z0-9-]{{10,}}"),
    _PRIVATE: (
        ("PRIVATE KEY-----",),
        rf"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----{_BLANK}"
        rf"(?:(?:Proc-Type|DEK-Info): [^\\\n\"]*+{_LINE_END}++)*+"
        rf"(?:[A-Za-z0-9+/=]{{16,}}+{_BLANK})++"
        rf"(?:[A-Za-z0-9+/=]*{_BLANK}-----END (?:[A-Z]+ )*PRIVATE KEY-----)?",
    ),
}
# A quotation mark in JSON, in JSON within JSON, and so on.
_QUOTE = r"\\*\""
_NO_TOKEN = rf"(?!\[redacted\]|[A-Z_]+{_QUOTE})"
# The part that is replaced is a group. What was replaced before is no secret, nor is the name of a
# variable, as other recorders write it in place of a token.
_PLACES = {
    "the token of an MCP server": (
        ("authorization_token",),
        rf"(?<!\\)\"authorization_token\"\s*:\s*\"{_NO_TOKEN}((?:[^\"\\]|\\.)+)"
        rf"|\\+\"authorization_token{_QUOTE}\s*:\s*{_QUOTE}{_NO_TOKEN}([^\"\\]+)",
    ),
    "the password in a connection string": (
        tuple(f"{name}://" for name in ("postgres", "postgresql", "mysql", "mongodb",
                                        "mongodb+srv", "redis", "rediss", "amqp", "amqps")),
        r"(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?)(?:\+\w+)?://"
        r"[^\s:/@\"\\]*:(?!\[redacted\])([^\s/@\"\\]{8,})@",
    ),
    "a JSON web token": (
        ("eyJ",),
        rf"{_START}(eyJ[\w-]{{10,}}\.eyJ[\w-]{{10,}}\.[\w-]{{20,}})",
    ),
}  # fmt: skip


def _public_shapes() -> Iterator[tuple[str, tuple[Sequence[str], str]]]:
    """The shapes that a public scanner lists, each with the words that must be there first."""
    text = Path(__file__).with_name("secret_shapes.json").read_text("utf-8")
    for kind, anchors, shape in json.loads(text)["shapes"]:
        yield kind, (anchors, rf"{_START}(?:{shape}){_END}")


_PATTERNS = {
    kind: (anchors, re.compile(shape))
    for kind, (anchors, shape) in (*_SHAPES.items(), *_PLACES.items(), *_public_shapes())
}

# `sk-ant-` in base64, where the bytes before it fill 0, 1 or 2 of a group of three; with what
# replaces those bytes when it is decoded.
_IN_BASE64 = {"c2stYW50L": "", "NrLWFudC": "AH", "zay1hbnQt": "AAB"}
_BASE64 = re.compile(rf"({'|'.join(_IN_BASE64)})[A-Za-z0-9+/_-]{{10,150}}")

# As documentation writes keys. A real one is longer, and random.
_PLACEHOLDER = re.compile(r"(?i)your|example|placeholder|redacted|x{6}")
_LONGEST_PLACEHOLDER = 60
_SHORT = 300  # characters
_ONLY_X = re.compile(r"[xX_-]+$")


@dataclass(frozen=True)
class Secret:
    """One secret in a text.

    Attributes:
        kind: What it is, in words.
        start: Where it begins.
        end: Where it ends.
    """

    kind: str
    start: int
    end: int

    def told(self, text: str) -> str:
        """What it is in `text`, with no more of it than tells one key from another."""
        if self.kind in _PATTERNS and self.kind not in (_PRIVATE, *_PLACES):
            return f"{self.kind} ending in {text[self.end - 4 : self.end]}"
        return self.kind


@dataclass(frozen=True)
class Secrets:
    """Finds secrets: keys of known shapes, and the credentials of one environment.

    Attributes:
        values: What each credential is, by the forms in which it could be written.
    """

    values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Secrets:
        """The secrets of the credentials that `environment` holds, and of all known shapes.

        Values that stand in other text too are left alone; `left_alone` names them.
        """
        values: dict[str, str] = {}
        for name, value in _credentials(environment):
            if not _reads_like_text(name, value):
                values = {**dict.fromkeys(_forms(value), f"the value of {name}"), **values}
        return cls(values)

    def may_be_in(self, data: bytes) -> bool:
        """Whether `data` must be looked at closely; cheap."""
        return any(anchor in data for anchor in self._anchors)

    def find(self, text: str) -> list[Secret]:
        """The secrets in `text` in order; those that overlap are one.

        >>> Secrets().find("export GITHUB_TOKEN=ghp_" + "a1B2" * 9)
        [Secret(kind='a GitHub token', start=20, end=60)]
        >>> Secrets().find("export ANTHROPIC_API_KEY=sk-ant-...")
        []
        """
        secrets: list[Secret] = []
        for secret in sorted(self._all(text), key=lambda secret: secret.start):
            if secrets and secret.start < secrets[-1].end:
                secrets[-1] = replace(secrets[-1], end=max(secret.end, secrets[-1].end))
            else:
                secrets.append(secret)
        return secrets

    def redacted(self, text: str) -> str:
        """`text` with every secret replaced; applied twice it changes nothing more."""
        # URLs and headers are few, and the same in every call of a replay.
        return self._again(text) if len(text) < _SHORT else self._redacted(text)

    @cached_property
    def _again(self) -> Callable[[str], str]:
        return lru_cache(maxsize=256)(self._redacted)

    def _redacted(self, text: str) -> str:
        pieces, end = [], 0
        for secret in self.find(text):
            pieces += [text[end : secret.start], REPLACEMENT]
            end = secret.end
        return "".join([*pieces, text[end:]])

    def _all(self, text: str) -> Iterator[Secret]:
        for value, kind in self.values.items():
            at = text.find(value)
            while at >= 0:
                yield Secret(kind, at, at + len(value))
                at = text.find(value, at + len(value))
        for kind, (anchors, pattern) in _PATTERNS.items():
            if any(anchor in text for anchor in anchors):
                for key in pattern.finditer(text):
                    if not _is_placeholder(key[key.lastindex or 0]):
                        yield Secret(kind, *key.span(key.lastindex or 0))
        if any(anchor in text for anchor in _IN_BASE64):
            for code in _BASE64.finditer(text):
                if _is_key(_decoded(_IN_BASE64[code[1]] + code[0])):
                    yield Secret("an Anthropic key in base64", *code.span())

    @cached_property
    def _anchors(self) -> tuple[bytes, ...]:
        shapes = [anchor for anchors, _ in _PATTERNS.values() for anchor in anchors]
        return tuple(_bytes(text) for text in (*self.values, *shapes, *_IN_BASE64))


def left_alone(environment: Mapping[str, str]) -> dict[str, str]:
    """The names of credentials that can't be told from other text, and what they read like."""
    reasons = {name: _reads_like_text(name, value) for name, value in _credentials(environment)}
    return {name: why for name, why in reasons.items() if why}


def _reads_like_text(name: str, value: str) -> str:
    if len(value) < SHORTEST:
        return f"has fewer than {SHORTEST} characters"
    if value in REPLACEMENT:
        return "reads like a placeholder"
    if name.startswith(_NEVER_A_WORD):
        return ""
    if _is_placeholder(value):
        return "reads like a placeholder"
    return "reads like a word" if _WORD.fullmatch(value) else ""


def _credentials(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(environment.items()):
        if VARIABLE.search(name) and value.strip():
            yield name, value.strip()


def _forms(value: str) -> Iterator[str]:
    """How a value can stand in JSON, in JSON within JSON, in a URL and in base64."""
    yield value
    for inside, outside in product((True, False), repeat=2):
        once = json.dumps(value, ensure_ascii=inside)[1:-1]
        yield from (once, json.dumps(once, ensure_ascii=outside)[1:-1])
    yield value.replace("/", "\\/")
    data = _bytes(value)
    yield from (quote(data, safe=""), quote(data), quote_plus(data))
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + data).decode()
        # Only the characters that do not depend on what is around the value.
        inner = coded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield from (inner, inner.translate(_URL_SAFE))


_URL_SAFE = str.maketrans("+/", "-_")
_STANDARD = str.maketrans("-_", "+/")


def _decoded(text: str) -> str:
    text = text.translate(_STANDARD)
    try:
        return base64.b64decode(text[: len(text) // 4 * 4]).decode("latin-1")
    except binascii.Error:
        return ""


def _is_key(text: str) -> bool:
    key = _PATTERNS["an Anthropic key"][1].search(text)
    return key is not None and not _is_placeholder(key[0])


def _is_placeholder(text: str) -> bool:
    if len(text) < _LONGEST_PLACEHOLDER and _PLACEHOLDER.search(text):
        return True
    return bool(_ONLY_X.search(text)) and len(set(text[-SHORTEST:].lower())) == 1


def _bytes(text: str) -> bytes:
    """As the environment holds it, which may be no UTF-8."""
    return text.encode("utf-8", "surrogateescape")
