"""Codes of the factors, and a code that never changes, probed as the task on factor_shapes probes features."""

import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.config import load
from benchmark.data.factor_shapes.draws import draw_levels
from benchmark.data.factor_shapes.factors import FACTORS, LEVELS
from benchmark.data.factor_shapes.information import TIED, canonical, information
from downstream.factor_mlp import MLPSettings, mlp_probe
from downstream.factor_options import FactorOptions
from downstream.factor_probes import Parts, Sample, Scores, linear_probe, scored, standardised
from downstream.factor_tables import read_factors
from downstream.factors import metrics_of

SCENES = {"train": 1600, "test": 1200}
Scenes = tuple[FactorOptions, Path, Tensor]
"""The options of the task on factor_shapes, where its table lies, and the levels of its scenes (N, F)."""


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    """Scenes drawn anew; their files are empty, as the features are not those of a backbone."""
    options, folder = load("factor_shapes").tasks["factors"], tmp_path_factory.mktemp("scenes")
    assert isinstance(options, FactorOptions)
    root, count = folder / options.data, sum(SCENES.values())
    levels = draw_levels(seed=5, step=0, index=torch.arange(count), stream=0)
    files = [f"{split}/{number:06d}.png" for split, images in SCENES.items() for number in range(images)]
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    columns = zip(FACTORS.items(), levels.T.tolist(), strict=True)
    told = {name: [values[level] for level in column] for (name, values), column in columns}
    pd.DataFrame({"file": files, **told}).to_csv(root / "factors.csv", index=False)
    return options, folder, levels


def silent(loss: float) -> None:
    """Show nothing."""


def told_by(x: Tensor, scenes: Scenes, *, probe: str) -> tuple[Scores, tuple[str, ...]]:
    """What a probe finds in features of the scenes, trained as the task trains it, and the names of the factors."""
    options, folder, _ = scenes
    table = read_factors(options, data_root=folder)
    train = SCENES["train"]
    sizes = [round((1 - options.validation) * train), round(options.validation * train), SCENES["test"]]
    split = zip(x.float().split(sizes), table.labels.split(sizes), table.values.split(sizes), strict=True)
    classes, circular = [each.classes for each in table.columns], [each.circular for each in table.numbers]
    fit, held_out, test = (Sample(*part) for part in split)
    parts = standardised(Parts(fit, held_out, test, tuple(classes), tuple(circular)))
    if probe == "linear":
        tested = linear_probe(parts, penalties=options.penalties, progress=silent)[1]
    else:
        settings = MLPSettings(options.hidden, options.epochs, options.batch, options.lr, options.weight_decay)
        tested = mlp_probe(parts, settings=settings, seed=0, progress=silent)[1]
    found = scored(tested, parts.test, train=parts.whole, classes=parts.classes)
    return found, tuple(column.name for column in table.columns)


def codes(levels: Tensor) -> Tensor:
    """One column a level."""
    return torch.cat([one_hot(column, count) for column, count in zip(levels.T, LEVELS, strict=True)], dim=1)


@pytest.mark.parametrize("probe", ["linear", "mlp"])
def test_codes_of_all_nine_factors_are_retained_whole(probe: str, scenes: Scenes) -> None:
    found, names = told_by(codes(scenes[2]), scenes, probe=probe)
    assert set(names) == set(FACTORS)
    entropy = [math.log(len(FACTORS[name])) for name in names]
    assert found.nats.tolist() == pytest.approx(entropy, rel=0.02)
    shares = metrics_of(found, names, shared=("shape", "hue"))
    assert set(shares) == {"retention", "retention_shared", "retention_non_shared"}
    assert min(shares.values()) > 0.99


@pytest.mark.parametrize("probe", ["linear", "mlp"])
def test_of_what_an_image_can_tell_all_is_retained_and_no_more(probe: str, scenes: Scenes) -> None:
    """The rotation of a round object without texture is not in the code, as it is not in the image."""
    levels = scenes[2].clone()
    tied = [list(FACTORS).index(name) for name in TIED]
    levels[:, tied] = torch.tensor([canonical(*row) for row in levels[:, tied].tolist()])
    found, names = told_by(codes(levels), scenes, probe=probe)
    ceiling = information(()).entropy / sum(map(math.log, LEVELS))
    assert 0.98 * ceiling < metrics_of(found, names, shared=None)["retention"] < ceiling + 0.002
    rotation = names.index("rotation")
    assert float(found.nats[rotation]) < information(()).told["rotation"] + 0.02
    others = [place for place in range(len(names)) if place != rotation]
    whole = [math.log(len(FACTORS[names[place]])) for place in others]
    assert found.nats[others].tolist() == pytest.approx(whole, rel=0.02)


@pytest.mark.parametrize("probe", ["linear", "mlp"])
def test_a_code_that_never_changes_gives_at_most_a_hundredth_of_a_nat_of_each_of_the_nine(
    probe: str, scenes: Scenes
) -> None:
    found, names = told_by(torch.full_like(codes(scenes[2]), 3), scenes, probe=probe)
    assert len(names) == 9
    assert float(found.nats.abs().max()) < 0.01
    assert metrics_of(found, names, shared=None)["retention"] < 0.01
