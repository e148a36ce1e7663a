"""What the loop does for speed changes no result: it ends where a loop written out ends that does none of it.

Training magnifies rounding: two plain loops in float32 whose first weights differ by 1e-7 of themselves can end 1e-2
apart after fifty steps on images as few as these. So fifty steps of the recipe are compared in float64, and five in
float32; fifty in float32 at a low rate of SGD. In some seeds an activation lies so near to zero that one loop takes its
gradient and the other does not, and AdamW makes a whole step of a gradient that is all rounding. What the loops do
differently would be there in every seed, so in float32 one of five has to end in the same weights.
"""

from pathlib import Path

import pytest
import torch
from tiny_pretraining import images, parts, tiny_config, train

from benchmark.config import BenchConfig
from benchmark.pretrain import Parts
from benchmark.step_batches import StepBatches
from benchmark.views.making import view_policy
from objectives.contract import Views


def made(config: BenchConfig, *, objective: str, dtype: torch.dtype, seed: int = 0) -> Parts:
    made_of = parts(config, objective=objective, seed=seed)
    made_of.network.to(dtype).backbone.conv1.register_forward_pre_hook(lambda _module, inputs: (inputs[0].to(dtype),))
    return made_of


def written_out(config: BenchConfig, made_of: Parts, *, steps: int) -> None:
    """Train with channels first, AdamW or SGD parameter by parameter, images and views one batch at a time."""
    weights = [*made_of.network.parameters(), *made_of.objective.parameters()]
    for weight in weights:
        weight.data = weight.data.contiguous()
    wide, narrow = ([each for each in weights if (each.ndim > 1) == is_wide] for is_wide in (True, False))
    groups = [{"params": wide, "weight_decay": config.training.weight_decay}, {"params": narrow, "weight_decay": 0.0}]
    training = config.training
    optimiser: torch.optim.Optimizer = torch.optim.AdamW(groups, lr=training.lr, foreach=False)
    if training.optimiser == "sgd":
        optimiser = torch.optim.SGD(groups, lr=training.lr, momentum=training.momentum, foreach=False)
    policy, data = view_policy(config, seed=0), StepBatches(images(), batch=config.training.batch, steps=steps, seed=0)
    made_of.network.train()
    for step in range(steps):
        batch = data[step]
        x1, x2 = (policy(batch["images"], step=step, index=batch["index"], view=view) for view in (0, 1))
        terms = made_of.objective(Views(x1, x2, None, None), made_of.network)
        optimiser.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimiser.step()


def config_of(steps: int, *more: str) -> BenchConfig:
    return tiny_config(
        "training.batch=16", f"training.epochs={steps}", "training.schedule='constant'", "training.warmup=0.0", *more
    )


def apart(config: BenchConfig, folder: Path, *, objective: str, dtype: torch.dtype, steps: int, seed: int = 0) -> float:
    """How far the backbones of the two loops end apart: the largest difference, as a share of one and the weight."""
    start, plain, ours = (made(config, objective=objective, dtype=dtype, seed=seed) for _ in range(3))
    train(config, folder / f"{seed}", made_of=ours)
    written_out(config, plain, steps=steps)
    first, wanted, found = (
        torch.cat([value.double().flatten() for value in each.network.backbone.state_dict().values()])
        for each in (start, plain, ours)
    )
    assert (wanted - first).abs().max() > 1e-3
    return ((found - wanted).abs() / (1 + wanted.abs())).max().item()


@pytest.mark.parametrize("objective", ["infonce", "barlow_twins"])
def test_the_loop_ends_in_the_weights_of_a_plain_one(tmp_path: Path, objective: str) -> None:
    assert apart(config_of(50), tmp_path, objective=objective, dtype=torch.float64, steps=50) < 1e-8


@pytest.mark.parametrize("objective", ["infonce", "barlow_twins"])
def test_five_steps_in_float32_end_in_the_same_weights(tmp_path: Path, objective: str) -> None:
    found = [
        apart(config_of(5), tmp_path, objective=objective, dtype=torch.float32, steps=5, seed=seed) for seed in range(5)
    ]
    assert min(found) < 1e-5


def test_fifty_steps_in_float32_end_in_the_same_weights_where_little_magnifies_rounding(tmp_path: Path) -> None:
    config = config_of(50, "training.optimiser=sgd", "training.lr=1e-5")
    found = [
        apart(config, tmp_path, objective="infonce", dtype=torch.float32, steps=50, seed=seed) for seed in range(5)
    ]
    assert min(found) < 1e-5
