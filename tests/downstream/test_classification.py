import json
import math
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_datasets
import torch
from colour_tree import SPEC, by_name, context, write_colours, write_noise
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from downstream import classification
from downstream.classification import check_data, linear_labels, rehearse, run
from downstream.datasets import open_splits
from downstream.features import Features
from downstream.image_options import ClassificationOptions
from downstream.neighbours import knn_labels
from downstream.subsets import partition

OPTIONS = ClassificationOptions(
    dataset="colours",
    source="folder",
    data="",
    train="train",
    test="test",
    splits="official",
    metric="literature",
    validation=0.25,
    image_size=16,
    resize=16,
    interpolation="bicubic",
    penalties=(1e-3, 1e-1),
    neighbours=(5, 3),
    temperature=0.07,
)
DIGITS = replace(OPTIONS, dataset="digits", source="digits")


def clouds(count: int, *, seed: int, spread: float, classes: int = 4, width: int = 6) -> Features:
    """Classes around fixed centres, of very different scales along the axes."""
    centres = torch.randn(classes, width, generator=torch.Generator().manual_seed(0))
    stream = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % classes
    x = centres[y] + spread * torch.randn(count, width, generator=stream)
    return Features(x * torch.tensor([1.0, 100.0, 0.01, 1.0, 7.0, 1.0])[:width], y)


def linear_accuracy(train: Features, test: Features, *, penalty: float) -> float:
    told = linear_labels(train, test.x, penalty=penalty, classes=4)
    return float((told == test.y).double().mean())


def knn_accuracy(train: Features, test: Features, *, neighbours: int, temperature: float) -> float:
    (told,) = knn_labels(train, test.x, neighbours=(neighbours,), temperature=temperature)
    return float((told == test.y).double().mean())


@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 1.0])
def test_the_probe_is_scikit_learns_logistic_regression(penalty: float) -> None:
    train, test = clouds(300, seed=1, spread=1.0), clouds(2000, seed=2, spread=1.0)
    scaler = StandardScaler().fit(train.x.numpy())
    # Mean loss + penalty/2 |W|^2 is scikit-learn's C * sum of losses + |W|^2 / 2.
    reference = LogisticRegression(C=1 / (penalty * len(train.y)), max_iter=5000, tol=1e-8)
    reference.fit(scaler.transform(train.x.numpy()), train.y.numpy())
    wanted = reference.score(scaler.transform(test.x.numpy()), test.y.numpy())
    assert linear_accuracy(train, test, penalty=penalty) == pytest.approx(wanted, abs=2e-3)


def test_blocks_of_any_size_give_the_same_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = clouds(300, seed=1, spread=1.0), clouds(500, seed=2, spread=1.0)
    whole = linear_labels(train, test.x, penalty=1e-2, classes=4)
    monkeypatch.setattr(classification, "_BLOCK", 700)
    assert (linear_labels(train, test.x, penalty=1e-2, classes=4) == whole).double().mean() > 0.99


def test_separable_classes_are_told_apart_without_a_mistake() -> None:
    train, test = clouds(80, seed=1, spread=0.01), clouds(80, seed=2, spread=0.01)
    assert linear_accuracy(train, test, penalty=1e-3) == 1.0
    normalised = [
        Features(split.x / torch.tensor([1.0, 100.0, 0.01, 1.0, 7.0, 1.0]), split.y) for split in (train, test)
    ]
    assert knn_accuracy(normalised[0], normalised[1], neighbours=5, temperature=0.1) == 1.0


def test_labels_that_say_nothing_are_guessed() -> None:
    train, test = clouds(400, seed=1, spread=1.0), clouds(2000, seed=2, spread=1.0)
    shuffled = replace(test, y=test.y[torch.randperm(2000, generator=torch.Generator().manual_seed(0))])
    assert linear_accuracy(train, shuffled, penalty=1e-3) == pytest.approx(0.25, abs=0.05)
    assert knn_accuracy(train, shuffled, neighbours=5, temperature=0.1) == pytest.approx(0.25, abs=0.05)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    train, test = (replace(split, x=split.x.clone()) for split in (clouds(80, seed=1, spread=0.01),) * 2)
    train.x[:, 0] = 3.0
    test.x[:, 0] = 3.0
    assert linear_accuracy(train, test, penalty=1e-3) == 1.0


def voted(train: Features, test: Features, *, neighbours: int, temperature: float) -> float:
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


def test_colours_are_classified_from_files_to_metrics(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=12)
    found = by_name(run(OPTIONS, context(tmp_path)))
    kinds = (("val", "selected"), ("test", "last"), ("test", "selected"), ("test", "oracle"))
    assert found == {(f"{name}_top1", *kind): 1.0 for name in ("linear", "knn") for kind in kinds}


@pytest.mark.parametrize(
    ("name", "grid", "setting"),
    [("linear", "penalties", (1e-4, 1e-1, 10.0)), ("knn", "neighbours", (1, 600, 20, 200))],
)
def test_the_setting_is_chosen_on_held_out_images_and_the_test_images_are_the_oracles(
    name: str, grid: str, setting: tuple[float, ...], tmp_path: Path
) -> None:
    both = replace(DIGITS, penalties=(1e-2,), neighbours=(20,))
    found = by_name(run(replace(both, **{grid: setting}), context(tmp_path)))  # type: ignore[arg-type]
    alone = [by_name(run(replace(both, **{grid: (one,)}), context(tmp_path))) for one in setting]  # type: ignore[arg-type]
    validated = [numbers[f"{name}_top1", "val", "selected"] for numbers in alone]
    tested = [numbers[f"{name}_top1", "test", "selected"] for numbers in alone]
    assert len({*validated}) > 1
    assert found[f"{name}_top1", "val", "selected"] == max(validated)
    assert found[f"{name}_top1", "test", "selected"] == tested[validated.index(max(validated))]
    assert found[f"{name}_top1", "test", "oracle"] == max(tested)
    assert found[f"{name}_top1", "test", "last"] == tested[-1]


