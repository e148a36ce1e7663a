"""Which factors of images a frozen backbone's features tell, and how much they say of each: linear and MLP probes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL.Image import Resampling
from torch import Tensor

from downstream.backbone import load_backbone
from downstream.factor_mlp import MLPSettings, mlp_probe
from downstream.factor_probes import Answers, Parts, Sample, Scores, Trials, linear_probe, scored, standardised
from downstream.factor_tables import FactorTable, read_factors
from downstream.features import encode
from downstream.images import decode_once
from downstream.projector import load_projector
from downstream.selection import Series, write_choices
from downstream.subsets import derived_seed
from downstream.tasks import Context, Metric

if TYPE_CHECKING:
    from PIL.Image import Image

    from downstream.factor_options import FactorOptions


def run(options: FactorOptions, context: Context) -> list[Metric]:
    """Probe features and, where there is a projector, what it makes of them.

    Every image passes through the backbone once. Whatever is chosen is chosen on images held out from training.
    """
    table = read_factors(options, data_root=context.data_root)
    train, held = _shuffled(options, len(table.splits.train), seed=context.seed)
    test = torch.arange(len(table.splits.test))
    metrics, series = _probed(options, context, table, rows=(train, held, test))
    write_choices(context.kept, series, images={"fit": len(train), "validation": len(held), "test": len(test)})
    return metrics


def rehearse(options: FactorOptions, context: Context) -> None:
    """Fit the probes to two images, by the first penalty and in one epoch, and score two."""
    table, two = read_factors(options, data_root=context.data_root), torch.arange(2)
    _probed(replace(options, penalties=options.penalties[:1], epochs=1), context, table, rows=(two, two, two))


def check_data(options: FactorOptions, *, data_root: Path, store: Path) -> str:
    """Read the table, decode a sample of the images, and return the fingerprint of both.

    Raises:
        ValueError: something is missing, malformed or says nothing; one line.
    """
    table = read_factors(options, data_root=data_root)
    _shuffled(options, len(table.splits.train), seed=0)
    found = table.splits.fingerprint(store=store)
    decode_once(table.splits, found, store=store)
    return found


def retention(nats: Sequence[float], entropy: Sequence[float]) -> float:
    """Share of the factors' summed entropy that was found, clipped to [0, 1]."""
    return min(1.0, max(0.0, sum(nats) / sum(entropy)))


def metrics_of(scores: Scores, names: Sequence[str], *, shared: Sequence[str] | None) -> dict[str, float]:
    """Retention of all factors, and of the shared and of the other ones where that is known and there are any.

    Args:
        scores: of a probe.
        names: of the K factors.
        shared: factors that both views of a pretraining had in common; None where that is not known.
    """
    groups: dict[str, list[int]] = {"retention": list(range(len(names)))}
    if shared is not None:
        groups["retention_shared"] = [place for place, name in enumerate(names) if name in shared]
        groups["retention_non_shared"] = [place for place, name in enumerate(names) if name not in shared]
    return {
        name: retention(scores.nats[places].tolist(), scores.entropy[places].tolist())
        for name, places in groups.items()
        if places
    }


