"""What to say about a name that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """Say that `name` is no `kind`, with the nearest valid name and all valid ones."""
    choices = list(known)
    nearest = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return ValueError(f"unknown {kind} '{name}'.{hint} Known: {', '.join(choices)}.")