def test_the_choices_and_every_score_stay_beside_the_numbers(tmp_path: Path) -> None:
    told = context(tmp_path)
    found = by_name(run(replace(DIGITS, penalties=(10.0, 1e-1), neighbours=(200, 5, 1)), told))
    stored = json.loads((told.kept / "choices.json").read_text())
    assert sum(stored["images"].values()) == 1797
    assert (stored["images"]["validation"], stored["images"]["test"]) == (299, 599)  # a quarter of 1198, a third of all
    assert {name: series["settings"] for name, series in stored["series"].items()} == {
        "linear_top1": [10.0, 0.1],
        "knn_top1": [200, 5, 1],
    }
    for name, series in stored["series"].items():
        place = series["settings"].index(series["chosen"])
        assert found[name, "val", "selected"] == series["validation"][place] == max(series["validation"])
        assert found[name, "test", "selected"] == series["test"][place]
        assert found[name, "test", "oracle"] == max(series["test"])


def test_progress_tells_of_validation_scores_alone(tmp_path: Path) -> None:
    seen: list[tuple[int, int, dict[str, float]]] = []
    told = context(tmp_path, report=lambda *reported: seen.append(reported))
    run(replace(DIGITS, penalties=(10.0, 1e-1), neighbours=(200, 5)), told)
    stored = json.loads((told.kept / "choices.json").read_text())["series"]
    validated = [value for name in ("linear_top1", "knn_top1") for value in stored[name]["validation"]]
    assert [reported[:2] for reported in seen] == [(step, 8) for step in range(1, 9)]
    assert [reported[2] for reported in seen] == [{"validation": value} for value in validated for _ in range(2)]


def test_the_test_is_taken_with_all_training_images_the_held_out_ones_included(tmp_path: Path) -> None:
    """Noise that is tested with the very images that were held out is known by heart, and by chance without them."""
    write_noise(tmp_path / "data", each=24)
    options = replace(OPTIONS, penalties=(1e-6,), neighbours=(1,))
    splits = open_splits(options, data_root=tmp_path / "data")
    shutil.rmtree(tmp_path / "data/test")
    for name in partition(options, splits, data_root=tmp_path / "data", seed=0).held_out.names:
        copy = tmp_path / "data" / name.replace("train/", "test/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "data" / name, copy)
    found = by_name(run(options, context(tmp_path)))
    for name in ("linear_top1", "knn_top1"):
        assert found[name, "test", "selected"] == 1.0
        assert found[name, "val", "selected"] < 0.9  # the same images, not trained on


def test_a_validation_split_is_chosen_on_and_then_trained_on(tmp_path: Path) -> None:
    tiny_datasets.dtd(tmp_path / "data")
    for seed, path in enumerate(sorted((tmp_path / "data").rglob("*.jpg"))):
        tiny_datasets.image(path, seed=seed)
    labels = tmp_path / "data/dtd/dtd/labels"
    shutil.copy(labels / "val1.txt", labels / "test1.txt")
    told = context(tmp_path)
    found = by_name(run(replace(OPTIONS, dataset="DTD", source="dtd", penalties=(1e-6,), neighbours=(1,)), told))
    assert found["knn_top1", "test", "last"] == 1.0
    assert found["knn_top1", "val", "selected"] < 0.5
    assert json.loads((told.kept / "choices.json").read_text())["images"] == {"fit": 47, "validation": 47, "test": 47}


def test_the_mean_over_classes_goes_by_its_own_name(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=12)
    for number in range(11):
        (tmp_path / f"data/test/red/red_{number:03d}.png").unlink()
    found = by_name(run(replace(OPTIONS, metric="mean_class"), context(tmp_path)))
    assert {name for name, _, _ in found} == {"linear_mean_class", "knn_mean_class"}


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path) -> None:
    assert run(DIGITS, context(tmp_path, seed=3)) == run(DIGITS, context(tmp_path, seed=3))


@pytest.mark.parametrize("metric", ["top1", "mean_class"])
def test_a_rehearsal_passes_images_through_backbone_and_classifiers(metric: str, tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=2)
    rehearse(replace(OPTIONS, metric=metric), context(tmp_path))
    with pytest.raises(ValueError, match="does not fit"):
        rehearse(OPTIONS, replace(context(tmp_path), spec=replace(SPEC, width=0.25)))


def test_what_is_checked_has_the_fingerprint_of_its_content(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=8)
    places = {"data_root": tmp_path / "data", "store": tmp_path / "store"}
    before = check_data(OPTIONS, **places)
    assert check_data(replace(OPTIONS, image_size=8), **places) == before
    Image.new("RGB", (16, 16)).save(tmp_path / "data/test/red/red_000.png")
    assert check_data(OPTIONS, **places) != before


def test_a_damaged_image_is_named_before_anything_runs(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=8)
    damaged = tmp_path / "data/test/red/red_003.png"
    damaged.write_bytes(damaged.read_bytes()[:40])
    with pytest.raises(ValueError, match=rf"^images: {damaged} cannot be decoded: "):
        check_data(OPTIONS, data_root=tmp_path / "data", store=tmp_path / "store")


def test_a_class_that_leaves_nothing_to_train_on_is_refused(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=1)
    with pytest.raises(ValueError, match=r"^colours: class 'blue' must have images to train on and to hold out"):
        check_data(OPTIONS, data_root=tmp_path / "data", store=tmp_path / "store")
