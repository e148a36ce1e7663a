"""Numbers for people."""

from __future__ import annotations


def rounded(value: float, form: str) -> str:
    """Write a number; one that rounds to zero has no minus before it.

    Args:
        value: the number.
        form: how, for `str.format`, such as "{:+.1f}".
    """
    text = form.format(value)
    return text if float(text) else form.format(0.0)


def p_text(p: float) -> str:
    """Write a p-value: "0.25", "0.031", "< 0.001"; "" for nan."""
    return "" if p != p else "< 0.001" if p < 0.001 else f"{p:.2g}"  # nan is not equal to itself
