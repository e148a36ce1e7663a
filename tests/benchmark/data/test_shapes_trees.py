"""The trees as the stock data set classes of mmdet and mmseg, torchvision and pycocotools read them."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from mmcv.transforms import LoadImageFromFile
from numpy.typing import NDArray
from PIL import Image
from pycocotools.coco import COCO
from torchvision.datasets import ImageFolder, VOCDetection
from torchvision.ops import masks_to_boxes

from benchmark.data.shapes import CLASSES, SEGMENTATION_CLASSES, ShapesConfig, ensure
from benchmark.data.shapes.pictures import MIN_VISIBLE, Picture, pictures
from benchmark.data.shapes.render import render_with_extent
from benchmark.data.shapes.scene import SCATTERED, Scenes, sample_scenes
from benchmark.data.shapes.write_coco import run_lengths
from downstream.mmcv_ops import install

install()  # before anything imports mmcv.ops

# pycocotools' decoder returns an array type of before NumPy 2
old_array_protocol = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

TINY = ShapesConfig(
    seed=0, image_size=48, pretrain=4, classification_train=24, classification_test=8, dense_train=40, dense_test=6
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / "shapes"
    ensure(TINY, out)
    return out


def scenes_of(split: str, count: int) -> Scenes:
    return sample_scenes(seed=0, split=split, count=count, statistics=SCATTERED)


def truth(split: str, count: int) -> list[Picture]:
    return list(pictures(scenes_of(split, count), image_size=48))


def test_boxes_are_the_extremes_of_the_visible_masks() -> None:
    for picture in truth("voc/trainval", 40):
        masks = torch.from_numpy(np.stack([thing.mask for thing in picture.things]))
        boxes = torch.tensor([thing.box for thing in picture.things])
        assert torch.equal(masks_to_boxes(masks).long() + torch.tensor([0, 0, 1, 1]), boxes)
        for thing, box in zip(picture.things, boxes.tolist(), strict=True):
            assert thing.truncated == (min(box) == 0 or max(box) == 48)


def test_objects_that_are_nearly_hidden_are_no_ground_truth() -> None:
    scenes = scenes_of("voc/trainval", 400)
    _, masks, extents = render_with_extent(scenes, image_size=48)
    share = masks.sum((2, 3)) / extents.sum((2, 3))
    drawn = list(pictures(scenes, image_size=48))
    assert (share < MIN_VISIBLE).any()
    for n, picture in enumerate(drawn):
        kept = [slot for slot in range(int(scenes.count[n])) if share[n, slot] >= MIN_VISIBLE]
        assert [thing.shape for thing in picture.things] == scenes.shape[n, kept].tolist()
        dropped = [slot for slot in range(int(scenes.count[n])) if slot not in kept]
        assert np.array_equal(picture.ignored, masks[n, dropped].any(0).numpy())


def test_torchvision_reads_the_image_folders(tree: Path) -> None:
    folder = ImageFolder(str(tree / "classification/train"))
    assert sorted(CLASSES) == folder.classes
    assert np.bincount(folder.targets).tolist() == [3] * len(CLASSES)


def boxes_and_labels(dataset: Any, index: int) -> list[tuple[int, list[float]]]:
    instances = dataset.get_data_info(index)["instances"]
    assert not any(instance["ignore_flag"] for instance in instances)
    return [(instance["bbox_label"], list(instance["bbox"])) for instance in instances]


def test_the_stock_voc_data_set_reads_the_voc_tree(tree: Path) -> None:
    from mmdet.datasets import VOCDataset

    for split, first, last in (("train", 0, 32), ("val", 32, 40), ("trainval", 0, 40)):
        dataset = VOCDataset(
            data_root=str(tree / "VOCdevkit"),
            ann_file=f"VOC2007/ImageSets/Main/{split}.txt",
            data_prefix={"sub_data_root": "VOC2007/"},
            metainfo={"classes": CLASSES},
        )
        wanted = truth("voc/trainval", 40)[first:last]
        assert len(dataset) == len(wanted)
        for index, picture in enumerate(wanted):
            # this class takes one from all four inclusive corners
            boxes = [[left, top, right - 1, bottom - 1] for left, top, right, bottom in (t.box for t in picture.things)]
            shapes = [thing.shape for thing in picture.things]
            assert boxes_and_labels(dataset, index) == list(zip(shapes, boxes, strict=True))


def test_torchvision_reads_the_voc_tree_and_its_test_split(tree: Path) -> None:
    dataset = VOCDetection(str(tree), year="2007", image_set="test")
    assert len(dataset) == 6
    for (image, content), picture in zip(dataset, truth("voc/test", 6), strict=True):
        annotation = content["annotation"]
        assert image.size == (48, 48)
        assert annotation["size"] == {"width": "48", "height": "48", "depth": "3"}
        assert [item["name"] for item in annotation["object"]] == [CLASSES[thing.shape] for thing in picture.things]


def test_voc_boxes_count_from_one_and_include_both_ends(tree: Path) -> None:
    picture = truth("voc/trainval", 1)[0]
    root = ElementTree.parse(tree / "VOCdevkit/VOC2007/Annotations/000001.xml").getroot()
    assert root.findtext("filename") == "000001.jpg"
    for item, thing in zip(root.iter("object"), picture.things, strict=True):
        rows, columns = np.nonzero(thing.mask)
        wanted = [columns.min() + 1, rows.min() + 1, columns.max() + 1, rows.max() + 1]
        assert [int(item.findtext(f"bndbox/{c}", "")) for c in ("xmin", "ymin", "xmax", "ymax")] == wanted


@old_array_protocol
def test_the_stock_coco_data_set_reads_the_coco_tree(tree: Path) -> None:
    from mmdet.datasets import CocoDataset
    from mmdet.datasets.transforms import LoadAnnotations

    with contextlib.redirect_stdout(io.StringIO()):
        dataset = CocoDataset(
            data_root=str(tree / "coco"),
            ann_file="annotations/instances_val2017.json",
            data_prefix={"img": "val2017/"},
            metainfo={"classes": CLASSES},
            pipeline=[LoadImageFromFile(), LoadAnnotations(with_bbox=True, with_mask=True)],
        )
    wanted = truth("coco/val", 6)
    assert len(dataset) == 6
    for index, picture in enumerate(wanted):
        loaded = dataset[index]
        assert loaded["img"].shape == (48, 48, 3)
        assert loaded["gt_bboxes_labels"].tolist() == [thing.shape for thing in picture.things]
        assert loaded["gt_bboxes"].tensor.tolist() == [list(thing.box) for thing in picture.things]
        assert np.array_equal(loaded["gt_masks"].masks, [thing.mask for thing in picture.things])


@old_array_protocol
def test_pycocotools_decodes_the_masks_that_were_drawn(tree: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tree / "coco/annotations/instances_train2017.json"))
    wanted = [thing for picture in truth("coco/train", 40) for thing in picture.things]
    annotations = coco.loadAnns(coco.getAnnIds())
    assert len(annotations) == len(wanted)
    for annotation, thing in zip(annotations, wanted, strict=True):
        assert np.array_equal(coco.annToMask(annotation), thing.mask)
        assert annotation["area"] == thing.mask.sum()
        assert coco.cats[annotation["category_id"]]["name"] == CLASSES[thing.shape]


@pytest.mark.parametrize("rows", [["00", "00"], ["11", "11"], ["10", "01"], ["01", "10"], ["011", "100"]])
def test_run_lengths_describe_the_columns(rows: list[str]) -> None:
    mask: NDArray[np.bool_] = np.array([[cell == "1" for cell in row] for row in rows])
    pixels = [run % 2 == 1 for run, length in enumerate(run_lengths(mask)) for _ in range(length)]
    assert pixels == mask.T.ravel().tolist()


def test_the_stock_ade_data_set_reads_the_ade_tree(tree: Path) -> None:
    from mmseg.datasets import ADE20KDataset
    from mmseg.datasets.transforms import LoadAnnotations

    dataset = ADE20KDataset(
        data_root=str(tree / "ADEChallengeData2016"),
        data_prefix={"img_path": "images/training", "seg_map_path": "annotations/training"},
        pipeline=[LoadImageFromFile(), LoadAnnotations()],
    )
    wanted = truth("ade/training", 40)
    assert len(dataset) == 40
    for index, picture in enumerate(wanted):
        labels = np.zeros((48, 48), dtype=int)
        for thing in picture.things:
            labels[thing.mask] = SEGMENTATION_CLASSES.index(CLASSES[thing.shape])
        labels[picture.ignored] = 255
        assert np.array_equal(dataset[index]["gt_seg_map"], labels)


def test_label_images_are_single_channel_and_hold_no_unknown_class(tree: Path) -> None:
    seen: set[int] = set()
    for path in (tree / "ADEChallengeData2016/annotations").rglob("*.png"):
        with Image.open(path) as image:
            assert image.mode == "L"
            seen |= set(np.unique(np.asarray(image)).tolist())
    assert seen - {0} == set(range(1, len(SEGMENTATION_CLASSES) + 1))
