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


def begun(words: str) -> str:
    """Write words as a sentence begins; a name such as mIoU stays as it is."""
    return words if words[1:2].isupper() else words[:1].upper() + words[1:]


POINTS = "points"
"""The unit in which differences of fractions are written: hundredths."""


def differences(*values: float, unit: str) -> list[str]:
    """Write differences of fractions, in `POINTS`, or of numbers in another unit, with their signs.

    All have one decimal (another unit two), or as many, up to three, as it takes that none but a true zero is written
    as zero.
    """
    known = [100 * each if unit == POINTS else each for each in values]
    coarse = range(1 if unit == POINTS else 2, 3)
    fine = next((digits for digits in coarse if all(round(each, digits) or not each for each in known)), 3)
    return [rounded(each, f"{{:+.{fine}f}}").replace("-", MINUS) for each in known]


def in_words(metric: str) -> str:
    """Write "linear_retention_shared" as "linear retention of shared factors"; what has no other name stays.

    Names of a task and a data set may stand before it.
    """
    for pattern, words in _METRICS:
        metric = pattern.sub(words, metric)
    return metric


_METRICS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\b(linear|mlp)_retention_non_shared\b", r"\1 retention of non-shared factors"),
        (r"\b(linear|mlp)_retention_shared\b", r"\1 retention of shared factors"),
        (r"\b(linear|mlp)_retention\b", r"\1 retention of all factors"),
        (r"\blinear_background_hue_r2\b", "linear R2 of the background's hue"),
        (r"\b(linear|mlp)_(shape|hue)_top1\b", r"\1 accuracy in the \2"),
        (r"\blinear_top1\b", "linear accuracy"),
        (r"\bmlp (?=retention|accuracy)", "MLP "),
        (r"\bknn_top1\b", "kNN accuracy"),
        (r"\brankme_dims\b", "RankMe"),
        (r"\beffective_rank_dims\b", "effective rank"),
        (r"\blidar_dims\b", "LiDAR"),
        (r"\buniformity_nats\b", "uniformity"),
        (r"\balignment_squared\b", "alignment"),
        (r"\binfonce_information_nats\b", "InfoNCE's bound on I(z1;z2)"),
        (r"\bh_decoder_information_nats\b", "I(h;v) by a decoder"),
        (r"\bh_noise_information_nats\b", "the bound on I(h+noise;v)"),
    )
)
