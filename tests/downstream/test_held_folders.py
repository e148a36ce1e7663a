import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from written_shards import labelled, write_tar

from downstream.held_folders import PARTIAL, partial_folder, partial_folders, remove_abandoned
from downstream.image_sets import open_images
from downstream.image_sources import ImageSource
from downstream.shards import read_shards

KILLED_AT_THE_FIRST_REPORT = """
import os, signal
from pathlib import Path
from downstream.image_sets import open_images
from downstream.shards import read_shards
source = read_shards([Path({shard!r})], store=Path({store!r}))
kill = lambda done, total: os.kill(os.getpid(), signal.{kind})
open_images(source, image_size=16, store=Path({store!r}), report=kill)
"""
WAITING = """
import sys
from pathlib import Path
from downstream.held_folders import partial_folder
with partial_folder(Path({out!r})) as folder:
    print("in", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def source(tmp_path: Path) -> ImageSource:
    return read_shards([write_tar(tmp_path / "in/0.tar", labelled(range(3), classes=1))], store=tmp_path / "store")


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_packing_has_left_goes_with_the_next_one_of_any_size(
    kind: signal.Signals, source: ImageSource, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    code = KILLED_AT_THE_FIRST_REPORT.format(shard=str(tmp_path / "in/0.tar"), store=str(store), kind=kind.name)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -kind
    (left,) = partial_folders(store)
    assert (left / left.name.partition(PARTIAL)[0] / "images.npy").exists()
    open_images(source, image_size=8, store=store)
    assert [path.name for path in store.rglob("images.npy")] == ["images.npy"]
    assert list(partial_folders(store)) == []


def test_a_folder_stays_as_long_as_its_process_lives(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WAITING.format(out=str(tmp_path / "out"))]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "in\n"
    (folder,) = partial_folders(tmp_path)
    os.utime(folder, (0, 0))  # however long ago
    remove_abandoned(tmp_path)
    assert folder.exists()
    writer.kill()
    writer.wait()
    writer.stdin.close()
    writer.stdout.close()
    remove_abandoned(tmp_path, name="other")
    assert folder.exists()
    remove_abandoned(tmp_path, name="out")
    assert not folder.exists()


def test_a_folder_gets_its_name_when_complete_and_goes_where_it_fails(tmp_path: Path) -> None:
    with partial_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("x")
        folder.rename(tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "a"]
    with pytest.raises(ZeroDivisionError), partial_folder(tmp_path / "other") as folder:
        (folder / str(1 // 0)).write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
