"""A loopback server that speaks the Messages API and plays scripted models.

Test equipment: no answer of it is a real model's, and every response says so in the header
`x-simulated-by`.
"""

from simulator import meeting
from simulator.account import Account
from simulator.personas import (
    Persona,
    Reply,
    asks,
    by_prompt,
    cached,
    calls,
    cutting,
    failing,
    flaky,
    judges,
    overloaded,
    reads,
    says,
    script,
    served_by,
    slow,
)
from simulator.server import Simulator

__all__ = [
    "Account",
    "Persona",
    "Reply",
    "Simulator",
    "asks",
    "by_prompt",
    "cached",
    "calls",
    "cutting",
    "failing",
    "flaky",
    "judges",
    "meeting",
    "overloaded",
    "reads",
    "says",
    "script",
    "served_by",
    "slow",
]
