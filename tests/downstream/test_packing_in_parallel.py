"""Sets that are worth several processes."""

import os
from pathlib import Path

import pytest
import torch
from written_shards import jpeg, labelled, write_tar

from downstream.decoding import decode
from downstream.image_sets import open_images
from downstream.image_sources import ImageSource
from downstream.shards import read_shards

COUNT, SIZE = 1100, 8
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # Python 3.12, on loaders' processes


@pytest.fixture
def source(tmp_path: Path) -> ImageSource:
    path = write_tar(tmp_path / "shards/0.tar", labelled(range(COUNT), classes=3))
    return read_shards([path], store=tmp_path / "store")


def test_several_processes_pack_what_one_decodes_in_order(source: ImageSource, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    packed = open_images(
        source, image_size=SIZE, store=tmp_path / "store", report=lambda done, total: told.append((done, total))
    )
    wanted = torch.stack([decode(jpeg(number), size=SIZE) for number in range(COUNT)])
    assert torch.equal(packed.images[torch.arange(COUNT)], wanted)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (COUNT, COUNT)
    streamed = open_images(source, image_size=SIZE, store=tmp_path / "store", stream=True)
    assert streamed.digest == packed.digest


@pytest.mark.parametrize("stream", [False, True])
def test_a_damaged_image_that_another_process_meets_is_named_and_nothing_is_kept(
    stream: bool, source: ImageSource, tmp_path: Path
) -> None:
    path, members = tmp_path / "shards/0.tar", source.members
    assert members is not None
    with path.open("r+b") as file:
        file.seek(int(members.start[700]))
        file.write(b"no image at all")
    told = rf"^shards: {path}/00700\.jpg cannot be decoded: [^\n]+$"
    with pytest.raises(ValueError, match=told):
        open_images(source, image_size=SIZE, store=tmp_path / "store", stream=stream)
    assert [entry.name for entry in (tmp_path / "store").iterdir()] == ["shards"]


def test_a_disk_without_room_is_said_before_anything_is_decoded(source: ImageSource, tmp_path: Path) -> None:
    store = tmp_path / "store"
    free = os.statvfs(store).f_bavail * os.statvfs(store).f_frsize
    side = int((2 * free / COUNT / 3) ** 0.5)
    with pytest.raises(
        ValueError, match=r"^shards: packed images must have .* GB in .*; data\.stream=True needs none$"
    ):
        open_images(source, image_size=side, store=store)
