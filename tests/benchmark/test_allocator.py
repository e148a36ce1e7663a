"""Memory that is freed and asked for again, counted in pages that the system had to provide."""

import multiprocessing
import platform
from concurrent.futures import ProcessPoolExecutor

import pytest

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is told")
NUMBERS, TIMES = 12_000_000, 10  # 48 MB: above what malloc keeps by itself, however often it is freed
PAGES = NUMBERS * 4 // 4096


def pages(*, prepared: bool) -> int:
    """Pages that the system provides while a tensor is made and freed, time and again."""
    import resource

    import torch

    from benchmark.environment import prepare_process

    if prepared:
        prepare_process("cpu", threads=1)
    for _ in range(TIMES):  # blocks of malloc are aligned by cutting them, and find their places in a few rounds
        torch.ones(NUMBERS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(TIMES):
        torch.ones(NUMBERS)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@GLIBC
def test_a_process_that_computes_keeps_the_memory_that_it_frees() -> None:
    found = {}
    for prepared in (False, True):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            found[prepared] = pool.submit(pages, prepared=prepared).result()
    assert found[True] < PAGES / 10
    assert found[False] > found[True] + PAGES
