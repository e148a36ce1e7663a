"""The one error that a user can cause, and the words for a misspelt name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from results import suggestions


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
    return UserError(str(suggestions.unknown(kind, name, sorted(known))))
