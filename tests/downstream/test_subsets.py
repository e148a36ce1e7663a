from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_datasets
import torch
from colour_tree import write_colours
from test_finetuning import PROBE

from downstream.datasets import open_splits
from downstream.images import Images, Splits
from downstream.subsets import hold_out, labelled, partition, stratified

FEW = replace(PROBE, subset="lists/few.txt", refit=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_colours(tmp_path, each=10)
    (tmp_path / "lists").mkdir()
    return tmp_path


def train(root: Path) -> Images:
    return open_splits(PROBE, data_root=root).train


@pytest.mark.parametrize("prefix", ["", "{name}/", "train/{name}/"])
def test_a_list_names_all_images_that_are_trained_on_or_held_out(prefix: str, root: Path) -> None:
    listed = [(name, f"{name}_{number:03d}.png") for name in ("red", "blue") for number in (1, 3, 4, 7)]
    (root / FEW.subset).write_text("\n".join(prefix.format(name=name) + file for name, file in listed))
    parts = partition(FEW, open_splits(FEW, data_root=root), data_root=root, seed=5)
    assert sorted(parts.whole.names) == sorted(f"train/{name}/{file}" for name, file in listed)
    assert Counter(parts.held_out.labels.tolist()) == {0: 1, 1: 1}  # a quarter of four


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("red_003.png\ngreen_001.png", "'green_001.png' is no of "),
        ("", "it names none"),
        ("red_003.png\nred_004.png", "must name images of every class, 'blue' has none"),
    ],
)
def test_a_list_that_names_no_image_is_refused(text: str, message: str, root: Path) -> None:
    (root / FEW.subset).write_text(text)
    with pytest.raises(ValueError, match=rf"^colours: {root}/lists/few.txt must name ") as caught:
        labelled(FEW, train(root), data_root=root)
    assert message in str(caught.value)


def test_a_name_that_two_classes_share_is_refused_unless_the_class_is_named(root: Path) -> None:
    for name in ("blue", "red"):
        (root / f"train/{name}/{name}_000.png").rename(root / f"train/{name}/0.png")
    (root / FEW.subset).write_text("0.png\n")
    with pytest.raises(ValueError, match=r"'0.png' is 2 images of "):
        labelled(FEW, train(root), data_root=root)
    (root / FEW.subset).write_text("red/0.png\nblue/0.png\n")
    images = train(root)
    found = [images.names[row] for row in labelled(FEW, images, data_root=root)]
    assert found == ["train/blue/0.png", "train/red/0.png"]


def test_a_name_may_have_a_space_in_it(root: Path) -> None:
    (root / "train/red/red_000.png").rename(root / "train/red/red 0.png")
    (root / FEW.subset).write_text("red 0.png\r\nblue_000.png\n\n")
    images = train(root)
    found = [images.names[row] for row in labelled(FEW, images, data_root=root)]
    assert found == ["train/blue/blue_000.png", "train/red/red 0.png"]


def test_a_missing_list_is_named(root: Path) -> None:
    with pytest.raises(ValueError, match=rf"^colours: {root}/lists/few.txt is missing; "):
        labelled(FEW, train(root), data_root=root)


def test_the_labels_that_are_used_are_the_same_for_every_seed_and_what_is_held_out_of_them_is_not(root: Path) -> None:
    options, splits = replace(PROBE, fraction=0.3, refit=True), open_splits(PROBE, data_root=root)
    parts = [partition(options, splits, data_root=root, seed=seed) for seed in range(4)]
    assert len({tuple(sorted(each.whole.names)) for each in parts}) == 1
    assert len({each.held_out.names for each in parts}) > 1
    for each in parts:
        assert Counter(each.fit.labels.tolist()) == {0: 2, 1: 2}
        assert Counter(each.held_out.labels.tolist()) == {0: 1, 1: 1}
        assert not {*each.fit.names} & {*each.held_out.names}


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 1.0])
def test_a_share_of_every_class_is_drawn_and_of_none_nothing(share: float) -> None:
    counts = {0: 1000, 3: 5, 7: 130}
    labels = torch.cat([torch.full((count,), label) for label, count in counts.items()])
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]
    rows = stratified(labels, share, seed=1)
    assert Counter(labels[rows].tolist()) == {label: max(1, round(share * count)) for label, count in counts.items()}
    assert torch.equal(rows, rows.unique())
    assert {*rows.tolist()} <= {*stratified(labels, min(1.0, 2 * share), seed=1).tolist()}


def test_what_is_held_out_is_a_share_of_every_class_that_goes_with_the_seed(root: Path) -> None:
    images = train(root)
    for seed in range(3):
        rest, held_out = hold_out(PROBE, images, seed=seed)
        assert sorted([*rest.tolist(), *held_out.tolist()]) == list(range(20))
        assert Counter(images.labels[held_out].tolist()) == {0: 2, 1: 2}
    assert not torch.equal(hold_out(PROBE, images, seed=0)[1], hold_out(PROBE, images, seed=1)[1])


def test_frames_of_one_traffic_sign_are_on_one_side(tmp_path: Path) -> None:
    tiny_datasets.gtsrb(tmp_path)
    options = replace(PROBE, source="gtsrb", validation=0.4)
    splits = open_splits(options, data_root=tmp_path)
    for seed in range(3):
        parts = partition(options, splits, data_root=tmp_path, seed=seed)
        tracks = [{name.rpartition("_")[0] for name in part.names} for part in (parts.fit, parts.held_out)]
        assert not tracks[0] & tracks[1]
        assert [len(each) for each in tracks] == [2 * 43, 43]  # of three tracks a class, of three frames each
        assert sorted(parts.whole.names) == sorted(splits.train.names)


def test_groups_are_drawn_as_a_whole_whatever_their_sizes() -> None:
    groups = [f"{label}{name}" for label in "ab" for name in "rstuvwx" for _ in range(ord(name) % 4 + 1)]
    labels = torch.tensor([ord(group[0]) - ord("a") for group in groups])
    rows = stratified(labels, 0.4, seed=3, groups=groups)
    drawn = {groups[row] for row in rows.tolist()}
    assert Counter(group[0] for group in drawn) == {"a": 3, "b": 3}
    assert rows.tolist() == [row for row, group in enumerate(groups) if group in drawn]


def test_a_validation_split_of_the_data_set_is_what_choices_are_made_on(root: Path) -> None:
    splits = open_splits(PROBE, data_root=root)
    own = Splits(splits.train, splits.test, splits.test, ())
    parts = partition(PROBE, own, data_root=root, seed=0)
    assert (parts.fit.names, parts.held_out.names) == (splits.train.names, splits.test.names)
