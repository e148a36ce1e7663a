import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from tiny_pretraining import BATCH, COUNT, images, parts, tiny_config, train
from torch import Tensor, nn

from benchmark.network import PretrainNetwork
from benchmark.pretrain import PretrainModel, backbone_spec, pretrain, total_steps
from benchmark.step_batches import StepBatches
from downstream.backbone import Backbone


def batches(*, seed: int = 0, steps: int = 40) -> StepBatches:
    return StepBatches(images(), batch=3, steps=steps, seed=seed)


def test_every_epoch_is_a_permutation_in_whole_batches() -> None:
    data = batches()
    per_epoch = COUNT // 3
    orders = []
    for epoch in range(4):
        drawn = torch.cat([data[epoch * per_epoch + position]["index"] for position in range(per_epoch)])
        assert len(drawn) == len(set(drawn.tolist())) == per_epoch * 3
        assert set(drawn.tolist()) <= set(range(COUNT))
        orders.append(drawn.tolist())
    assert len({tuple(order) for order in orders}) == 4


def test_a_batch_depends_on_seed_and_step_alone_and_not_on_what_was_read_before() -> None:
    forwards, jumping = batches(), batches()
    order = [17, 3, 4, 39, 0, 3]
    read = {step: forwards[step] for step in range(40)}
    for step in order:
        assert torch.equal(jumping[step]["index"], read[step]["index"])
    assert any(not torch.equal(batches(seed=1)[step]["index"], read[step]["index"]) for step in range(5))


def test_a_batch_holds_the_images_and_labels_that_its_index_names() -> None:
    batch, source = batches()[7], images()
    for row, index in enumerate(batch["index"].tolist()):
        assert torch.equal(batch["images"][row], source.images[index])
        assert batch["labels"][row] == source.labels[index]
    assert batch["step"] == 7


def test_every_image_is_drawn_equally_often_over_many_epochs() -> None:
    data = batches(steps=500)
    counts = torch.bincount(torch.cat([data[step]["index"] for step in range(500)]), minlength=COUNT)
    assert counts.sum() == 1500
    assert counts.min() > 0.9 * 1500 / COUNT


@pytest.mark.parametrize(("epochs", "steps"), [(1.0, 4), (2.5, 10), (0.5, 2), (0.01, 1)])
def test_steps_are_epochs_times_whole_batches(epochs: float, steps: int) -> None:
    assert total_steps(tiny_config(f"training.epochs={epochs}"), COUNT + BATCH - 1) == steps


def test_all_objectives_of_a_seed_start_from_the_same_network() -> None:
    config = tiny_config()
    names = ("infonce", "byol", "infocl", "mrcl", "random", "supervised")
    first, *others = (parts(config, objective=name).network.state_dict() for name in names)
    for other in others:
        assert all(torch.equal(first[name], other[name]) for name in first)
    assert not torch.equal(first["backbone.conv1.weight"], parts(config, seed=1).network.backbone.conv1.weight)


def test_building_a_network_leaves_the_global_stream_alone() -> None:
    before = torch.get_rng_state()
    parts(tiny_config())
    assert torch.equal(torch.get_rng_state(), before)


def test_features_are_the_backbones_and_stages_their_averages() -> None:
    network: PretrainNetwork = parts(tiny_config()).network
    network.eval()
    x = torch.randn(2, 3, 16, 16)
    features = network.encode(x)
    torch.testing.assert_close(features.h, network.backbone(x))
    assert features.stages[3] is features.h
    maps = network.backbone.stages(x)
    for pooled, stage in zip(features.stages, maps, strict=True):
        torch.testing.assert_close(pooled, stage.flatten(2).sum(2) / stage[0, 0].numel())
    assert network.project(features.h).shape == (2, 8)


def test_both_views_follow_from_seed_step_and_image_alone() -> None:
    config = tiny_config()
    model = PretrainModel(parts(config), config, seed=0, steps=9)
    data = StepBatches(images(), batch=4, steps=8, seed=0)
    model.data_preprocessor(data[3])
    views = model.data_preprocessor(data[5])["views"]
    again = PretrainModel(parts(config, objective="mrcl"), config, seed=0, steps=9).data_preprocessor(data[5])["views"]
    assert torch.equal(views.x1, again.x1)
    assert torch.equal(views.x2, again.x2)
    assert not torch.equal(views.x1, views.x2)
    assert views.labels is None
    other = PretrainModel(parts(config), config, seed=1, steps=9).data_preprocessor(data[5])["views"]
    assert not torch.equal(views.x1, other.x1)


