import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from colour_tree import by_name, context
from PIL import Image

from downstream.factor_options import FactorOptions
from downstream.factor_probes import Scores
from downstream.factor_tables import read_factors
from downstream.factors import check_data, metrics_of, rehearse, run
from downstream.projector import Projector, save_projector
from downstream.tasks import OPTIONS as FAMILIES

FACTORS = {"colour": "category", "place": "number", "hue": "turns", "rotation": "radians"}
OPTIONS = FactorOptions(
    dataset="scenes",
    data="tree",
    train="train",
    test="test",
    factors=FACTORS,
    bins=4,
    validation=0.25,
    image_size=16,
    penalties=(1e-1, 1e-3, 1e-5),
    hidden=16,
    epochs=30,
    batch=32,
    lr=1e-2,
    weight_decay=1e-2,
)
SHADES = {"black": 0, "grey": 120, "white": 240}
PLACES = (0.25, 0.5, 0.75)


def scenes(root: Path, *, counts: dict[str, int], slots: int = 1, folders: bool = False) -> pd.DataFrame:
    """Grey images of three shades with a bar at one of three places, and two angles that no image shows."""
    random, rows = np.random.default_rng(0), []
    for split, count in counts.items():
        for number in range(count):
            shade, place = list(SHADES)[number % 3], PLACES[number // 3 % 3]
            folder = f"{split}/{shade}" if folders else split
            (root / folder).mkdir(parents=True, exist_ok=True)
            pixels = np.full((16, 16, 3), SHADES[shade], np.uint8)
            pixels[:, int(place * 16) - 2 : int(place * 16) + 2, 0] = 255
            Image.fromarray(pixels).save(root / f"{folder}/{number:06d}.png")
            for slot in range(slots):  # the first is the main object, the others are different
                seen = {"colour": shade, "place": place} if slot == 0 else {"colour": "white", "place": 0.25}
                hue, rotation = number % 2 / 2, random.uniform(0, 2 * math.pi)
                rows.append({"file": f"{folder}/{number:06d}.png", **seen, "hue": hue, "rotation": rotation})
    return pd.DataFrame(rows)


def tree(
    folder: Path, *, slots: int = 1, folders: bool = False, change: Callable[[pd.DataFrame], object] | None = None
) -> Path:
    root = folder / "data/tree"
    table = scenes(root, counts={"pretrain": 6, "train": 144, "test": 72}, slots=slots, folders=folders)
    if change is not None:
        change(table)
    table.to_csv(root / "factors.csv", index=False)
    return root


def refusal(folder: Path, options: FactorOptions = OPTIONS) -> str:
    with pytest.raises(ValueError, match=r"^scenes: ") as caught:
        check_data(options, data_root=folder / "data", store=folder / "store")
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


def test_what_is_not_known_of_a_pretraining_has_no_metric(tmp_path: Path) -> None:
    tree(tmp_path)
    names = {name for name, _, _ in by_name(run(OPTIONS, context(tmp_path)))}
    assert not any(name.startswith("z_") or "shared" in name for name in names)
    assert {"linear_retention", "mlp_retention"} < names


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


def test_values_become_classes_in_their_order_or_bins(tmp_path: Path) -> None:
    tree(tmp_path)
    table = read_factors(OPTIONS, data_root=tmp_path / "data")
    rows = pd.read_csv(tmp_path / "data/tree/factors.csv")[6:].reset_index()
    assert [column.name for column in table.columns] == list(FACTORS)
    assert [column.classes for column in table.columns] == [3, 3, 2, 4]
    assert table.splits.train.names == tuple(rows["file"][:144])
    colour, place, hue, rotation = table.labels.T.tolist()
    assert [sorted(SHADES)[label] for label in colour] == rows["colour"].tolist()
    assert [PLACES[label] for label in place] == rows["place"].tolist()
    assert [label / 2 for label in hue] == rows["hue"].tolist()
    assert rotation == [int(angle // (math.pi / 2)) for angle in rows["rotation"]]
    number, turn, angle = table.values.double().unbind(dim=1)
    spread = (rows["place"] - rows["place"][:144].mean()) / rows["place"][:144].std(ddof=0)
    assert number.tolist() == [pytest.approx([value, 0], abs=1e-6) for value in spread]
    assert turn.tolist() == [pytest.approx([1 - 4 * value, 0], abs=1e-6) for value in rows["hue"]]
    assert angle.tolist() == [pytest.approx([math.cos(a), math.sin(a)], abs=1e-6) for a in rows["rotation"]]


def test_a_number_of_many_values_has_bins_of_equal_frequency(tmp_path: Path) -> None:
    def spread(table: pd.DataFrame) -> None:
        table["place"] = np.random.default_rng(1).exponential(size=len(table))

    tree(tmp_path, change=spread)
    column = read_factors(OPTIONS, data_root=tmp_path / "data").columns[1]
    assert column.labels[:144].bincount().tolist() == pytest.approx([36] * 4, abs=1)
    assert column.values is not None
    number = column.values[:, 0]
    assert (int(column.labels[number.argmin()]), int(column.labels[number.argmax()])) == (0, 3)


def test_what_is_checked_has_the_fingerprint_of_table_and_images(tmp_path: Path) -> None:
    root = tree(tmp_path)
    places = {"data_root": tmp_path / "data", "store": tmp_path / "store"}
    before = check_data(OPTIONS, **places)
    assert check_data(replace(OPTIONS, hidden=8), **places) == before
    Image.new("RGB", (16, 16)).save(root / "pretrain/000000.png")  # nobody looks at it
    assert check_data(OPTIONS, **places) == before
    Image.new("RGB", (16, 16)).save(root / "test/000000.png")
    other = check_data(OPTIONS, **places)
    assert other != before
    with (root / "factors.csv").open("a") as file:
        file.write("test/000000.png,white,0.25,0.5,1.0\n")
    assert check_data(OPTIONS, **places) != other


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"scenes: {tmp_path}/data/tree/factors.csv is missing; expected columns: file, colour, place, hue, rotation"
    )
    root = tree(tmp_path)
    assert "must list two files below other/, got 0" in refusal(tmp_path, replace(OPTIONS, test="other"))
    assert "must have a column 'shape', got file, colour" in refusal(
        tmp_path, replace(OPTIONS, factors={"shape": "category"})
    )
    assert "got 0.001 of 144" in refusal(tmp_path, replace(OPTIONS, validation=0.001))
    (root / "test/000003.png").unlink()
    assert f"{root}/test/000003.png is missing" in refusal(tmp_path)
    (root / "test/000003.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=rf"^images: {root}/test/000003.png cannot be decoded: "):
        check_data(OPTIONS, data_root=tmp_path / "data", store=tmp_path / "store")


def set_value(column: str, row: int, value: object) -> Callable[[pd.DataFrame], None]:
    def change(table: pd.DataFrame) -> None:
        table[column] = table[column].astype(object)
        table.loc[row, column] = value  # type: ignore[call-overload]

    return change


def set_all(column: str, value: str | float) -> Callable[[pd.DataFrame], None]:
    def change(table: pd.DataFrame) -> None:
        table[column] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_all("colour", "red"), "factor 'colour': training images must have two values, got red alone"),
        (set_all("rotation", 1.5), "factor 'rotation': training images must have two values, got 1.5 alone"),
        (
            set_value("colour", 200, "red"),
            "factor 'colour': test images must have values of the training images, got red",
        ),
        (set_value("place", 200, 0.4), "factor 'place': test images must have values of the training images, got 0.4"),
        (set_value("place", 20, "far"), "factor 'place': values must be numbers, got 'far'"),
        (set_value("hue", 20, None), "factor 'hue': values must be numbers, got ''"),
    ],
)
def test_values_that_no_probe_could_tell_are_refused(
    change: Callable[[pd.DataFrame], object], message: str, tmp_path: Path
) -> None:
    tree(tmp_path, change=change)
    assert refusal(tmp_path) == f"scenes: {message}"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("factors", {}, "factors must name at least one, got {}"),
        ("factors", {"hue": "angle"}, "factors.hue must be one of category, number, turns, radians, got angle"),
        ("test", "train", "test must be another folder than train, got train"),
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
