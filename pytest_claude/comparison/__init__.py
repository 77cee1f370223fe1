"""Baseline against candidate: trials, and the differences between them in words. Pure."""
