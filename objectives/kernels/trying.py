"""Whether a kernel runs where it is wanted."""

from __future__ import annotations

import warnings
from collections.abc import Callable


def runs(trial: Callable[[], None], *, what: str) -> bool:
    """Try a kernel; what stands in its way (no Triton, no C compiler, an old GPU) is warned of.

    Args:
        trial: imports the kernel, computes what is known with it, and raises where that is not what comes out.
        what: what stands in for what, in words.
    """
    try:
        trial()
    except Exception as error:  # of Triton, of the compilers it calls or of the driver
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        warnings.warn(f"{what}: {reason}", stacklevel=4)
        return False
    return True
