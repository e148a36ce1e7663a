"""How this process gets memory for tensors on a CPU."""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_MOST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, for what it allocates next; it goes back when the process ends.

    glibc's malloc gives every large block to the system as it is freed, and asks for a new one, which the system fills
    with zeros, page by page as it is first written. A training step frees and allocates the same tensors again and
    again (mallopt(3): M_MMAP_MAX, M_TRIM_THRESHOLD).

    Returns:
        Whether the C library is glibc; another one is left as it is.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, _MOST))
