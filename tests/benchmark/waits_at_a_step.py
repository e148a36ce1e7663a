"""For `--import`: a training that has come to the step in WAIT_AT writes the file in WAIT_FILE, and goes no further.

Whoever has started it has ten minutes to stop or kill it; then it ends, as where the tests were killed. Of several
processes the first one waits, and the others in their next collective operation.
"""

import os
import time
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process

from benchmark.training_hooks import AtomicCheckpoint


def _wait_at(step: int, file: Path) -> None:
    save = AtomicCheckpoint.after_train_iter  # what comes last in a step

    def save_and_wait(self: AtomicCheckpoint, runner: Any, batch_idx: int, *rest: Any, **named: Any) -> None:
        save(self, runner, batch_idx, *rest, **named)
        if batch_idx + 1 == step and is_main_process():
            file.touch()
            time.sleep(600)
            raise TimeoutError(f"nobody came while the training waited at step {step}")

    AtomicCheckpoint.after_train_iter = save_and_wait  # type: ignore[method-assign]


if "WAIT_AT" in os.environ:
    _wait_at(int(os.environ["WAIT_AT"]), Path(os.environ["WAIT_FILE"]))
