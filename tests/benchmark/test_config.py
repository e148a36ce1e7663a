import dataclasses
import re
from pathlib import Path

import pytest

from benchmark.config import CONFIGS, BenchConfig, known_configs, load
from benchmark.errors import UserError
from downstream.image_options import ClassificationOptions
from downstream.tasks import DetectionOptions


def message(*overrides: str, config: str = "smoke") -> str:
    with pytest.raises(UserError) as caught:
        load(config, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write(folder: Path, text: str) -> str:
    path = folder / "mine.py"
    path.write_text(f'_base_ = "{CONFIGS}/bench/smoke.py"\n{text}')
    return str(path)


@pytest.mark.parametrize("name", known_configs())
def test_every_config_of_the_project_loads(name: str) -> None:
    config = load(name)
    assert config.tasks
    assert config.training.batch > 1


@pytest.mark.parametrize("name", known_configs())
def test_the_header_of_a_config_says_what_it_is_and_how_to_run_it(name: str) -> None:
    text = (CONFIGS / "bench" / f"{name}.py").read_text()
    assert re.match(r'"""\S.+[.:]', text)
    assert "Command: make bench" in text


def test_the_configs_that_the_project_promises_are_there() -> None:
    assert {"shapes", "smoke", "cifar10", "imagefolder"} <= set(known_configs())


def test_a_config_is_frozen_through_and_through() -> None:
    config = load("smoke")
    parts = [config, config.data, config.views, config.model, config.training, config.logging, *config.tasks.values()]
    for part in parts:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(part, dataclasses.fields(part)[0].name, None)


def test_no_dataclass_of_options_has_a_default() -> None:
    kinds = [BenchConfig, ClassificationOptions, DetectionOptions, type(load("smoke").training)]
    for kind in kinds:
        assert all(field.default is dataclasses.MISSING for field in dataclasses.fields(kind))


@pytest.mark.parametrize(
    ("override", "key", "nearest"),
    [
        ("trainin=3", "trainin", "training"),
        ("training.lr_rate=3", "training.lr_rate", "training.lr"),
        ("data.shapes.pretran=3", "data.shapes.pretran", "data.shapes.pretrain"),
        ("views.crop_scales=(0, 1)", "views.crop_scales", "views.crop_scale"),
        ("tasks.classification.neighbors=3", "tasks.classification.neighbors", "tasks.classification.neighbours"),
    ],
)
def test_an_unknown_key_at_any_depth_is_named_with_the_nearest_valid_one(override: str, key: str, nearest: str) -> None:
    assert f"smoke.py: unknown key '{key}'. Did you mean '{nearest}'? Known: " in message(override)


def test_an_unknown_task_in_an_override_is_named_with_the_nearest_valid_one() -> None:
    assert "unknown task 'clasification'. Did you mean 'classification'?" in message("tasks.clasification.neighbours=3")


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("training.lr=fast", "training.lr must be float, got 'fast'"),
        ("training.lr=nan", "training.lr must be float, got 'nan'"),
        ("training.batch=2.5", "training.batch must be int, got 2.5"),
        ("training.batch=True", "training.batch must be int, got True"),
        ("training=3", "training must be dict, got 3"),
        ("views.mean=(0.5, 0.5)", "views.mean must have 3 values, got (0.5, 0.5)"),
        ("views.jitter=(0.4, 0.4, 'much', 0.1)", "views.jitter must be float, got 'much'"),
        ("tasks.classification.penalties=0.1", "tasks.classification.penalties must be tuple, got 0.1"),
        ("tasks.classification=3", "tasks.classification must be dict, got 3"),
        ("objectives.infonce=3", "objectives.infonce must be dict, got 3"),
        ("training.lr.peak=3", "--set training.lr.peak=3: 'lr' is a value, it has no keys"),
        ("training.lr", "--set: expected key=value, got 'training.lr'"),
        ("tasks.classification.family=clasification", "Did you mean 'classification'?"),
        ("data.shapes.dense_train=0", "shapes: dense_train must be >= 2, got 0"),
        ("views.flip=1.5", "flip must be a probability in [0, 1]"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_is_allowed(override: str, wanted: str) -> None:
    assert wanted in message(override)


def test_overrides_take_python_values_and_the_last_one_wins() -> None:
    words = (
        "training.lr=1e-3",
        "training.batch=8",
        "training.epochs=3",
        "training.optimiser=lars",
        "views.crop_scale=[0.5, 1]",
        "objectives.mrcl.ratio=0.5",
        "tasks.voc.overrides={}",
        "training.batch=16",
    )
    config = load("smoke", words)
    assert (config.training.lr, config.training.batch, config.training.epochs) == (1e-3, 16, 3.0)
    assert isinstance(config.training.epochs, float)
    assert config.training.optimiser == "lars"
    assert config.views.crop_scale == (0.5, 1.0)
    assert config.objectives["mrcl"]["ratio"] == 0.5
    voc = config.tasks["voc"]
    assert isinstance(voc, DetectionOptions)
    assert voc.overrides == {}


def test_an_override_leaves_the_next_load_alone() -> None:
    before = load("smoke")
    load("smoke", ["training.lr=7"])
    assert load("smoke") == before


def test_a_task_set_to_none_is_left_out() -> None:
    assert "voc" not in load("smoke", ["tasks.voc=None"]).tasks


def test_a_file_of_the_users_own_extends_a_config(tmp_path: Path) -> None:
    config = load(write(tmp_path, "training = dict(lr=0.5)\n"))
    assert config == dataclasses.replace(load("smoke"), training=dataclasses.replace(load("smoke").training, lr=0.5))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "model = dict(_delete_=True, depth=10, width=1.0, stem='cifar', hidden=0)\n")
    assert message(config=path) == f"{path}: missing key 'model.projection'"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("training = dict(\n", "never closed"), ("x = undefined\n", "undefined"), ("training = 1 / 0\n", "zero")],
)
def test_a_file_that_does_not_run_is_one_line_that_names_it(tmp_path: Path, text: str, wanted: str) -> None:
    path = write(tmp_path, text)
    assert re.match(rf"{re.escape(path)}: .*{wanted}", message(config=path))


def test_an_unknown_config_is_named_with_the_nearest_valid_one() -> None:
    assert message(config="shape").startswith("unknown config 'shape'. Did you mean 'shapes'? Known: cifar10, ")
    assert message(config="nowhere.py").startswith("unknown config 'nowhere.py'")
