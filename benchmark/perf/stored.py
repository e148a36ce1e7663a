"""What was measured, as files of its own: RUNS/perf/<part>.json, with the machine that measured it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.perf.comparison import Comparison
from results.whole_files import write_whole


@dataclass(frozen=True)
class Measured:
    """A part as it was measured, at one go.

    Attributes:
        part: name of the part.
        comparisons: what was found, raw.
        machine: as `benchmark.perf.machine` describes it.
    """

    part: str
    comparisons: tuple[Comparison, ...]
    machine: dict[str, Any]

    @property
    def has_numbers(self) -> bool:
        """Whether anything could be measured."""
        return any(each.ours for each in self.comparisons)


def write(measured: Measured, path: Path) -> None:
    """Write a part, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(asdict(measured), indent=1) + "\n").encode())


def read(path: Path) -> Measured:
    """Read what `write` wrote.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        fields = json.loads(path.read_text())
        comparisons = tuple(_comparison(each) for each in fields["comparisons"])
        return Measured(fields["part"], comparisons, fields["machine"])
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"perf: {path} must hold a part as make perf writes it, got {error!r}") from error


def read_all(folder: Path, parts: Iterable[str]) -> list[Measured]:
    """Read the parts that are there, in the order of `parts`."""
    return [read(path) for part in parts if (path := folder / f"{part}.json").exists()]


def _comparison(fields: dict[str, Any]) -> Comparison:
    return Comparison(**{**fields, "ours": tuple(fields["ours"]), "theirs": tuple(fields["theirs"])})
