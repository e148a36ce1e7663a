"""Object detection with mmdet on a VOC or COCO tree."""

from __future__ import annotations

import importlib
from multiprocessing.pool import ThreadPool
from pathlib import Path

from mmengine import Config

from downstream import dense, mmcv_ops, trees
from downstream.backbone import BackboneSpec
from downstream.fingerprint import fingerprint, tree_files
from downstream.tasks import Context, DetectionOptions, Metric

# What mmdet's VOCMetric and CocoMetric call the three numbers.
_SCORES = {
    "AP": ("pascal_voc/mAP", "coco/bbox_mAP"),
    "AP50": ("pascal_voc/AP50", "coco/bbox_mAP_50"),
    "AP75": ("pascal_voc/AP75", "coco/bbox_mAP_75"),
}


def run(options: DetectionOptions, context: Context) -> list[Metric]:
    """Train the detector of `options.config` on the pretrained backbone and test it once.

    Returns:
        AP (mean over IoU 0.5 to 0.95), AP50 and AP75 on the test split, at the end of training.

    Raises:
        ValueError: unknown config or override, or a backbone that did not arrive whole in the detector.
        FloatingPointError: a loss is not finite.
    """
    scores = dense.train_and_test(_build(options, context), context=context)
    return [Metric(options.dataset, name, "test", "last", _score(scores, names)) for name, names in _SCORES.items()]


def rehearse(options: DetectionOptions, context: Context) -> None:
    """Train one step and test, on two images."""
    dense.train_and_test(dense.shrink(_build(options, context)), context=context)


def check_data(options: DetectionOptions, *, data_root: Path, store: Path) -> str:
    """Check the tree and return its fingerprint.

    Raises:
        ValueError: something is missing, unreadable or unknown; one line.
    """
    root = data_root / options.data
    config = dense.load_config(options.config, overrides=options.overrides)
    coco = config.test_dataloader.dataset.type == "CocoDataset"
    (trees.check_coco if coco else trees.check_voc)(root, classes=options.classes)
    return fingerprint(root, tree_files(root), store=store)


def _build(options: DetectionOptions, context: Context) -> Config:
    """The whole mmdet config of a task."""
    _import_mmdet()
    config = dense.load_config(options.config, overrides=options.overrides)
    data = context.data_root / options.data
    dense.complete(config, data=data, classes=options.classes, context=context)
    _fit_heads(config, spec=context.spec, classes=len(options.classes))
    if "ann_file" in config.test_evaluator:
        config.test_evaluator.ann_file = str(data / config.test_evaluator.ann_file)
    return config


def _import_mmdet() -> None:
    """Register mmdet's modules; mmcv's operators must be there first."""
    mmcv_ops.install()
    with dense.quiet():
        from mmdet.utils import register_all_modules

        register_all_modules(init_default_scope=False)
    # VOCMetric forks a pool of processes for every IoU threshold; forked from a process with threads, they can hang.
    importlib.import_module("mmdet.evaluation.functional.mean_ap").Pool = ThreadPool  # type: ignore[attr-defined]


def _fit_heads(config: Config, *, spec: BackboneSpec, classes: int) -> None:
    """Set what follows from the backbone's stages and from the number of classes."""
    channels, strides = dense.returned_stages(config, spec)
    model = config.model
    levels = model.neck.num_outs
    while len(strides) < levels:  # FPN adds levels by halving the last
        strides.append(2 * strides[-1])
    model.neck.in_channels = channels
    model.rpn_head.anchor_generator.strides = strides
    model.roi_head.bbox_roi_extractor.featmap_strides = strides[: len(channels)]
    model.roi_head.bbox_head.num_classes = classes


def _score(scores: dict[str, float], names: tuple[str, ...]) -> float:
    """Pick a score; CocoMetric returns none at all when nothing was detected, which is an AP of 0."""
    if not scores:
        return 0.0
    (value,) = (scores[name] for name in names if name in scores)
    return float(value)
