"""What views of known factors need: which may be declared as shared, and what does not go with rendered views."""

from __future__ import annotations

from benchmark.config import BenchConfig
from benchmark.data.factor_shapes import FACTORS
from benchmark.data.shapes.factors import NAMES
from benchmark.errors import UserError, unknown
from benchmark.views.making import is_rendered
from downstream.factor_options import FactorOptions


def check_factors(config: BenchConfig) -> None:
    """Refuse rendered views of what is not there, or with what they cannot be combined, and unknown declared factors.

    Raises:
        UserError: names the key, what is allowed and what it got.
    """
    if is_rendered(config):
        _check_rendered(config)
    elif config.views.factors is not None:
        _check_declared(config.views.factors.shared, known_factors(config))


def known_factors(config: BenchConfig) -> tuple[str, ...]:
    """Factors that views can be declared to share.

    They are those of the embedded data (columns of its `factors.csv`) and, of any data, those that a task probes.
    """
    embedded: tuple[str, ...] = ()
    if config.data.factors is not None:
        embedded = tuple(FACTORS)
    elif config.data.shapes is not None:
        embedded = NAMES
    probed = [options.factors for options in config.tasks.values() if isinstance(options, FactorOptions)]
    return tuple(dict.fromkeys([*embedded, *(name for factors in probed for name in factors)]))


def _check_declared(shared: tuple[str, ...], known: tuple[str, ...]) -> None:
    if shared and not known:
        rule = "views.factors.shared must be empty where neither the data nor a task has factors"
        raise UserError(f"{rule}, got {', '.join(shared)}")
    for name in shared:
        if name not in known:
            raise UserError(f"views.factors.shared: {unknown('factor', name, known)}")


def _check_rendered(config: BenchConfig) -> None:
    views, data = config.views, config.data
    rules: tuple[tuple[str, bool, object], ...] = (
        ("data.factors must say which scenes rendered views are of", data.factors is not None, data.factors),
        (
            f"data.pretrain must be {data.tree}/pretrain with rendered views",
            data.pretrain == f"{data.tree}/pretrain",
            data.pretrain,
        ),
        ("data.limit must be 0 with rendered views", data.limit == 0, data.limit),
        (
            "views.size must be the image_size of data and of data.factors with rendered views",
            data.factors is None or views.size == data.image_size == data.factors.image_size,
            views.size,
        ),
        ("views.generator must be None with rendered views", views.generator is None, "one"),
        ("views.patch_pair must be None with rendered views", views.patch_pair is None, "one"),
    )
    for rule, holds, got in rules:
        if not holds:
            raise UserError(f"{rule}, got {got}")
