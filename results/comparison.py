"""Objective x task: which of the stored numbers counts, its mean and spread over seeds, and why one is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from results.order import column_order, objective_order
from results.positions import with_positions

NO_TASK = "no task"
SELECTIONS = ("last", "selected", "oracle")
_SLOT = ["config", "objective", "seed", "column"]
_SKIPPED = "skipped: "


@dataclass(frozen=True)
class Column:
    """A column of the table: one metric of one data set.

    Attributes:
        label: unique within the config, "shapes VOC AP50".
        task: name of the task.
        family: family of the task.
        dataset: name as tables show it; the task's name where no cell of the task has numbers.
        metric: name of the metric; "" where no cell of the task has numbers.
        split: "test" wherever there is a test number, else "val".
        selection: "selected", or "last" where nothing was chosen; never "oracle".
    """

    label: str
    task: str
    family: str
    dataset: str
    metric: str
    split: str
    selection: str


def columns(part: pd.DataFrame) -> list[Column]:
    """List the columns of one config's table, in their order.

    Args:
        part: rows of `results.loading.load` with one config.
    """
    tasks = part[part["kind"] == "evaluate"]
    chosen = tasks[tasks["value"].notna() & (tasks["selection"] != "oracle")]
    found = [
        _column(*(str(name) for name in names), rows=rows)
        for names, rows in chosen.groupby(["task", "family", "dataset", "metric"], sort=False)
    ]
    bare = tasks[~tasks["task"].isin([column.task for column in found])]
    found += [
        Column(label=task, task=task, family=family, dataset=task, metric="", split="", selection="")
        for task, family in sorted(set(zip(bare["task"], bare["family"], strict=True)))
    ]
    found = found or [Column(NO_TASK, task="", family="", dataset=NO_TASK, metric="", split="", selection="")]
    return sorted(_unique(found), key=lambda c: column_order(c.family, c.task, c.dataset, c.metric))


def scores(frame: pd.DataFrame) -> pd.DataFrame:
    """Pick the one number that counts per config, objective, seed and column.

    Args:
        frame: of `results.loading.load`.

    Returns:
        Frame with config, objective, seed, column (label), value, and last, selected and oracle (NaN if not stored).
    """
    picked = [_pick(part, column) for _, part in frame.groupby("config") for column in columns(part)]
    filled = [rows for rows in picked if not rows.empty]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=[*_SLOT, "value", *SELECTIONS])


def comparison(frame: pd.DataFrame) -> pd.DataFrame:
    """Summarise over seeds: one row per config, objective and column, also where there is no number.

    Args:
        frame: of `results.loading.load`.

    Returns:
        Frame in the order of the table with config, objective, column, task, family, dataset, metric, split, selection;
        mean and std (fractions; std of the sample, n - 1, NaN below two seeds); n (seeds in the mean); seeds (how many
        the config has anywhere); last, selected and oracle (means over seeds, NaN if not stored); gap (mean of oracle -
        selected, where the selected number is the one that counts); confounds (of the row, "" for none); note (why
        seeds are missing); floor, ceiling, position and position_note of `results.positions.with_positions`.

    Raises:
        ValueError: there is no cell to compare.
    """
    if frame.empty:
        raise ValueError("table: at least one stored result is expected, got none")
    numbers = scores(frame)
    rows = [
        _summary(part, numbers[numbers["config"] == config], objective=objective, column=column)
        for config, part in frame.groupby("config")
        for objective in objective_order(part["objective"])
        for column in columns(part)
    ]
    return with_positions(pd.DataFrame(rows))


def _column(task: str, family: str, dataset: str, metric: str, *, rows: pd.DataFrame) -> Column:
    split = "test" if "test" in set(rows["split"]) else "val"
    kept = set(rows.loc[rows["split"] == split, "selection"])
    return Column(
        label=f"{dataset} {metric}" if split == "test" else f"{dataset} {metric} (val)",
        task=task,
        family=family,
        dataset=dataset,
        metric=metric,
        split=split,
        selection="selected" if "selected" in kept else "last",
    )


def _unique(found: list[Column]) -> list[Column]:
    labels = [column.label for column in found]
    return [
        Column(**{**vars(column), "label": f"{column.label} ({column.task})"})
        if labels.count(column.label) > 1
        else column
        for column in found
    ]


def _pick(part: pd.DataFrame, column: Column) -> pd.DataFrame:
    rows = part[
        (part["task"] == column.task)
        & (part["dataset"] == column.dataset)
        & (part["metric"] == column.metric)
        & (part["split"] == column.split)
    ].assign(column=column.label)
    picked = rows.loc[rows["selection"] == column.selection, [*_SLOT, "value"]]
    for name in SELECTIONS:
        stored = rows.loc[rows["selection"] == name, [*_SLOT, "value"]].rename(columns={"value": name})
        picked = picked.merge(stored, on=_SLOT, how="left", validate="one_to_one")
    return picked


def _summary(part: pd.DataFrame, numbers: pd.DataFrame, *, objective: str, column: Column) -> dict[str, object]:
    own = numbers[(numbers["objective"] == objective) & (numbers["column"] == column.label)]
    seeds = sorted(set(part["seed"]))
    missing = [seed for seed in seeds if seed not in set(own["seed"])]
    return {
        "config": part["config"].iloc[0],
        "objective": objective,
        "column": column.label,
        **{name: value for name, value in vars(column).items() if name != "label"},
        "mean": own["value"].mean(),
        "std": own["value"].std(ddof=1),
        "n": len(own),
        "seeds": len(seeds),
        **{name: own[name].mean() for name in SELECTIONS},
        "gap": (own["oracle"] - own["value"]).mean() if column.selection == "selected" else math.nan,
        "confounds": next(iter(part.loc[part["objective"] == objective, "confounds"])),
        "note": _note(part[part["objective"] == objective], column=column, missing=missing),
    }


def _note(rows: pd.DataFrame, *, column: Column, missing: list[int]) -> str:
    """Say why seeds are missing: "seeds 0, 1: not run; seed 2: loss is nan"; "skipped: ..." where all of them were."""
    seeds: dict[str, list[int]] = {}
    for seed in missing:
        seeds.setdefault(_reason(rows[rows["seed"] == seed], column=column), []).append(seed)
    if len(missing) == rows["seed"].nunique() and all(reason.startswith(_SKIPPED) for reason in seeds):
        return "; ".join(seeds)
    return "; ".join(
        f"seed{'s' if len(same) > 1 else ''} {', '.join(map(str, same))}: {reason}" for reason, same in seeds.items()
    )


def _reason(rows: pd.DataFrame, *, column: Column) -> str:
    task = rows[rows["task"] == column.task]
    undone = task[task["status"] != "done"]
    if not undone.empty:
        return f"{_SKIPPED if undone['status'].iloc[0] == 'skipped' else ''}{undone['reason'].iloc[0]}"
    if not task.empty:
        return "the task stored no such number"
    pretrain = rows[(rows["kind"] == "pretrain") & (rows["status"] == "failed")]
    return "not run" if pretrain.empty else f"pretraining failed: {pretrain['reason'].iloc[0]}"
