import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from downstream.backbone import Backbone, BackboneSpec, save_backbone
from downstream.classification import Split, knn_accuracy, linear_accuracy, load_splits, run
from downstream.tasks import ClassificationOptions, Context, Metric

OPTIONS = ClassificationOptions(
    dataset="colours",
    train="train",
    test="test",
    image_size=16,
    validation=0.25,
    penalties=(1e-3, 1e-1),
    neighbours=5,
    temperature=0.1,
    train_limit=0,
)
SPEC = BackboneSpec(10, 0.125, "cifar", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def clouds(count: int, *, seed: int, spread: float, classes: int = 4, width: int = 6) -> Split:
    """Classes around fixed centres, of very different scales along the axes."""
    centres = torch.randn(classes, width, generator=torch.Generator().manual_seed(0))
    stream = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % classes
    x = centres[y] + spread * torch.randn(count, width, generator=stream)
    return Split(x * torch.tensor([1.0, 100.0, 0.01, 1.0, 7.0, 1.0])[:width], y)


@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 1.0])
def test_the_probe_is_scikit_learns_logistic_regression(penalty: float) -> None:
    train, test = clouds(300, seed=1, spread=1.0), clouds(2000, seed=2, spread=1.0)
    scaler = StandardScaler().fit(train.x.numpy())
    # Mean loss + penalty/2 |W|^2 is scikit-learn's C * sum of losses + |W|^2 / 2.
    reference = LogisticRegression(C=1 / (penalty * len(train.y)), max_iter=5000, tol=1e-8)
    reference.fit(scaler.transform(train.x.numpy()), train.y.numpy())
    wanted = reference.score(scaler.transform(test.x.numpy()), test.y.numpy())
    assert linear_accuracy(train, test, penalty=penalty, classes=4) == pytest.approx(wanted, abs=2e-3)


def test_separable_classes_are_told_apart_without_a_mistake() -> None:
    train, test = clouds(80, seed=1, spread=0.01), clouds(80, seed=2, spread=0.01)
    assert linear_accuracy(train, test, penalty=1e-3, classes=4) == 1.0
    normalised = [Split(split.x / torch.tensor([1.0, 100.0, 0.01, 1.0, 7.0, 1.0]), split.y) for split in (train, test)]
    assert knn_accuracy(normalised[0], normalised[1], neighbours=5, temperature=0.1) == 1.0


def test_labels_that_say_nothing_are_guessed() -> None:
    train, test = clouds(400, seed=1, spread=1.0), clouds(2000, seed=2, spread=1.0)
    shuffled = replace(test, y=test.y[torch.randperm(2000, generator=torch.Generator().manual_seed(0))])
    assert linear_accuracy(train, shuffled, penalty=1e-3, classes=4) == pytest.approx(0.25, abs=0.05)
    assert knn_accuracy(train, shuffled, neighbours=5, temperature=0.1) == pytest.approx(0.25, abs=0.05)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    train, test = (replace(split, x=split.x.clone()) for split in (clouds(80, seed=1, spread=0.01),) * 2)
    train.x[:, 0] = 3.0
    test.x[:, 0] = 3.0
    assert linear_accuracy(train, test, penalty=1e-3, classes=4) == 1.0


def voted(train: Split, test: Split, *, neighbours: int, temperature: float) -> float:
    """The vote, one image and one neighbour at a time."""
    hits = 0
    for x, y in zip(test.x.double().tolist(), test.y.tolist(), strict=True):
        ranked = sorted(
            (
                (cosine(x, other), label)
                for other, label in zip(train.x.double().tolist(), train.y.tolist(), strict=True)
            ),
            reverse=True,
        )
        votes: Counter[int] = Counter()
        for similarity, label in ranked[:neighbours]:
            votes[label] += math.exp(similarity / temperature)  # type: ignore[assignment]
        hits += max(votes, key=lambda label: votes[label]) == y
    return hits / len(test.y)


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


@pytest.mark.parametrize(("neighbours", "temperature"), [(1, 0.1), (7, 0.1), (20, 1.0), (500, 0.07), (20, 0.005)])
def test_the_vote_of_the_neighbours_agrees_with_a_loop(neighbours: int, temperature: float) -> None:
    train, test = clouds(90, seed=1, spread=1.0), clouds(60, seed=2, spread=1.0)
    wanted = voted(train, test, neighbours=neighbours, temperature=temperature)
    assert knn_accuracy(train, test, neighbours=neighbours, temperature=temperature) == wanted


