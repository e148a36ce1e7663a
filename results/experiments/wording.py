"""Numbers of a verdict, and what they are, as sentences write them."""

from __future__ import annotations

import re

from results.statistics.rounding import p_text, rounded

MINUS = "\N{MINUS SIGN}"


def p_both(p: float, *, effect: float) -> str:
    """Write a one-sided p with the two-sided one; below zero it is that of the opposite claim."""
    opposite = "of the opposite claim, " if effect < 0 else ""
    return f"{p_words(p)} ({opposite}two-sided {p_words(min(1.0, 2 * p))})"


def p_words(p: float) -> str:
    """Write "p = 0.031" or "p < 0.001"."""
    return f"p {text}" if (text := p_text(p)).startswith("<") else f"p = {text}"


def points(value: float) -> str:
    """Write a difference of fractions in points, with its sign."""
    return rounded(100 * value, "{:+.1f}").replace("-", MINUS)


def in_words(metric: str) -> str:
    """Write "linear_retention_shared" as "linear retention of shared factors"; what is no number of a probe stays.

    Names of a task and a data set may stand before it.
    """
    for pattern, words in _PROBES:
        metric = pattern.sub(words, metric)
    return metric


_PROBES = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\b(linear|mlp)_retention_non_shared\b", r"\1 retention of non-shared factors"),
        (r"\b(linear|mlp)_retention_shared\b", r"\1 retention of shared factors"),
        (r"\b(linear|mlp)_retention\b", r"\1 retention of all factors"),
        (r"\blinear_background_hue_r2\b", "linear R2 of the background's hue"),
        (r"\b(linear|mlp)_(shape|hue)_top1\b", r"\1 accuracy in the \2"),
        (r"\blinear_top1\b", "linear accuracy"),
    )
)
