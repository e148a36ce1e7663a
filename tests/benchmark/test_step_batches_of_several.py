"""What the loader's process of one of several trainings reads, which knows of no group: it may not have been forked."""

from __future__ import annotations

import pickle

import torch
from tiny_pretraining import images

from benchmark.step_batches import StepBatches
from objectives.process_pair import on_two_processes


def batches() -> StepBatches:
    return StepBatches(images(), batch=8, steps=4, seed=0)


def _sent(_rank: int) -> bytes:
    return pickle.dumps(batches())


def test_a_process_without_the_group_reads_the_share_of_the_one_that_made_the_batches() -> None:
    halves: list[StepBatches] = [pickle.loads(sent) for sent in on_two_processes(_sent)]
    for step in range(4):
        whole, (first, second) = batches()[step], (half[step] for half in halves)
        for name in ("index", "images", "labels"):
            assert torch.equal(torch.cat([first[name], second[name]]), whole[name])
        assert len(first["index"]) == len(second["index"]) == 4