def write_colours(root: Path, *, each: int) -> None:
    """Two classes that a glance tells apart."""
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for name, colour in (("blue", (20, 30, 220)), ("red", (220, 30, 20))):
            (root / split / name).mkdir(parents=True)
            for number in range(each):
                pixels = np.clip(random.normal(colour, 15, (16, 16, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{number:03d}.png")


def context(folder: Path, *, seed: int = 0) -> Context:
    torch.manual_seed(0)
    save_backbone(Backbone(SPEC), folder / "backbone.pth")
    return Context(
        backbone=folder / "backbone.pth",
        spec=SPEC,
        data_root=folder / "data",
        work_dir=folder,
        store=folder / "store",
        seed=seed,
        device="cpu",
        report=lambda step, total, terms: None,  # noqa: ARG005
    )


def by_name(metrics: list[Metric]) -> dict[tuple[str, str, str], float]:
    return {(metric.metric, metric.split, metric.selection): metric.value for metric in metrics}


def test_colours_are_classified_from_files_to_metrics(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=12)
    found = by_name(run(OPTIONS, context(tmp_path)))
    assert found == {
        ("linear_top1", "val", "selected"): 1.0,
        ("linear_top1", "test", "selected"): 1.0,
        ("linear_top1", "test", "oracle"): 1.0,
        ("knn_top1", "test", "selected"): 1.0,
    }


def test_the_penalty_is_chosen_on_held_out_images_and_the_test_images_are_the_oracles(tmp_path: Path) -> None:
    options = replace(OPTIONS, dataset="digits", train="digits", test="", penalties=(1e-4, 1e-1, 10.0))
    found = by_name(run(options, context(tmp_path)))
    assert found["linear_top1", "test", "selected"] <= found["linear_top1", "test", "oracle"]
    alone = [by_name(run(replace(options, penalties=(penalty,)), context(tmp_path))) for penalty in options.penalties]
    validated = [numbers["linear_top1", "val", "selected"] for numbers in alone]
    tested = [numbers["linear_top1", "test", "selected"] for numbers in alone]
    assert found["linear_top1", "val", "selected"] == max(validated)
    assert found["linear_top1", "test", "selected"] == tested[validated.index(max(validated))]
    assert found["linear_top1", "test", "oracle"] == max(tested)


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path) -> None:
    options = replace(OPTIONS, dataset="digits", train="digits", test="")
    assert run(options, context(tmp_path, seed=3)) == run(options, context(tmp_path, seed=3))


def test_digits_are_scikit_learns_split_without_overlap(tmp_path: Path) -> None:
    options = replace(OPTIONS, train="digits", test="", image_size=8)
    train, test = load_splits(options, data_root=tmp_path, store=tmp_path)
    assert (len(train.images), len(test.images)) == (1198, 599)
    assert train.classes == tuple("0123456789")
    pixels, labels = load_digits(return_X_y=True)
    wanted = Counter(
        (bytes((row * 255 / 16).round().astype(np.uint8)), int(label))
        for row, label in zip(pixels, labels, strict=True)
    )
    found: Counter[tuple[bytes, int]] = Counter()
    for part in (train, test):
        assert torch.equal(part.images[:, 0], part.images[:, 1])
        found.update(
            (image[0].numpy().tobytes(), int(label)) for image, label in zip(part.images, part.labels, strict=True)
        )
    assert found == wanted


def test_a_limit_takes_the_same_number_of_every_class(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=12)
    places: dict[str, Any] = {"data_root": tmp_path / "data", "store": tmp_path / "store"}
    whole, _ = load_splits(OPTIONS, **places)
    part, test = load_splits(replace(OPTIONS, train_limit=8), **places)
    assert part.labels.tolist() == [0] * 4 + [1] * 4
    assert torch.equal(part.images[4:], whole.images[12:16])
    assert len(test.images) == 24
    assert part.digest != whole.digest


def test_classes_that_differ_between_the_splits_are_refused(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=2)
    (tmp_path / "data/test/red").rename(tmp_path / "data/test/rot")
    with pytest.raises(ValueError, match=r"^colours: .*/train and .*/test must hold the same class folders$"):
        load_splits(OPTIONS, data_root=tmp_path / "data", store=tmp_path / "store")


@pytest.mark.parametrize("each", [1, 2])
def test_too_few_images_to_hold_some_out_are_refused(each: int, tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=each)
    with pytest.raises(ValueError, match=r"^colours: .*/train must have images of every class to fit the probe"):
        load_splits(replace(OPTIONS, validation=0.1), data_root=tmp_path / "data", store=tmp_path / "store")
