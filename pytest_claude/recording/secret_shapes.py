"""What a text shows to be a secret by itself: its shape, or the place where it is. Pure.

`secret_shapes.json` has what public lists name; here is what needs more than a pattern.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pytest_claude.recording.complexity import is_placeholder, plain

REPLACEMENT = "[redacted]"

_END = r"(?![A-Za-z0-9])"
# No letter or digit is before a key; the letter of an escape, as in `\nAKIA…`, does not count.
_START = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))")
_LINE_END = r"(?:\s|\\+[nr])"  # in JSON a line end is an escape, in JSON within JSON a longer one
_BLANK = rf"{_LINE_END}*+"
PRIVATE_KEY = "a private key"


@dataclass(frozen=True)
class Secret:
    """One secret in a text.

    Attributes:
        kind: What it is, in words.
        start: Where it begins.
        end: Where it ends.
        credential: Its value, where only its place shows that it is one and where it can be told
            from other text: it is a secret elsewhere too.
        is_told: Whether its last characters may be told.
    """

    kind: str
    start: int
    end: int
    credential: str = ""
    is_told: bool = False

    def told(self, text: str) -> str:
        """What it is in `text`, with no more of it than tells one key from another."""
        if self.is_told:
            return f"{self.kind} ending in {text[self.end - 4 : self.end]}"
        return self.kind


@dataclass(frozen=True, eq=False)
class Shape:
    """How secrets of one kind are written.

    Attributes:
        kind: What they are, in words.
        anchors: One of these is in each of them, or where they are.
        pattern: A regular expression; the secret is its group, or all of it.
        is_bounded: Whether it does not count within a longer word.
        is_place: Whether it is one for where it is: as text it may be anything.
        whatever: Whether it is one there whatever it is.
    """

    kind: str
    anchors: Sequence[str]
    pattern: str
    is_bounded: bool = True
    is_place: bool = False
    whatever: bool = False

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, once it is needed: most are not."""
        return re.compile(self.pattern)

    def find(self, text: str) -> Iterator[Secret]:
        """The secrets of this shape in `text`."""
        at = 0
        while (key := self.compiled.search(text, at)) is not None:
            if self.is_bounded and not _START.match(text, key.start()):
                at = key.start() + 1
                continue
            at = max(key.end(), key.start() + 1)
            group = key.lastindex or 0
            if (secret := self._judged(key[group], *key.span(group))) is not None:
                yield secret

    def _judged(self, value: str, start: int, end: int) -> Secret | None:
        if not self.is_place:
            is_told = self.kind != PRIVATE_KEY
            return None if is_placeholder(value) else Secret(self.kind, start, end, is_told=is_told)
        why = plain(value)
        if why and not (self.whatever and value):
            return None
        return Secret(self.kind, start, end, "" if why else value)


@dataclass(frozen=True, eq=False)
class _Named(Shape):
    """Values by the ends of their names: strings of JSON, in JSON within JSON too, and others.

    Others are set as in `DB_PASSWORD="…"`, `password: …` and `api_key = '…'`.
    """

    def find(self, text: str) -> Iterator[Secret]:
        for tail in _TAILS:
            at = text.find(tail)
            while at >= 0:
                at += len(tail)
                if sign := self.compiled.match(text, at):
                    yield from self._field(text, sign) if sign[0][-1] == '"' else self._set(sign)
                at = text.find(tail, at)

    def _field(self, text: str, colon: re.Match[str]) -> Iterator[Secret]:
        # In JSON within JSON each quotation mark has 1 backslash before it, then 3, 7, …
        unit = len(colon[1]) + 1
        name = _KEY.search(text, max(0, colon.start() - 40), colon.start())
        kind, whatever = _meaning(name[1], text) if name is not None else ("", False)
        start = colon.end()
        end = _end_of_string(text, start, unit) if kind else start
        if kind and not _IS_NO_TOKEN.match(text, start, end):
            value = _unescaped(text[start:end], unit)
            why = plain(value)
            if not why or (whatever and value):
                yield Secret(kind, start, end, "" if why else value)

    def _set(self, sign: re.Match[str]) -> Iterator[Secret]:
        name = _NAME_BEFORE.search(sign.string, max(0, sign.start() - 40), sign.start())
        if name is None or not _names_a_credential(name[0], is_variable=sign[0] == "="):
            return
        if value := _VALUE.match(sign.string, sign.end()):
            group = value.lastindex or 0
            if (secret := self._judged(value[group], *value.span(group))) is not None:
                yield secret


