"""One part, in a process of its own: `python -m benchmark.perf.one_part NAME MODULE FILE`.

It says what it finds as it finds it, and writes the file when it is through.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.perf.comparison import Comparison
from benchmark.perf.machine import describe_machine, load
from benchmark.perf.parts import measure_of
from benchmark.perf.stored import Measured, write


def main(words: Sequence[str]) -> None:
    """Measure the part NAME by MODULE and store it in FILE."""
    name, module, file = words
    machine = describe_machine() | {"load_before": load()}
    found: list[Comparison] = []
    for comparison in measure_of(module)():
        print(comparison.line(), flush=True)
        found.append(comparison)
    write(Measured(name, tuple(found), machine | {"load_after": load()}), Path(file))


if __name__ == "__main__":
    main(sys.argv[1:])
