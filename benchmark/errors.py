"""The one error that a user can cause, and the words for a misspelt name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A mistake in what the user gave: shown as one line, exit status 2."""


@contextmanager
def blaming_the_user() -> Iterator[None]:
    """Turn the `ValueError` or `OSError` of a check on the user's input into a `UserError`."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise UserError(" ".join(str(error).split())) from error


def unknown(kind: str, name: str, known: Iterable[str]) -> UserError:
    """Say that `name` is no `kind`, with the nearest valid name and all valid ones."""
    choices = sorted(known)
    nearest = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return UserError(f"unknown {kind} '{name}'.{hint} Known: {', '.join(choices)}.")
