"""Tests and data sets of other tools, read as cases with checks, and written as a pytest module."""
