"""The training of a colour space: its two steps, its randomness, what it sees of the labels, what it measures."""

import csv
import dataclasses
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from learned_views import learned
from mmengine.hooks import Hook
from mmengine.runner import Runner
from tiny_pretraining import images
from torch import Tensor, nn

from benchmark.config import load
from benchmark.generator_model import GeneratorModel
from benchmark.prepare import Prepared, choose_labelled, prepare
from benchmark.training_hooks import AtomicCheckpoint, Scalars
from benchmark.views.generator import GeneratorConfig
from benchmark.views.policy import ViewConfig

STEPS = 10


@pytest.fixture
def views(tmp_path: Path) -> ViewConfig:
    """Semi-supervised; two steps an epoch of sixteen images."""
    return with_training(learned(tmp_path).row("semi").config.views, batch=8, epochs=STEPS / 2)


def with_training(views: ViewConfig, **changes: Any) -> ViewConfig:
    assert views.generator is not None
    assert views.generator.training is not None
    training = dataclasses.replace(views.generator.training, **changes)
    return dataclasses.replace(views, generator=dataclasses.replace(views.generator, training=training))


class Stop(Hook):
    """Ends the training in the middle, as a kill would."""

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if batch_idx == 6:
            raise KeyboardInterrupt


def train(views: ViewConfig, folder: Path, *, seed: int = 0, hooks: tuple[Hook, ...] = ()) -> Prepared:
    """Prepare with the hooks that a cell has."""
    folder.mkdir(exist_ok=True)
    scalars = Scalars(folder / "scalars.csv", interval=1, checkpoint=3, images=8, report=lambda *_: None)
    kept = AtomicCheckpoint(folder / "checkpoint.pth", interval=3)
    return prepare(images(), views, seed=seed, device="cpu", work_dir=folder, hooks=[scalars, kept, *hooks])


def weights(prepared: Prepared) -> Tensor:
    return nn.utils.parameters_to_vector(prepared.colour.parameters())


