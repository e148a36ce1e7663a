"""Pretrainings on packed and on streamed images, in folders and in shards: the same weights."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from tiny_pretraining import parts, tiny_config
from torch import Tensor
from written_shards import both_forms, jpeg, labelled, write_tar

from benchmark.cli import main
from benchmark.config import BenchConfig
from benchmark.data.pretraining import open_pretraining
from benchmark.plan import pretrain_cell
from benchmark.preflight import Data
from benchmark.pretrain import pretrain
from benchmark.training_hooks import AtomicCheckpoint
from downstream.image_sets import ImageSet, Pixels
from objectives.registry import load_objectives

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # Python 3.12, on loaders' processes


def config_of(source: str, *overrides: str) -> BenchConfig:
    own = (f"data.pretrain={source}", "data.labels=", "data.tree=", "data.shapes=None", "data.image_size=16")
    return tiny_config(*own, *overrides)


def opened(config: BenchConfig, root: Path) -> ImageSet:
    return open_pretraining(config.data, data_root=root, store=root / "store")


def weights(config: BenchConfig, images: ImageSet, *, folder: Path, hooks: Sequence[Hook] = ()) -> dict[str, Tensor]:
    folder.mkdir(exist_ok=True)
    found: dict[str, Tensor] = pretrain(
        parts(config), images, config, seed=0, work_dir=folder, hooks=hooks
    ).state_dict()
    return found


def assert_equal(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert found.keys() == wanted.keys()
    for name in wanted:
        assert torch.equal(found[name], wanted[name]), name


def test_a_streamed_pretraining_ends_in_the_weights_of_a_packed_one(tmp_path: Path) -> None:
    both_forms(tmp_path, count=14)
    packed = config_of("folder")
    wanted = weights(packed, opened(packed, tmp_path), folder=tmp_path / "packed")
    assert not torch.equal(wanted["conv1.weight"], parts(packed).network.backbone.state_dict()["conv1.weight"])
    ways = ((False, 2), (True, 0), (True, 2))
    for number, source in enumerate(("folder", "shards", "shards/train-{000000..000001}.tar")):
        for stream, workers in ways:
            config = config_of(source, f"data.stream={stream}", f"data.workers={workers}")
            folder = tmp_path / f"{number}-{stream}-{workers}"
            assert_equal(weights(config, opened(config, tmp_path), folder=folder), wanted)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_streamed_pretraining_goes_on_where_it_was_and_decodes_nothing_again(workers: int, tmp_path: Path) -> None:
    both_forms(tmp_path, count=14)
    config = config_of("shards", "data.stream=True", f"data.workers={workers}", "training.epochs=3")
    images = opened(config, tmp_path)
    wanted = weights(config, images, folder=tmp_path / "whole")
    checkpoint = AtomicCheckpoint(tmp_path / "stopped/checkpoint.pth", interval=3)
    with pytest.raises(KeyboardInterrupt):
        weights(config, images, folder=tmp_path / "stopped", hooks=[checkpoint, _Stop(after=6)])
    counted = _Counted(images.images, tmp_path / "count")
    shutil.copytree(tmp_path / "stopped", tmp_path / "resumed")  # mmengine wants a second between runs of one folder
    found = weights(config, replace(images, images=counted), folder=tmp_path / "resumed")
    assert_equal(found, wanted)
    assert counted.batches() == 3  # of nine


class _Stop(Hook):
    def __init__(self, *, after: int) -> None:
        self.after = after

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if batch_idx + 1 == self.after:
            raise KeyboardInterrupt

    priority = "LOWEST"


class _Counted:
    """Images, and in a file a letter for every batch of them that any process asked for."""

    def __init__(self, images: Pixels, file: Path) -> None:
        self.images, self.file = images, file

    @property
    def shape(self) -> Sequence[int]:
        return self.images.shape

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Tensor, /) -> Tensor:
        with self.file.open("a") as file:
            file.write("x")
        return self.images[index]

    def batches(self) -> int:
        return len(self.file.read_text())


def test_how_images_are_read_does_not_enter_a_key(tmp_path: Path) -> None:
    load_objectives()
    both_forms(tmp_path, count=8)
    keys = set()
    for overrides in ([], ["data.stream=True"], ["data.workers=3"], ["data.stream=True", "data.workers=1"]):
        config = config_of("shards", *overrides)
        data = Data(opened(config, tmp_path), {}, {})
        keys.add(pretrain_cell(config, "smoke", row="infonce", seed=0, data=data).key)
    assert len(keys) == 1


def test_a_limit_takes_an_even_spread_and_reads_nothing_for_that(tmp_path: Path) -> None:
    both_forms(tmp_path, count=9)
    whole, part = (
        opened(config_of("shards", "data.stream=True", *limit), tmp_path) for limit in ([], ["data.limit=3"])
    )
    assert tuple(part.images.shape) == (3, 3, 16, 16)
    assert torch.equal(part.images[torch.tensor([2, 0, 1])], whole.images[torch.tensor([8, 0, 4])])
    assert torch.equal(part.labels, whole.labels[[0, 4, 8]])
    assert part.digest != whole.digest


def test_labels_of_a_table_go_by_the_name_of_a_member(tmp_path: Path) -> None:
    write_tar(tmp_path / "shards/0.tar", labelled(range(3), classes=1))
    (tmp_path / "labels.csv").write_text("file,label\nx/00002.jpg,bee\n00000.jpg,ant\n00001.jpg,\n")
    found = opened(config_of("shards", "data.labels=labels.csv"), tmp_path)
    assert found.classes == ("ant", "bee")
    assert found.labels.tolist() == [0, -1, 1]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_image_that_is_damaged_during_a_streamed_pretraining_is_named_in_one_line(
    workers: int, tmp_path: Path
) -> None:
    both_forms(tmp_path, count=8)
    config = config_of("folder", "data.stream=True", f"data.workers={workers}")
    images = opened(config, tmp_path)
    (tmp_path / "folder/1/00005.jpg").write_bytes(jpeg(5)[:300])
    told = rf"^image folder: {tmp_path}/folder/1/00005\.jpg cannot be decoded: [^\n]+$"
    with pytest.raises(ValueError, match=told):
        weights(config, images, folder=tmp_path / "work")


def test_the_command_line_takes_shards_and_finds_a_streamed_result_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, shards = both_forms(tmp_path, count=8)
    own = ("data.pretrain=shards", "data.labels=", "data.tree=", "data.shapes=None", "data.image_size=16")
    small = ("views.size=16", "views.blur_kernel=3", "model.width=0.125", "training.batch=4", "training.epochs=1")
    words = [word for change in (*own, *small) for word in ("--set", change)]
    command = ["pretrain", "--config", "smoke", "--objectives", "infonce", "--data-root", str(tmp_path)]
    command += ["--runs", str(tmp_path / "runs"), *words]
    assert main([*command, "--set", "data.stream=True"]) == 0
    first = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/cells/*/cell.json")}
    assert len(first) == 1
    assert not list(tmp_path.glob("runs/**/images.npy"))
    assert main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/cells/*/cell.json")} == first
    assert list(tmp_path.glob("runs/**/images.npy"))
    (shards / "train-000001.tar").write_bytes(b"no tar")
    capsys.readouterr()
    assert main(command) == 2
    assert f"shards: {shards}/train-000001.tar is no whole tar: " in capsys.readouterr().err
