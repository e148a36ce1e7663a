"""Pretrainings whose process may take so many bytes more than it holds at the start; the system refuses others.

`python -m limited_memory FOLDER BYTES` trains an epoch each on the shards in FOLDER/shards: packed, streamed, streamed
by a process of its own, and with all pixels in memory. Prints for each how many bytes its pixels are, or why it failed.
That process inherits the limit, and what it holds counts from what this one held. The few batches that it hands over
are in shared memory, which does not count.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import replace
from pathlib import Path

import torch
from tiny_pretraining import parts, tiny_config

from benchmark.config import BenchConfig
from benchmark.data.pretraining import open_pretraining
from benchmark.pretrain import pretrain

SIZE = 320
WAYS = ("packed", "streamed", "handed over", "resident")


def main(folder: Path, limit: int) -> None:
    """Train in every way."""
    torch.set_num_threads(1)
    parts(_config("packed"))  # with which come the libraries
    _, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
    # What is private to the process and can be written; not files that are mapped for reading.
    resource.setrlimit(resource.RLIMIT_DATA, (_held() + limit, ceiling))
    for way in WAYS:
        try:
            found = str(_train(way, folder))
        except (MemoryError, RuntimeError, OSError) as error:
            found = type(error).__name__
        print(f"{way}: {found}")


def _config(way: str) -> BenchConfig:
    own = ("data.pretrain=shards", "data.labels=", "data.tree=", "data.shapes=None", f"data.image_size={SIZE}")
    streamed, workers = way in ("streamed", "handed over"), int(way == "handed over")
    return tiny_config(
        *own, f"data.stream={streamed}", f"data.workers={workers}", "training.batch=20", "training.epochs=1"
    )


def _train(way: str, folder: Path) -> int:
    config = _config(way)
    images = open_pretraining(config.data, data_root=folder, store=folder / "store")
    if way == "resident":
        images = replace(images, images=images.images[torch.arange(len(images.images))])
    (folder / way).mkdir()
    pretrain(parts(config), images, config, seed=0, work_dir=folder / way, hooks=[])
    return 3 * SIZE**2 * len(images.images)


def _held() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmData:")).split()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
