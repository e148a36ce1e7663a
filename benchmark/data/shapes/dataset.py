"""The data set on disk: written once, complete or not there at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from benchmark.data.shapes.config import ShapesConfig
from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.textures import TEXTURES
from benchmark.data.shapes.write_ade import write_ade
from benchmark.data.shapes.write_classification import write_classification
from benchmark.data.shapes.write_coco import write_coco
from benchmark.data.shapes.write_pretrain import write_pretrain
from benchmark.data.shapes.write_voc import write_voc
from benchmark.data.written_tree import Tree, ensure_tree
from benchmark.source_digest import source_digest

__all__ = ["ShapesConfig", "digest", "ensure"]

WRITERS = {
    "pretrain": write_pretrain,
    "classification": write_classification,
    "VOCdevkit/VOC2007": write_voc,
    "coco": write_coco,
    "ADEChallengeData2016": write_ade,
}


def ensure(config: ShapesConfig, out: Path) -> str:
    """Write the data set to `out` unless it is there, complete or not at all.

    Args:
        config: What to write.
        out: Folder of the data set itself; its parents are made.

    Returns:
        The data set's digest.

    Raises:
        ValueError: If `out` holds anything else; see `ensure_tree`.
    """
    found = digest(config)
    facts = {"shapes": list(SHAPES), "textures": list(TEXTURES)}
    ensure_tree(Tree("shapes", asdict(config), found, facts, lambda folder: _write(config, folder)), out)
    return found


def digest(config: ShapesConfig) -> str:
    """Hash of what decides the files' contents: the options and the code that draws and writes them."""
    options = json.dumps(asdict(config), sort_keys=True)
    code = source_digest(tuple(write.__module__ for write in WRITERS.values()))
    return hashlib.sha256(f"{options} {code}".encode()).hexdigest()


def _write(config: ShapesConfig, out: Path) -> None:
    for folder, write in WRITERS.items():
        write(config, out=out / folder)
