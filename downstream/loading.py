"""From labelled images to batches: decoded, cropped and augmented, by worker processes where a GPU waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import InterpolationMode, v2

from downstream.cores import cores
from downstream.images import Images
from downstream.subsets import derived_seed

if TYPE_CHECKING:
    from PIL import Image

    from downstream.image_options import FinetuningOptions, ImagesOptions

Transform = Callable[["Image.Image"], Tensor]

_WORKERS = 16  # at most; a GPU that trains on 224-pixel crops waits for about as many cores


@dataclass(frozen=True)
class Sampling:
    """What the stream of a training is drawn from: how image i is cropped in an epoch depends on these and i alone."""

    seed: int
    epoch: int


def as_tested(options: ImagesOptions) -> Transform:
    """Resize and crop the centre, or squeeze: to (3, S, S) uint8."""
    size, mode = options.image_size, InterpolationMode(options.interpolation)
    if options.resize == 0:
        return _compose(v2.Resize((size, size), interpolation=mode))
    return _compose(v2.Resize(options.resize, interpolation=mode), v2.CenterCrop(size))


def as_trained(options: FinetuningOptions) -> Transform:
    """Random resized crop and flip, or what the test sees: to (3, S, S) uint8."""
    if options.augmentation == "none":
        return as_tested(options)
    size, mode = options.image_size, InterpolationMode(options.interpolation)
    crop = v2.RandomResizedCrop(size, scale=options.crop_scale, interpolation=mode)
    return _compose(crop, v2.RandomHorizontalFlip(options.flip))


def _compose(*steps: Any) -> Transform:
    whole: Transform = v2.Compose([*steps, v2.PILToTensor()])
    return whole


def batches(
    images: Images, transform: Transform, *, order: Tensor, batch: int, device: str, sampling: Sampling | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield uint8 images (B, 3, S, S) and labels (B,) on the device.

    Args:
        images: what is read.
        transform: what becomes of an image.
        order: indices of the images in their order.
        batch: B; the last batch may be smaller.
        device: torch device string.
        sampling: stream of a random transform.
    """
    cuda = device.startswith("cuda")
    loader = DataLoader(
        _Decoded(images, transform, sampling),
        batch_size=batch,
        sampler=order.tolist(),
        num_workers=min(_WORKERS, cores()) if cuda else 0,  # on a CPU they would take its cores
        pin_memory=cuda,
        generator=torch.Generator(),  # a loader draws from its generator; the global one is nobody's here
    )
    for pixels, labels in loader:
        yield pixels.to(device, non_blocking=True), labels.to(device, non_blocking=True)


class _Decoded(Dataset[tuple[Tensor, Tensor]]):
    """Item i is image i as it is seen, and its label."""

    def __init__(self, images: Images, transform: Transform, sampling: Sampling | None) -> None:
        self.images, self.transform, self.sampling = images, transform, sampling

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        image, label = self.images.open(index), self.images.labels[index]
        if self.sampling is None:
            return self.transform(image), label
        with torch.random.fork_rng(devices=[]):
            # Not torch.manual_seed, which would wake CUDA in a worker.
            torch.default_generator.manual_seed(derived_seed(self.sampling.seed, self.sampling.epoch, index))
            return self.transform(image), label