_KEY = re.compile(r"\"([A-Za-z_-]+)$")
_NAME_BEFORE = re.compile(r"[\w-]+$")
# A value that says where the credential is.
_ELSEWHERE = r"process\.env\.|ENC\[|vault:"
_VALUE_SIGNS = r"[^\s\"'`<>\\;|&(){}$]"
_QUOTED = r"(?:[^\s\"\\]|\\(?!\\{0,9}[\"nrt]))"
_IN_QUOTES = (
    rf"\\*\"(?={_VALUE_SIGNS})({_QUOTED}{{8,}}+)(?=\\*\")"
    rf"|\\*'(?={_VALUE_SIGNS})((?:(?!\\{{0,9}}'){_QUOTED}){{8,}}+)(?=\\*')"
)
_SET_TO = (
    rf"(?!\\*[\"']?(?:[a-z]+://|{_ELSEWHERE}))"
    rf"(?:{_IN_QUOTES}|(?:\\*[\"'])?({_VALUE_SIGNS}{{7,}}(?![,.]){_VALUE_SIGNS}))"
)
_VALUE = re.compile(rf"[ \t]*{_SET_TO}")
_FIELDS = {
    # In the API's own schema.
    "authorization_token": ("the token of an MCP server", True),
    "secret_value": ("a secret of a vault", True),
    # As others write them.
    "access_token": ("a token", False),
    "refresh_token": ("a token", False),
    "id_token": ("a token", False),
    "session_token": ("a token", False),
}
_ENDS = (
    "api_key", "apikey", "api_token", "auth_token", "bearer_token", "passphrase", "passwd",
    "password", "private_key", "secret_access_key", "_secret", "secret_key",
)  # fmt: skip
# In a file of variables, as `MODEL_KEY=…`: elsewhere these are keys of sorting, pages, issues too.
_UPPER_ENDS = ("SECRET", "PASSWORD", "TOKEN", "KEY")
# How the names of both end, as they are written.
_TAILS = (
    "oken", "ecret", "assword", "asswd", "assphrase", "_key", "-key", "Key", "pikey",
    "secret_value", *_UPPER_ENDS,
)  # fmt: skip
# Names of objects that hold a secret, as Kubernetes has them.
_NO_SECRET = re.compile(r"(?:existing|pull|(?<!access_)(?<!oauth_)token)_secret$")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def _snake_case(name: str) -> str:
    return "_".join(_WORDS.findall(name)).lower()


def _meaning(name: str, text: str) -> tuple[str, bool]:
    """What the string with this name is, and whether whatever it is; "" if it is not a secret."""
    plain = _snake_case(name)
    if plain == "token" and "static_bearer" in text:  # how a vault calls the token beside it
        return "a token of a vault", True
    is_one = plain.endswith(_ENDS) and not _NO_SECRET.search(plain)
    return _FIELDS.get(plain) or (("a credential", False) if is_one else ("", False))


def _names_a_credential(name: str, *, is_variable: bool) -> bool:
    if is_variable and name.endswith(_UPPER_ENDS):
        return True
    plain = _snake_case(name)
    return plain.endswith((*_FIELDS, *_ENDS)) and not _NO_SECRET.search(plain)


def _end_of_string(text: str, start: int, unit: int) -> int:
    for quote in _QUOTE.finditer(text, start):
        level = len(quote[0])
        if level < unit or level // unit % 2:  # it is no part of the value
            return quote.end() - min(level, unit)
    return len(text)


_QUOTE = re.compile(r"\\*\"")
# What we or another recorder have replaced is not a secret; some write the name of a variable.
_IS_NO_TOKEN = re.compile(
    r"(?i:\W*(?:redacted|filtered|removed)\W*)$|<[^<>]*>$|\*+$|[A-Z_]+$|" + _ELSEWHERE
)


def _unescaped(text: str, unit: int) -> str:
    while unit:
        try:
            text = json.loads(f'"{text}"')
        except ValueError:
            return text
        unit //= 2
    return text


_SEPARATOR = r"(?:[?&;]|\\u0026)"  # before a parameter of a URL; & is escaped in HTML and in JSON
_PARAMETER = (
    r"(?i:(?![\w.-]*(?:page|next|contin|cursor|sync))"
    r"[\w.-]{0,40}?(?:token|secret|password|passwd|signature|credential)"
    r"|(?:[\w.-]{0,40}?(?:access|account|api|auth|private|subscription)[_-]?)?key|auth|sig|pwd)"
)
# The names of headers that hold keys, as they are written.
_HEADERS = (
    "pi-key", "pi-Key", "PI-KEY", "PI-Key", "uth-key", "uth-Key", "ess-token", "ess-Token",
    "uth-token", "uth-Token", "UTH-TOKEN", "ate-token", "ate-Token", "ATE-TOKEN", "ity-token",
    "ity-Token",
)  # fmt: skip
_URL_ENDS = r"\s\"'`<>\\"

