import os

import torch

from benchmark.perf.cell_process import cell_process


def own_process(threads: int) -> float:
    assert torch.get_num_threads() == threads
    return os.getpid()


def test_every_turn_is_in_the_same_process_with_the_threads_of_this_one() -> None:
    threads = torch.get_num_threads()
    with cell_process() as inside:
        arm = inside(own_process, threads)
        turns = [arm(), arm(), inside(own_process, threads=threads)()]
    assert len(set(turns)) == 1
    assert turns[0] != os.getpid()


def test_on_a_gpu_it_is_this_process() -> None:
    with cell_process("cuda") as inside:
        assert inside(own_process, torch.get_num_threads())() == os.getpid()
