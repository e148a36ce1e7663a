"""Speed of the view policy on one core, beside torchvision's transforms on PIL images and beside kornia.

The three run the same recipe on the same images, in turns, and are compared within one run:
`python -m benchmark.perf.views`. kornia is measured where it is installed; nothing else needs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision import transforms

from benchmark.views import JigsawConfig, ViewConfig, ViewPolicy

_IMAGES = 256
_ROUNDS = 7


def measure(*, image_size: int = 64, view_size: int = 32) -> dict[str, float]:
    """Median images per second of CPU time on one thread.

    Args:
        image_size: side of the input images in pixels.
        view_size: side of the views in pixels.

    Returns:
        By name: "ours", "pil" and, where it is installed, "kornia".
    """
    config = _recipe(view_size)
    images = _smooth_images(image_size)
    makers = {"ours": _ours(config, images), "pil": _pil(config, images)}
    if importlib.util.find_spec("kornia") is not None:
        makers["kornia"] = _kornia(config, images)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        seconds = [{name: _seconds(make) for name, make in makers.items()} for _ in range(_ROUNDS + 1)]
    finally:
        torch.set_num_threads(threads)
    # The first round warms up.
    return {name: _IMAGES / statistics.median(taken[name] for taken in seconds[1:]) for name in makers}


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


def _seconds(make: Callable[[], object]) -> float:
    # CPU time: what else the machine is doing counts less.
    start = time.process_time()
    make()
    return time.process_time() - start


def _ours(config: ViewConfig, images: Tensor) -> Callable[[], object]:
    policy, index = ViewPolicy(config, seed=0), torch.arange(len(images))
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


def main() -> None:
    """Print what is measured at two sizes, as a ratio to our speed too."""
    for image_size, view_size in ((64, 32), (64, 64), (256, 224)):
        speeds = measure(image_size=image_size, view_size=view_size)
        for name, speed in speeds.items():
            ratio = speeds["ours"] / speed
            print(f"views {image_size} -> {view_size} px: {name:6} {speed:6.0f} images/s, ours is {ratio:.2f}x as fast")


if __name__ == "__main__":
    main()
