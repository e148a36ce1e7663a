"""Numbers as people read them: percent, seconds, bytes, operations, times."""

from __future__ import annotations

from datetime import datetime, timezone

from results.store.units import unit

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL = ("", "k", "M", "G", "T", "P", "E", "Z")


def score(metric: str, value: float, *, digits: int) -> str:
    """Write a number: percent for a fraction, else with its unit, and what is either so or not as "yes" or "no"."""
    if metric.endswith("_saturated"):
        return "yes" if value else "no"
    end = "squared distance" if unit(metric) == "squared" else unit(metric)
    return f"{value:.{digits + 2}g} {end}" if end else f"{100 * value:.{digits}f}"


def seconds(value: float) -> str:
    """Write a duration: "4.2 s", "3 min 42 s", "2 h 05 min"."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(value: float) -> str:
    """Write a number of bytes: "1.2 GiB"."""
    return _scaled(value, names=_BINARY, step=1024)


def operations(value: float) -> str:
    """Write a number of floating-point operations: "15.7 TFLOP"."""
    return f"{_scaled(value, names=_DECIMAL, step=1000)}FLOP"


def count(value: float) -> str:
    """Write a whole number with its thousands apart: "81,920"."""
    return f"{value:,.0f}"


def moment(value: datetime) -> str:
    """Write a time in UTC, to the minute: "2030-01-31 12:00 UTC"."""
    return f"{value.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def _scaled(value: float, *, names: tuple[str, ...], step: int) -> str:
    """Write a number with the prefix that leaves it below `step`."""
    place = 0
    while value >= step and place < len(names) - 1:
        value, place = value / step, place + 1
    return f"{value:.3g} {names[place]}" if value < 100 else f"{value:.0f} {names[place]}"
