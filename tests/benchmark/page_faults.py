"""Memory that is freed and asked for again, counted in pages that the system had to provide."""

import ctypes
import resource

import torch

NUMBERS, TIMES = 12_000_000, 10  # 48 MB: above what malloc keeps by itself, however often it is freed
PAGES = NUMBERS * 4 // resource.getpagesize()
_PR_SET_THP_DISABLE = 41  # prctl.h


def pages() -> float:
    """Pages that the system provides to this process while a tensor is made and freed, time and again."""
    ctypes.CDLL(None).prctl(_PR_SET_THP_DISABLE, 1, 0, 0, 0)  # small pages, whatever the system is set to
    for _ in range(TIMES):  # malloc cuts its blocks to align them, which find their places in a few rounds
        torch.ones(NUMBERS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(TIMES):
        torch.ones(NUMBERS)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
