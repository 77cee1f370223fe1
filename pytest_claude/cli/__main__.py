"""`python -m pytest_claude.cli` is `pytest-claude`."""

import sys

from pytest_claude.cli import main

if __name__ == "__main__":
    sys.exit(main())
