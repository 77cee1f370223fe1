"""Numbers of a gate in words: cost, tokens, times, behaviors; and how each is written."""

from __future__ import annotations

from pytest_claude.gating.decision import Decision


def number_lines(decision: Decision) -> tuple[tuple[str, str], ...]:
    """What changed in cost, tokens and times, as labelled lines.

    `("cost per trial", "$0.00660 → $0.00614  x0.93 (95%: 0.89 to 0.97)")`
    """
    lines = []
    for ratio in decision.ratios:
        write = _dollars if ratio.measure == "cost_usd" else _count
        between = ""
        if ratio.interval is not None:
            between = " (95%: {:.2f} to {:.2f})".format(*ratio.interval)
        text = f"{write(ratio.baseline)} → {write(ratio.candidate)}  x{ratio.ratio:.2f}{between}"
        lines.append((_LABELS[ratio.measure], text))
    for of in decision.times:
        text = (
            f"{of.baseline_s:.2f} s → {of.candidate_s:.2f} s  median, {of.trials[0]} and "
            f"{of.trials[1]} trials run side by side"
        )
        lines.append((_LABELS[of.measure], text))
    return tuple(lines)


def behavior_lines(decision: Decision) -> tuple[str, ...]:
    """The behaviors that moved over the suite, one sentence each; they don't gate.

    `asks: 0/380 → 31/152 trials (p 0.0002 over the suite)`
    """
    return tuple(
        "{}: {}/{} → {}/{} trials (p {} over the suite)".format(
            rate.behavior, *rate.baseline, *rate.candidate, probability(rate.adjusted)
        )
        for rate in decision.behaviors
        if rate.changed
    )


_LABELS = {
    "cost_usd": "cost per trial",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "thinking_tokens": "thinking tokens",
    "time_to_first_token_s": "first token",
    "total_s": "whole trial",
}


def probability(p: float) -> str:
    """Four decimals, or two digits where that would say nothing.

    >>> probability(0.00339), probability(0.0000123)
    ('0.0034', '1.2e-05')
    """
    return f"{p:.4f}" if p >= 0.0005 else f"{p:.1e}"


def n_tests(number: int) -> str:
    """`1 test`, `1,204 tests`."""
    return f"{number:,} test{'s' if number != 1 else ''}"


def _dollars(value: float) -> str:
    return f"${value:.5f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"
