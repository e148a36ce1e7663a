"""What the user asked of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.places import Places
from benchmark.settings import Settings


@dataclass(frozen=True)
class Request:
    """What the user asked for, as given.

    Attributes:
        settings: the bench config.
        objectives: names separated by commas, or "all".
        seeds: whole numbers separated by commas.
        tasks: names of tasks or families separated by commas, or "all".
        places: where to read and write.
        device: "auto", "cpu", "cuda", ...
        jobs: rows computed at the same time.
        references: add the floor and the ceiling to the rows.
        strict: take a task that cannot run here for an error.
        rerun: what is computed of that which failed, is stale, or is done (`benchmark.rerun`).
        budget: what rows have in common, "epochs" or "flops".
    """

    settings: Settings
    objectives: str
    seeds: str
    tasks: str
    places: Places
    device: str
    jobs: int
    references: bool
    strict: bool
    rerun: str
    budget: str
