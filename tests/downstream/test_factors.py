import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from colour_tree import SPEC, by_name, context
from factor_tree import FACTORS, OPTIONS, tree

from downstream.backbone import Backbone, save_backbone
from downstream.factor_options import FactorOptions
from downstream.factor_probes import Scores
from downstream.factor_tables import read_factors
from downstream.factors import metrics_of, rehearse, run
from downstream.projector import Projector, save_projector
from downstream.subsets import derived_seed
from downstream.tasks import OPTIONS as FAMILIES


def test_the_family_is_known() -> None:
    assert FAMILIES["factors"] is FactorOptions


@pytest.mark.parametrize(("slots", "folders"), [(1, False), (3, True)], ids=["a row a file", "a row an object"])
def test_a_backbone_tells_what_images_show_and_nothing_else(slots: int, folders: bool, tmp_path: Path) -> None:
    tree(tmp_path, slots=slots, folders=folders)
    found = by_name(run(replace(OPTIONS, epochs=60, batch=16), context(tmp_path)))
    for probe in ("linear", "mlp"):
        for factor in ("colour", "place"):
            assert found[f"{probe}_{factor}_top1", "test", "selected"] == 1.0
            assert found[f"{probe}_{factor}_nats", "test", "selected"] == pytest.approx(math.log(3), abs=0.1)
        assert found[f"{probe}_place_r2", "test", "selected"] > 0.9
        assert found[f"{probe}_rotation_nats", "test", "selected"] < 0.1
        assert found[f"{probe}_rotation_r2", "test", "selected"] < 0.1
    assert found["entropy_colour_nats", "test", "selected"] == pytest.approx(math.log(3), abs=1e-3)
    assert found["entropy_hue_nats", "test", "selected"] == pytest.approx(math.log(2), abs=1e-3)


def test_metrics_are_those_of_the_contract(tmp_path: Path) -> None:
    tree(tmp_path)
    torch.manual_seed(0)
    save_projector(Projector(features=64, hidden=16, projection=8, norm=True), tmp_path / "projector.pth")
    told = replace(context(tmp_path), projector=tmp_path / "projector.pth", shared=("colour", "hue", "unknown"))
    metrics = run(OPTIONS, told)
    wanted = {(f"entropy_{factor}_nats", "test", "selected") for factor in FACTORS}
    for probe in ("linear", "mlp", "z_linear", "z_mlp"):
        for group in ("retention", "retention_shared", "retention_non_shared"):
            wanted |= {(f"{probe}_{group}", split, "selected") for split in ("val", "test")}
        wanted |= {(f"{probe}_{factor}_{kind}", "test", "selected") for factor in FACTORS for kind in ("top1", "nats")}
        wanted |= {(f"{probe}_{factor}_top1", "val", "selected") for factor in FACTORS}
        wanted |= {(f"{probe}_{factor}_r2", "test", "selected") for factor in ("place", "hue", "rotation")}
    found = by_name(metrics)
    assert set(found) == wanted
    assert len(metrics) == len(wanted)
    assert {metric.dataset for metric in metrics} == {"scenes"}
    assert all(0 <= value <= 1 for (name, _, _), value in found.items() if not name.endswith("_nats"))
    for probe in ("linear", "z_mlp"):
        for group, factors in (("shared", ("colour", "hue")), ("non_shared", ("place", "rotation"))):
            nats = sum(found[f"{probe}_{factor}_nats", "test", "selected"] for factor in factors)
            entropy = sum(found[f"entropy_{factor}_nats", "test", "selected"] for factor in factors)
            share = found[f"{probe}_retention_{group}", "test", "selected"]
            assert share == pytest.approx(min(1, max(0, nats / entropy)), abs=1e-6)


def test_a_backbone_that_never_changes_tells_nothing(tmp_path: Path) -> None:
    tree(tmp_path)
    told, constant = context(tmp_path), Backbone(SPEC)
    for weight in constant.parameters():
        torch.nn.init.zeros_(weight)
    save_backbone(constant, told.backbone)
    found = by_name(run(OPTIONS, told))
    for probe in ("linear", "mlp"):
        assert found[f"{probe}_retention", "test", "selected"] < 0.01
        for factor in FACTORS:
            assert abs(found[f"{probe}_{factor}_nats", "test", "selected"]) < 0.01


def test_what_is_not_known_of_a_pretraining_has_no_metric(tmp_path: Path) -> None:
    tree(tmp_path)
    names = {name for name, _, _ in by_name(run(OPTIONS, context(tmp_path)))}
    assert not any(name.startswith("z_") or "shared" in name for name in names)
    assert {"linear_retention", "mlp_retention"} < names


def held_out_entropy(folder: Path) -> float:
    """H_V of all factors over the images held out for choices, by a loop."""
    labels = read_factors(OPTIONS, data_root=folder / "data").labels
    order = torch.randperm(144, generator=torch.Generator().manual_seed(derived_seed(0, "validation")))
    total = 0.0
    for column, classes in zip(labels[:144].T, (3, 3, 2, 4), strict=True):
        counts = [int((column[order[36:]] == each).sum()) + 0.5 for each in range(classes)]
        total -= sum(math.log(counts[label] / sum(counts)) for label in column[order[:36]].tolist()) / 36
    return total


