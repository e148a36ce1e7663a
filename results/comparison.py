"""Objective x task: which of the stored numbers counts, its mean and spread over seeds, and why one is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from results.missing import Reasons
from results.order import column_order, objective_order
from results.positions import with_positions
from results.store.units import is_score

NO_TASK = "no task"
SELECTIONS = ("last", "selected", "oracle")
SCORES = ["config", "objective", "seed", "column", "task", "primary", "value", *SELECTIONS, "stale"]
_PLACE = ["task", "family", "dataset", "metric", "split"]


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
        part: rows of `results.store.loading.load` with one config.
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


def primary(columns: Sequence[Column]) -> list[str]:
    """Name the column that stands for each task in tests and ranks: its first score, such as linear_top1, AP, mIoU.

    Args:
        columns: of `columns`, in their order.

    Returns:
        Their labels.
    """
    found: dict[str, str] = {}
    for column in columns:
        if is_score(column.metric, family=column.family):
            found.setdefault(column.task, column.label)
    return list(found.values())


def scores(frame: pd.DataFrame) -> pd.DataFrame:
    """Pick the one number that counts per config, objective, seed and column.

    Args:
        frame: of `results.store.loading.load`.

    Returns:
        Frame with `SCORES`: column (label), primary (whether it stands for its task), value, and last, selected and
        oracle (NaN if not stored); stale as in `frame`. Ordered by config, column and then as `frame`.
    """
    picked = [_picked(part, columns(part)) for _, part in frame.groupby("config")]
    filled = [rows for rows in picked if not rows.empty]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=SCORES)


def counting(numbers: pd.DataFrame) -> pd.DataFrame:
    """Keep the numbers that tests, ranks and agreement are about: those that exist and are not stale.

    Args:
        numbers: rows of `scores`.
    """
    return numbers[numbers["value"].notna() & (numbers["stale"] == "")]


def comparison(frame: pd.DataFrame) -> pd.DataFrame:
    """Summarise over seeds: one row per config, objective and column, also where there is no number.

    Args:
        frame: of `results.store.loading.load`.

    Returns:
        Frame in the order of the table with config, objective, column, task, family, dataset, metric, split, selection;
        mean and std (fractions; std of the sample, n - 1, NaN below two seeds); n (seeds in the mean); seeds (how many
        the config has anywhere); last, selected and oracle (means over seeds, NaN if not stored); gap (mean of oracle -
        selected, where the selected number is the one that counts); confounds (of the row, "" for none); note (why
        seeds are missing); floor, ceiling, position and position_note of `results.positions.with_positions`; primary
        (whether the column stands for its task); stale (what has changed since the numbers of the mean, "" if nothing).

    Raises:
        ValueError: there is no cell to compare.
    """
    if frame.empty:
        raise ValueError("table: at least one stored result is expected, got none")
    summaries = [_summary(part, columns(part)) for _, part in frame.groupby("config")]
    return with_positions(pd.concat(summaries, ignore_index=True))


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
        replace(column, label=f"{column.label} ({column.task})") if labels.count(column.label) > 1 else column
        for column in found
    ]


def _picked(part: pd.DataFrame, shown: Sequence[Column]) -> pd.DataFrame:
    """Put last, selected and oracle of one objective, seed and column into one row."""
    numbers = dict.fromkeys(("value", *SELECTIONS), "float64")
    stored = part[part["value"].notna() & (part["kind"] == "evaluate")]
    if stored.empty:
        return pd.DataFrame(columns=SCORES).astype(numbers)
    places = pd.DataFrame([vars(column) for column in shown])
    places = places.rename(columns={"label": "column", "selection": "counting"})
    places = places.assign(primary=places["column"].isin(primary(shown)), place=range(len(places)))
    slot = ["place", *(name for name in SCORES if name not in numbers), "counting"]
    rows = stored.merge(places, on=_PLACE, validate="many_to_one")
    wide = rows.pivot(index=slot, columns="selection", values="value").reset_index()
    wide = wide.reindex(columns=[*slot, *SELECTIONS]).astype(dict.fromkeys(SELECTIONS, "float64"))
    wide = wide.assign(value=wide["selected"].where(wide["counting"] == "selected", wide["last"]))
    return wide.loc[wide["value"].notna(), SCORES]


def _summary(part: pd.DataFrame, shown: Sequence[Column]) -> pd.DataFrame:
    """Summarise one config."""
    found = _means(_picked(part, shown))
    reasons, seeds, main = Reasons(part), sorted(set(part["seed"])), set(primary(shown))
    confounds = dict(zip(part["objective"][::-1], part["confounds"][::-1], strict=True))
    rows = []
    for objective in objective_order(part["objective"]):
        for column in shown:
            own = found.get((objective, column.label), _NOTHING)
            missing = [seed for seed in seeds if seed not in own["there"]]
            rows.append(
                {
                    "config": part["config"].iloc[0],
                    "objective": objective,
                    "column": column.label,
                    **{name: value for name, value in vars(column).items() if name != "label"},
                    **{name: own[name] for name in ("mean", "std", "n")},
                    "seeds": len(seeds),
                    **{name: own[name] for name in SELECTIONS},
                    "gap": own["gap"] if column.selection == "selected" else math.nan,
                    "confounds": confounds[objective],
                    "note": reasons.note(objective, task=column.task, missing=missing),
                    "primary": column.label in main,
                    "stale": own["stale"],
                }
            )
    return pd.DataFrame(rows)


_NOTHING: Mapping[str, Any] = {
    "n": 0,
    "there": frozenset(),
    "stale": "",
    **dict.fromkeys(("mean", "std", *SELECTIONS, "gap"), math.nan),
}


def _means(numbers: pd.DataFrame) -> dict[Any, Mapping[str, Any]]:
    """Average over seeds.

    Returns:
        (objective, column) -> mean, std, n, last, selected, oracle, gap, there (the seeds) and stale.
    """
    groups = numbers.assign(gap=numbers["oracle"] - numbers["value"]).groupby(["objective", "column"])
    means = groups[["value", *SELECTIONS, "gap"]].mean().rename(columns={"value": "mean"})
    found = means.assign(
        std=groups["value"].std(ddof=1),
        n=groups.size(),
        there=groups["seed"].agg(frozenset),
        stale=groups["stale"].agg(lambda texts: "; ".join(dict.fromkeys(filter(None, texts)))),
    )
    return {names: {str(name): value for name, value in row.items()} for names, row in found.to_dict("index").items()}