def test_a_training_that_was_stopped_ends_in_the_bits_of_one_that_was_not(views: ViewConfig, tmp_path: Path) -> None:
    whole = train(views, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(views, tmp_path / "stopped", hooks=(Stop(),))
    shutil.copytree(tmp_path / "stopped", tmp_path / "resumed")  # mmengine knows runs by folder and second
    resumed = train(views, tmp_path / "resumed")
    assert torch.equal(weights(whole), weights(resumed))
    assert whole.findings == resumed.findings
    again, other = train(views, tmp_path / "again"), train(views, tmp_path / "other", seed=1)
    assert torch.equal(weights(whole), weights(again))
    assert not torch.equal(weights(whole), weights(other))


def test_findings_are_means_over_the_last_epoch(views: ViewConfig, tmp_path: Path) -> None:
    findings = train(views, tmp_path / "run").findings
    with (tmp_path / "run" / "scalars.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(findings) == {"mutual_information", "cross_entropy"}
    for name, value in findings.items():
        steps = [float(row["value"]) for row in rows if row["name"] == name]
        assert len(steps) == STEPS
        assert value == pytest.approx(sum(steps[-2:]) / 2, rel=1e-5)


def test_a_loss_that_is_not_finite_is_named_with_its_step(views: ViewConfig, tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match=r"^loss is not finite at step \d+ \(mutual_information=nan, "):
        train(with_training(views, lr=1e30), tmp_path / "run")


def step(views: ViewConfig) -> tuple[GeneratorModel, dict[str, Any]]:
    model = GeneratorModel(views, seed=0, classes=2, images=16)
    source = images()
    batch = {"images": source.images[torch.arange(8)], "labels": source.labels[:8], "index": torch.arange(8)}
    return model, {"step": 0, "unlabelled": batch, "labelled": batch}


def halves(model: GeneratorModel, data: dict[str, Any]) -> tuple[Tensor, Tensor]:
    first, second = model(model._crops(data["unlabelled"], step=0, view=0))
    return first, second


@pytest.mark.parametrize("bound", ["infonce", "dv"])
def test_the_critic_raises_the_information_and_the_generator_lowers_it(views: ViewConfig, bound: str) -> None:
    model, data = step(with_training(views, bound=bound, labelled=0, lr=1e-4, factor=50.0))
    frozen = with_training(views, bound=bound, labelled=0, lr=1e-4, factor=1e-9)
    model_of_critic, _ = step(frozen)
    start = model.information(*halves(model, data)).item()
    model_of_critic.train_step(data, model_of_critic.optimisers())
    raised = model_of_critic.information(*halves(model_of_critic, data)).item()
    assert raised > start
    model.train_step(data, model.optimisers())
    model_of_critic.colour.load_state_dict(model.colour.state_dict())  # the same critic, one step older
    assert model_of_critic.information(*halves(model_of_critic, data)).item() < raised


def test_a_supervised_generator_follows_the_labels_alone(views: ViewConfig) -> None:
    model, data = step(with_training(views, info=0.0, factor=5.0))
    other, _ = step(with_training(views, info=0.0, temperature=0.5))
    terms = model.train_step(data, model.optimisers())
    other.train_step(data, other.optimisers())
    vectors = [nn.utils.parameters_to_vector(each.colour.parameters()) for each in (model, other)]
    assert torch.equal(vectors[0], vectors[1])
    assert math.isfinite(terms["mutual_information"])


def test_an_unsupervised_generator_has_no_classifiers(views: ViewConfig) -> None:
    model, data = step(with_training(views, labelled=0))
    del data["labelled"]
    assert set(model.train_step(data, model.optimisers())) == {"mutual_information"}
    assert not len(model.classifiers)


def test_crops_are_neither_recoloured_nor_blurred(views: ViewConfig) -> None:
    model, data = step(dataclasses.replace(views, jitter_p=1.0, grayscale_p=1.0, solarize_p=1.0))
    plain, _ = step(views)
    for one, other in zip(halves(model, data), halves(plain, data), strict=True):
        assert torch.equal(one, other)


def test_labels_are_drawn_by_the_seed_from_the_images_that_have_one() -> None:
    labels = torch.tensor([0, -1, 1, 1, -1, 0, 1, 0])
    drawn = choose_labelled(labels, 4, seed=3)
    assert len(drawn) == len(set(drawn.tolist())) == 4
    assert (labels[drawn] >= 0).all()
    assert torch.equal(drawn, choose_labelled(labels, 4, seed=3))
    assert any(not torch.equal(drawn, choose_labelled(labels, 4, seed=seed)) for seed in range(4, 9))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bound": "nwj"}, "bound must be one of ['infonce', 'dv'], got 'nwj'"),
        ({"labelled": -1}, "labelled must be >= 0, got -1"),
        ({"labelled_batch": 9}, "labelled_batch must be 2 to labelled = 8, got 9"),
        ({"labelled": 0, "info": 0.0}, "info must be > 0 where there are no labels, got 0.0"),
        ({"cls": 0.0}, "labelled must be 0 where cls is 0, got 8"),
        ({"temperature": 0.0}, "temperature must be > 0, got 0.0"),
        ({"milestones": (1.0,)}, "milestones must be in (0, 1), got (1.0,)"),
        ({"betas": (0.5, 1.0)}, "betas must be in [0, 1), got (0.5, 1.0)"),
        ({"batch": 1}, "batch must be >= 2, got 1"),
    ],
)
def test_values_that_no_training_could_use_are_refused(views: ViewConfig, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'views: generator {message}')}$"):
        with_training(views, **change)


def test_a_flow_needs_a_training_and_raw_channels_have_none(views: ViewConfig) -> None:
    assert views.generator is not None
    with pytest.raises(ValueError, match=r"^views: generator training must be None for flow 'none', and given for "):
        GeneratorConfig(views.generator.colour, None)


def test_the_generators_of_stl10_have_the_settings_of_the_released_code() -> None:
    """The settings of the public copy of the view generator (github ali-design/GenRep, LearningView)."""
    rows = load("infomin_stl10_views").rows
    found = {name: row.config.views.generator for name, row in rows.items() if row.config.views.generator}
    trained = {name: each.training for name, each in found.items() if each.training}
    assert {name for name in found if name not in trained} == {"split_rgb", "split_ydbdr"}
    for name, training in trained.items():
        assert (training.labelled, training.info) == {
            "unsupervised": (0, 1.0), "supervised": (5000, 0.0), "semi": (5000, 1.0)
        }[name.rpartition("_")[2]]  # fmt: skip
        assert (training.lr, training.lr * training.factor, training.betas) == (2e-4, 1e-3, (0.5, 0.999))
        assert (training.epochs, training.milestones, training.decay) == (100, (0.6, 0.8), 0.2)
        assert (training.batch, training.labelled_batch, training.dims, training.temperature) == (128, 64, 128, 0.07)
        assert (training.critic.depth, training.critic.width, training.critic.stem) == (50, 0.5, "unpooled")
    assert {(each.colour.blocks, each.colour.hidden) for each in found.values() if each.training} == {(4, 2)}
