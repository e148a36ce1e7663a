"""The view policy on one core, beside torchvision's transforms on PIL images and beside kornia.

All run the same recipe on the same images. Seconds are those of the processor: what else the machine does counts less.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from functools import cache, partial

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision import transforms

from benchmark.perf.comparison import Comparison, alternate
from benchmark.perf.peers import problem
from benchmark.perf.pretraining_process import pretraining_process
from benchmark.views import JigsawConfig, ViewConfig, ViewPolicy

_PART = "Views"
_IMAGES = 256
_KORNIA = "kornia"
_SIZES = ((64, 32), (64, 64), (256, 224))


def measure() -> Iterator[Comparison]:
    """Images a second of processor time on one thread, at three sizes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with pretraining_process() as inside:
            for image_size, view_size in _SIZES:
                ours = inside(our_rate, image_size, view_size)
                found = alternate({"ours": ours} | _arms(_recipe(view_size), _smooth_images(image_size)))
                yield from _rows(f"SimCLR's recipe, {image_size} -> {view_size} px, one thread", found)
    finally:
        torch.set_num_threads(threads)


def _rows(what: str, found: dict[str, tuple[float, ...]]) -> Iterator[Comparison]:
    for name in list(found)[1:]:
        yield Comparison(_PART, what, "images/s", found["ours"], found[name], name)
    if _KORNIA not in found:
        note = f"kornia is not installed here: {problem('kornia') or 'make perf installs it'}"
        yield Comparison(_PART, what, "images/s", (), (), _KORNIA, note=note)


def _arms(config: ViewConfig, images: Tensor) -> dict[str, Callable[[], float]]:
    makers = {"torchvision on PIL": _pil(config, images)}
    if importlib.util.find_spec(_KORNIA) is not None:
        makers[_KORNIA] = _kornia(config, images)
    return {name: partial(_rate, make) for name, make in makers.items()}


def _recipe(size: int) -> ViewConfig:
    return ViewConfig(
        size=size,
        crop_scale=(0.2, 1.0),
        crop_ratio=(3 / 4, 4 / 3),
        flip=0.5,
        jitter=(0.4, 0.4, 0.4, 0.1),
        jitter_p=0.8,
        randaugment=(0, 0.0, 0.0),
        grayscale_p=0.2,
        blur_p=0.5,
        blur_sigma=(0.1, 2.0),
        blur_kernel=size // 20 * 2 + 1,
        jigsaw=JigsawConfig(crop_scale=(0.6, 1.0), cell=12, patch=9),
        solarize_p=0.1,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        generator=None,
        factors=None,
        patch_pair=None,
    )


def _smooth_images(size: int) -> Tensor:
    coarse = torch.rand(_IMAGES, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    return F.interpolate(coarse, (size, size), mode="bilinear").mul_(255).to(torch.uint8)


def _rate(make: Callable[[], object]) -> float:
    start = time.process_time()
    make()
    return _IMAGES / (time.process_time() - start)


def our_rate(image_size: int, view_size: int) -> float:
    """Images a second of processor time of ours, in the process where it is called."""
    return _rate(_ours(image_size, view_size))


@cache
def _ours(image_size: int, view_size: int) -> Callable[[], object]:
    policy, images, index = ViewPolicy(_recipe(view_size), seed=0), _smooth_images(image_size), torch.arange(_IMAGES)
    return lambda: policy(images, step=0, index=index, view=0)


def _pil(config: ViewConfig, images: Tensor) -> Callable[[], object]:
    blur = transforms.GaussianBlur(config.blur_kernel, config.blur_sigma)
    pipeline = transforms.Compose(
        [
            transforms.RandomResizedCrop(config.size, config.crop_scale, config.crop_ratio),
            transforms.RandomHorizontalFlip(config.flip),
            transforms.RandomApply([transforms.ColorJitter(*config.jitter)], config.jitter_p),
            transforms.RandomGrayscale(config.grayscale_p),
            transforms.RandomApply([blur], config.blur_p),
            transforms.RandomSolarize(128, config.solarize_p),
            transforms.ToTensor(),
            transforms.Normalize(config.mean, config.std),
        ]
    )
    pictures = [transforms.functional.to_pil_image(image) for image in images]
    return lambda: torch.stack([pipeline(picture) for picture in pictures])


def _kornia(config: ViewConfig, images: Tensor) -> Callable[[], object]:
    augmentation = importlib.import_module("kornia.augmentation")
    side, kernel = (config.size, config.size), (config.blur_kernel, config.blur_kernel)
    pipeline = augmentation.AugmentationSequential(
        augmentation.RandomResizedCrop(side, config.crop_scale, config.crop_ratio),
        augmentation.RandomHorizontalFlip(p=config.flip),
        augmentation.ColorJitter(*config.jitter, p=config.jitter_p),
        augmentation.RandomGrayscale(p=config.grayscale_p),
        augmentation.RandomGaussianBlur(kernel, config.blur_sigma, p=config.blur_p),
        augmentation.RandomSolarize(p=config.solarize_p),
        augmentation.Normalize(config.mean, config.std),
        data_keys=["input"],
    )
    return lambda: pipeline(images.float() / 255)
