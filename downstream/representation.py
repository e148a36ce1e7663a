"""What can be said of a backbone without labels: quality of its features, and its place in the information plane."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.transforms import InterpolationMode, v2

from downstream import quality
from downstream.backbone import Backbone, load_backbone
from downstream.features import encode
from downstream.fingerprint import fingerprint
from downstream.imagefolder import image_files
from downstream.images import Images, decode_once, from_files
from downstream.information.plane import Settings, between_views, features_of_view, noise_bracket, of_view
from downstream.projector import load_projector
from downstream.representation_options import FEWEST
from downstream.tasks import Context, Metric

if TYPE_CHECKING:
    from downstream.information.halves import Floats
    from downstream.loading import Transform
    from downstream.representation_options import RepresentationOptions

FEATURES = "features.npy"
"""Kept file: h of the fixed images (N, F), float16, in the same order for every backbone and seed."""

_BATCH = 256
_STEPS = 5
_FINEST = 32  # pixels


def run(options: RepresentationOptions, context: Context) -> list[Metric]:
    """Measure a frozen backbone in one pass over fixed images and, where views can be drawn, one over pairs of views.

    RankMe, effective rank, LiDAR and what begins with "h_" are of h; everything else is of the projections z on the
    unit sphere, or of h there where the backbone came without a projector. What needs pairs of views is left out where
    there are none.
    """
    found = _measure(options, context, images=options.images, pairs=options.pairs)
    _print(options.dataset, found)
    return [Metric(options.dataset, name, "test", "last", value) for name, value in found.items()]


def rehearse(options: RepresentationOptions, context: Context) -> None:
    """Measure on the fewest images and pairs of views that can be measured on."""
    _measure(options, context, images=FEWEST, pairs=FEWEST)


def check_data(options: RepresentationOptions, *, data_root: Path, store: Path) -> str:
    """List the fixed images, decode a sample of them, and return their fingerprint.

    Raises:
        ValueError: they are missing, too few or damaged; one line.
    """
    images = fixed_images(options, data_root=data_root, count=options.images)
    found = fingerprint(images.root, [images.root / name for name in images.names], store=store)
    decode_once([images], found, store=store)
    return found


def fixed_images(options: RepresentationOptions, *, data_root: Path, count: int) -> Images:
    """An even spread of `count` images over the order of their paths; all where there are fewer.

    Raises:
        ValueError: the folder is missing or has fewer images than any estimate needs.
    """
    root = data_root / options.data
    if not root.is_dir():
        raise ValueError(f"{options.dataset}: {root} is missing; expected a folder of images")
    files = list(image_files(root))
    if len(files) < FEWEST:
        raise ValueError(f"{options.dataset}: {root} must have at least {FEWEST} images, got {len(files)}")
    kept = min(count, len(files))
    names = [str(files[row * len(files) // kept].relative_to(root)) for row in range(kept)]
    return from_files(root, [(name, 0) for name in names], classes=["image"])


def _measure(options: RepresentationOptions, context: Context, *, images: int, pairs: int) -> dict[str, float]:
    """All numbers by name; `FEATURES` is written."""
    step = itertools.count(1)
    backbone = load_backbone(context.backbone, context.spec).to(context.device)
    projector = nn.Identity() if context.projector is None else load_projector(context.projector).to(context.device)
    shown = fixed_images(options, data_root=context.data_root, count=images)
    h = encode(backbone, shown, _as_shown(options.image_size), device=context.device).x
    context.kept.mkdir(parents=True, exist_ok=True)
    np.save(context.kept / FEATURES, h.cpu().numpy().astype(np.float16))
    found = _of_images(_double(h), _double(_projected(projector, h)))
    context.report(next(step), _STEPS, found)
    if context.pairs is None:
        return found
    views = context.pairs(pairs)
    if len(views[0]) < FEWEST:
        raise ValueError(f"{options.dataset}: the pretraining must have at least {FEWEST} pairs, got {len(views[0])}")
    features = [_encoded(backbone, view, device=context.device) for view in views]
    z1, z2 = (_double(_projected(projector, each)) for each in features)
    settings = Settings(options.components, options.neighbours, options.pixels, options.noise, context.seed)
    pixels = _pixels(views[0])
    parts: tuple[Callable[[], dict[str, float]], ...] = (
        lambda: {
            "alignment_squared": quality.alignment(z1, z2),
            "lidar_dims": quality.lidar(torch.stack([_double(each) for each in features], dim=1)),
        },
        lambda: between_views(z1.numpy(), z2.numpy(), settings),
        lambda: of_view(z1.numpy(), pixels, settings),
        lambda: features_of_view(_double(features[0]).numpy(), pixels, settings),
    )
    for part in parts:
        found |= part()
        context.report(next(step), _STEPS, found)
    low, high = noise_bracket(z1.numpy(), settings)
    print(f"{options.dataset}: by pairwise distances noise_information_nats is {low:.4f} to {high:.4f}")
    return found


def _of_images(h: Tensor, z: Tensor) -> dict[str, float]:
    return {
        "uniformity_nats": quality.uniformity(z),
        "spread": quality.spread(z),
        "rankme_dims": quality.rankme(h),
        "effective_rank_dims": quality.effective_rank(h),
    }


def _as_shown(size: int) -> Transform:
    """The centre of an image whose shorter side is resized to S: (3, S, S) uint8."""
    resize = v2.Resize(size, interpolation=InterpolationMode.BICUBIC)
    whole: Transform = v2.Compose([resize, v2.CenterCrop(size), v2.PILToTensor()])
    return whole


@torch.no_grad()
def _encoded(backbone: Backbone, views: Tensor, *, device: str) -> Tensor:
    """Features (N, F) of normalised views (N, 3, H, W)."""
    return torch.cat([backbone(part.to(device)) for part in views.split(_BATCH)])


@torch.no_grad()
def _projected(projector: nn.Module, h: Tensor) -> Tensor:
    z: Tensor = projector(h)
    return z


def _pixels(views: Tensor) -> Floats:
    """Pixels (N, P) of views (N, 3, H, W), at most 32 x 32: the first principal components show no finer ones."""
    if max(views.shape[2:]) > _FINEST:
        views = interpolate(views, size=(_FINEST, _FINEST), mode="area")
    return np.asarray(_double(views.flatten(1)).numpy())


def _double(values: Tensor) -> Tensor:
    return values.detach().cpu().double()


def _print(dataset: str, found: dict[str, float]) -> None:
    """A table of the numbers, for the log."""
    print(f"{dataset}: representation")
    for name, value in found.items():
        print(f"  {name:<26}{value:>10.4f}")
