"""Recorded traffic, from exports of traces or cassettes → cassettes and a test of ours."""
