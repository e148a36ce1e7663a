"""Semantic segmentation with mmseg on an ADE20K-style tree."""

from __future__ import annotations

import warnings

from mmengine import Config

from downstream import dense, mmcv_ops
from downstream.backbone import BackboneSpec
from downstream.tasks import Context, Metric, SegmentationOptions


def run(options: SegmentationOptions, context: Context) -> list[Metric]:
    """Train the segmentor of `options.config` on the pretrained backbone and test it once.

    Returns:
        mIoU on the test split, at the end of training.

    Raises:
        ValueError: unknown config or override, or a backbone that did not arrive whole in the segmentor.
        FloatingPointError: a loss is not finite.
    """
    _import_mmseg()
    config = dense.load_config(options.config, overrides=options.overrides)
    dense.complete(config, data=context.data_root / options.data, classes=options.classes, context=context)
    _fit_heads(config, spec=context.spec, classes=len(options.classes))
    with warnings.catch_warnings():  # mmseg recommends an option that it cannot combine with class weights
        warnings.filterwarnings("ignore", message="Default ``avg_non_ignore`` is False")
        scores = dense.train_and_test(config, context=context)
    return [Metric(options.dataset, "mIoU", "test", "last", float(scores["mIoU"]) / 100)]  # mmseg counts in percent


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
