"""Seeds of the random streams that are not per image: initialisation, order, the objective's own noise."""

from __future__ import annotations

import hashlib


def derived_seed(seed: int, purpose: str, counter: int = 0) -> int:
    """A 63-bit seed that follows from (seed, purpose, counter) alone, different for any two of them.

    Hashed, because torch's CPU generator keeps only the low 32 bits of what it is seeded with.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{counter}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
