"""Image folders: `root/<class>/**/*.jpg`, or images alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from downstream.fingerprint import walk
from downstream.image_sets import ImageSet as ImageSet
from downstream.image_sets import open_images
from downstream.image_sources import ImageSource

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".tif", ".tiff"})


def open_image_folder(root: Path, *, image_size: int, store: Path) -> ImageSet:
    """Read an image folder at one size; see `image_folder` and `open_images`."""
    return open_images(image_folder(root), image_size=image_size, store=store)


def image_folder(root: Path) -> ImageSource:
    """List all images of a folder in the order of their paths, with their labels.

    Raises:
        ValueError: the folder is missing, has no images, or a class folder is empty.
    """
    if not root.is_dir():
        raise ValueError(f"image folder: {root} is missing; expected {root}/<class>/*.jpg")
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    names: list[str] = []
    labels: list[int] = []
    for label, folder in enumerate(folders):
        members = [str(path.relative_to(root)) for path in image_files(folder)]
        if not members:
            raise ValueError(f"image folder: class folder {folder} has no images")
        names += members
        labels += [label] * len(members)
    if not folders:
        names = [path.name for path in image_files(root)]
        labels = [-1] * len(names)
        if not names:
            raise ValueError(f"image folder: {root} has no images; expected {root}/<class>/*.jpg")
    classes = tuple(folder.name for folder in folders)
    return ImageSource("image folder", root, tuple(names), torch.tensor(labels), classes)


def image_files(folder: Path) -> Iterator[Path]:
    """Image files at any depth, in the order of their paths, also in linked folders; hidden ones left out."""
    return (path for path in walk(folder) if path.suffix.lower() in EXTENSIONS)
