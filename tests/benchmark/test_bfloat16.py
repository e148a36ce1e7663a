"""Training in bfloat16 on a CPU."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from clbench_runs import data_root, records
from shared_training import forms
from tiny_pretraining import Reported, parts, tiny_config, train
from torch import Tensor, nn

from benchmark.cli import main
from benchmark.config import BenchConfig, load
from benchmark.optimisers import build_optimiser


def config(precision: str, *, objective: str = "infonce", arguments: Mapping[str, Any] | None = None) -> BenchConfig:
    made = tiny_config(f"training.precision={precision}", "logging.interval=1", "training.epochs=0.5")
    return replace(made, objectives={**made.objectives, objective: dict(arguments or {})})


@pytest.mark.parametrize(("objective", "arguments"), forms(), ids=str)
def test_every_objective_trains_and_begins_where_it_does_in_float32(
    objective: str, arguments: Mapping[str, Any], tmp_path: Path
) -> None:
    found: dict[str, Reported] = {"bfloat16": [], "float32": []}
    for precision, reported in found.items():
        wanted = config(precision, objective=objective, arguments=arguments)
        made = parts(wanted, objective=objective)
        train(wanted, tmp_path / precision, made_of=made, reported=reported)
        assert {weight.dtype for weight in made.network.parameters()} == {torch.float32}
        assert all(weight.isfinite().all() for weight in made.network.parameters())
    half, full = (dict(reported[0][2]) for reported in found.values())
    assert half.keys() == full.keys()
    del half["images_per_s"], full["images_per_s"]
    assert half != full
    assert half == {name: pytest.approx(value, rel=0.1, abs=0.02) for name, value in full.items()}


def test_it_is_torchs_autocast_around_the_forward_pass() -> None:
    """The same weights, to the bit, as a loop that is written out."""
    training = replace(load("smoke").training, precision="bfloat16", lr=0.01, weight_decay=0.0)
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    plain.load_state_dict(ours.state_dict())
    wrapper = build_optimiser(ours, training)
    optimiser = torch.optim.AdamW(plain.parameters(), lr=0.01, weight_decay=0.0, fused=True)
    for step in range(5):
        x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(step))
        with wrapper.optim_context(ours):
            y = ours(x)
        assert y.dtype == torch.bfloat16
        wrapper.update_params(y.float().square().mean())
        with torch.autocast("cpu", torch.bfloat16):
            y = plain(x)
        optimiser.zero_grad()
        y.float().square().mean().backward()
        optimiser.step()
    assert all(map(torch.equal, ours.state_dict().values(), plain.state_dict().values()))


class Watch:
    """A hook of a module that keeps what it is given and how it answers."""

    def __init__(self) -> None:
        self.given: list[Tensor] = []
        self.answers: set[torch.dtype] = set()

    def __call__(self, _: nn.Module, given: tuple[Tensor], answer: Tensor) -> None:
        self.given.append(given[0].clone())
        self.answers.add(answer.dtype)


def test_views_are_the_same_in_every_precision(tmp_path: Path) -> None:
    watches = {"bfloat16": Watch(), "float32": Watch()}
    for precision, watch in watches.items():
        wanted = config(precision)
        made = parts(wanted)
        made.network.backbone.conv1.register_forward_hook(watch)
        train(wanted, tmp_path / precision, made_of=made)
        assert watch.answers == {getattr(torch, precision)}
    half, full = watches.values()
    assert len(half.given) > 0
    assert all(map(torch.equal, half.given, full.given))


def test_a_bench_trains_in_it_on_two_processes_and_in_chunks(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    words = ["pretrain", "--config", "smoke", "--objectives", "infonce", "--runs", str(tmp_path)]
    words += ["--data-root", str(data_root(tmp_path_factory))]
    changes = ("processes=2", "threads=1", "training.precision=bfloat16", "training.chunks=2")
    assert main([*words, *(word for change in changes for word in ("--set", change))]) == 0
    (record,) = records(tmp_path).values()
    assert record["status"] == "done"
    assert record["inputs"]["training"]["precision"] == "bfloat16"
