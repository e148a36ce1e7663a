import os

import torch

from benchmark.perf.cell_process import cell_process, plain_process


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


def test_a_plain_process_is_another_one() -> None:
    threads = torch.get_num_threads()
    with cell_process() as inside, plain_process() as elsewhere:
        numbers = {inside(own_process, threads)(), elsewhere(own_process, threads)(), os.getpid()}
    assert len(numbers) == 3


def test_on_a_gpu_it_is_this_process() -> None:
    with cell_process("cuda") as inside:
        assert inside(own_process, torch.get_num_threads())() == os.getpid()
