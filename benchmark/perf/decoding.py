"""From JPEGs to views on one core: packed, and decoded anew, beside the plain pipeline of PIL images.

The plain pipeline is that of most training scripts: `Image.open`, `convert("RGB")`, torchvision's random resized crop,
flip, `ToTensor` and `Normalize`, stacked to a batch. The JPEGs are made here: random scenes with detail at every scale,
quality 90; a batch has each of them several times.
"""

from __future__ import annotations

import importlib
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision import transforms

from benchmark.config import load
from benchmark.perf.comparison import Comparison, alternate
from benchmark.perf.peers import problem
from benchmark.perf.pretraining_process import pretraining_process
from benchmark.views import ViewConfig, ViewPolicy
from downstream.decoding import decode
from downstream.image_sets import Pixels, open_images
from downstream.imagefolder import image_folder

_PART = "Data"
_STORED, _SHOWN = 256, 224
_PLAIN_PIL = "plain PIL"
_WAYS = {"packed": False, "streamed": True}
_BAR = 2.0
_BATCH = 128
_INSTALL = {"cv2": "pip install opencv-python-headless"}
_TWICE = "both decode the JPEG; ours also brings it to the size that packed images have, so that views are the same"


@dataclass(frozen=True)
class Size:
    """JPEGs of one size.

    Attributes:
        width: in pixels.
        height: in pixels.
        count: how many different ones are made.
    """

    width: int
    height: int
    count: int

    def __str__(self) -> str:
        return f"{self.width} x {self.height} JPEGs"


SIZES = (Size(500, 375, 16), Size(2000, 1500, 4))


def measure() -> Iterator[Comparison]:
    """Images a second of processor time on one thread, from JPEGs of two sizes."""
    yield from measure_sizes(SIZES)


