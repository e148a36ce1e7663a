"""mmdet's VOC data sets: with images that are not called `.jpg`, and with difficult objects to train on."""

from __future__ import annotations

from typing import Any, ClassVar

from mmdet.datasets import VOCDataset, XMLDataset
from mmdet.registry import DATASETS


@DATASETS.register_module()
class VocTreeDataset(XMLDataset):
    """Images and annotations of a list: `img_subdir`/NAME`img_suffix` and `ann_subdir`/NAME.xml for every NAME in it.

    Args:
        img_suffix: how the names of image files end.
        settings: what mmdet's XMLDataset takes.
    """

    def __init__(self, *, img_suffix: str, **settings: Any) -> None:
        self.img_suffix = img_suffix
        super().__init__(**settings)

    def parse_data_info(self, img_info: dict[str, Any]) -> Any:
        """Read the annotation of one image."""
        name = f"{self.img_subdir}/{img_info['img_id']}{self.img_suffix}"
        return super().parse_data_info({**img_info, "file_name": name})


@DATASETS.register_module()
class DifficultVOCDataset(VOCDataset):
    """VOC with objects marked difficult as objects like all others, for training as detectron2 does it.

    mmdet neither trains on them nor keeps regions on them from counting as background.
    """

    train_on_difficult: ClassVar[bool] = True

    def _parse_instance_info(self, raw_ann_info: Any, minus_one: bool = True) -> Any:
        for mark in raw_ann_info.iter("difficult"):
            mark.text = "0"
        return super()._parse_instance_info(raw_ann_info, minus_one)
