"""What detection and segmentation share: an mm config, completed with the shared backbone, trained and tested once."""

from __future__ import annotations

import contextlib
import difflib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope, Registry
from mmengine.runner import Runner
from torch import nn

from downstream import mm_types, pretrained_resnet
from downstream.backbone import BackboneSpec
from downstream.precise_batch_norm import PreciseBatchNorm
from downstream.resume import Checkpoint, OneStream
from downstream.tasks import Context, DetectionOptions, SegmentationOptions
from downstream.watch import LOOKS, SparseInformation, Watch

_CHECKPOINT = "checkpoint.pth"
_FUSED = ("SGD", "Adam", "AdamW")  # torch's optimisers with a fused form on every device
CONFIGS = Path(__file__).resolve().parents[1] / "configs"

MODULE2PACKAGE["mmseg"] = (
    "mmseg"  # where `_base_ = "mmseg::..."` is looked up; mmengine knows only the original package
)
# Warnings of mmdet, mmseg, mmcv and pycocotools about themselves: a metric not used here, what moves or is deprecated,
# softmax over two classes (meant), an option that mmseg cannot combine with class weights, and worker processes that
# VOCMetric forks.
_WARNINGS = (
    "Default ``avg_non_ignore`` is False",
    "faster_coco_eval is not installed",
    "``MultiScaleDeformableAttention`` has been moved",
    "``build_pixel_sampler`` would be deprecated",
    "For binary segmentation, we suggest",
    r"This process .* is multi-threaded, use of fork\(\)",
    "`reduce_zero_label` will be deprecated",
    "__array__ implementation doesn't accept a copy keyword",
    "indexing with dtype torch.uint8 is now deprecated",
)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what mmdet, mmseg and pycocotools print, and their warnings that matter to nobody here."""
    with contextlib.redirect_stdout(io.StringIO()), expected_warnings():
        yield


@contextlib.contextmanager
def expected_warnings() -> Iterator[None]:
    """Drop the warnings of mmdet, mmseg and pycocotools that matter to nobody here."""
    with warnings.catch_warnings():
        for message in _WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield


def load_config(name: str, *, overrides: Mapping[str, Any]) -> Config:
    """Read the mm config `name` below configs/ and put `overrides` (dotted keys) on top.

    Raises:
        ValueError: there is no such config, or an override names a key that the config does not have.
    """
    file = CONFIGS / name
    if not file.is_file():
        known = sorted(path.relative_to(CONFIGS).as_posix() for path in (CONFIGS / "downstream").glob("*.py"))
        raise ValueError(f"unknown config '{name}'.{_nearest(name, known)} Known: {', '.join(known)}.")
    config = Config.fromfile(file)
    for key, value in overrides.items():
        _check_key(config, key, value, file=name)
    config.merge_from_dict(dict(overrides))
    return config


def _check_key(config: Config, key: str, value: Any, *, file: str) -> None:
    """Follow a dotted key, where numbers index lists, and compare the kind of value at its end."""
    node: Any = config
    parts = key.split(".")
    for depth, part in enumerate(parts):
        names = _names(node)
        if part not in names:
            near = difflib.get_close_matches(part, names, n=1)
            hint = f" Did you mean '{'.'.join([*parts[:depth], *near, *parts[depth + 1 :]])}'?" if near else ""
            raise ValueError(f"{file}: unknown key '{key}'.{hint}")
        node = node[int(part)] if isinstance(node, list | tuple) else node[part]
    numbers = isinstance(node, int | float) and not isinstance(node, bool)
    if numbers and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{file}: {key} must be a number, got {value!r}")


def _names(node: Any) -> list[str]:
    """Names by which the children of a config node are reached."""
    if isinstance(node, list | tuple):
        return [str(index) for index in range(len(node))]
    return list(node) if isinstance(node, dict | Config) else []


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


def leaf_datasets(dataset: Any) -> Iterator[Any]:
    """Yield the data sets inside wrappers like RepeatDataset and ConcatDataset."""
    inner = dataset.get("datasets") or ([dataset.dataset] if "dataset" in dataset else [])
    if not inner:
        yield dataset
    for part in inner:
        yield from leaf_datasets(part)


def class_names(options: DetectionOptions | SegmentationOptions, config: Config, registry: Registry) -> tuple[str, ...]:
    """The classes of a task: those of its options, or the ones that its data set brings along.

    Raises:
        ValueError: neither has any.
    """
    if options.classes:
        return options.classes
    kind = next(leaf_datasets(config.train_dataloader.dataset)).type
    own: dict[str, Any] = mm_types.find(kind, registry).METAINFO
    if not own.get("classes"):
        raise ValueError(f"{options.dataset}: classes must name the classes, since {kind} has none of its own; got ()")
    return tuple(own["classes"])


def open_datasets(dataset: Any, *, root: Path, metainfo: Mapping[str, Any], registry: Registry, kind: str) -> list[Any]:
    """Build the data sets inside `dataset` without reading what is in them, to see which files they would read.

    Args:
        dataset: config of a data set.
        root: the data tree.
        metainfo: classes and palette, where the task has its own.
        registry: mmdet's or mmseg's data sets.
        kind: what the tree is called in messages.

    Raises:
        ValueError: a folder or list that the config names is not there, or the class of a data set.
    """
    opened = []
    for leaf in leaf_datasets(dataset):
        named = [leaf.get("ann_file", ""), *leaf.get("data_prefix", {}).values()]
        for name in filter(None, named):
            if not (root / name).exists():
                raise ValueError(f"{kind}: {root / name} is missing; expected layout: {', '.join(filter(None, named))}")
        wanted = {**leaf.to_dict(), "data_root": str(root), "pipeline": [], "lazy_init": True, **metainfo}
        mm_types.find(leaf.type, registry)
        with DefaultScope.overwrite_default_scope(registry.scope):  # of another library's run, both have such names
            opened.append(registry.build(wanted))
    return opened


def complete(config: Config, *, data: Path, metainfo: Mapping[str, Any], context: Context) -> None:
    """Fill in what is the same for every dense task: backbone, input statistics, data, seed, files, no validation.

    `config.model.backbone` keeps `out_indices`, `frozen_stages`, `norm_eval` and `dilated`; they are of the protocol.
    `metainfo` is what the data sets are built with beside their config.

    Raises:
        ValueError: the config's training images do not come in an endless stream.
    """
    sampler = config.train_dataloader.get("sampler", {}).get("type")
    if sampler != "InfiniteSampler":
        raise ValueError(f"{config.filename}: train_dataloader.sampler must be of type InfiniteSampler, got {sampler}")
    spec = context.spec
    config.model.backbone.update(
        type=pretrained_resnet.PretrainedResNet.__name__, spec=asdict(spec), file=str(context.backbone)
    )
    scaled = {"mean": [255 * value for value in spec.mean], "std": [255 * value for value in spec.std]}
    config.model.data_preprocessor.update(bgr_to_rgb=True, **scaled)
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.persistent_workers = loader.num_workers > 0
        for dataset in leaf_datasets(loader.dataset):
            dataset.update(data_root=str(data), **metainfo)
    groups = config.train_dataloader.get("batch_sampler")
    config.train_dataloader.batch_sampler = {"type": OneStream.__name__, "groups": groups}
    _fuse(config.optim_wrapper.get("optimizer", {}))
    # CUDA has no deterministic backward of RoIAlign and of bilinear upsampling.
    config.randomness = {"seed": context.seed, "deterministic": context.device == "cpu"}
    config.update(work_dir=str(context.work_dir), experiment_name=str(context.work_dir), device=context.device)
    config.update(val_cfg=None, val_dataloader=None, val_evaluator=None)
    config.default_hooks = {"logger": {"type": "LoggerHook", "interval": LOOKS}, "checkpoint": None}
    if context.device != "cpu":
        config.default_hooks.runtime_info = {"type": SparseInformation.__name__}
    config.log_processor = {"by_epoch": False}
    config.train_cfg.fast_forward_on_resume = True  # mmengine's way reads every image again; `Checkpoint` has its own


def _fuse(optimizer: dict[str, Any]) -> None:
    """Take the form of torch's optimiser that moves all weights by one kernel, unless the config chose a form."""
    if optimizer.get("type") in _FUSED and not {"foreach", "differentiable"} & set(optimizer):
        optimizer.setdefault("fused", True)


