"""Linear CKA: how alike two representations of the same images are.

Source: Kornblith et al., Similarity of Neural Network Representations Revisited, ICML 2019, arXiv 1905.00414.
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
Features = NDArray[Any]


def linear_cka(a: Features, b: Features) -> float:
    """Compute linear centred kernel alignment, section 3 of the paper.

    The form over features: |B'A|^2 / (|A'A| |B'B|) with Frobenius norms and centred columns, which needs no N x N
    matrix. It does not change when features are rotated, shifted or scaled as a whole.

    Args:
        a: (N, F) features.
        b: (N, G) features of the same images.

    Returns:
        From 0 (nothing linear in common) to 1; NaN where a representation is the same for all images or is not
        finite.

    Raises:
        ValueError: the shapes do not fit.
    """
    if a.ndim != _AXES or b.ndim != _AXES or len(a) != len(b) or len(a) < 2:
        raise ValueError(f"linear CKA: (N, F) and (N, G) with N >= 2 are expected, got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return math.nan
    first, second = _centred(a), _centred(b)
    norms = [float(np.linalg.norm(own.T @ own)) for own in (first, second)]
    if 0 in norms:
        return math.nan
    return float(np.linalg.norm(second.T @ first) ** 2 / (norms[0] * norms[1]))


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
