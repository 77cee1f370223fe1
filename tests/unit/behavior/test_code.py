"""Code of a model against a real module: what exists binds, what is invented is named."""

from __future__ import annotations

import types

import anthropic
import billing
import pytest
from transcripts import answer, run

from pytest_claude.behavior.code import python_blocks, read_code
from pytest_claude.expect import checks

INVENTED = {
    "function": (
        "import billing\nbilling.credt('1', 2)",
        "billing has no `credt`; nearest is `credit`",
    ),
    "keyword": (
        "import billing\nbilling.credit('1', amount=5, notify=True)",
        "billing.credit(order, amount, *, reason=None) has no `notify`",
    ),
    "near keyword": (
        "import billing as b\nb.credit('1', 2, reson='x')",
        "billing.credit(order, amount, *, reason=None) has no `reson`; nearest is `reason`",
    ),
    "missing argument": (
        "from billing import credit as c\nc('1')",
        "billing.credit(order, amount, *, reason=None): missing a required argument: 'amount'",
    ),
    "too many": (
        "from billing import *\ncredit('1', 2, 3)",
        "billing.credit(order, amount, *, reason=None): too many positional arguments",
    ),
    "import": ("from billing import Client, Invoice", "billing has no `Invoice`"),
    "constant": ("print(billing.RATES)", "billing has no `RATES`; nearest is `RATE`"),
    "no function": ("billing.RATE()", "billing.RATE can't be called: it is int"),
    "exception": ("try:\n    pass\nexcept billing.Refused:\n    pass", "billing has no `Refused`"),
    "method": (
        "c = billing.Client('k')\nc.chrge('1', 2)",
        "class Client has no `chrge`; nearest is `charge`",
    ),
    "argument of a method": (
        "c = billing.Client('k')\nc.charge('1', 2, because='x')",
        "Client.charge(order, amount, *, reason=None) has no `because`",
    ),
    "constructor": (
        "billing.Client(region='us')",
        "billing.Client(key, *, region='eu'): missing a required argument: 'key'",
    ),
    "result": (
        "r = billing.open_client().charge('1', 2)\nr.sned('x')",
        "class Receipt has no `sned`; nearest is `send`",
    ),
    "property": ("billing.Client('k').last.send()", "Receipt.send(to): missing *: 'to'"),
    "with": ("with billing.Client('k') as c:\n    c.chrge()", "class Client has no `chrge`; *"),
    "await": (
        "async def f(c: billing.Client):\n    (await c.charge_later('1')).sned()",
        "class Receipt has no `sned`; *",
    ),
    "class method": (
        "billing.Client.of_environment(zone='eu')",
        "billing.Client.of_environment(*, region) has no `zone`",
    ),
    "unpacked": (
        "billing.credit(*args, notify=True)",
        "billing.credit(order, amount, *, reason=None) has no `notify`",
    ),
    "a later block": (
        "import billing as b\n```\nthen\n```python\nb.nope()",
        "billing has no `nope`",
    ),
}


@pytest.mark.parametrize(("code", "reason"), INVENTED.values(), ids=INVENTED)
def test_what_is_invented_is_named(code: str, reason: str) -> None:
    import fnmatch

    found = read_code(f"Here:\n```python\n{code}\n```", billing)
    assert found.error is None
    assert [m.reason for m in found.misfits if fnmatch.fnmatch(m.reason, reason.replace("[", "?"))]
    assert len(found.misfits) == 1


FITTING = [
    "import billing\nbilling.credit('1', 2, reason='x')",
    "import billing\nbilling.credit(*args, **more)",
    "billing.credit(order='1', amount=billing.RATE)",
    "import billing\nc = billing.Client('k')\nc.charge('1', 2).send(to='x')\nprint(c.key)",
    "from billing import Client\nwith Client('k', region='us') as c:\n    c.charge('1', 2)",
    "import billing\nbilling.anything(1, 2, a=3)",
    "import billing\nreceipt = billing.Client('k').last\nprint(receipt.total)",
    "import billing\nbilling.credit('1', 2)\nother.nope(1)\nprint(unknown.credit())",
    ">>> import billing\n>>> billing.credit('1', 2)\nTrue",
]


@pytest.mark.parametrize("code", FITTING)
def test_what_exists_fits(code: str) -> None:
    check = checks.writes_valid_code(run(answer(f"```py\n{code}\n```")), against=billing)
    assert check, check.observed


