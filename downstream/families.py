"""The families of downstream tasks: one module each, all with the same three functions."""

from __future__ import annotations

import importlib
import typing
from pathlib import Path
from typing import Any, Protocol

from downstream.tasks import Context, Metric


class Family(Protocol):
    """What the module `downstream.<family>` offers; `options` are of the family's class in `downstream.tasks`."""

    def check_data(self, options: Any, *, data_root: Path, store: Path) -> str:
        """Check the data of a task, without training, and return their fingerprint.

        Raises:
            ValueError: they are missing or malformed; one line.
        """

    def rehearse(self, options: Any, context: Context) -> None:
        """Take one training step and one test on two images of the task's data, to see that it will run.

        Raises:
            Exception: whatever would stop the task.
        """

    def run(self, options: Any, context: Context) -> list[Metric]:
        """Evaluate the backbone of `context`; go on with what a killed run left in `context.work_dir`."""


def family(name: str) -> Family:
    """The module of a family."""
    return typing.cast(Family, importlib.import_module(f"downstream.{name}"))
