"""The fixtures of a small project on the simulator."""

from projects import *  # noqa: F403  # its fixtures, and nothing else