UNJUDGED = {
    "a name that is bound twice": "import billing\nbilling = make()\nbilling.nope()",
    "an own function of that name": "from billing import credit\ndef credit(): ...\ncredit()",
    "dynamic attributes": "billing.Lazy().anything()",
    "of a context manager made by a generator": "with billing.session() as s:\n    s.nope()",
    "an argument without a type": "def f(client):\n    client.nope()\nf(billing.Client('k'))",
    "an attribute of self": "self.client = billing.Client('k')\nself.client.nope()",
}


@pytest.mark.parametrize("code", UNJUDGED.values(), ids=UNJUDGED)
def test_what_cannot_be_known_is_not_judged(code: str) -> None:
    assert not read_code(f"```python\n{code}\n```", billing).misfits


def test_what_is_not_judged_is_said() -> None:
    code = "```python\nimport billing\nbilling.credit('1', 2)\nbilling.Lazy().anything()\n```"
    check = checks.writes_valid_code(run(answer(code)), against=billing)
    assert check
    assert check.hint == (
        "1 use can't be judged: billing.Lazy().anything(): whether a Lazy has `anything` shows at "
        "run time only"
    )


def test_code_that_leaves_the_module_alone_is_unknown() -> None:
    check = checks.writes_valid_code(run(answer("```python\nx = 1\n```")), against=billing)
    assert check.outcome is None
    unclear = "```python\nbilling.Lazy().anything()\n```"
    only = checks.writes_valid_code(run(answer(unclear)), against=types.ModuleType("billing"))
    assert only.reason == "billing has no `Lazy`"


def test_the_sdk_s_own_api_is_held() -> None:
    code = "import anthropic\nc = anthropic.Anthropic()\nc.mesages.create()\nanthropic.Claude()"
    found = read_code(f"```python\n{code}\n```", anthropic)
    assert [misfit.reason.partition(";")[0] for misfit in found.misfits] == [
        "class Anthropic has no `mesages`",
        "anthropic has no `Claude`",
    ]


BLOCKS = {
    "tagged": ("```python\na\n```\n```sh\nls\n```", ["a\n"]),
    "untagged where none is tagged": ("```\na\n```\n```\nb\n```", ["a\n", "b\n"]),
    "the tagged go before": ("```\nout\n```\n```python\na\n```", ["a\n"]),
    "tilde": ("~~~py\na\n~~~", ["a\n"]),
    "indented": ("- do\n  ```python\n  a\n    b\n  ```", ["a\n  b\n"]),
    "cut": ("```python\na = (", ["a = ("]),
    "prompts": ("```pycon\n>>> a = 1\n>>> a\n1\n```", ["a = 1\na\n"]),
    "another language": ("```ruby\nputs 1\n```", []),
    "the whole text": ("a = 1", ["a = 1"]),
    "nothing": ("", []),
    "a fence in a fence": ("````python\ns = '```'\n````", ["s = '```'\n"]),
}


@pytest.mark.parametrize(("text", "codes"), BLOCKS.values(), ids=BLOCKS)
def test_which_blocks_are_looked_at(text: str, codes: list[str]) -> None:
    assert [block.code for block in python_blocks(text)] == codes


def test_an_escape_in_the_model_s_code_warns_nobody() -> None:
    assert read_code("```python\nx = '\\d'\n```").error is None


@pytest.mark.parametrize("code", ["(" * 5_000, "x = " + "-" * 100_000 + "1", "\0"])
def test_code_that_overruns_the_parser_does_not_parse(code: str) -> None:
    assert read_code(f"```python\n{code}\n```").error is not None


def test_code_that_is_too_deep_is_told_as_such() -> None:
    # Who gives up first, Python's parser or we, depends on the stack below.
    found = read_code(f"```python\nbilling.RATE{'.a' * 1_500}()\n```", billing)
    assert "recursion" in (found.error or "") or found.unclear == ("the code is nested too deeply",)
    assert not found.misfits


def test_misuse() -> None:
    with pytest.raises(TypeError, match="language='ruby': only 'python' is known"):
        checks.writes_valid_code(run(), "ruby")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="against='billing': a module, imported"):
        checks.writes_valid_code(run(), against="billing")  # type: ignore[arg-type]
