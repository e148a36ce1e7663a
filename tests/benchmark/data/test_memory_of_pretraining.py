import os
import subprocess
import sys
from pathlib import Path

import limited_memory
from written_shards import jpeg, write_tar

COUNT = 840
BYTES = COUNT * 3 * limited_memory.SIZE**2


def test_a_set_twice_as_large_as_the_memory_is_trained_on_packed_and_streamed(tmp_path: Path) -> None:
    write_tar(tmp_path / "shards/0.tar", [(f"{number:05d}.jpg", jpeg(number % 50)) for number in range(COUNT)])
    command = [sys.executable, "-m", "limited_memory", str(tmp_path), str(BYTES // 2)]
    paths = os.pathsep.join(filter(None, [*sys.path, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found = dict(
        line.split(": ") for line in ended.stdout.splitlines() if line.partition(":")[0] in limited_memory.WAYS
    )
    assert found.pop("resident").endswith("MemoryError")
    assert found == dict.fromkeys(("packed", "streamed", "handed over"), str(BYTES))
