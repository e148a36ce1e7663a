"""The operators that mmdet needs from mmcv: compiled ones where they load, else torchvision's behind the same names.

mmcv finds its operators as attributes of the extension module `mmcv._ext`. A default installation of `onedl-mmcv` has
no such module; `install` then puts one in its place that answers with torchvision's kernels (CPU and CUDA). Signatures
and conventions are those of `mmcv/ops/csrc/pytorch`: most results are written into a tensor that the caller passes.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torchvision.ops import nms as torchvision_nms
from torchvision.ops import sigmoid_focal_loss

_NAME = "mmcv._ext"
_AVERAGE = 1  # mmcv's code for pool_mode: 0 is max, 1 is average
_REINSTALL = "pip install --force-reinstall --no-cache-dir --no-deps --no-build-isolation onedl-mmcv"


def install() -> str:
    """Make `import mmcv.ops` work. Call it before anything of mmdet, mmseg or mmcv.ops is imported.

    Returns:
        "compiled" where mmcv's own extension loads, else "torchvision".

    Warns:
        UserWarning: an extension is there and does not load; torchvision's operators stand in for it.
    """
    loaded = sys.modules.get(_NAME)
    if isinstance(loaded, _TorchvisionExtension):
        return "torchvision"
    if loaded is not None or _load_compiled():
        return "compiled"
    sys.modules[_NAME] = _TorchvisionExtension()
    return "torchvision"


def _load_compiled() -> bool:
    """Import mmcv's extension; False if there is none or if it does not load."""
    files = _compiled_files()
    if not files:
        return False
    try:
        importlib.import_module(_NAME)
    except (ImportError, OSError) as error:
        reason = " ".join(str(error).split())
        warnings.warn(
            f"mmcv: {files[0]} does not load, so torchvision's operators are used ({reason}). "
            f"A cached wheel built against another torch does this: {_REINSTALL}",
            stacklevel=3,
        )
        return False
    return True


def _compiled_files() -> list[Path]:
    """Files that could be mmcv's extension, found without importing mmcv."""
    package = importlib.util.find_spec("mmcv")
    folders = package.submodule_search_locations if package else None
    candidates = (Path(folder) / f"_ext{suffix}" for folder in folders or () for suffix in EXTENSION_SUFFIXES)
    return [file for file in candidates if file.is_file()]


class _TorchvisionExtension(ModuleType):
    """Stands where mmcv expects its compiled extension; operators that it lacks fail when they are called."""

    def __init__(self) -> None:
        super().__init__(_NAME, __doc__)
        self.__spec__ = ModuleSpec(_NAME, loader=None)
        self.nms = nms
        self.roi_align_forward = roi_align_forward
        self.roi_align_backward = roi_align_backward
        self.sigmoid_focal_loss_forward = sigmoid_focal_loss_forward
        self.sigmoid_focal_loss_backward = sigmoid_focal_loss_backward

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("__"):  # inspect and pickle probe modules for optional dunder attributes
            raise AttributeError(name)

        def missing(*_: Any, **__: Any) -> None:
            raise RuntimeError(_sentence(name))

        return missing


