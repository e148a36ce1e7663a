import json
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
from downstream.subsets import derived_seed
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
    assert "must list two files below other/, got 0; its first file is 'pretrain/000000.png'" in refusal(
        tmp_path, replace(OPTIONS, test="other")
    )
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


def tied(table: pd.DataFrame) -> None:
    table["place"] = [0] * (len(table) - 4) + [1, 2, 3, 4]
    table.loc[6:9, "place"] = [1, 2, 3, 4]


def narrow(table: pd.DataFrame) -> None:
    table["rotation"] = np.linspace(0.1, 1.5, len(table))


def turned_away(table: pd.DataFrame) -> None:
    table["rotation"] = np.linspace(0.1, 3.0, len(table))
    table.loc[200, "rotation"] = 5.5


SEEN = "test images must have values of the training images"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_all("colour", "red"), "'colour': training images must have two values, got red alone"),
        (set_all("rotation", 1.5), "'rotation': training images must have two values, got 1.5 alone"),
        (tied, "'place': training images must fall into two of the 4 bins, got 0 to 4 in one"),
        (narrow, "'rotation': training images must fall into two of the 4 bins, got 0.138009 to 1.04389 in one"),
        (set_value("colour", 200, "red"), f"'colour': {SEEN}, got 'red' of test/000050.png"),
        (set_value("place", 200, 0.4), f"'place': {SEEN}, got '0.4' of test/000050.png"),
        (
            turned_away,
            "'rotation': test images must fall into those of the 4 bins that training images fall into, "
            "got '5.5' of test/000050.png",
        ),
        (set_value("colour", 20, None), "'colour': values must be names, got '' of train/000014.png"),
        (set_value("colour", 20, "  "), "'colour': values must be names, got '' of train/000014.png"),
        (set_value("place", 20, "far"), "'place': values must be numbers, got 'far' of train/000014.png"),
        (set_value("hue", 20, None), "'hue': values must be numbers, got '' of train/000014.png"),
    ],
)
def test_values_that_no_probe_could_tell_are_refused_where_they_stand(
    change: Callable[[pd.DataFrame], object], message: str, tmp_path: Path
) -> None:
    root = tree(tmp_path, change=change)
    assert refusal(tmp_path).startswith(f"scenes: {root}/factors.csv, factor {message}")


@pytest.mark.parametrize("start", ["./train/", "parts/train/", "train\\"])
def test_paths_of_another_form_are_shown(start: str, tmp_path: Path) -> None:
    def change(table: pd.DataFrame) -> None:
        table["file"] = table["file"].str.replace("train/", start, regex=False)
        table.drop(range(6), inplace=True)

    root = tree(tmp_path, change=change)
    assert refusal(tmp_path) == (
        f"scenes: {root}/factors.csv must list two files below train/, got 0; its first file is '{start}000000.png'"
    )


def test_a_file_that_lies_elsewhere_than_its_path_begins_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path, change=set_value("file", 20, "train/../test/000000.png"))
    assert refusal(tmp_path) == (
        f"scenes: {root}/factors.csv must list files without .., got 'train/../test/000000.png'"
    )


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path, change=lambda table: table.insert(1, "again", "white"))
    text = (root / "factors.csv").read_text()
    (root / "factors.csv").write_text(text.replace("again", "colour", 1))
    assert refusal(tmp_path) == (
        f"scenes: {root}/factors.csv must have one column 'colour', got file, colour, colour, place, hue, rotation"
    )
    (root / "factors.csv").write_text("")
    assert "factors.csv does not read: No columns" in refusal(tmp_path)


def test_blanks_after_commas_and_a_slash_after_a_folder_change_nothing(tmp_path: Path) -> None:
    root = tree(tmp_path)
    before = read_factors(OPTIONS, data_root=tmp_path / "data")
    (root / "factors.csv").write_text((root / "factors.csv").read_text().replace(",", ", "))
    after = read_factors(replace(OPTIONS, train="train/", test="./test"), data_root=tmp_path / "data")
    assert after.splits.train.names == before.splits.train.names
    assert after.splits.test.names == before.splits.test.names
    assert torch.equal(after.labels, before.labels)
    assert torch.equal(after.values, before.values)


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
