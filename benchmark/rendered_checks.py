"""What rendered views need, and with what they cannot be combined."""

from __future__ import annotations

from benchmark.config import BenchConfig
from benchmark.errors import UserError
from benchmark.views.making import is_rendered


def check_factors(config: BenchConfig) -> None:
    """Refuse rendered views of what is not there, or with what they cannot be combined.

    Raises:
        UserError: names the key, what is allowed and what it got.
    """
    if not is_rendered(config):
        return
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
