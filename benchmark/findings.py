"""What the checks before a run find: said line by line, and an error where the user wants no task skipped."""

from __future__ import annotations

from collections.abc import Callable

from benchmark.errors import UserError


class Findings:
    """Says what the checks find, and remembers what will be skipped.

    Args:
        say: prints one line.
        every: print the checks that went well, too.

    Attributes:
        say: prints one line.
        skipped: lines on what will be skipped.
    """

    def __init__(self, say: Callable[[str], None], *, every: bool) -> None:
        self.say, self.every = say, every
        self.skipped: list[str] = []

    def add(self, what: str, reason: str | None, *, note: str = "") -> None:
        """Report one check: `reason` says why it will be skipped, None that it is fine; `note` says more on that."""
        if reason is not None:
            self.skipped.append(f"{what}: {reason}")
            self.say(f"{what}: skipped: {reason}")
        elif note or self.every:
            self.say(f"{what}: ok{f' ({note})' if note else ''}")

    def refuse(self) -> None:
        """Take what would be skipped for an error.

        Raises:
            UserError: something would be skipped.
        """
        if self.skipped:
            raise UserError(f"strict: everything that is asked for must be able to run; {'; '.join(self.skipped)}")
