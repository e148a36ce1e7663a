"""One part, in a process of its own: `python -m benchmark.perf.one_part NAME MODULE FILE`.

It says what it finds as it finds it, and writes the file when it is through. A part that can measure nothing here, for
want of a GPU, leaves the numbers of a machine that could.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmark.output import output_to
from benchmark.perf.comparison import Comparison
from benchmark.perf.machine import describe_machine, load
from benchmark.perf.parts import measure_of
from benchmark.perf.stored import Measured, read, write


def main(words: Sequence[str]) -> int:
    """Measure the part NAME by MODULE and store it in FILE; what libraries print goes to a log beside it.

    Returns:
        0, or 1 if it failed.
    """
    name, module, file = words
    log, found = Path(file).with_suffix(".log"), list[Comparison]()
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    with output_to(log) as shown:
        try:
            machine = describe_machine() | {"load_before": load()}
            for comparison in measure_of(module)():
                print(comparison.line(), file=shown, flush=True)
                found.append(comparison)
            measured = Measured(name, tuple(found), machine | {"load_after": load()})
            if measured.has_numbers or not _numbers_in(Path(file)):
                write(measured, Path(file))
            else:
                print(f"perf: {name}: the numbers of another machine are kept", file=shown, flush=True)
        except Exception as error:  # whatever stops one part must not stop the others
            traceback.print_exc()
            reason = " ".join(str(error).split()) or type(error).__name__
            print(f"perf: {name}: {reason} (see {log})", file=shown, flush=True)
            return 1
    return 0


def _numbers_in(file: Path) -> bool:
    """Whether a file holds what was measured; one that cannot be read does not."""
    try:
        return read(file).has_numbers
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
