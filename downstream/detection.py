"""Object detection and instance segmentation with mmdet on a VOC or COCO tree."""

from __future__ import annotations

import importlib
from dataclasses import asdict
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

from mmengine import Config

from downstream import coco_tree, dense, mm_types, mmcv_ops, voc_tree
from downstream.backbone import BackboneSpec
from downstream.coco_tree import CocoSplit
from downstream.fingerprint import fingerprint
from downstream.pretrained_resnet import PretrainedRes5
from downstream.tasks import Context, DetectionOptions, Metric
from downstream.voc_tree import VocSplit

# What mmdet's VOCMetric and CocoMetric call the numbers.
_BOXES = {
    "AP": ("pascal_voc/mAP", "coco/bbox_mAP"),
    "AP50": ("pascal_voc/AP50", "coco/bbox_mAP_50"),
    "AP75": ("pascal_voc/AP75", "coco/bbox_mAP_75"),
}
_MASKS = {
    "mask_AP": ("coco/segm_mAP",),
    "mask_AP50": ("coco/segm_mAP_50",),
    "mask_AP75": ("coco/segm_mAP_75",),
}


def run(options: DetectionOptions, context: Context) -> list[Metric]:
    """Train the detector of `options.config` on the pretrained backbone and test it once.

    Returns:
        AP (mean over IoU 0.5 to 0.95), AP50 and AP75 of boxes, and of masks where the detector has any, on the test
        split, at the end of training.

    Raises:
        ValueError: unknown config or override, or a backbone that did not arrive whole in the detector.
        FloatingPointError: a loss is not finite.
    """
    config = build(options, context)
    wanted = _BOXES | (_MASKS if "mask_head" in config.model.roi_head else {})
    scores = dense.train_and_test(config, context=context)
    return [Metric(options.dataset, name, "test", "last", _score(scores, names)) for name, names in wanted.items()]


def rehearse(options: DetectionOptions, context: Context) -> None:
    """Train one step and test, on two images."""
    dense.train_and_test(dense.shrink(build(options, context)), context=context)


def check_data(options: DetectionOptions, *, data_root: Path, store: Path) -> str:
    """Check the tree and return its fingerprint.

    Raises:
        ValueError: something is missing, unreadable or unknown; one line.
    """
    import_mmdet()
    from mmdet.registry import DATASETS

    root = data_root / options.data
    config = dense.load_config(options.config, overrides=options.overrides)
    classes = dense.class_names(options, config, DATASETS)
    kind = _kind(config)
    train, test = (
        dense.open_datasets(loader.dataset, root=root, metainfo=_metainfo(options), registry=DATASETS, kind=kind)
        for loader in (config.train_dataloader, config.test_dataloader)
    )
    if kind == "COCO":
        masks = "mask_head" in config.model.roi_head
        splits = ([_coco_split(each) for each in part] for part in (train, test))
        files = coco_tree.check(*splits, classes=classes, masks=masks)
    else:
        files = voc_tree.check(*([_voc_split(each) for each in part] for part in (train, test)), classes=classes)
    return fingerprint(root, files, store=store)


def _kind(config: Config) -> str:
    """Tell VOC from COCO by the class of the data sets; the evaluator has to go with them.

    Raises:
        ValueError: a data set is neither, the two splits or the evaluator are of different kinds, or the evaluator has
            another annotation file than the test set.
    """
    from mmdet.datasets import CocoDataset, XMLDataset
    from mmdet.registry import DATASETS

    kinds = {}
    for loader in (config.train_dataloader, config.test_dataloader):
        for leaf in dense.leaf_datasets(loader.dataset):
            found = mm_types.find(leaf.type, DATASETS)
            known = {"COCO": CocoDataset, "VOC": XMLDataset}
            kinds[leaf.type] = next((name for name, base in known.items() if issubclass(found, base)), None)
    kind, *others = set(kinds.values())
    if kind is None or others:
        raise ValueError(f"{config.filename}: all data sets must be of VOC, or all of COCO, got {', '.join(kinds)}")
    wanted = {"COCO": "CocoMetric", "VOC": "VOCMetric"}[kind]
    if config.test_evaluator.type != wanted:
        got = config.test_evaluator.type
        raise ValueError(f"{config.filename}: test_evaluator.type must be {wanted} for {', '.join(kinds)}, got {got}")
    if kind == "COCO":
        _require_one_test_file(config)
    return kind