def _shuffled(options: FactorOptions, count: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Places of the training images to fit to and of those for choices."""
    held_out = round(options.validation * count)
    if min(held_out, count - held_out) < 2:
        raise ValueError(
            f"{options.dataset}: validation must leave two images to fit to and two for choices, "
            f"got {options.validation} of {count}"
        )
    stream = torch.Generator().manual_seed(derived_seed(seed, "validation"))
    order = torch.randperm(count, generator=stream)
    return order[held_out:], order[:held_out]


def _probed(
    options: FactorOptions, context: Context, table: FactorTable, *, rows: tuple[Tensor, Tensor, Tensor]
) -> tuple[list[Metric], list[Series]]:
    """Probe everything, and say what was chosen.

    `rows` are places of training images to fit to and to choose by, and of test images.
    """
    encoded = dict(_encoded(options, context, table, rows))
    settings = MLPSettings(options.hidden, options.epochs, options.batch, options.lr, options.weight_decay)
    seed = derived_seed(context.seed, "probe")
    steps, total = itertools.count(1), len(encoded) * (len(options.penalties) + 1 + options.epochs)
    found: dict[tuple[str, str], float] = {}
    series: list[Series] = []
    for prefix, parts in encoded.items():

        def progress(loss: float) -> None:
            context.report(next(steps), total, {"validation": loss})

        for probe, (validated, tested, trials) in (
            (f"{prefix}linear", linear_probe(parts, penalties=options.penalties, progress=progress)),
            (f"{prefix}mlp", mlp_probe(parts, settings=settings, seed=seed, progress=progress)),
        ):
            found |= _named(probe, table, _scores(parts, (validated, tested)), shared=context.shared)
            series += _series(probe, table, trials)
    metrics = [Metric(options.dataset, name, split, "selected", value) for (name, split), value in found.items()]
    return metrics, series


def _named(
    probe: str, table: FactorTable, scores: tuple[Scores, Scores], *, shared: Sequence[str] | None
) -> dict[tuple[str, str], float]:
    """Scores of a probe on held-out and test images by metric and split."""
    names, numbers = ([column.name for column in columns] for columns in (table.columns, table.numbers))
    validated, tested = scores
    found: dict[tuple[str, str], float] = {}
    for split, each in (("val", validated), ("test", tested)):
        for name, value in metrics_of(each, names, shared=shared).items():
            found[f"{probe}_{name}", split] = value
    for name, hits in zip(names, validated.top1, strict=True):
        found[f"{probe}_{name}_top1", "val"] = float(hits)
    for name, hits, nats, entropy in zip(names, tested.top1, tested.nats, tested.entropy, strict=True):
        found[f"{probe}_{name}_top1", "test"] = float(hits)
        found[f"{probe}_{name}_nats", "test"] = float(nats)
        found[f"entropy_{name}_nats", "test"] = float(entropy)
    for name, r2 in zip(numbers, tested.r2, strict=True):
        found[f"{probe}_{name}_r2", "test"] = max(0.0, float(r2))
    return found


def _series(probe: str, table: FactorTable, trials: Trials) -> list[Series]:
    """What was chosen among for the classes of every factor and for every value."""
    names = [f"{column.name}_cross_entropy_nats" for column in table.columns]
    names += [f"{column.name}_squared_error" for column in table.numbers]
    losses = [*trials.losses.T.tolist(), *trials.errors.T.tolist()]
    return [
        Series(f"{probe}_{name}", trials.of, trials.settings[: len(tried)], tried, (), lowest=True)
        for name, tried in zip(names, losses, strict=True)
    ]


def _encoded(
    options: FactorOptions, context: Context, table: FactorTable, rows: tuple[Tensor, Tensor, Tensor]
) -> Iterator[tuple[str, Parts]]:
    """Features, and what the projector makes of them, with the prefix of their metrics' names."""
    fit, held_out, test = rows
    splits, images = table.splits, len(table.splits.train)
    backbone = load_backbone(context.backbone, context.spec).to(context.device)
    transform = partial(_squeezed, size=options.image_size)
    train_x, test_x = (
        encode(backbone, part, transform, device=context.device).x
        for part in (splits.train.take(torch.cat([fit, held_out])), splits.test.take(test))
    )
    places = torch.cat([fit, held_out, images + test])
    labels, values = (part[places].to(context.device) for part in (table.labels, table.values))
    h = torch.cat([train_x, test_x])
    encoded = {"": h}
    if context.projector is not None:
        with torch.no_grad():
            encoded["z_"] = load_projector(context.projector).to(context.device)(h)
    classes = tuple(column.classes for column in table.columns)
    circular = tuple(column.circular for column in table.numbers)
    sizes = [len(part) for part in rows]
    for prefix, x in encoded.items():
        split = zip(x.split(sizes), labels.split(sizes), values.split(sizes), strict=True)
        first, second, third = (Sample(*part) for part in split)
        yield prefix, standardised(Parts(first, second, third, classes, circular))


def _squeezed(image: Image, *, size: int) -> Tensor:
    """An image as the backbone sees it, (3, S, S) uint8."""
    pixels = image if image.size == (size, size) else image.resize((size, size), Resampling.BICUBIC)
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)


def _scores(parts: Parts, answers: tuple[Answers, Answers]) -> tuple[Scores, Scores]:
    """Of the held-out and of the test images; H_V(Y) is that of what the probe was fitted to."""
    validated, tested = answers
    return (
        scored(validated, parts.held_out, train=parts.fit, classes=parts.classes),
        scored(tested, parts.test, train=parts.whole, classes=parts.classes),
    )
