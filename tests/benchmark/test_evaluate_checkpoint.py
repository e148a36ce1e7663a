"""`clbench evaluate --checkpoint`: a file from elsewhere becomes a row beside the others."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from clbench_runs import contents, data_root, records

from benchmark.cli import main
from benchmark.config import load
from benchmark.errors import UserError
from benchmark.execute import Policy, run_chains
from benchmark.imported import Checkpoint, add_arguments, asked_for, examine, import_cell, with_row
from benchmark.job import Job
from benchmark.preflight import Places
from benchmark.rerun import Rerun
from downstream.backbone import Backbone, BackboneSpec, load_backbone

SPEC = BackboneSpec(10, 0.125, "cifar", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
ARCH = ("--arch", "resnet10x0.125", "--stem", "cifar", "--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25")


def moco_file(path: Path, *, seed: int = 0) -> dict[str, torch.Tensor]:
    """Write a backbone as MoCo would; return its state dict."""
    torch.manual_seed(seed)
    backbone = Backbone(SPEC)
    backbone(torch.randn(8, 3, 32, 32))
    state = dict(backbone.state_dict())
    networks = {f"module.encoder_q.{name}": value for name, value in state.items()}
    torch.save({"epoch": 1, "state_dict": {**networks, "module.queue": torch.zeros(2, 4)}}, path)
    return state


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rows of the benchmark, then a checkpoint on two families of tasks."""
    folder = tmp_path_factory.mktemp("checkpoints")
    moco_file(folder / "moco_v2_200ep.pth.tar")
    assert main(["bench", *words(folder, tmp_path_factory), "--objectives", "random,infonce"]) == 0
    assert main(evaluate(folder, tmp_path_factory)) == 0
    return folder / "runs"


def words(folder: Path, factory: pytest.TempPathFactory) -> list[str]:
    places = ["--runs", str(folder / "runs"), "--data-root", str(data_root(factory))]
    return ["--config", "smoke", "--tasks", "classification", *places]


def evaluate(folder: Path, factory: pytest.TempPathFactory) -> list[str]:
    """The command as `make evaluate` gives it, with the tasks of two families."""
    command = ["evaluate", *words(folder, factory), "--tasks", "classification,voc", "--objectives", "all"]
    return [*command, "--checkpoint", str(folder / "moco_v2_200ep.pth.tar"), *ARCH]


def test_the_checkpoint_is_a_row_like_any_other(runs: Path) -> None:
    found = records(runs)
    imported = found["moco_v2_200ep/0/None"]
    assert (imported["kind"], imported["status"], imported["upstream"]) == ("pretrain", "done", None)
    assert imported["inputs"]["objective"] == "checkpoint"
    assert set(imported["inputs"]["arguments"]) == {"sha256", "layout"}
    assert imported["inputs"]["arguments"]["layout"] == "moco"
    assert ".pth" not in str(imported["inputs"])
    for task in ("classification", "voc"):
        assert found[f"moco_v2_200ep/0/{task}"]["status"] == "done"
        assert found[f"moco_v2_200ep/0/{task}"]["upstream"] == imported["key"]


def test_its_backbone_is_the_files_to_the_last_bit(runs: Path, tmp_path: Path) -> None:
    state = moco_file(tmp_path / "again.pth")
    key = records(runs)["moco_v2_200ep/0/None"]["key"]
    loaded = load_backbone(runs / "cells" / key / "backbone.pth", SPEC).state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())


def test_tables_show_it_beside_the_rows_of_the_benchmark_and_say_what_it_is(runs: Path) -> None:
    table = (runs / "tables/smoke-table.md").read_text()
    assert "| random (floor) |" in table
    assert "| infonce |" in table
    assert "| moco_v2_200ep [" in table
    assert (
        "besides its loss, moco_v2_200ep differs from infonce in: pretrained elsewhere, on data, views and a "
        "schedule that are not known here; model.stem cifar instead of stl10; model.width 0.125 instead of 0.25"
        in table
    )