def _require_one_test_file(config: Config) -> None:
    """CocoMetric reads the objects from a file of its own, which has to be that of the images.

    Raises:
        ValueError: the test set has several annotation files, or the evaluator another one.
    """
    got = config.test_evaluator.get("ann_file") or ""
    names = {leaf.get("ann_file") or "" for leaf in dense.leaf_datasets(config.test_dataloader.dataset)}
    if {Path(name) for name in names} != {Path(got)}:
        raise ValueError(
            f"{config.filename}: test_evaluator.ann_file must be the only ann_file of test_dataloader.dataset, "
            f"{', '.join(sorted(names))}, got {got}"
        )


def _coco_split(dataset: Any) -> CocoSplit:
    return CocoSplit(Path(dataset.ann_file), Path(dataset.data_prefix["img"]))


def _voc_split(dataset: Any) -> VocSplit:
    root, suffix = Path(dataset.sub_data_root), getattr(dataset, "img_suffix", ".jpg")  # mmdet's own have no choice
    difficult = getattr(dataset, "train_on_difficult", False)
    return VocSplit(Path(dataset.ann_file), root / dataset.img_subdir, root / dataset.ann_subdir, suffix, difficult)


def build(options: DetectionOptions, context: Context) -> Config:
    """The whole mmdet config of a task."""
    import_mmdet()
    from mmdet.registry import DATASETS

    config = dense.load_config(options.config, overrides=options.overrides)
    _kind(config)
    data = context.data_root / options.data
    dense.complete(config, data=data, metainfo=_metainfo(options), context=context)
    classes = dense.class_names(options, config, DATASETS)
    _fit_heads(config, spec=context.spec, file=context.backbone, classes=len(classes))
    if "ann_file" in config.test_evaluator:
        config.test_evaluator.ann_file = str(data / config.test_evaluator.ann_file)
    return config


def _metainfo(options: DetectionOptions) -> dict[str, Any]:
    return {"metainfo": {"classes": options.classes}} if options.classes else {}


def import_mmdet() -> None:
    """Register mmdet's modules; mmcv's operators must be there first."""
    mmcv_ops.install()
    with dense.quiet():
        from mmdet.utils import register_all_modules

        register_all_modules(init_default_scope=False)
        importlib.import_module("downstream.voc_dataset")
    # VOCMetric forks a pool of processes for every IoU threshold; forked from a process with threads, they can hang.
    importlib.import_module("mmdet.evaluation.functional.mean_ap").Pool = ThreadPool  # type: ignore[attr-defined]


def _fit_heads(config: Config, *, spec: BackboneSpec, file: Path, classes: int) -> None:
    """Set what follows from the backbone's stages and from the number of classes."""
    channels, strides = dense.returned_stages(config, spec)
    model, roi_head = config.model, config.model.roi_head
    extractors = [roi_head.bbox_roi_extractor, roi_head.get("mask_roi_extractor")]
    heads = [roi_head.bbox_head, roi_head.get("mask_head")]
    if "neck" in model:
        model.neck.in_channels = channels
        width = head_width = model.neck.out_channels
        while len(strides) < model.neck.num_outs:  # FPN adds levels by halving the last
            strides.append(2 * strides[-1])
    else:  # C4: proposals and regions are read from the one stage, and the last stage is the head
        width, head_width = channels[0], spec.stage_dims[3]
        model.rpn_head.feat_channels = width
        roi_head.shared_head.update(type=PretrainedRes5.__name__, spec=asdict(spec), file=str(file))
    model.rpn_head.in_channels = width
    model.rpn_head.anchor_generator.strides = strides
    for part in filter(None, extractors):
        part.update(out_channels=width, featmap_strides=strides[: len(channels)])
    for part in filter(None, heads):
        part.update(in_channels=head_width, num_classes=classes)


def _score(scores: dict[str, float], names: tuple[str, ...]) -> float:
    """Pick a score; CocoMetric returns none at all when nothing was detected, which is an AP of 0."""
    if not scores:
        return 0.0
    (value,) = (scores[name] for name in names if name in scores)
    return float(value)