def returned_stages(config: Config, spec: BackboneSpec) -> tuple[list[int], list[int]]:
    """Channels and strides of the stages that the config's backbone returns."""
    indices = config.model.backbone.out_indices
    return [spec.stage_dims[index] for index in indices], [spec.strides[index] for index in indices]


def shrink(config: Config) -> Config:
    """Cut a complete config down to one training step and a test, of two images."""
    for loader in (config.train_dataloader, config.test_dataloader):
        # Not more than the config has: mmseg refuses to test images of several sizes at once.
        loader.update(batch_size=min(2, loader.batch_size), num_workers=0, persistent_workers=False)
        for dataset in leaf_datasets(loader.dataset):
            dataset.indices = 2
    config.train_cfg = {"type": "IterBasedTrainLoop", "max_iters": 1, "val_interval": 1_000_000}
    config.checkpoint_interval = 0
    config.precise_batch_norm = min(1, config.get("precise_batch_norm", 0))
    return config


def train_and_test(config: Config, *, context: Context) -> dict[str, float]:
    """Train, or go on with a training that was killed; then test once.

    Returns:
        What the test evaluator of the config returns.

    Raises:
        ValueError: the backbone of the model is not the pretrained one.
        FloatingPointError: a loss is not finite; names the step and the terms.
    """
    deterministic = torch.are_deterministic_algorithms_enabled()
    kept = context.work_dir / _CHECKPOINT
    if kept.exists():
        config.update(resume=True, load_from=str(kept))
    try:
        runner = build_runner(config, context=context)
        with expected_warnings():
            runner.train()
        with quiet():
            scores = dict(runner.test())
        kept.unlink(missing_ok=True)
        return scores
    finally:
        torch.use_deterministic_algorithms(deterministic)


