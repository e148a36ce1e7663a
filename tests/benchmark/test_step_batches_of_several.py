"""What the loader's process of one of several trainings reads, which knows of no group: it may not have been forked."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
import torch.distributed as dist
from tiny_pretraining import images
from torch.multiprocessing.spawn import spawn

from benchmark.step_batches import StepBatches


def batches() -> StepBatches:
    return StepBatches(images(), batch=8, steps=4, seed=0)


def _process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    (Path(folder) / f"rank{rank}").write_bytes(pickle.dumps(batches()))
    dist.destroy_process_group()


def test_a_process_without_the_group_reads_the_share_of_the_one_that_made_the_batches(tmp_path: Path) -> None:
    spawn(_process, args=(str(tmp_path),), nprocs=2)
    halves: list[StepBatches] = [pickle.loads((tmp_path / f"rank{rank}").read_bytes()) for rank in range(2)]
    for step in range(4):
        whole, (first, second) = batches()[step], (half[step] for half in halves)
        for name in ("index", "images", "labels"):
            assert torch.equal(torch.cat([first[name], second[name]]), whole[name])
        assert len(first["index"]) == len(second["index"]) == 4
