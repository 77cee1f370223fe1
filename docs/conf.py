"""The documentation site, built by Sphinx: CONTRIBUTING.md says how, and why Sphinx."""

from importlib.metadata import version as installed

from pygments.lexers import JsonLexer

project = "pytest-claude"
author = "the authors of pytest-claude"
release = version = installed("pytest-claude")

extensions = ["myst_parser"]
myst_heading_anchors = 4  # as on GitHub, so that a link to a heading works in both places
# The first line of a block names its file, as a comment, also where the language has none.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"pytest-claude {release}"
html_copy_source = False


def setup(app):
    """Add what Sphinx's highlighter does not know."""
    app.add_lexer("jsonl", JsonLexer)
