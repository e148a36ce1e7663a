"""What each row cost: pretraining and its evaluations, means over seeds."""

from __future__ import annotations

import pandas as pd

from results.order import REFERENCE, objective_order

_PRETRAINING = ("images", "images_per_s", "flops", "wall_s", "peak_memory_bytes")


def costs(part: pd.DataFrame) -> pd.DataFrame:
    """Average what was measured of each row.

    Args:
        part: rows of `results.store.loading.load` with one config.

    Returns:
        Frame indexed by objective, in the order of tables; NaN where nothing was measured. Of the pretraining, means
        over seeds: images, images_per_s (NaN without images), flops, wall_s (seconds, with the preparation of its
        views where an evaluation names it) and peak_memory_bytes. flops_ratio: flops over those of the reference row.
        evaluations_s: seconds of all tasks together, each a mean over seeds. devices: names, joined. What is stale
        counts only where a row has nothing else.
    """
    done = part[part["status"] == "done"]
    names = [f"pretrain_{name}" for name in _PRETRAINING]
    behind = done[["objective", "seed", "stale", *names]].rename(columns=dict(zip(names, _PRETRAINING, strict=True)))
    itself = done.loc[done["kind"] == "pretrain", ["objective", "seed", "stale", *_PRETRAINING]]
    runs = _newest(pd.concat([behind[done["kind"] == "evaluate"], itself]))
    found = runs.groupby(["objective", "seed"])[list(_PRETRAINING)].first().groupby("objective").mean()
    evaluations = _newest(done[done["kind"] == "evaluate"].drop_duplicates("key"))
    tasks = evaluations.groupby(["objective", "task"])["wall_s"].mean()
    devices = done.groupby("objective")["device"].agg(lambda values: ", ".join(sorted(set(values))))
    found = found.assign(evaluations_s=tasks.groupby("objective").sum(min_count=1), devices=devices)
    found = found.assign(images_per_s=found["images_per_s"].where(found["images"] > 0))
    base = found["flops"].get(REFERENCE)
    ratio = found["flops"] / base if base is not None and base > 0 else float("nan")
    return found.assign(flops_ratio=ratio).reindex(objective_order(part["objective"]))


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop what is stale from the rows of objectives that have something current."""
    fresh = set(rows.loc[rows["stale"] == "", "objective"])
    return rows[(rows["stale"] == "") | ~rows["objective"].isin(fresh)]
