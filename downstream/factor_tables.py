"""Known factors of images: read from `factors.csv`, and turned into classes and numbers that a probe can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
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
    both, subject = pd.concat(parts), f"{options.dataset}: {root / TABLE}, factor"
    files = both["file"].to_numpy()
    columns = tuple(
        _column(options, name, _Cells(f"{subject} '{name}'", both[name].to_numpy(), files, len(parts[0])))
        for name in options.factors
    )
    return FactorTable(Splits(images[0], None, images[1], (root / TABLE,)), columns)


def _read(options: FactorOptions, path: Path) -> pd.DataFrame:
    wanted = ["file", *options.factors]
    if not path.is_file():
        raise ValueError(f"{options.dataset}: {path} is missing; expected columns: {', '.join(wanted)}")
    try:
        header, rows = (_table(path, header=None, nrows=1).iloc[0].tolist(), _table(path))
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{options.dataset}: {path} does not read: {' '.join(str(error).split())}") from error
    for name in wanted:
        if header.count(name) != 1:
            count = "a" if name not in header else "one"
            raise ValueError(f"{options.dataset}: {path} must have {count} column '{name}', got {', '.join(header)}")
    return rows[wanted].drop_duplicates("file")


def _table(path: Path, **options: Any) -> pd.DataFrame:
    rows: pd.DataFrame = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True, **options)
    return rows


def _below(options: FactorOptions, rows: pd.DataFrame, folder: str, root: Path) -> pd.DataFrame:
    below, subject = f"{PurePosixPath(folder)}/", f"{options.dataset}: {root / TABLE}"
    part = rows[rows["file"].str.startswith(below)]
    if len(part) < 2:
        first = f"; its first file is '{rows['file'].iloc[0]}'" if len(rows) else ""
        raise ValueError(f"{subject} must list two files below {below}, got {len(part)}{first}")
    outside = [file for file in part["file"] if ".." in PurePosixPath(file).parts]
    if outside:
        raise ValueError(f"{subject} must list files without .., got '{outside[0]}'")
    return part


@dataclass(frozen=True)
class _Cells:
    """One factor as the table has it.

    Attributes:
        subject: of errors.
        texts: of each image, training and, after them, test.
        files: of each image.
        train: number of training images.
    """

    subject: str
    texts: NDArray[Any]
    files: NDArray[Any]
    train: int

    def refuse(self, rule: str, bad: NDArray[np.bool_]) -> None:
        """Name the first of the images that break a rule, if there is one."""
        if bad.any():
            row = int(bad.argmax())
            raise ValueError(f"{self.subject}: {rule}, got '{self.texts[row]}' of {self.files[row]}")


def _column(options: FactorOptions, name: str, cells: _Cells) -> Column:
    kind, train = options.factors[name], cells.train
    if kind == "category":
        cells.refuse("values must be names", cells.texts == "")
        labels, classes = _levels(cells.texts, cells)
        return Column(name, labels, classes, None, circular=False)
    values = _numbers(cells)
    period = PERIODS.get(kind)
    values = values if period is None else values % period
    if len(np.unique(values[:train])) <= options.bins:
        labels, classes = _levels(values, cells)
    else:
        edges = _edges(values[:train], options.bins) if period is None else _around(period, options.bins)
        labels, classes = _binned(values, edges, cells, bins=options.bins)
    return Column(name, labels, classes, _coordinates(values, period, train=train), circular=period is not None)


def _numbers(cells: _Cells) -> NDArray[np.float64]:
    values = pd.to_numeric(pd.Series(cells.texts), errors="coerce").to_numpy(dtype=np.float64)
    cells.refuse("values must be numbers", ~np.isfinite(values))
    return values


def _levels(values: NDArray[Any], cells: _Cells) -> tuple[Tensor, int]:
    """Number the different values of the training images in their order; find those of all."""
    levels = np.unique(values[: cells.train])
    if len(levels) < 2:
        raise ValueError(f"{cells.subject}: training images must have two values, got {cells.texts[0]} alone")
    cells.refuse("test images must have values of the training images", ~np.isin(values, levels))
    return torch.from_numpy(np.searchsorted(levels, values).astype(np.int64)), len(levels)


def _binned(values: NDArray[np.float64], edges: NDArray[np.float64], cells: _Cells, *, bins: int) -> tuple[Tensor, int]:
    """Number the bins that training images fall into in their order; find those of all."""
    places, train = np.searchsorted(edges, values, side="right"), values[: cells.train]
    if len(np.unique(places[: cells.train])) < 2:
        raise ValueError(
            f"{cells.subject}: training images must fall into two of the {bins} bins, "
            f"got {train.min():g} to {train.max():g} in one"
        )
    unseen = ~np.isin(places, places[: cells.train])
    cells.refuse(f"test images must fall into those of the {bins} bins that training images fall into", unseen)
    return _levels(places, cells)


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
