"""The page: one self-contained file that opens offline. The only door to jinja2.

What a model, a user or a test says is data: Jinja escapes it in the overview, and in the detail a
script puts it into text nodes. The content security policy names the page's one style and one
script by their hashes, so nothing else can run or load.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import zip_longest
from typing import Any

from pytest_claude.models.prices import NO_OVERRIDES, PriceTable
from pytest_claude.report.candidates import Candidates, Told
from pytest_claude.report.candidates_page import candidates_page
from pytest_claude.report.charts import dots
from pytest_claude.report.commands import commands_for
from pytest_claude.report.conversation import Lookup, Pool
from pytest_claude.report.coverage import HEAD, Behavior, coverage_text
from pytest_claude.report.forecast import forecast
from pytest_claude.report.numbers import at_least, probability
from pytest_claude.report.overview import FOLDED, Origin, change, overview_page, signs
from pytest_claude.report.row import Row
from pytest_claude.report.story import Story
from pytest_claude.report.unfolded import unfolded
from pytest_claude.transcript.quoting import printable
from pytest_claude.transcript.utf8 import utf8

_LARGEST = 18_000_000  # bytes of embedded transcripts
_KEPT_OF_A_TEST = 256  # transcripts in memory
_KEPT_OF_UNCHANGED = 2  # trials a side, when there are more bytes than that


def render_page(
    told: Told,
    transcripts: Lookup,
    *,
    origin: Origin,
    run_file: str | None = None,
    prices: PriceTable = NO_OVERRIDES,
    behaviors: Sequence[Behavior] = (),
) -> str:
    """The page as text.

    Args:
        told: The run.
        transcripts: Gives the transcript of a cassette.
        origin: Of which project, when, from which commit.
        run_file: Path of the run file, for the commands.
        prices: The user's own prices.
        behaviors: Which behavior is tested, where that was asked.
    """
    arms = told.arms if isinstance(told, Candidates) else ()
    stories = [arm.story for arm in arms] if isinstance(told, Candidates) else [told]
    common, chunks, trimmed = _chunks(stories, transcripts, run_file)
    parts, first = [], 0
    for story, arm in zip_longest(stories, arms):
        part = overview_page(
            story,
            origin=origin,
            run_file=run_file,
            foretold=forecast(story, transcripts, prices),
            trimmed=trimmed,
            first=first,
            arm=arm,
        )
        parts.append(part)
        first += len(story.rows)
    if isinstance(told, Candidates):
        return _rendered(candidates_page(told, parts, run_file), common, chunks, behaviors)
    return _rendered({**parts[0], "parts": parts}, common, chunks, behaviors)


def _chunks(
    stories: Sequence[Story], transcripts: Lookup, run_file: str | None
) -> tuple[str, list[str], bool]:
    """What is common to the tests, each test's own, and whether transcripts were left out."""
    rows = [(story, row) for story in stories for row in story.rows]
    # One test after another: its candidates have the trials of the baseline in common.
    order = sorted(range(len(rows)), key=lambda number: rows[number][1].test)
    lookup = lru_cache(maxsize=_KEPT_OF_A_TEST)(transcripts)
    for most in (None, _KEPT_OF_UNCHANGED):
        shared = Pool()
        chunks = [""] * len(rows)
        for number in order:
            story, row = rows[number]
            kept = most if row.word in FOLDED else None
            commands = commands_for(row, story, run_file)
            chunks[number] = packed(unfolded(row, story, lookup, shared, commands, most=kept))
        if sum(map(len, chunks)) <= _LARGEST:
            break
    return packed(shared.values), chunks, most is not None


def _rendered(page: Any, common: str, chunks: Sequence[str], behaviors: Sequence[Behavior]) -> str:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    css, js, template = _assets()
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(
        pieces=pieces, capital=capital, dots=dots, findable=findable, change=change,
        down=at_least, signs=signs, tokens=_tokens, shown=printable, p=probability,
        breakable=lambda name: Markup("<wbr>").join(_broken(name)),
    )  # fmt: skip
    return environment.from_string(template).render(
        page=page,
        policy=f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(js)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'",
        css=Markup(css),  # ours, and named by its hash
        js=Markup(js),
        common=Markup(common),  # base64
        chunks=[Markup(chunk) for chunk in chunks],
        folded=FOLDED,
        behaviors=behaviors,
        tested=coverage_text(behaviors),
        columns=HEAD,
    )


@cache
def _assets() -> tuple[str, str, str]:
    """Style sheet, script and template."""
    folder = resources.files("pytest_claude.report").joinpath("page")
    css, js, template = (
        folder.joinpath(f"report.{kind}").read_text("utf-8") for kind in ("css", "js", "html.j2")
    )
    return squeezed(css), js, template


def squeezed(css: str) -> str:
    """A style sheet without comments, with no needless white space and short names of variables.

    >>> squeezed("a { --long: c; } /* d */ e > f,\\n g { x: var(--long) }")
    'a{--a:c}e>f,g{x:var(--a)}'
    """
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    found = dict.fromkeys(re.findall(r"--[a-z][a-z-]*", css))
    short = dict(zip(found, _names(), strict=False))
    css = re.sub(r"--[a-z][a-z-]*", lambda name: short[name[0]], css)
    return re.sub(r" ?([{};,>]|:(?= )) ?", r"\1", css).replace(";}", "}").strip()


def _names() -> Iterator[str]:
    """`--a`, `--b`, … `--aa`, …"""
    letters = "abcdefghijklmnopqrstuvwxyz"
    yield from (f"--{first}{last}" for first in ("", *letters) for last in letters)


def packed(value: Any) -> str:
    """JSON, deflated and in base64: it holds no character that ends a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = deflate.compress(utf8(text)) + deflate.flush()
    return base64.b64encode(data).decode()


def pieces(text: str) -> list[tuple[bool, str]]:
    """The parts of a sentence, and whether each stood in backquotes.

    >>> pieces("calls `refund` at once")
    [(False, 'calls '), (True, 'refund'), (False, ' at once')]
    """
    return [(bool(n % 2), piece) for n, piece in enumerate(printable(text).split("`")) if piece]


def capital(text: str) -> str:
    """The sentence with a capital where it begins with a letter.

    A name keeps its own.

    >>> capital("asks for the unit"), capital("`$.total` is a string"), capital("max_tokens below")
    ('Asks for the unit', '`$.total` is a string', 'max_tokens below')
    """
    return text if "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]


def findable(row: Row) -> str:
    """What the filter of the page looks into: test, sentence, tags, names of the tools called."""
    trials = [trial for side in row.sides for trial in side.trials]
    tools = {fact.name for trial in trials if trial.profile for fact in trial.profile.tools}
    tags = () if row.result.set is None else row.result.set.tags
    words = [row.test, (row.text or "").replace("`", ""), *tags, *sorted(tools)]
    return printable(" ".join(words)).lower()


def _shown(value: object) -> object:
    """What is put into the template: text of others without control characters."""
    return printable(value) if type(value) is str else value


def _broken(name: str) -> list[str]:
    """The parts of a test's name after which a line may break."""
    return re.findall(r"[^_:/]+[_:/]*|[_:/]+", printable(name))


def _tokens(number: int) -> str:
    return f"{number / 1000:g}k" if number >= 1000 and number % 100 == 0 else f"{number:,}"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
