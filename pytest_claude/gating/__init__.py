"""Is the difference real, and is it worse? Which trials are needed to say so? Pure.

The names are loaded on first use: a plain run needs none of the statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_claude.comparison.trial import Trial
    from pytest_claude.gating.decision import Decision, TestVerdict
    from pytest_claude.gating.duel import DuelRule, duel_rule, duel_test
    from pytest_claude.gating.ledger import Key, Ledger, Need, TestTrials
    from pytest_claude.gating.planning import conclude, count_contenders, plan
    from pytest_claude.gating.policy import Policy
    from pytest_claude.gating.screen import screen_test

__all__ = [
    "Decision",
    "DuelRule",
    "Key",
    "Ledger",
    "Need",
    "Policy",
    "TestTrials",
    "TestVerdict",
    "Trial",
    "conclude",
    "count_contenders",
    "duel_rule",
    "duel_test",
    "plan",
    "screen_test",
]

_HOME = {
    "Decision": "gating.decision",
    "DuelRule": "gating.duel",
    "Key": "gating.ledger",
    "Ledger": "gating.ledger",
    "Need": "gating.ledger",
    "Policy": "gating.policy",
    "TestTrials": "gating.ledger",
    "TestVerdict": "gating.decision",
    "Trial": "comparison.trial",
    "conclude": "gating.planning",
    "count_contenders": "gating.planning",
    "duel_rule": "gating.duel",
    "duel_test": "gating.duel",
    "plan": "gating.planning",
    "screen_test": "gating.screen",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"pytest_claude.{_HOME[name]}"), name)
