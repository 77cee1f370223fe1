"""The fixtures of a small project on the simulator."""

from projects import (
    bumped,
    cold_python,
    commands_in_process,
    project,
    recorded_once,
    short_gates,
    tidy,
    warm_python,
)

__all__ = [
    "bumped",
    "cold_python",
    "commands_in_process",
    "project",
    "recorded_once",
    "short_gates",
    "tidy",
    "warm_python",
]
