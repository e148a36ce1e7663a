import os
import platform

import pytest
import torch
from page_faults import PAGES, TIMES, pages

from benchmark.perf.pretraining_process import plain_process, pretraining_process


def own_process(threads: int) -> float:
    assert torch.get_num_threads() == threads
    return os.getpid()


def test_every_turn_is_in_the_same_process_with_the_threads_of_this_one() -> None:
    threads = torch.get_num_threads()
    with pretraining_process() as inside, plain_process() as elsewhere:
        turns = [inside(own_process, threads)(), inside(own_process, threads=threads)()]
        others = [elsewhere(own_process, threads)() for _ in range(2)]
    assert len(set(turns)) == len(set(others)) == 1
    assert len({*turns, *others, os.getpid()}) == 3


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is told")
def test_a_pretraining_keeps_the_memory_that_it_frees_and_a_plain_process_does_not() -> None:
    with pretraining_process() as inside, plain_process() as elsewhere:
        kept, given_back = inside(pages)(), elsewhere(pages)()
    assert kept < PAGES / 10
    assert given_back > PAGES * TIMES / 2


def test_on_a_gpu_it_is_this_process() -> None:
    with pretraining_process("cuda") as inside:
        assert inside(own_process, torch.get_num_threads())() == os.getpid()