def _sentence(name: str) -> str:
    build = f"MMCV_WITH_OPS=1 {_REINSTALL}"
    return f"mmcv: '{name}' needs the compiled operators; build onedl-mmcv with its ops against this torch: {build}"


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Greedy non-maximum suppression.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2 in pixels.
        scores: (N,).
        iou_threshold: a box goes if its IoU with a kept one is greater.
        offset: 0 or 1, added to every width and height.

    Returns:
        Indices of the kept boxes, highest score first.
    """
    extent = boxes.new_tensor([0, 0, offset, offset])
    return torchvision_nms(boxes + extent, scores, iou_threshold)  # type: ignore[no-any-return]


def roi_align_forward(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,  # noqa: ARG001
    argmax_x: Tensor,  # noqa: ARG001
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Average-pool each region of `features` (N, C, H, W) into `output` (K, C, aligned_height, aligned_width).

    `rois` is (K, 5): image index, x1, y1, x2, y2. `sampling_ratio` counts the samples per bin and axis; 0 or less takes
    as many as the bin has cells. `aligned` shifts by half a pixel, so that pixel centres lie at integers.

    Raises:
        RuntimeError: `pool_mode` is not average.
    """
    _require_average(pool_mode, "roi_align_forward")
    size = (aligned_height, aligned_width)
    output.copy_(torch.ops.torchvision.roi_align(features, rois, spatial_scale, *size, sampling_ratio, aligned))


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,  # noqa: ARG001
    argmax_x: Tensor,  # noqa: ARG001
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Write the gradient of `roi_align_forward` with respect to its features into `grad_input` (N, C, H, W).

    torchvision's kernel for the CPU runs on one thread, so there each thread takes a share of the images. The bits are
    the same: an image's gradient is summed over its own regions, in their order.
    """
    _require_average(pool_mode, "roi_align_backward")

    def gradient(grad_output: Tensor, rois: Tensor, images: int) -> Tensor:
        size, shape = (aligned_height, aligned_width), (images, *grad_input.shape[1:])
        kernel = torch.ops.torchvision._roi_align_backward
        found: Tensor = kernel(grad_output, rois, spatial_scale, *size, *shape, sampling_ratio, aligned)
        return found

    threads = torch.get_num_threads() if grad_input.device.type == "cpu" else 1
    if threads == 1:
        grad_input.copy_(gradient(grad_output, rois, len(grad_input)))
        return
    counts = [len(share) for share in torch.arange(len(grad_input)).chunk(threads)]
    shares = list(_shares(grad_output, rois, counts))
    with ThreadPoolExecutor(len(shares), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        torch.cat(list(pool.map(gradient, *zip(*shares, strict=True))), out=grad_input)
    torch.set_num_threads(threads)  # what the pool's threads have set holds for all that begin later


def _shares(grad_output: Tensor, rois: Tensor, counts: Sequence[int]) -> Iterator[tuple[Tensor, Tensor, int]]:
    """For one count of images after another: gradients, regions with images counted from 0, and the count."""
    first = 0
    for count in counts:
        mine = (rois[:, 0] >= first) & (rois[:, 0] < first + count)
        yield grad_output[mine], rois[mine] - rois.new_tensor([first, 0, 0, 0, 0]), count
        first += count


def sigmoid_focal_loss_forward(
    logits: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Write the focal loss of every logit into `output` (N, C).

    Args:
        logits: (N, C).
        target: (N,) class of each row, C for background.
        weight: (C,) weight of each row by its class (background: 1), or empty for none.
        output: (N, C), overwritten.
        gamma: focusing exponent.
        alpha: weight of the positive entries; the negative ones get 1 - alpha.

    Source:
        Lin et al., "Focal Loss for Dense Object Detection", 2017, eq. 5.
    """
    output.copy_(_focal_loss(logits, target, weight, gamma=gamma, alpha=alpha))


def sigmoid_focal_loss_backward(
    logits: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Write the gradient of the summed focal loss with respect to the logits into `grad_input` (N, C)."""
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        total = _focal_loss(leaf, target, weight, gamma=gamma, alpha=alpha).sum()
    grad_input.copy_(torch.autograd.grad(total, leaf)[0])


def _focal_loss(logits: Tensor, target: Tensor, weight: Tensor, *, gamma: float, alpha: float) -> Tensor:
    positive = target[:, None] == torch.arange(logits.shape[1], device=logits.device)
    loss: Tensor = sigmoid_focal_loss(logits, positive.to(logits), alpha=alpha, gamma=gamma)
    if weight.numel() == 0:
        return loss
    return loss * torch.cat([weight, weight.new_ones(1)])[target, None]


def _require_average(pool_mode: int, name: str) -> None:
    if pool_mode != _AVERAGE:
        raise RuntimeError(_sentence(f"{name} with pool_mode 'max'"))