def test_the_same_command_computes_nothing_again_and_the_tables_can_be_rebuilt(
    runs: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    before, table = contents(runs / "cells"), (runs / "tables/smoke-table.csv").read_bytes()
    assert main(evaluate(runs.parent, tmp_path_factory)) == 0
    said = capsys.readouterr().out
    assert "0 computed, 3 kept, 0 failed" in said
    assert (
        "moco_v2_200ep: layout moco in state_dict: 72 of 72 tensors matched; left over: queue (1); cifar stem, " in said
    )
    assert "strides 1/2/4/8, input by the given mean 0.5,0.5,0.5 std 0.25,0.25,0.25\n" in said
    assert contents(runs / "cells") == before
    assert main(["table", "--runs", str(runs)]) == 0
    assert main(["plot", "--runs", str(runs)]) == 0
    assert (runs / "tables/smoke-table.csv").read_bytes() == table


def test_rows_of_the_benchmark_that_are_run_again_leave_it_in_the_table(
    runs: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert main(["evaluate", *words(runs.parent, tmp_path_factory), "--objectives", "random"]) == 0
    assert "| moco_v2_200ep [" in (runs / "tables/smoke-table.md").read_text()


def checkpoint(file: Path, **changes: Any) -> Checkpoint:
    return Checkpoint(**{"file": file, "name": "mine", "spec": SPEC, "layout": "auto", **changes})


def test_the_key_follows_what_is_in_the_file_and_not_where_it_lies(tmp_path: Path) -> None:
    def key(path: Path, **changes: Any) -> str:
        _, inputs, _ = examine(checkpoint(path, **changes))
        return import_cell(inputs, "smoke", row="mine", seed=0).key

    moco_file(tmp_path / "a.pth")
    first = key(tmp_path / "a.pth")
    (tmp_path / "b").mkdir()
    (tmp_path / "a.pth").rename(tmp_path / "b/c.pth")
    assert key(tmp_path / "b/c.pth") == first
    assert key(tmp_path / "b/c.pth", layout="moco") == first
    other_input = BackboneSpec(10, 0.125, "cifar", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert key(tmp_path / "b/c.pth", spec=other_input) != first
    moco_file(tmp_path / "b/c.pth", seed=1)
    assert key(tmp_path / "b/c.pth") != first


PORTS: dict[str, Callable[[dict[str, torch.Tensor]], Any]] = {
    "sthalles": lambda s: {"state_dict": {f"backbone.{name}": value for name, value in s.items()}},
    "spijkervet": lambda s: {f"encoder.{name}": value for name, value in s.items()},
    "mmpretrain": lambda s: {"state_dict": {f"backbone.{name}": value for name, value in s.items()}},
}
HEADS = {"sthalles": ("state_dict", "backbone.fc.0.weight"), "mmpretrain": ("state_dict", "head.fc.weight")}


def port(path: Path, kind: str, *, head: bool = True) -> Path:
    """Write a backbone as a SimCLR port or mmpretrain would, with its head or without."""
    content: Any = PORTS[kind](Backbone(SPEC).state_dict())
    container, name = HEADS.get(kind, (None, "projector.0.weight"))
    if head:
        (content[container] if container else content)[name] = torch.ones(3, 4)
    torch.save(content, path)
    return path


def parsed(file: Path, *options: str) -> Checkpoint:
    """What the command line makes of a file and its options."""
    parser = argparse.ArgumentParser()
    parser.set_defaults(objectives="all", references=False)
    add_arguments(parser)
    found = asked_for(
        parser.parse_args(["--checkpoint", str(file), "--arch", "resnet10x0.125", "--stem", "cifar", *options])
    )
    assert found is not None
    return found


IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
AS_IS = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("kind", "options", "statistics", "said"),
    [
        ("sthalles", (), AS_IS, "input by simclr_sthalles's mean 0,0,0 std 1,1,1"),
        ("spijkervet", (), AS_IS, "input by simclr_spijkervet's mean 0,0,0 std 1,1,1"),
        ("mmpretrain", (), IMAGENET, "input by ImageNet's mean 0.485,0.456,0.406 std 0.229,0.224,0.225"),
        (
            "sthalles",
            ("--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"),
            IMAGENET,
            "input by the given mean",
        ),
    ],
)
def test_a_layout_with_statistics_of_its_own_is_fed_by_them_unless_others_are_given(
    kind: str, options: tuple[str, ...], statistics: Any, said: str, tmp_path: Path
) -> None:
    settled, inputs, line = examine(parsed(port(tmp_path / "a.pth", kind), *options))
    assert (settled.spec.mean, settled.spec.std) == statistics
    assert inputs["input"] == [*statistics]
    assert with_row(load("smoke"), settled).rows["a"].config.views.mean == statistics[0]
    assert "cifar stem, strides 1/2/4/8, " in line
    assert said in line


@pytest.mark.parametrize("kind", PORTS)
def test_layouts_that_fit_equally_well_and_are_fed_differently_have_to_be_chosen_from(
    kind: str, tmp_path: Path
) -> None:
    path = port(tmp_path / "a.pth", kind, head=False)
    own = "simclr_spijkervet" if kind == "spijkervet" else "simclr_sthalles"
    with pytest.raises(
        UserError, match=rf"fit equally well .*: {own} \(mean 0,0,0\), .*, solo_learn \(mean ImageNet's"
    ):
        examine(parsed(path))
    assert examine(parsed(path, "--layout", own))[0].spec.mean == AS_IS[0]
    assert examine(parsed(path, "--layout", "solo_learn"))[0].spec.mean == IMAGENET[0]
    assert examine(parsed(path, "--mean", "0.5,0.5,0.5", "--std", "1,1,1"))[0].spec.mean == (0.5, 0.5, 0.5)


def test_a_file_that_changes_after_it_was_examined_fails_its_cell(tmp_path: Path) -> None:
    moco_file(tmp_path / "a.pth")
    mine = checkpoint(tmp_path / "a.pth")
    config = with_row(load("smoke"), mine)
    cell = import_cell(examine(mine)[1], "smoke", row="mine", seed=0)
    moco_file(tmp_path / "a.pth", seed=1)
    job = Job(cell, config, Places(tmp_path / "runs", tmp_path), "cpu", (), live=False, checkpoint=mine.file)
    said: list[str] = []
    policy = Policy({}, Rerun(frozenset(), frozenset(), frozenset()))
    assert run_chains([[cell]], job, policy=policy, jobs=1, say=said.append).failed == 1
    assert "a.pth was changed after this run was planned; give the same command again" in said[0]
    assert not (tmp_path / "runs/cells" / cell.key / "backbone.pth").exists()


class Planted:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    moco_file(tmp_path / "good.pth")
    moco_file(tmp_path / "random.pth")
    (tmp_path / "garbage.pth").write_bytes(b"garbage")
    (tmp_path / "two words.pth").write_bytes((tmp_path / "good.pth").read_bytes())
    torch.save({"state_dict": Planted(f"touch {tmp_path / 'trace'}")}, tmp_path / "planted.pth")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--checkpoint good.pth", "evaluate: --checkpoint needs --arch, such as resnet50"),
        ("--arch resnet50", "evaluate: --arch goes with --checkpoint FILE"),
        ("--layout moco", "evaluate: --layout goes with --checkpoint FILE"),
        (
            "--checkpoint good.pth --arch resnet18 --objectives infonce",
            "evaluate: --objectives and --checkpoint exclude each other, got 'infonce'",
        ),
        ("--checkpoint good.pth --arch resnet5", "unknown architecture 'resnet5'. Did you mean 'resnet50'?"),
        ("--checkpoint good.pth --arch vit", "unknown architecture 'vit'. Known: resnet10, "),
        ("--checkpoint good.pth --arch resnet50x9", "backbone: width must be in (0, 4], got 9.0"),
        ("--checkpoint good.pth --arch resnet18 --stem cifr", "backbone: stem must be one of ['cifar', "),
        ("--checkpoint good.pth --arch resnet18 --layout mocco", "unknown layout 'mocco'. Did you mean 'moco'?"),
        ("--checkpoint good.pth --arch resnet18 --mean 1,2", "mean: three numbers such as 0.485,0.456,0.406 are"),
        (
            "--checkpoint good.pth --arch resnet18 --mean 124,116,104",
            "mean is that of images in [0, 1]; divide by 255?",
        ),
        ("--checkpoint good.pth --arch resnet18 --std 0,1,1", "backbone: std must be > 0 in every channel, got (0.0,"),
        ("--checkpoint random.pth --arch resnet18", "name: 'random' is a row already; choose another one by --name"),
        ("--checkpoint two_words.pth --arch resnet18", "got 'two words'; choose one by --name"),
        ("--checkpoint good.pth --arch resnet18 --tasks detektion", "unknown task 'detektion'"),
        ("--checkpoint nothing.pth --arch resnet18", "nothing.pth: there is no such file"),
        ("--checkpoint . --arch resnet18 --name x", ": a file is expected, got a folder"),
        ("--checkpoint garbage.pth --arch resnet18", "garbage.pth: does not read as a checkpoint"),
        ("--checkpoint good.pth --arch resnet18", "no layout gives all of it, nearest is moco with "),
        ("--checkpoint planted.pth --arch resnet18", "planted.pth: refused, because it asks for posix.system"),
    ],
)
def test_mistakes_get_one_line_and_nothing_is_run_or_written(
    line: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = line.split()
    if "--checkpoint" in options:
        place = options.index("--checkpoint") + 1
        options[place] = str(folder / options[place].replace("_", " "))
    places = ["--runs", str(folder / "runs"), "--data-root", str(folder / "data")]
    assert main(["evaluate", "--config", "smoke", *places, *options]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("clbench: ")
    assert said.err.count("\n") == 1
    assert message in said.err
    assert not (folder / "runs/cells").exists()
    assert not (folder / "trace").exists()
