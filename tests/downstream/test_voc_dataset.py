"""VOC objects marked difficult, as the data sets of the configs give them to mmdet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dense_trees import CLASSES, write_voc
from mmengine.registry import DefaultScope

from downstream import dense, detection


@pytest.mark.parametrize(("kind", "flags"), [("DifficultVOCDataset", {0}), ("VOCDataset", {0, 1})])
def test_difficult_objects_are_trained_on_where_the_config_has_it_so(
    kind: str, flags: set[int], tmp_path: Path
) -> None:
    detection.import_mmdet()
    from mmdet.registry import DATASETS

    write_voc(tmp_path, count=3)
    file = tmp_path / "VOC2007/Annotations/000001.xml"
    file.write_text(file.read_text().replace("difficult>0", "difficult>1", 1))
    wanted: dict[str, Any] = {
        "type": kind,
        "data_root": str(tmp_path),
        "ann_file": "VOC2007/ImageSets/Main/trainval.txt",
        "data_prefix": {"sub_data_root": "VOC2007/"},
        "metainfo": {"classes": CLASSES},
    }
    with DefaultScope.overwrite_default_scope("mmdet"):  # of another test in this process
        found = DATASETS.build(wanted).load_data_list()
    assert [len(each["instances"]) for each in found] == [2, 2, 2]
    assert {each["ignore_flag"] for image in found for each in image["instances"]} == flags


@pytest.mark.parametrize("name", ["voc0712_faster_rcnn_c4", "voc0712_faster_rcnn_fpn"])
def test_the_papers_train_on_difficult_objects_and_do_not_count_them(name: str) -> None:
    config = dense.load_config(f"downstream/{name}.py", overrides={})
    train = [leaf.type for leaf in dense.leaf_datasets(config.train_dataloader.dataset)]
    assert train == ["DifficultVOCDataset"] * 2
    assert config.test_dataloader.dataset.type == "VOCDataset"
