"""The tasks of the transfer configs, run to their end on tiny copies of the data sets in their real layouts."""

from dataclasses import replace
from pathlib import Path

import pytest
import tiny_datasets
from colour_tree import by_name, context

from benchmark.config import load
from downstream import classification, finetuning
from downstream.image_options import ClassificationOptions, FinetuningOptions
from downstream.tasks import Context

MEANS = {"flowers102", "aircraft", "pets"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    for write in tiny_datasets.WRITERS.values():
        write(folder / "data")
    return folder


@pytest.fixture
def told(place: Path, tmp_path: Path) -> Context:
    return replace(context(place), work_dir=tmp_path)


@pytest.mark.parametrize("name", tiny_datasets.WRITERS)
def test_a_probe_runs_on_every_data_set_and_reports_by_its_metric(name: str, told: Context) -> None:
    options = load("transfer_32").tasks[name]
    assert isinstance(options, ClassificationOptions)
    options = replace(options, validation=0.5, penalties=(1e-3, 1e-2), image_size=16)
    classification.check_data(options, data_root=told.data_root, store=told.store)
    found = by_name(classification.run(options, told))
    metric = "mean_class" if name in MEANS else "top1"
    assert {key[0] for key in found} == {f"linear_{metric}", f"knn_{metric}"}
    assert {key[1:] for key in found} == {("val", "selected"), *(("test", k) for k in ("last", "selected", "oracle"))}


@pytest.mark.parametrize(
    ("config", "name"),
    [
        *(("infocl_cifar10", name) for name in ("dtd", "mnist", "fashion_mnist", "cub200", "flowers102", "gtsrb")),
        *(("infocl_imagenet", name) for name in ("cifar10", "cifar100")),
        *(("transfer", f"{name}_finetuned") for name in ("stl10", "aircraft", "food101", "pets")),
    ],
)
def test_a_training_runs_on_every_data_set(config: str, name: str, told: Context) -> None:
    options = load(config).tasks[name]
    assert isinstance(options, FinetuningOptions)
    options = replace(options, validation=0.5, epochs=1, batch=32, image_size=16, resize=0, milestones=())
    finetuning.check_data(options, data_root=told.data_root, store=told.store)
    found = by_name(finetuning.run(options, told))
    kind = "linear_sgd" if config.startswith("infocl") else "finetune"
    metric = "mean_class" if config == "transfer" and name.partition("_")[0] in MEANS else "top1"
    assert {key[0] for key in found} == {f"{kind}_{metric}"}
    assert all(0 <= value <= 1 for value in found.values())


@pytest.mark.parametrize(("config", "side"), [("transfer", 224), ("transfer_32", 32), ("transfer_64", 64)])
def test_the_suite_is_the_same_at_every_size(config: str, side: int) -> None:
    tasks = load(config).tasks
    assert {*tasks} == {f"{name}{end}" for name in tiny_datasets.WRITERS for end in ("", "_finetuned")}
    for name in tiny_datasets.WRITERS:
        probe, tuning = tasks[name], tasks[f"{name}_finetuned"]
        assert isinstance(probe, ClassificationOptions)
        assert isinstance(tuning, FinetuningOptions)
        assert (probe.source, tuning.source) == (name, name)
        assert (probe.image_size, tuning.image_size) == (side, side)
        assert (tuning.flip, tuning.crop_scale[0]) == ((0.0, 0.5) if name in ("mnist", "gtsrb") else (0.5, 0.08))


@pytest.mark.parametrize("config", ["voc_detection", "coco_detection", "segmentation"])
def test_configs_of_dense_tasks_have_no_others(config: str) -> None:
    assert {options.family for options in load(config).tasks.values()} <= {"detection", "segmentation"}