def build_runner(config: Config, *, context: Context) -> Runner:
    """What trains and tests a complete config, with its data sets read; torch's determinism is that of the config."""
    with quiet(), mm_types.named(config.filename):
        runner = _Runner.from_cfg(config)
        # Else torch fills every new tensor where algorithms are deterministic; no code reads what nobody has written.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        runner.register_hook(Watch(context))
        runner.register_hook(PreciseBatchNorm(config.get("precise_batch_norm", 0)))
        runner.register_hook(Checkpoint(context.work_dir / _CHECKPOINT, interval=config.get("checkpoint_interval", 0)))
        assert runner.train_loop is not None  # builds the data sets, which print
    return runner


class _Runner(Runner):
    """mmengine's Runner on the device of the config, with its log in the work folder and nowhere else."""

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        wrapped: nn.Module = super().wrap_model(model_wrapper_cfg, model)
        return wrapped.to(self.cfg.device)  # mmengine takes CUDA wherever there is one

    def load_checkpoint(self, filename: str, map_location: Any = "cpu", **_: Any) -> dict[str, Any]:
        checkpoint: dict[str, Any] = torch.load(filename, map_location="cpu", weights_only=False)  # our own file
        self.model.load_state_dict(checkpoint["state_dict"])
        self._has_loaded = True
        return checkpoint

    def build_logger(self, log_level: int | str = "INFO", log_file: str | None = None) -> MMLogger:
        logger = super().build_logger(log_level, log_file)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.setLevel(logging.CRITICAL)
        return logger
