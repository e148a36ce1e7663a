"""What is installed, on which device, with which operators, and which data sets are there."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from benchmark.config import known_configs, load
from benchmark.data.embedded import kind_of
from benchmark.data_check import HOW_TO_INSTALL
from benchmark.environment import PACKAGES, choose_device, device_name, installed_version
from benchmark.errors import UserError
from downstream.shards import shard_paths


def examine(*, data_root: Path, runs: Path) -> Iterator[str]:
    """Yield one line a finding."""
    yield f"python      {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    for package in (*PACKAGES, "pandas", "seaborn", "scikit-learn"):
        yield f"{package:<21} {installed_version(package) or 'missing: run make setup'}"
    device = choose_device("auto")
    yield f"device      {device} ({device_name(device)})"
    yield f"mmcv ops    {_operators()}"
    yield f"runs        {runs}: {len(list(runs.glob('cells/*/cell.json')))} cells"
    for name in known_configs():
        yield f"data        config {name}: {_data(name, data_root)}"


def _operators() -> str:
    if installed_version("onedl-mmcv") is None:
        return f"none: detection and segmentation need {HOW_TO_INSTALL}"
    from downstream.mmcv_ops import install

    which = install()
    return {"compiled": "compiled, from mmcv", "torchvision": "torchvision's (NMS, RoIAlign, focal loss)"}[which]


def _data(name: str, data_root: Path) -> str:
    """What of the data of one config is there."""
    try:
        config = load(name)
    except UserError as error:
        return str(error)
    if kind_of(config.data) is not None:
        tree = data_root / config.data.tree
        return f"found {tree}" if (tree / "dataset.json").exists() else f"made on first use at {tree}"
    path = data_root / config.data.pretrain
    shards = shard_paths(path)
    if shards is None:
        return f"found {path}" if path.is_dir() else f"missing {path}"
    missing = [shard for shard in shards if not shard.is_file()]
    return f"missing {missing[0]}" if missing else f"found {len(shards)} shards, {path}"