def test_retention_is_found_over_entropy_of_each_group() -> None:
    scores = Scores(
        entropy=torch.tensor([2.0, 1.0, 1.0, 1.0]),
        nats=torch.tensor([1.5, -0.5, 0.25, -0.5]),
        top1=torch.zeros(4),
        r2=torch.zeros(0),
    )
    names = ("a", "b", "c", "d")
    assert metrics_of(scores, names, shared=None) == {"retention": 0.15}
    shared = {"retention": 0.15, "retention_shared": 1.75 / 3, "retention_non_shared": 0.0}
    assert metrics_of(scores, names, shared=("c", "a", "not probed")) == pytest.approx(shared)
    assert metrics_of(scores, names, shared=()) == {"retention": 0.15, "retention_non_shared": 0.15}
    assert metrics_of(scores, names, shared=names) == {"retention": 0.15, "retention_shared": 0.15}


def test_progress_reaches_the_last_step_and_the_same_seed_gives_the_same_numbers(tmp_path: Path) -> None:
    tree(tmp_path)
    steps: list[tuple[int, int]] = []

    def report(step: int, total: int, terms: dict[str, float]) -> None:
        steps.append((step, total))

    first = run(OPTIONS, context(tmp_path, seed=3, report=report))
    assert steps == [(step, 34) for step in range(1, 35)]
    assert run(OPTIONS, context(tmp_path, seed=3)) == first


def test_a_rehearsal_passes_images_through_backbone_projector_and_probes(tmp_path: Path) -> None:
    tree(tmp_path)
    rehearse(OPTIONS, context(tmp_path))
    save_projector(Projector(features=63, hidden=4, projection=4, norm=False), tmp_path / "projector.pth")
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        rehearse(OPTIONS, replace(context(tmp_path), projector=tmp_path / "projector.pth"))


def test_what_was_chosen_among_what_lies_beside_the_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree(tmp_path)
    told = context(tmp_path)
    rehearse(OPTIONS, told)
    assert not told.kept.exists()
    found = by_name(run(OPTIONS, told))
    stored = json.loads((told.kept / "choices.json").read_text())
    assert stored["images"] == {"fit": 108, "validation": 36, "test": 72}
    kinds = [*(f"{name}_cross_entropy_nats" for name in FACTORS), *(f"{name}_squared_error" for name in FACTORS)]
    kinds.remove("colour_squared_error")
    series = stored["series"]
    assert {*series} == {f"{probe}_{kind}" for probe in ("linear", "mlp") for kind in kinds}
    for name, each in series.items():
        linear = name.startswith("linear")
        tried = list(OPTIONS.penalties) if linear else list(range(1, 31))
        assert each["of"] == ("penalty" if linear else "epoch")
        assert each["settings"] == tried[: len(each["validation"])]
        assert each["chosen"] == each["settings"][int(np.argmin(each["validation"]))]
        assert each["at_edge"] == (linear and each["chosen"] in (each["settings"][0], each["settings"][-1]))
    for probe in ("linear", "mlp"):
        left = sum(min(series[f"{probe}_{name}_cross_entropy_nats"]["validation"]) for name in FACTORS)
        share = min(1, max(0, 1 - left / held_out_entropy(tmp_path)))
        assert found[f"{probe}_retention", "val", "selected"] == pytest.approx(share, abs=1e-5)
    lines = [line for line in capsys.readouterr().out.splitlines() if "at the edge" in line]
    assert len(lines) == 1
    assert all((f"{name} (" in lines[0]) == each["at_edge"] for name, each in series.items())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("factors", {}, "factors must name at least one, got {}"),
        ("factors", {"hue": "angle"}, "factors.hue must be one of category, number, turns, radians, got angle"),
        ("factors", {"file": "category"}, "factors must not name the column of files, got {'file': 'category'}"),
        ("train", "../train", "train must be a folder below data, without .., got ../train"),
        ("test", "train/../test", "test must be a folder below data, without .., got train/../test"),
        ("test", "train", "test must be neither train nor above nor below it, got train"),
        ("test", "train/", "test must be neither train nor above nor below it, got train/"),
        ("test", "./train//test", "test must be neither train nor above nor below it, got ./train//test"),
        ("train", "test/deep/train", "test must be neither train nor above nor below it, got test"),
        ("test", ".", "test must be neither train nor above nor below it, got ."),
        ("bins", 1, "bins must be >= 2, got 1"),
        ("validation", 1.0, r"validation must be in (0, 1), got 1.0"),
        ("penalties", (), "penalties must hold at least one number, all > 0, got ()"),
        ("hidden", 0, "hidden must be >= 1, got 0"),
        ("lr", 0.0, "lr must be > 0, got 0.0"),
    ],
)
def test_options_that_no_probe_could_use_are_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=r"^scenes: ") as caught:
        replace(OPTIONS, **{field: value})  # type: ignore[arg-type]
    assert str(caught.value) == f"scenes: {message}"