_SHAPES = (
    Shape("an Anthropic key", ("sk-ant-",),
          r"sk-ant-[a-z]+\d\d-[A-Za-z0-9_-]{8,}", is_bounded=False),
    Shape("an Anthropic key", ("sk-ant-",), r"sk-ant-(?![a-z]+\d\d-)[A-Za-z0-9_-]{8,}"),
    Shape("an OpenAI key", ("sk-proj-", "sk-svcacct-", "sk-admin-"),
          r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}"),
    Shape("an OpenAI key", ("T3BlbkFJ",),
          r"sk-[A-Za-z0-9_-]{10,}T3BlbkFJ[A-Za-z0-9_-]{10,}"),
    Shape("an OpenRouter key", ("sk-or-v1-",), rf"sk-or-v1-[0-9a-f]{{64}}{_END}"),
    Shape("a Hugging Face token", ("hf_",), rf"hf_[A-Za-z0-9]{{34}}{_END}"),
    Shape("an AWS access key id", ("AKIA", "ASIA"), rf"A[KS]IA[A-Z2-7]{{16}}{_END}"),
    Shape("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
          rf"gh[opsur]_[A-Za-z0-9]{{36,}}{_END}"),
    Shape("a GitHub token", ("github_pat_",),
          rf"github_pat_[A-Za-z0-9]{{22}}_\w{{59}}{_END}"),
    # After or before `+` it would be a piece of base64.
    Shape("a Google API key", ("AIza",), r"(?<![+_-])AIza[\w-]{35}(?![\w+-])"),
    Shape("a Slack token", ("xox",), r"xox[abeoprs]-(?:\d+-)+[A-Za-z0-9-]{10,}"),
    Shape("a JSON web token", ("eyJ",),
          r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{20,}"),
    Shape(PRIVATE_KEY, ("PRIVATE KEY-----",),
          rf"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----{_BLANK}"
          rf"(?:(?:Proc-Type|DEK-Info): [^\\\n\"]*+{_LINE_END}++)*+"
          rf"(?:[A-Za-z0-9+/=]{{16,}}+{_BLANK})++"
          rf"(?:[A-Za-z0-9+/=]*{_BLANK}-----END (?:[A-Z]+ )*PRIVATE KEY-----)?",
          is_bounded=False),
    Shape("the secret of an AWS access key", ("AKIA", "ASIA"),
          r"A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])(?s:.){1,200}?"
          r"(?:(?<![A-Za-z0-9/+=_-])|(?<=\\[bfnrt]))"
          r"(?![0-9a-f]{40})([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=_-])",
          is_place=True),
    # A page on the web has names and passwords in examples; a database has them in earnest.
    Shape("the password in a URL", ("://",),
          r"://(?<!http://)(?<!https://)[^\s:/?#@\"'`<>\\]*:"
          rf"(?!\[redacted\])([^/{_URL_ENDS}]{{8,}})@",
          is_bounded=False, is_place=True, whatever=True),
    Shape("the password in a URL", ("://",),
          rf"://[^:/?#@{_URL_ENDS}]*:([^/?#{_URL_ENDS}]{{8,}})@",
          is_bounded=False, is_place=True),
    Shape("the token in a URL", ("://",),
          rf"://([^:/?#@{_URL_ENDS}]{{8,}}):?@",
          is_bounded=False, is_place=True),
    Shape("a credential in the query of a URL",
          ("oken=", "ecret=", "assword=", "asswd=", "ignature=", "redential=", "ey=", "uth=",
           "sig=", "pwd="),
          rf"{_SEPARATOR}{_PARAMETER}=([^&;#{_URL_ENDS}]{{8,}})",
          is_bounded=False, is_place=True),
    Shape("a credential in a header", ("earer ",),
          r"earer\s+([\w.~+/=:-]{8,})", is_bounded=False, is_place=True),
    Shape("a credential in a header", ("uthorization",),
          r"uthorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:[Bb]asic\s+|[Tt]oken\s+)?([\w.~+/=:-]{8,})",
          is_bounded=False, is_place=True),
    Shape("a credential in a header", _HEADERS,
          r"-(?i:(?:(?<=api-)|(?<=auth-))key"
          r"|(?:(?<=access-)|(?<=auth-)|(?<=private-)|(?<=security-))token)"
          r"\\*[\"']?\s*[:=]\s*\\*[\"']?([\w.~+/=:-]{8,})",
          is_bounded=False, is_place=True),
    Shape("a credential in a command",
          ("--",), r"--(?:[a-z]+-)*(?:password|passwd|passphrase|token|secret|apikey"
          r"|(?:api|secret|private|access)-key)"
          rf" +{_SET_TO}",
          is_bounded=False, is_place=True),
    # To look for each tail first would take as long as to find it.
    _Named("the value of a variable", ("",),
           r"(\\*)\"\s*:\s*\1\"|'?[ \t]*(?:=|:(?![ \t]*!))", is_bounded=False, is_place=True),
)  # fmt: skip


def _public_shapes() -> Iterator[Shape]:
    """The shapes that public lists name, each with the words that must be there first."""
    text = Path(__file__).with_name("secret_shapes.json").read_text("utf-8")
    for kind, anchors, shape in json.loads(text)["shapes"]:
        yield Shape(kind, anchors, rf"(?:{shape}){_END}")


# Each secret with a shape is in a run of signs of words and URLs (`searching`); but these.
_IN_NO_RUN = ("sk-ant-", "PRIVATE KEY-----")


@cache
def by_anchor(*, in_runs: bool) -> Mapping[bytes, Sequence[Shape]]:
    """The shapes whose anchors are looked for in runs, or in the whole text, by anchor."""
    shapes: dict[bytes, list[Shape]] = {}
    for shape in (*_SHAPES, *_public_shapes()):
        for anchor in shape.anchors:
            if in_runs is not (shape.is_place or anchor in _IN_NO_RUN):
                shapes.setdefault(anchor.encode(), []).append(shape)
    return shapes
