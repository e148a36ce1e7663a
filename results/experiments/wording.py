"""Numbers of a verdict as sentences write them."""

from __future__ import annotations

from results.statistics.rounding import p_text, rounded

_MINUS = "\N{MINUS SIGN}"


def p_both(p: float, *, effect: float) -> str:
    """Write a one-sided p with the two-sided one; below zero it is that of the opposite claim."""
    opposite = "of the opposite claim, " if effect < 0 else ""
    return f"{p_words(p)} ({opposite}two-sided {p_words(min(1.0, 2 * p))})"


def p_words(p: float) -> str:
    """Write "p = 0.031" or "p < 0.001"."""
    return f"p {text}" if (text := p_text(p)).startswith("<") else f"p = {text}"


def points(value: float) -> str:
    """Write a difference of fractions in points, with its sign."""
    return rounded(100 * value, "{:+.1f}").replace("-", _MINUS)
