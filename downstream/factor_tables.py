"""Known factors of images: read from `factors.csv`, and turned into classes and numbers that a probe can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from downstream.factor_options import PERIODS
from downstream.images import Splits, check_listed, from_files

if TYPE_CHECKING:
    from pathlib import Path

    from downstream.factor_options import FactorOptions

TABLE = "factors.csv"


@dataclass(frozen=True)
class Column:
    """One factor of all images, training and test.

    Attributes:
        name: of the factor.
        labels: class of each image (N,) int64.
        classes: number of classes.
        values: (N, 2), (cos, sin) of an angle, or a number in deviations of the training images and 0; None for names.
        circular: whether it is an angle.
    """

    name: str
    labels: Tensor
    classes: int
    values: Tensor | None
    circular: bool


@dataclass(frozen=True)
class FactorTable:
    """Images and what is known of them.

    Attributes:
        splits: the images.
        columns: the factors, of the training images and, after them, the test images.
    """

    splits: Splits
    columns: tuple[Column, ...]

    @property
    def labels(self) -> Tensor:
        """(N, K)."""
        return torch.stack([column.labels for column in self.columns], dim=1)

    @property
    def values(self) -> Tensor:
        """(N, R, 2) of the factors that are numbers or angles."""
        found = [column.values for column in self.numbers if column.values is not None]
        return torch.stack(found, dim=1) if found else torch.empty(len(self.labels), 0, 2)

    @property
    def numbers(self) -> tuple[Column, ...]:
        """The factors that are numbers or angles."""
        return tuple(column for column in self.columns if column.values is not None)


def read_factors(options: FactorOptions, *, data_root: Path) -> FactorTable:
    """Read the table; of several rows for one file, the first counts.

    Raises:
        ValueError: it or a file is missing, a value is malformed, a factor never changes, or the test has a value that
            the training images have not; one line.
    """
    root = data_root / options.data
    rows = _read(options, root / TABLE)
    parts = [_below(options, rows, folder, root) for folder in (options.train, options.test)]
    images = [from_files(root, [(file, 0) for file in part["file"]], classes=("image",)) for part in parts]
    for part in images:
        check_listed(part, subject=options.dataset, layout=f"the files that {TABLE} names")
    both, train = pd.concat(parts), len(parts[0])
    columns = tuple(_column(options, name, both[name].to_numpy(), train=train) for name in options.factors)
    return FactorTable(Splits(images[0], None, images[1], (root / TABLE,)), columns)


def _read(options: FactorOptions, path: Path) -> pd.DataFrame:
    wanted = ["file", *options.factors]
    if not path.is_file():
        raise ValueError(f"{options.dataset}: {path} is missing; expected columns: {', '.join(wanted)}")
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{options.dataset}: {path} does not read: {' '.join(str(error).split())}") from error
    missing = [name for name in wanted if name not in rows]
    if missing:
        raise ValueError(
            f"{options.dataset}: {path} must have a column '{missing[0]}', got {', '.join(map(str, rows.columns))}"
        )
    return rows[wanted].drop_duplicates("file")


def _below(options: FactorOptions, rows: pd.DataFrame, folder: str, root: Path) -> pd.DataFrame:
    part = rows[rows["file"].str.startswith(f"{folder}/")]
    if len(part) < 2:
        raise ValueError(f"{options.dataset}: {root / TABLE} must list two files below {folder}/, got {len(part)}")
    return part


def _column(options: FactorOptions, name: str, texts: NDArray[Any], *, train: int) -> Column:
    kind, subject = options.factors[name], f"{options.dataset}: factor '{name}'"
    if kind == "category":
        labels, classes = _levels(texts, train=train, subject=subject)
        return Column(name, labels, classes, None, circular=False)
    values = _numbers(texts, subject=subject)
    period = PERIODS.get(kind)
    values = values if period is None else values % period
    if len(np.unique(values[:train])) <= options.bins:
        labels, classes = _levels(values, train=train, subject=subject)
    else:
        edges = _edges(values[:train], options.bins) if period is None else _around(period, options.bins)
        labels, classes = _levels(np.searchsorted(edges, values, side="right"), train=train, subject=subject)
    return Column(name, labels, classes, _coordinates(values, period, train=train), circular=period is not None)


def _numbers(texts: NDArray[Any], *, subject: str) -> NDArray[np.float64]:
    values = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise ValueError(f"{subject}: values must be numbers, got '{texts[bad[0]]}'")
    return values


def _levels(values: NDArray[Any], *, train: int, subject: str) -> tuple[Tensor, int]:
    """Number the different values of the training images in their order; find those of all."""
    levels = np.unique(values[:train])
    if len(levels) < 2:
        raise ValueError(f"{subject}: training images must have two values, got {levels[0]} alone")
    unseen = np.setdiff1d(values[train:], levels)
    if len(unseen):
        raise ValueError(f"{subject}: test images must have values of the training images, got {unseen[0]}")
    return torch.from_numpy(np.searchsorted(levels, values).astype(np.int64)), len(levels)


def _edges(values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Lower ends of all bins of equal frequency but the first; a value that fills several bins has one."""
    inner = np.arange(1, bins) / bins
    edges: NDArray[np.float64] = np.unique(np.quantile(values, inner, method="inverted_cdf"))
    return np.delete(edges, edges == values.min())


def _around(period: float, bins: int) -> NDArray[np.float64]:
    edges: NDArray[np.float64] = np.arange(1, bins) * period / bins
    return edges


def _coordinates(values: NDArray[np.float64], period: float | None, *, train: int) -> Tensor:
    if period is None:
        scaled = (values - values[:train].mean()) / values[:train].std()
        pair: Sequence[NDArray[np.float64]] = (scaled, np.zeros_like(scaled))
    else:
        turn = values * (2 * np.pi / period)
        pair = (np.cos(turn), np.sin(turn))
    return torch.from_numpy(np.stack(pair, axis=1)).float()
