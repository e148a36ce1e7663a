"""mmdet's XML data set for VOC trees whose images are not called `.jpg`."""

from __future__ import annotations

from typing import Any

from mmdet.datasets import XMLDataset
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
