"""The page of promises and the tests that prove them agree."""

from __future__ import annotations

import reliability

PAGE = reliability.PAGE.read_text("utf-8")


def test_every_promise_names_the_tests_that_prove_it() -> None:
    assert reliability.written(PAGE) == PAGE, "run: python tests/reliability.py"


def test_every_mark_is_of_a_promise() -> None:
    assert reliability.proofs().keys() <= reliability.rows(PAGE).keys()


def test_a_promise_without_a_test_says_why() -> None:
    proofs = reliability.proofs()
    untested = {
        promise: why for promise, why in reliability.rows(PAGE).items() if promise not in proofs
    }
    assert all(len(why.split()) > 3 and "`test" not in why for why in untested.values()), untested
