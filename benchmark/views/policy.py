"""The view policy: a batch of uint8 images in, one normalised view of each out, on the device of the images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from benchmark.views import jigsaw, operations, randaugment
from benchmark.views.kernels import kernels_for
from benchmark.views.parameters import ViewConfig, ViewParameters, draw

__all__ = ["ViewConfig", "ViewPolicy"]

# In the order of ViewConfig.jitter.
_JITTER: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    operations.adjust_brightness_,
    operations.adjust_contrast_,
    operations.adjust_saturation_,
    operations.adjust_hue_,
)
# What `draw` calls the view that is cut into patches.
_PUZZLE = 2
# On a CPU, images are cropped in parts of this many input values (2 MB as float32): larger temporaries leave the cache.
_CPU_PART = 2**19
# On a CPU, from this product of the sides of image and view on, an image is cropped by torch's own kernel. It does not
# multiply by the zeros outside of each filter's reach, but takes one image at a time.
_CPU_LARGE = 2**13


class ViewPolicy:
    """Random views of images: crop and flip, colour jitter, blur, RandAugment, grayscale, solarise, normalise.

    This is also their order, InfoMin Aug's (arXiv 2005.10243). SimCLR and BYOL blur after the grayscale, which without
    RandAugment between them is the same: both are linear, one over pixels, the other over channels. With a
    `patch_pair`, two patches at a given distance take the place of the random crops.

    The semantics are those of torchvision's transforms on float tensors, except that every image of a batch has its own
    parameters. What an image looks like depends on (seed, step, its index, view) alone: the rest of the batch and its
    order change no parameter on any device, and no bit of a pixel on a CPU. Every device gets the same parameters;
    pixels differ between devices by rounding: of floats, and where a CPU crops large images (image side times view side
    2**13 or more) to whole levels of 1/255, after rows and after columns, as PIL does.
    """

    def __init__(self, config: ViewConfig, *, seed: int) -> None:
        self.config = config
        self.seed = seed

    def __call__(self, images: Tensor, *, step: int, index: Tensor, view: int) -> Tensor:
        """Make one view of every image.

        Args:
            images: (N, 3, H, W) uint8.
            step: training step, 0 to 2**32 - 1.
            index: (N,) integers that name the images in the data set, 0 to 2**32 - 1. Best on the CPU: from a GPU they
                are fetched, and the caller waits.
            view: 0 for the first view, 1 for the second.

        Returns:
            (N, 3, size, size) float32, normalised, on the device of `images`.

        Raises:
            ValueError: images or index have another type or shape, or the images do not hold the patches of a pair.
        """
        _check(images, index)
        height, width = images.shape[2:]
        index = index.cpu()
        parameters = draw(self.config, image_size=(height, width), seed=self.seed, step=step, index=index, view=view)
        views = _crop(images, parameters, size=self.config.size)
        kernels = kernels_for(views.device)
        table = None if kernels is None else kernels.table_of(parameters, device=views.device)
        if kernels is None:
            self._jitter_(views, parameters)
        elif any(self.config.jitter):
            kernels.jitter_(views, table)
        _replace_(views, parameters.blur, self._blur, parameters.sigma)
        for turn in randaugment.draw(self.config.randaugment, seed=self.seed, step=step, index=index, view=view):
            for chosen, operation, values in turn.steps():
                _replace_(views, chosen, operation, *values)
        if kernels is not None:
            finished: Tensor = kernels.finish_(views, table, mean=self.config.mean, std=self.config.std)
            return finished
        _replace_(views, parameters.grayscale, lambda part: operations.grayscale(part).expand_as(part))
        _replace_(views, parameters.solarize, operations.solarize)
        return self._normalise_(views)

    def patches(self, images: Tensor, *, step: int, index: Tensor) -> Tensor:
        """Crop, flip and cut every image into the patches of a 3 x 3 jigsaw puzzle; the colours stay as they are.

        The crop is a random one of the whole image, also where the views are pairs of patches.

        Args:
            images: as for a view.
            step: as for a view.
            index: as for a view.

        Returns:
            (N, 9, 3, patch, patch) float32, normalised, on the device of `images`.
        """
        _check(images, index)
        height, width = images.shape[2:]
        puzzle, index = self.config.jigsaw, index.cpu()
        config = replace(self.config, crop_scale=puzzle.crop_scale, patch_pair=None)
        parameters = draw(config, image_size=(height, width), seed=self.seed, step=step, index=index, view=_PUZZLE)
        squares = _crop(images, parameters, size=puzzle.side)
        return self._normalise_(jigsaw.cut(squares, puzzle, seed=self.seed, step=step, index=index))

    def _jitter_(self, views: Tensor, parameters: ViewParameters) -> None:
        for position in range(len(_JITTER)):
            for column, (strength, adjust_) in enumerate(zip(self.config.jitter, _JITTER, strict=True)):
                if strength > 0:
                    chosen = parameters.jitter & (parameters.order[:, position] == column)
                    _replace_(views, chosen, adjust_, parameters.factors[:, column])

    def _blur(self, views: Tensor, sigma: Tensor) -> Tensor:
        kernel = operations.gaussian_kernel(sigma, taps=self.config.blur_kernel)
        weights = operations.blur_weights(kernel, size=self.config.size)
        return operations.resample(views, rows=weights, columns=weights)

    def _normalise_(self, views: Tensor) -> Tensor:
        statistics = torch.tensor([self.config.mean, self.config.std]).view(2, 3, 1, 1)  # of views and of patches alike
        mean, std = statistics.to(views.device, non_blocking=True)
        return views.sub_(mean).div_(std)


def _crop(images: Tensor, parameters: ViewParameters, *, size: int) -> Tensor:
    if images.device.type == "cpu" and size * max(images.shape[2:]) >= _CPU_LARGE:
        return _crop_one_by_one(images, parameters, size=size)
    sides = torch.stack([parameters.top, parameters.height, parameters.left, parameters.width, parameters.flip])
    top, height, left, width, flip = sides.to(images.device, non_blocking=True)
    rows = operations.resize_weights(top, height, size_in=images.shape[2], size_out=size)
    columns = operations.resize_weights(left, width, size_in=images.shape[3], size_out=size, flip=flip).div_(255)
    views = torch.empty(len(images), 3, size, size, device=images.device)
    count = max(1, _CPU_PART // images.shape[1:].numel() if images.device.type == "cpu" else len(images))
    parts = (torch.split(each, count) for each in (images, rows, columns, views))
    for source, of_rows, of_columns, target in zip(*parts, strict=True):
        target.copy_(operations.resample(source.float(), rows=of_rows, columns=of_columns))
    return views


def _crop_one_by_one(images: Tensor, parameters: ViewParameters, *, size: int) -> Tensor:
    box = (parameters.top, parameters.height, parameters.left, parameters.width, parameters.flip)
    views = torch.empty(len(images), 3, size, size)
    for image, (top, height, left, width, flip), view in zip(
        images, torch.stack(box, dim=1).tolist(), views, strict=True
    ):
        part = image[None, :, top : top + height, left : left + width]  # uint8, whose kernels are twice as fast
        part = interpolate(part, (size, size), mode="bilinear", antialias=True)[0]
        torch.div(part.flip(2) if flip else part, 255, out=view)
    return views


def _replace_(views: Tensor, chosen: Tensor, operation: Callable[..., Tensor], *values: Tensor) -> None:
    """Put the chosen images, and the values that belong to them, through an operation."""
    rows = chosen.nonzero().squeeze(1)
    if len(rows):
        values = tuple(value[rows].to(views.device, non_blocking=True) for value in values)
        rows = rows.to(views.device, non_blocking=True)
        views.index_copy_(0, rows, operation(views.index_select(0, rows), *values))


def _check(images: Tensor, index: Tensor) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"views: images must be (N, 3, H, W) uint8, got {tuple(images.shape)} {images.dtype}")
    if index.shape != images.shape[:1]:
        raise ValueError(f"views: index must be ({len(images)},), one per image, got {tuple(index.shape)}")
