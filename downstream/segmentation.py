"""Semantic segmentation with mmseg on a tree of images and label maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine import Config

from downstream import dense, label_maps, mmcv_ops
from downstream.backbone import BackboneSpec
from downstream.fingerprint import fingerprint
from downstream.label_maps import LabelSplit
from downstream.tasks import Context, Metric, SegmentationOptions


def run(options: SegmentationOptions, context: Context) -> list[Metric]:
    """Train the segmentor of `options.config` on the pretrained backbone and test it once.

    Returns:
        mIoU on the test split, at the end of training.

    Raises:
        ValueError: unknown config or override, or a backbone that did not arrive whole in the segmentor.
        FloatingPointError: a loss is not finite.
    """
    scores = dense.train_and_test(build(options, context), context=context)
    return [Metric(options.dataset, "mIoU", "test", "last", float(scores["mIoU"]) / 100)]  # mmseg counts in percent


def rehearse(options: SegmentationOptions, context: Context) -> None:
    """Train one step and test, on two images."""
    dense.train_and_test(dense.shrink(build(options, context)), context=context)


def check_data(options: SegmentationOptions, *, data_root: Path, store: Path) -> str:
    """Check the tree and return its fingerprint.

    Raises:
        ValueError: something is missing, unreadable or out of range; one line.
    """
    _import_mmseg()
    from mmseg.registry import DATASETS

    root = data_root / options.data
    config = dense.load_config(options.config, overrides=options.overrides)
    classes = dense.class_names(options, config, DATASETS)
    train, test = (
        dense.open_datasets(
            loader.dataset, root=root, metainfo=_metainfo(options), registry=DATASETS, kind=options.dataset
        )
        for loader in (config.train_dataloader, config.test_dataloader)
    )
    labelled = tuple(train[0].METAINFO.get("classes", classes))  # a data set's own, of which the task may take some
    files = label_maps.check(
        [_label_split(each) for each in train],
        [_label_split(each) for each in test],
        labelled=labelled,
        classes=classes,
        tree=options.dataset,
    )
    return fingerprint(root, files, store=store)


def _label_split(dataset: Any) -> LabelSplit:
    return LabelSplit(
        images=Path(dataset.data_prefix["img_path"]),
        maps=Path(dataset.data_prefix["seg_map_path"]),
        image_suffix=dataset.img_suffix,
        map_suffix=dataset.seg_map_suffix,
        listing=Path(dataset.ann_file) if dataset.ann_file else None,
        other=dataset.reduce_zero_label,
    )


def build(options: SegmentationOptions, context: Context) -> Config:
    """The whole mmseg config of a task."""
    _import_mmseg()
    from mmseg.registry import DATASETS

    config = dense.load_config(options.config, overrides=options.overrides)
    dense.complete(config, data=context.data_root / options.data, metainfo=_metainfo(options), context=context)
    classes = dense.class_names(options, config, DATASETS)
    _fit_heads(config, spec=context.spec, classes=len(classes))
    return config


def _metainfo(options: SegmentationOptions) -> dict[str, Any]:
    """Classes and palette where the task has its own; mmseg makes up a palette for classes without."""
    if not options.classes:
        return {}
    palette = {"palette": [list(colour) for colour in options.palette]} if options.palette else {}
    return {"metainfo": {"classes": options.classes, **palette}}


def _import_mmseg() -> None:
    """Register mmseg's modules; mmcv's operators must be there first."""
    mmcv_ops.install()
    with dense.quiet():
        from mmseg.utils import register_all_modules

        register_all_modules(init_default_scope=False)


def _fit_heads(config: Config, *, spec: BackboneSpec, classes: int) -> None:
    """Set what follows from the backbone's stages and from the number of classes."""
    channels, _ = dense.returned_stages(config, spec)
    heads = [config.model.decode_head, config.model.get("auxiliary_head")]
    for head in filter(None, heads):
        index = head.in_index
        head.in_channels = channels[index] if isinstance(index, int) else [channels[each] for each in index]
        head.num_classes = classes
