"""The small project of the plugin's tests, for faults that only a whole run shows."""

from __future__ import annotations

from plugin.conftest import _tidy, cold_python, project, warm_python

__all__ = ["_tidy", "cold_python", "project", "warm_python"]