def measure_sizes(sizes: tuple[Size, ...], *, batch: int = _BATCH) -> Iterator[Comparison]:
    """The same from JPEGs of the given sizes, and with another batch."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for size in sizes:
            files = [_jpeg(size, seed) for seed in range(size.count)]
            yield from _pipelines(size, [files[number % len(files)] for number in range(batch)])
            yield from _decoders(size, files)
    finally:
        torch.set_num_threads(threads)


def _pipelines(size: Size, files: list[bytes]) -> Iterator[Comparison]:
    with tempfile.TemporaryDirectory() as folder, pretraining_process() as inside:
        Path(folder, "images").mkdir()
        for number, content in enumerate(files):
            Path(folder, "images", f"{number:03d}.jpg").write_bytes(content)
        for views, words in ((1, "one view"), (2, "two views")):
            arms = {name: inside(our_rate, folder, stream=stream, views=views) for name, stream in _WAYS.items()}
            found = alternate(arms | {_PLAIN_PIL: partial(_rate, partial(_plain, files, views), len(files))})
            for name in _WAYS:
                what = f"{size}, {name} at {_STORED} px, {words} of {_SHOWN} px, batch {len(files)}, one thread"
                note = _TWICE if name == "streamed" else ""
                rates = found[name], found[_PLAIN_PIL]
                yield Comparison(_PART, what, "images/s", *rates, _PLAIN_PIL, bar=_BAR, note=note)


def _decoders(size: Size, files: list[bytes]) -> Iterator[Comparison]:
    what = f"{size}, decoded to {_STORED} px, one thread"
    missing = {name: why for name in DECODERS if (why := why_not(name, files[0]))}
    there = {name: way for name, (_, way) in DECODERS.items() if name not in missing}
    arms = {name: _all(way, files) for name, way in {"ours": _decode, **there}.items()}
    found = _rates(arms, count=len(files))
    for name in DECODERS:
        ours, theirs = (found["ours"], found[name]) if name in found else ((), ())
        yield Comparison(_PART, what, "images/s", ours, theirs, name, note=missing.get(name, ""))


def why_not(name: str, content: bytes) -> str:
    """Why a decoder cannot be measured, in one line; "" if it decodes the content."""
    package, way = DECODERS[name]
    if find_spec(package) is None:
        return f"{package} is not installed here: {problem(package) or _INSTALL.get(package, 'make perf installs it')}"
    try:
        way(content)
    # What such a package raises that lacks a library of the system, or a function in this version.
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        return f"{package} does not decode here: {(str(error).strip() or type(error).__name__).splitlines()[0]}"
    return ""


def _all(way: Callable[[bytes], object], files: list[bytes]) -> Callable[[], object]:
    return lambda: [way(content) for content in files]


def _rates(arms: dict[str, Callable[[], object]], *, count: int) -> dict[str, tuple[float, ...]]:
    return alternate({name: partial(_rate, make, count) for name, make in arms.items()})


def _rate(make: Callable[[], object], count: int) -> float:
    started = time.process_time()  # of the processor: what else the machine does counts less
    make()
    return count / (time.process_time() - started)


def _jpeg(size: Size, seed: int) -> bytes:
    """Smooth noise of every scale, the finer the fainter, without colour in what is fine."""
    stream, scene = np.random.default_rng(seed), np.zeros((size.height, size.width, 3), dtype=np.float32)
    cells, strength = 4, 1.0
    while cells <= max(size.width, size.height) // 2:
        coarse = stream.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        coarse = coarse if cells < 16 else coarse[..., :1].repeat(3, axis=2)
        fine = Image.fromarray(coarse).resize((size.width, size.height), Image.Resampling.BICUBIC)
        scene += strength * (np.asarray(fine, dtype=np.float32) - 127.5)
        cells, strength = 2 * cells, 0.75 * strength
    pixels = (scene * (55 / scene.std()) + 127.5).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()


def _recipe() -> ViewConfig:
    """Random crops and flips alone."""
    views = replace(load("imagefolder").views, size=_SHOWN, crop_scale=(0.08, 1.0))
    return replace(views, jitter_p=0.0, grayscale_p=0.0, blur_p=0.0, solarize_p=0.0)


def our_rate(folder: str, *, stream: bool, views: int) -> float:
    """Images a second of processor time of ours, in the process where it is called."""
    images = _opened(folder, stream)
    return _rate(partial(_ours, images, views), len(images))


@cache
def _opened(folder: str, stream: bool) -> Pixels:
    source, store = image_folder(Path(folder, "images")), Path(folder, "store")
    return open_images(source, image_size=_STORED, store=store, stream=stream).images


def _ours(images: Pixels, views: int) -> list[Tensor]:
    policy = ViewPolicy(_recipe(), seed=0)
    index = torch.randperm(len(images))
    batch = images[index]
    return [policy(batch, step=0, index=index, view=view) for view in range(views)]


_PLAIN = transforms.Compose(
    [
        transforms.RandomResizedCrop(_SHOWN),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize((0.5,) * 3, (0.5,) * 3),
    ]
)


def _plain(files: list[bytes], views: int) -> list[Tensor]:
    images = (Image.open(io.BytesIO(content)).convert("RGB") for content in files)
    pairs = [[_PLAIN(image) for _ in range(views)] for image in images]
    return [torch.stack(batch) for batch in zip(*pairs, strict=True)]


def _decode(content: bytes) -> Tensor:
    return decode(content, size=_STORED)


def _pillow(content: bytes) -> Tensor:
    """Pillow alone: decoded in full, resized by Pillow."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    scale = _STORED / min(image.size)
    sides = round(image.width * scale), round(image.height * scale)
    left, top = ((side - _STORED) // 2 for side in sides)
    image = image.resize(sides, Image.Resampling.BICUBIC).crop((left, top, left + _STORED, top + _STORED))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def _resized(pixels: Tensor) -> Tensor:
    """Resize (3, H, W) uint8 as ours are."""
    height, width = pixels.shape[1:]
    scale = _STORED / min(height, width)
    sides = [round(height * scale), round(width * scale)]
    pixels = interpolate(pixels[None], sides, mode="bicubic", antialias=True)[0]
    top, left = ((side - _STORED) // 2 for side in sides)
    return pixels[:, top : top + _STORED, left : left + _STORED].contiguous()


def _of_array(pixels: NDArray[np.uint8]) -> Tensor:
    return _resized(torch.from_numpy(pixels).permute(2, 0, 1))


def _simplejpeg(content: bytes) -> Tensor:
    """libjpeg-turbo, at one of its fractions in eighths."""
    library = importlib.import_module("simplejpeg")
    least: dict[str, Any] = {"min_height": _STORED, "min_width": _STORED, "min_factor": 1}
    return _of_array(library.decode_jpeg(content, **least))


def _simplejpeg_whole(content: bytes) -> Tensor:
    return _of_array(importlib.import_module("simplejpeg").decode_jpeg(content))


def _torchcodec(content: bytes) -> Tensor:
    library = importlib.import_module("torchcodec.decoders")
    return _resized(library.decode_jpeg(torch.frombuffer(bytearray(content), dtype=torch.uint8)))


def _opencv(content: bytes) -> Tensor:
    library = importlib.import_module("cv2")
    return _of_array(library.imdecode(np.frombuffer(content, dtype=np.uint8), library.IMREAD_COLOR_RGB))


DECODERS: dict[str, tuple[str, Callable[[bytes], Tensor]]] = {
    "Pillow's own resizing": ("PIL", _pillow),
    "simplejpeg, at a fraction": ("simplejpeg", _simplejpeg),
    "simplejpeg": ("simplejpeg", _simplejpeg_whole),
    "torchcodec": ("torchcodec", _torchcodec),
    "OpenCV": ("cv2", _opencv),
}
"""Ways that were not chosen: name -> package that is imported, and what decodes."""
