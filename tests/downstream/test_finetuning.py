"""SGD on a frozen or a trained backbone: against a loop, against the papers' schedules, and through a kill."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from colour_tree import SPEC, by_name, context, write_colours, write_noise
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR

from benchmark.config import load
from downstream.backbone import load_backbone
from downstream.datasets import open_splits
from downstream.features import encode
from downstream.finetuning import check_data, rehearse, run
from downstream.image_options import FinetuningOptions
from downstream.loading import as_tested
from downstream.sgd import Plan, Training, rate_factor
from downstream.subsets import derived_seed, partition

PROBE = FinetuningOptions(
    dataset="colours",
    source="folder",
    data="",
    train="train",
    test="test",
    splits="official",
    metric="top1",
    validation=0.25,
    image_size=16,
    resize=16,
    interpolation="bilinear",
    frozen=True,
    fraction=1.0,
    subset="",
    refit=False,
    augmentation="crop",
    crop_scale=(0.5, 1.0),
    flip=0.5,
    epochs=3,
    batch=4,
    lr=0.5,
    backbone_lr=0.0,
    momentum=0.9,
    weight_decay=1e-3,
    schedule="step",
    milestones=(2,),
    decay=0.1,
    init_std=0.01,
)
TUNING = replace(PROBE, frozen=False, lr=0.1, backbone_lr=0.02, schedule="cosine", milestones=())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_colours(tmp_path / "data", each=10, spread=90)
    return tmp_path


@pytest.mark.parametrize(("options", "name"), [(PROBE, "linear_sgd"), (TUNING, "finetune")])
def test_colours_are_learned_and_every_selection_is_stored(
    options: FinetuningOptions, name: str, tmp_path: Path
) -> None:
    write_colours(tmp_path / "data", each=12)
    found = by_name(run(replace(options, epochs=8, milestones=()), context(tmp_path)))
    kinds = (("val", "selected"), ("test", "last"), ("test", "selected"), ("test", "oracle"))
    assert found == {(f"{name}_top1", *kind): 1.0 for kind in kinds}


def task(config: str, name: str) -> FinetuningOptions:
    options = load(config).tasks[name]
    assert isinstance(options, FinetuningOptions)
    return options


@pytest.mark.parametrize(
    ("config", "name", "rates"),
    [
        # InfoMin: 30, a fifth of it after 30, 40 and 50 of 60 epochs (released options/test_options.py).
        ("infomin_imagenet", "linear_sgd", {0: 30, 29: 30, 30: 6, 39: 6, 40: 1.2, 49: 1.2, 50: 0.24, 59: 0.24}),
        # InfoCL: 0.01, a tenth of it after 60 and 80 of 100 epochs (released eval_lr.py).
        ("infocl_cifar10", "dtd", {0: 0.01, 59: 0.01, 60: 1e-3, 79: 1e-3, 80: 1e-4, 99: 1e-4}),
        # InfoCL on ImageNet: 0.3 along a cosine of 100 epochs (released eval_lr_imagenet.py).
        ("infocl_imagenet", "cub200", {0: 0.3, 50: 0.15, 99: 0.15 * (1 + math.cos(0.99 * math.pi))}),
    ],
)
def test_rates_are_the_papers(config: str, name: str, rates: dict[int, float]) -> None:
    options = task(config, name)
    assert options.epochs == max(rates) + 1
    assert {epoch: options.lr * rate_factor(options, epoch) for epoch in rates} == pytest.approx(rates)


@pytest.mark.parametrize("options", [replace(PROBE, epochs=30, milestones=(5, 11)), replace(TUNING, epochs=30)])
def test_rates_follow_torchs_schedulers(options: FinetuningOptions) -> None:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    wanted: Any = CosineAnnealingLR(optimiser, 30)
    if options.schedule == "step":
        wanted = MultiStepLR(optimiser, list(options.milestones), gamma=options.decay)
    for epoch in range(30):
        assert rate_factor(options, epoch) == pytest.approx(wanted.get_last_lr()[0], abs=1e-12)
        optimiser.step()
        wanted.step()


def test_the_probe_is_a_loop_of_sgd_on_features(folder: Path) -> None:
    options = replace(PROBE, augmentation="none", batch=5, epochs=4)
    losses: list[float] = []
    told = context(folder, report=lambda *reported: losses.append(reported[2]["loss"]))
    splits = open_splits(options, data_root=told.data_root)
    training = Training(options, told, classes=2)
    weight, bias = training.head.weight.detach().double(), training.head.bias.detach().double()
    training.run(Plan(splits.train, {"test": splits.test}, "top1", folder / "fit.pth", first=0, steps=16))

    features = encode(load_backbone(told.backbone, SPEC), splits.train, as_tested(options), device="cpu")
    x, y = features.x.double(), features.y
    speeds, wanted = (torch.zeros_like(weight), torch.zeros_like(bias)), []
    for epoch in range(4):
        stream = torch.Generator().manual_seed(derived_seed(0, "order", epoch))
        for rows in torch.randperm(20, generator=stream).split(5):
            share = (x[rows] @ weight.T + bias).softmax(dim=1)
            wanted.append(-share[range(5), y[rows]].log().mean().item())
            share[range(5), y[rows]] -= 1
            slopes = (share.T @ x[rows] / 5 + 1e-3 * weight, share.mean(dim=0) + 1e-3 * bias)
            speeds = (0.9 * speeds[0] + slopes[0], 0.9 * speeds[1] + slopes[1])
            rate = 0.5 if epoch < 2 else 0.05
            weight, bias = weight - rate * speeds[0], bias - rate * speeds[1]
    assert losses == pytest.approx(wanted, rel=1e-3, abs=1e-6)
    assert torch.allclose(training.head.weight.double(), weight, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("augmentation", ["none", "crop"])
def test_a_frozen_backbone_keeps_every_bit_and_a_trained_one_does_not(augmentation: str, folder: Path) -> None:
    told = context(folder)
    before = load_backbone(told.backbone, SPEC).state_dict()
    splits = open_splits(PROBE, data_root=told.data_root)
    for options in (PROBE, TUNING):
        training = Training(replace(options, augmentation=augmentation), told, classes=2)
        training.run(Plan(splits.train, {"test": splits.test}, "top1", folder / f"{options.lr}.pth", first=0, steps=9))
        after = training.backbone.state_dict()
        same = {name: torch.equal(after[name], value) for name, value in before.items()}
        if options.frozen:
            assert all(same.values())
        else:
            assert not any(kept for name, kept in same.items() if name.endswith(("weight", "running_mean")))


class KilledError(Exception):
    pass


REFITTED = replace(PROBE, refit=True)


@pytest.mark.parametrize(
    ("options", "kill", "first"),
    [
        *((options, *kill) for options in (PROBE, TUNING) for kill in ((2, 1), (5, 5), (12, 9))),
        (replace(PROBE, augmentation="none"), 6, 5),
        *((REFITTED, *kill) for kill in ((6, 5), (13, 13), (20, 18), (27, 23))),
    ],
)
def test_a_killed_run_goes_on_from_its_last_epoch_to_the_same_bits(
    options: FinetuningOptions, kill: int, first: int, folder: Path
) -> None:
    def stop(step: int, total: int, terms: dict[str, float]) -> None:
        if step == kill:
            raise KilledError

    whole = replace(context(folder), work_dir=folder / "whole")
    whole.work_dir.mkdir()
    wanted, told, seen = run(options, whole), context(folder, report=stop), []
    with pytest.raises(KilledError):
        run(options, told)
    assert run(options, replace(told, report=lambda *reported: seen.append(reported[0]))) == wanted
    assert seen == list(range(first, (27 if options.refit else 12) + 1))
    for name in ("fit.pth", *(["refit.pth"] if options.refit else [])):
        ours, theirs = (torch.load(place / name, weights_only=True) for place in (told.work_dir, whole.work_dir))
        assert ours["history"] == theirs["history"]
        for part in ("head", "backbone"):
            for key, value in (theirs[part] or {}).items():
                assert torch.equal(ours[part][key], value), key


def test_the_epoch_is_chosen_on_held_out_images_and_the_earliest_of_the_best(folder: Path) -> None:
    told = context(folder)
    found = by_name(run(replace(PROBE, epochs=6), told))
    history = torch.load(told.work_dir / "fit.pth", weights_only=True)["history"]
    validated, tested = history["validation"], history["test"]
    assert len({*tested}) > 1
    assert found["linear_sgd_top1", "val", "selected"] == max(validated)
    assert found["linear_sgd_top1", "test", "selected"] == tested[validated.index(max(validated))]
    assert found["linear_sgd_top1", "test", "last"] == tested[5]
    assert found["linear_sgd_top1", "test", "oracle"] == max(tested)


def test_with_refit_the_test_is_scored_after_training_on_all_images(folder: Path) -> None:
    told = context(folder)
    found = by_name(run(replace(PROBE, refit=True), told))
    splits = open_splits(PROBE, data_root=told.data_root)
    fitted = torch.load(told.work_dir / "fit.pth", weights_only=True)["history"]
    again = torch.load(told.work_dir / "refit.pth", weights_only=True)["history"]
    assert ({*fitted}, {*again}) == ({"validation"}, {"test"})
    assert found["linear_sgd_top1", "test", "last"] == again["test"][-1]
    assert len(splits.train) == 20


def test_the_second_training_knows_the_images_that_were_held_out(tmp_path: Path) -> None:
    """Noise that is tested with the very images that were held out is known by heart, and by chance without them."""
    write_noise(tmp_path / "data", each=24)
    options = replace(REFITTED, augmentation="none", epochs=100, batch=8, lr=5.0, weight_decay=0.0, schedule="cosine")
    splits = open_splits(options, data_root=tmp_path / "data")
    shutil.rmtree(tmp_path / "data/test")
    for name in partition(options, splits, data_root=tmp_path / "data", seed=0).held_out.names:
        copy = tmp_path / "data" / name.replace("train/", "test/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "data" / name, copy)
    told = context(tmp_path)
    run(options, told)
    scores = json.loads((told.kept / "choices.json").read_text())["series"]["linear_sgd_top1"]
    assert scores["test"][-1] == 1.0
    assert scores["validation"][-1] < 0.9  # the same images, not trained on


def test_a_loss_that_is_not_finite_stops_the_training(folder: Path) -> None:
    with pytest.raises(FloatingPointError, match=r"^loss is not finite at step \d+ \(loss=(nan|inf)\)$"):
        run(replace(TUNING, lr=1e30, backbone_lr=1e30, epochs=5), context(folder))


@pytest.mark.parametrize("options", [PROBE, TUNING])
def test_a_rehearsal_takes_a_step_and_leaves_nothing_behind(options: FinetuningOptions, folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    told = context(folder, report=lambda *reported: seen.append(reported[:2]))
    rehearse(options, told)
    assert seen == [(1, 1)]
    assert not list(told.work_dir.iterdir())


def test_a_list_of_labelled_images_enters_the_fingerprint(folder: Path) -> None:
    places = {"data_root": folder / "data", "store": folder / "store"}
    options, names = replace(REFITTED, subset="few.txt"), ["blue_001.png", "blue_002.png", "red_003.png", "red_004.png"]
    (folder / "data/few.txt").write_text("\n".join(names))
    few = check_data(options, **places)
    assert few != check_data(PROBE, **places)
    (folder / "data/few.txt").write_text("\n".join([*names[:3], "red_005.png"]))
    assert check_data(options, **places) != few
    (folder / "data/few.txt").write_text("\n".join(names[:3]))
    with pytest.raises(ValueError, match=r"^colours: class 'red' must have images to train on and to hold out"):
        check_data(options, **places)


def test_the_images_that_were_drawn_are_a_list_that_gives_the_same_numbers(folder: Path) -> None:
    drawn, listed = (replace(context(folder), work_dir=folder / name) for name in ("drawn", "listed"))
    for told in (drawn, listed):
        told.work_dir.mkdir()
    wanted = run(replace(TUNING, refit=True, fraction=0.4), drawn)
    shutil.copy(drawn.kept / "labelled.txt", folder / "data/few.txt")
    assert run(replace(TUNING, refit=True, subset="few.txt"), listed) == wanted
    names = (listed.kept / "labelled.txt").read_text().splitlines()
    assert (len({*names}), len(names)) == (8, 8)
    stored = json.loads((listed.kept / "choices.json").read_text())
    assert stored["images"] == {"fit": 6, "validation": 2, "test": 20}


def test_labels_outside_the_list_change_nothing(folder: Path) -> None:
    """Images of the other class in place of those that are not listed: the numbers are the same to the bit."""
    names = [f"{name}/{name}_{number:03d}.png" for name in ("blue", "red") for number in range(4)]
    (folder / "data/few.txt").write_text("\n".join(names))
    found = []
    for place in ("before", "after"):
        told = replace(context(folder), work_dir=folder / place)
        told.work_dir.mkdir()
        found.append(run(replace(TUNING, refit=True, subset="few.txt"), told))
        for number in range(4, 10):
            train = folder / "data/train"
            shutil.copy(train / f"red/red_{number:03d}.png", train / f"blue/blue_{number:03d}.png")
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frozen": False}, "backbone_lr must be 0 where frozen, else > 0, got 0.0"),
        ({"backbone_lr": 0.1}, "backbone_lr must be 0 where frozen, else > 0, got 0.1"),
        ({"fraction": 0.1}, "refit must be True where only some labels are used, got False"),
        ({"fraction": 0.1, "subset": "1percent.txt"}, "fraction must be 1 where subset names a list, got 0.1"),
        ({"milestones": (40, 30)}, "milestones must rise, got (40, 30)"),
        ({"augmentation": "jigsaw"}, "augmentation must be crop or none, got jigsaw"),
        ({"crop_scale": (0.5, 0.2)}, "crop_scale must rise within (0, 1], got (0.5, 0.2)"),
        ({"resize": 8}, "resize must be 0 or >= image_size, got 8"),
        ({"metric": "top5"}, "metric must be top1, mean_class or literature, got top5"),
    ],
)
def test_options_that_no_training_could_use_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared as a whole
        replace(PROBE, **changes)
    assert str(caught.value) == f"colours: {message}"
