"""Image operations with one parameter per sample, as batched tensor operations on any device.

Images are (N, 3, H, W) float32 in [0, 1]. Each function computes what torchvision's operation on float tensors of the
same name computes for one image; a trailing underscore means that the images are changed in place and returned.
"""

from __future__ import annotations

import torch
from torch import Tensor

# ITU-R BT.601 luma of R, G, B, to the digits that torchvision uses.
_LUMA = (0.2989, 0.587, 0.114)


def resize_weights(start: Tensor, length: Tensor, *, size_in: int, size_out: int, flip: Tensor | None = None) -> Tensor:
    """Weights that cut intervals out of an axis and resize them, bilinear with antialiasing.

    The triangle filter is as wide as an output pixel where the interval shrinks and as an input pixel where it grows;
    it does not reach beyond the interval. That is the rule of PIL and of torchvision's `antialias=True`.

    Args:
        start: (N,) first pixel of each interval.
        length: (N,) pixels of each interval, at least 1.
        size_in: pixels of the axis.
        size_out: pixels to resize to.
        flip: (N,) not 0 where the result is to be mirrored; None mirrors nothing.

    Returns:
        (N, size_out, size_in) float32, every row sums to 1.
    """
    scale = (length / size_out).unsqueeze(1)
    support = scale.clamp(min=1)
    centre = (torch.arange(size_out, device=start.device) + 0.5) * scale / support
    if flip is not None:
        centre = torch.where(flip.bool().unsqueeze(1), centre.flip(1), centre)
    pixel = torch.arange(size_in, device=start.device) - start.unsqueeze(1)
    outside = (pixel < 0) | (pixel >= length.unsqueeze(1))
    place = ((pixel + 0.5) / support).masked_fill_(outside, torch.inf)
    weights = (place.unsqueeze(1) - centre.unsqueeze(2)).abs_().clamp_(max=1).neg_().add_(1)
    return weights.div_(weights.sum(2, keepdim=True))


def blur_weights(kernel: Tensor, *, size: int) -> Tensor:
    """Weights that convolve an axis with a kernel, mirrored at the borders (the border pixel is not repeated).

    Args:
        kernel: (N, K), K odd and K // 2 < size.
        size: pixels of the axis.

    Returns:
        (N, size, size).
    """
    taps = kernel.shape[1]
    pixel = torch.arange(size, device=kernel.device).unsqueeze(1)
    source = (pixel + torch.arange(taps, device=kernel.device) - taps // 2).abs()
    source = (size - 1) - ((size - 1) - source).abs()
    weights = kernel.new_zeros(len(kernel), size, size)
    return weights.scatter_add_(2, source.expand(len(kernel), -1, -1), kernel.unsqueeze(1).expand(-1, size, -1))


def gaussian_kernel(sigma: Tensor, *, taps: int) -> Tensor:
    """Sampled Gaussians: sigma (N,) in pixels to (N, taps), every row sums to 1; taps is odd."""
    offset = torch.arange(taps, device=sigma.device) - taps // 2
    return torch.softmax((offset / sigma.unsqueeze(1)).square() / -2, dim=1)


def resample(images: Tensor, *, rows: Tensor, columns: Tensor) -> Tensor:
    """Apply one linear map to the rows and one to the columns of every image.

    Args:
        images: (N, C, H, W).
        rows: (N, H', H).
        columns: (N, W', W).

    Returns:
        (N, C, H', W').
    """
    count, channels, height, width = images.shape
    narrow = torch.bmm(images.reshape(count, channels * height, width), columns.transpose(1, 2))
    return torch.matmul(rows.unsqueeze(1), narrow.view(count, channels, height, columns.shape[1]))


def grayscale(images: Tensor) -> Tensor:
    """Luma of every pixel: (N, 3, H, W) to (N, 1, H, W)."""
    red, green, blue = torch.split(images, 1, dim=1)
    return (red * _LUMA[0]).add_(green, alpha=_LUMA[1]).add_(blue, alpha=_LUMA[2])


def adjust_brightness_(images: Tensor, factor: Tensor) -> Tensor:
    """Scale: factor (N,) 0 is black, 1 changes nothing."""
    return images.mul_(_per_image(factor)).clamp_(0, 1)


def adjust_contrast_(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the image's mean luma: factor (N,) 0 is flat, 1 changes nothing."""
    factor = _per_image(factor)
    mean = grayscale(images).mean((1, 2, 3), keepdim=True)
    return images.mul_(factor).add_(mean * (1 - factor)).clamp_(0, 1)


def adjust_saturation_(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the pixel's luma: factor (N,) 0 is gray, 1 changes nothing."""
    factor = _per_image(factor)
    gray = grayscale(images).mul_(1 - factor)
    return images.mul_(factor).add_(gray).clamp_(0, 1)


def adjust_hue_(images: Tensor, shift: Tensor) -> Tensor:
    """Turn the hue of HSV: shift (N,) in turns, -0.5 to 0.5.

    With maximum M, chroma C = M - minimum and hue x in sixths of a turn, HSV gives back red = M - 2C + C clip(|x - 3|),
    green = M + C - C clip(|x - 2|) and blue = M + C - C clip(|x - 4|), clip being to [1, 2].
    """
    red, green, blue = images.unbind(1)
    top = torch.maximum(red, green).maximum(blue)
    chroma = top - torch.minimum(red, green).minimum(blue)
    # Masks of 0.0 and 1.0 with lerp select exactly, as torch.where does, and are ten times as fast on a CPU.
    is_red, is_green = (torch.eq(top, channel, out=torch.empty_like(top)) for channel in (red, green))
    numerator = (red - green).add_(chroma, alpha=4).lerp_((blue - red).add_(chroma, alpha=2), is_green)
    numerator.lerp_(green - blue, is_red)
    # A gray pixel has numerator 0 and chroma 0: any divisor will do.
    hue = numerator.div_(chroma.clamp(min=1e-30)).add_(6 * shift.view(-1, 1, 1))
    hue.sub_((hue * (1 / 6)).floor_(), alpha=6)
    torch.addcmul(top.sub(chroma, alpha=2), chroma, (hue - 3).abs_().clamp_(1, 2), out=red)
    top.add_(chroma)
    torch.addcmul(top, chroma, (hue - 2).abs_().clamp_(1, 2), value=-1, out=green)
    torch.addcmul(top, chroma, hue.sub_(4).abs_().clamp_(1, 2), value=-1, out=blue)
    return images


def solarize(images: Tensor) -> Tensor:
    """Invert every value that is at least 0.5."""
    return torch.minimum(images, 1 - images)


def _per_image(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)
