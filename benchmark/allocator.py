"""How a pretraining gets memory for tensors on a CPU."""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_NEVER = -1


def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees for what it allocates next, where the C library is glibc.

    By itself glibc's malloc gives blocks above 32 MB, and what is free at the end of its heap, back to the system; the
    system fills what is asked for anew with zeros, page by page as it is first written. A training step frees and
    allocates the same sizes again and again. Where sizes vary, a process would come to hold several times what is in
    use, so it is for trainings alone (mallopt(3): M_MMAP_MAX, M_TRIM_THRESHOLD).
    """
    if platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)
