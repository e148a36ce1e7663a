"""What the numbers say: reading cells, statistics, tables, figures, report. `results.load(runs)` is where it starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def load(
    runs: str | Path, *, keys: Collection[str] | None = None, stale: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Load all numbers of any directory of cells in long form; see `results.store.loading.load`, which this calls.

    pandas is imported here and not before: most of the command line does without.
    """
    from results.store import loading

    return loading.load(Path(runs), keys=keys, stale=stale or {})
