"""Parts of a training split: the images whose labels are used, and those held out for choices."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from downstream.image_options import FinetuningOptions, ImagesOptions
from downstream.images import Images, Splits

_LABELLED = 0  # seed of the lists that no run's seed changes


@dataclass(frozen=True)
class Parts:
    """Images to train on, and images for choices."""

    fit: Images
    held_out: Images

    @property
    def whole(self) -> Images:
        """Those to train on and, after them, those for choices."""
        return self.fit.join(self.held_out)


def derived_seed(seed: int, *parts: object) -> int:
    """A seed for one purpose of a run, below 2**63."""
    text = "/".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stratified(labels: Tensor, share: float, *, seed: int, groups: Sequence[str] = ()) -> Tensor:
    """Draw a share of every class, at least one image, or that share of its groups as a whole.

    Of two shares with the same seed, the smaller part lies within the larger one.

    Args:
        labels: (N,) int64.
        share: in (0, 1].
        seed: of the draw.
        groups: N names; () where every image is a group of its own.

    Returns:
        Indices (M,) in rising order.
    """
    drawn = []
    for label in labels.unique().tolist():
        members = (labels == label).nonzero().flatten()
        group = _numbered([groups[row] for row in members.tolist()]) if groups else torch.arange(len(members))
        count = int(group.max()) + 1
        order = torch.randperm(count, generator=torch.Generator().manual_seed(derived_seed(seed, label)))
        drawn.append(members[torch.isin(group, order[: max(1, round(share * count))])])
    return torch.cat(drawn).sort().values


def _numbered(names: Sequence[str]) -> Tensor:
    """For each name its place among the different ones."""
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return torch.tensor([places[name] for name in names])


def hold_out(options: ImagesOptions, train: Images, *, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of the training images to fit and of those for choices; no group is on both sides.

    Raises:
        ValueError: a class has too few images for both.
    """
    drawn_by = derived_seed(seed, "validation")
    held_out = stratified(train.labels, options.validation, seed=drawn_by, groups=train.groups)
    rest = _others(held_out, len(train))
    counts = train.labels[rest].bincount(minlength=len(train.classes))
    if int(counts.min()) == 0:
        name = train.classes[int(counts.argmin())]
        raise ValueError(f"{options.dataset}: class '{name}' must have images to train on and to hold out, got too few")
    return rest, held_out


def partition(options: ImagesOptions, splits: Splits, *, data_root: Path, seed: int) -> Parts:
    """The images to train on and those for choices.

    Those for choices are the validation split of the data set, or come from the training images. Where only some labels
    are used, both come from the images that have them: no other label is seen.

    Raises:
        ValueError: the list names images that are not there, or a class has too few for both.
    """
    train, validation = splits.train, splits.validation
    if isinstance(options, FinetuningOptions) and options.partial:
        train, validation = train.take(labelled(options, train, data_root=data_root)), None
    if validation is not None:
        return Parts(train, validation)
    rest, held_out = hold_out(options, train, seed=seed)
    return Parts(train.take(rest), train.take(held_out))


def labelled(options: FinetuningOptions, train: Images, *, data_root: Path) -> Tensor:
    """Indices of the training images whose labels are used, in rising order: a list's, or a draw of a fixed seed."""
    if options.subset:
        return _listed(options, train, data_root / options.subset)
    if options.fraction == 1:
        return torch.arange(len(train))
    return stratified(train.labels, options.fraction, seed=_LABELLED)


def _listed(options: FinetuningOptions, train: Images, file: Path) -> Tensor:
    """Find the images of a list; it names files, or paths from the folder of the training images on."""
    if not file.is_file():
        raise ValueError(f"{options.dataset}: {file} is missing; expected one name of a training image a line")
    places: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(train.names):
        for key in {name, name.removeprefix(f"{options.train}/"), name.rpartition("/")[2]}:
            places[key].append(row)
    rows = []
    for name in filter(None, map(str.strip, file.read_text().splitlines())):
        found = places.get(name, [])
        if len(found) != 1:
            how = "no" if not found else f"{len(found)} images"
            raise ValueError(f"{options.dataset}: {file} must name training images, '{name}' is {how} of {train.root}")
        rows += found
    if not rows:
        raise ValueError(f"{options.dataset}: {file} must name training images, it names none")
    counts = train.labels[rows].bincount(minlength=len(train.classes))
    if int(counts.min()) == 0:
        name = train.classes[int(counts.argmin())]
        raise ValueError(f"{options.dataset}: {file} must name images of every class, '{name}' has none")
    return torch.tensor(sorted(set(rows)))


def _others(rows: Tensor, count: int) -> Tensor:
    """Indices below `count` that are not in `rows`."""
    kept = torch.ones(count, dtype=torch.bool)
    kept[rows] = False
    return kept.nonzero().flatten()
