"""Linear CKA: how alike two representations of the same images are.

Sources: [1] Kornblith et al., Similarity of Neural Network Representations Revisited, ICML 2019, arXiv 1905.00414.
[2] Song et al., Feature Selection via Dependence Maximization, JMLR 2012: the unbiased estimate of HSIC, equation 4.
[3] Nguyen et al., Do Wide and Deep Networks Learn the Same Things?, ICLR 2021, arXiv 2010.15327: CKA by [2].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = "features.npy"
"""In the folder of a cell of measured features: h of a fixed set of images, (N, F)."""
_AXES = 2
_FEWEST = 4  # images; with three the estimate divides by 0
Features = NDArray[Any]


def linear_cka(a: Features, b: Features) -> float:
    """Compute linear centred kernel alignment [1] from unbiased estimates of HSIC [2], as in [3].

    The plain form of [1] grows with the number of features: of 1024 images, two independent sets of 2048 Gaussian
    features have 0.67. This one has 0 there, up to noise of either sign. No N x N matrix is needed. It does not change
    when features are rotated, shifted or scaled as a whole.

    Args:
        a: (N, F) features.
        b: (N, G) features of the same images.

    Returns:
        Up to 1 (the same), about 0 where nothing linear is in common; NaN where a representation is the same for all
        images, is not finite, or has so little structure that its own HSIC is not above 0.

    Raises:
        ValueError: the shapes do not fit.
    """
    if a.ndim != _AXES or b.ndim != _AXES or len(a) != len(b) or len(a) < _FEWEST:
        raise ValueError(f"linear CKA: (N, F) and (N, G) with N >= {_FEWEST} are expected, got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return math.nan
    first, second = _centred(a), _centred(b)
    own = [_hsic(each, each) for each in (first, second)]
    if min(own) <= 0:
        return math.nan
    return float(_hsic(first, second) / math.sqrt(own[0] * own[1]))


def _hsic(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Unbiased HSIC [2, eq. 4] of linear kernels, times N (N - 3), from centred features (N, F) and (N, G).

    The kernels' diagonals are left out; as columns are centred, what is left of a row of a kernel sums up to minus its
    diagonal.
    """
    count = len(a)
    diagonals = [(each**2).sum(axis=1) for each in (a, b)]
    crossed = float(diagonals[0] @ diagonals[1])
    sums = float(diagonals[0].sum() * diagonals[1].sum())
    trace = float(np.linalg.norm(b.T @ a) ** 2) - crossed
    return trace + sums / ((count - 1) * (count - 2)) - 2 / (count - 2) * crossed


def cka_of_rows(features: Mapping[str, Mapping[int, Features]]) -> dict[tuple[str, str], float]:
    """Average linear CKA over seeds, for every pair of rows.

    Args:
        features: row -> seed -> features of the same images.

    Returns:
        (row, other), both ways -> mean over the seeds that both have, which share initialisation and order of images;
        (row, row) -> mean over all pairs of different seeds. Pairs without such seeds, or whose numbers of images
        differ, are left out.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for row, own in features.items():
        found[row, row] = [_if_comparable(own[seed], own[other]) for seed, other in combinations(sorted(own), 2)]
    for row, other in combinations(features, 2):
        seeds = sorted(features[row].keys() & features[other].keys())
        found[row, other] = found[other, row] = [
            _if_comparable(features[row][seed], features[other][seed]) for seed in seeds
        ]
    known = {pair: [value for value in values if not math.isnan(value)] for pair, values in found.items()}
    return {pair: float(np.mean(values)) for pair, values in known.items() if values}


def read_features(folder: Path) -> Features | None:
    """Read the features that a cell keeps.

    Args:
        folder: of the cell.

    Returns:
        (N, F); None where it keeps none.

    Raises:
        ValueError: the file is no such array; one line that names it.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{path}: an array is expected, got {str(error).splitlines()[0]}") from None
    if not isinstance(found, np.ndarray) or found.ndim != _AXES or found.dtype.kind != "f":
        got = f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else "several arrays"
        raise ValueError(f"{path}: features (N, F) in floating point are expected, got {got}")
    return found


def _centred(features: Features) -> NDArray[np.float64]:
    exact = features.astype(np.float64)
    return np.asarray(exact - exact.mean(axis=0), dtype=np.float64)


def _if_comparable(a: Features, b: Features) -> float:
    return linear_cka(a, b) if len(a) == len(b) else math.nan