def test_labels_are_shown_to_the_ceiling_alone() -> None:
    config = tiny_config()
    data = StepBatches(images(), batch=4, steps=8, seed=0)
    views = PretrainModel(parts(config, objective="supervised"), config, seed=0, steps=9).data_preprocessor(data[1])[
        "views"
    ]
    assert torch.equal(views.labels, images().labels[data[1]["index"]])


def test_the_floor_is_the_network_that_the_others_start_from(tmp_path: Path) -> None:
    config = tiny_config()
    floor = train(config, tmp_path, made_of=parts(config, objective="random"))
    start = parts(config).network.backbone
    assert all(torch.equal(floor.state_dict()[name], start.state_dict()[name]) for name in start.state_dict())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["byol", "infonce", "mrcl", "superinfo", "supervised"])
def test_two_trainings_with_one_seed_end_in_the_same_bits_and_another_seed_does_not(name: str, tmp_path: Path) -> None:
    config = tiny_config("logging.checkpoint=100")
    trained = [
        train(config, tmp_path / f"{run}", made_of=parts(config, objective=name, seed=seed), seed=seed).state_dict()
        for run, seed in enumerate((0, 0, 1))
    ]
    assert all(torch.equal(trained[0][key], trained[1][key]) for key in trained[0])
    assert not torch.equal(trained[0]["conv1.weight"], trained[2]["conv1.weight"])
    start = Backbone(backbone_spec(config)).state_dict()
    assert not torch.equal(trained[0]["conv1.weight"], start["conv1.weight"])


def test_a_pretraining_without_schedule_and_without_the_projectors_batch_norm(tmp_path: Path) -> None:
    config = tiny_config("training.schedule=constant", "training.warmup=0", "model.projector_norm=False")
    made_of = parts(config)
    names = [type(layer).__name__ for layer in made_of.network.projector.modules()]
    assert "BatchNorm1d" not in names
    start = made_of.network.backbone.conv1.weight.detach().clone()
    trained = train(config, tmp_path, made_of=made_of)
    assert not torch.equal(trained.conv1.weight, start)


def last_layer(encoder: nn.Module) -> Tensor:
    return encoder.get_parameter("projector.3.weight").detach()


def test_the_target_is_the_average_that_the_momenta_give(tmp_path: Path) -> None:
    """With weights w_0 .. w_K and momenta m_k: t_k+1 = m_k t_k + (1 - m_k) w_k+1, written out step by step."""
    config = tiny_config("logging.checkpoint=1", "objectives.byol.momentum=0.9")
    made_of = parts(config, objective="byol")
    steps = total_steps(config, COUNT)
    expected = last_layer(made_of.network).clone()
    assert torch.equal(last_layer(made_of.network.target), expected)
    seen: list[Tensor] = []
    watch = _Watch(lambda: seen.append(last_layer(made_of.network).clone()))
    pretrain(made_of, images(), config, seed=0, work_dir=tmp_path, hooks=[watch])
    assert len(seen) == steps
    for step, weight in enumerate(seen):
        momentum = 1 - (1 - 0.9) * (math.cos(math.pi * step / steps) + 1) / 2
        expected = momentum * expected + (1 - momentum) * weight
    torch.testing.assert_close(last_layer(made_of.network.target), expected)


def test_no_optimiser_touches_the_target_and_its_batch_norms_see_their_own_batches(tmp_path: Path) -> None:
    config = tiny_config("objectives.byol.momentum=1")
    made_of = parts(config, objective="byol")
    start = {name: value.clone() for name, value in made_of.network.target.state_dict().items()}
    train(config, tmp_path, made_of=made_of)
    after = made_of.network.target.state_dict()
    assert all(torch.equal(start[name], after[name]) for name, _ in made_of.network.target.named_parameters())
    assert not torch.equal(start["backbone.bn1.running_mean"], after["backbone.bn1.running_mean"])


class _Watch(Hook):
    """Calls back after every step."""

    def __init__(self, look: Callable[[], None]) -> None:
        self.look = look

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Tensor] | None = None
    ) -> None:
        self.look()
