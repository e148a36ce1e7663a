"""Pretraining: the whole loop beside forward, backward and step alone, and beside lightly's SimCLR.

Images a second from the start of a loop to its last step, whose batches, views, logging and bookkeeping count. Within
a comparison network, objective, batch, optimiser, precision and cores are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

import torch

from benchmark.config import BenchConfig, load
from benchmark.perf.comparison import Comparison, alternate
from benchmark.perf.images import images_to_measure_on, random_images
from benchmark.perf.lightly_loop import CLOCK, TEMPERATURE, lightly_rates, why_not
from benchmark.perf.pretraining_process import plain_process, pretraining_process
from benchmark.perf.rates import bare_rate, ceiling_rate, loop_rate
from downstream.imagefolder import ImageSet
from objectives.registry import load_objectives

_PART = "Pretraining"
_FLOAT32, _GIVEN_BACK = "ours in float32", "ours, with freed memory given back to the system"
_CEILING = "all its operations at the speed of one large convolution"
SIMCLR = (
    "views.jitter=(0.4,0.4,0.4,0.1)",
    "views.mean=(0.485,0.456,0.406)",
    "views.std=(0.229,0.224,0.225)",
    f"objectives.infonce={{'temperature':{TEMPERATURE}}}",
)
"""The recipe of lightly's CIFAR-10 benchmark: SimCLRTransform(input_size=32, cj_strength=0.5, gaussian_blur=0.0)."""
FULL_STRENGTH = (
    *SIMCLR,
    "views.jitter=(0.8,0.8,0.8,0.2)",
    "views.blur_p=0.5",
    "views.blur_sigma=(0.1,2.0)",
    "views.blur_kernel=13",  # three standard deviations to either side; PIL's filter has no edge
)
"""The recipe that lightly's SimCLRTransform(input_size=32) has by itself, SimCLR's for ImageNet."""


@dataclass(frozen=True)
class Setting:
    """One network on one kind of images.

    Attributes:
        what: in words.
        config: of the pretraining.
        steps: of a turn.
        bare: what is claimed beside the bare loop; None where it is not compared.
        peer: what is claimed beside lightly; None where it is not compared.
        device: torch device string.
        resident: side of white noise to train on; 0 for real images.
    """

    what: str
    config: BenchConfig
    steps: int
    bare: float | None
    peer: float | None
    device: str = "cpu"
    resident: int = 0


def settings() -> list[Setting]:
    """The network of `shapes`, on its own recipe and on SimCLR's for CIFAR-10, and a ResNet-18 at full width."""
    small = ("model.depth=10", "model.width=0.5", "model.stem=stl10")
    narrow, wide = load("cifar10", (*SIMCLR, *small)), load("cifar10", (*SIMCLR, "training.batch=64"))
    blurred = load("cifar10", (*FULL_STRENGTH, *small))
    return [
        Setting("ResNet-10, half width, 64 -> 32 px, batch 256", load("shapes"), 30, 0.9, None, resident=64),
        Setting("ResNet-10, half width, 32 px, batch 256, lightly's own transform", blurred, 8, None, 3.0),
        Setting("ResNet-10, half width, 32 px, batch 256, without blur", narrow, 8, None, 3.0),
        Setting("ResNet-18, 32 px, batch 64", wide, 3, 0.97, 1.0),
    ]


def measure() -> Iterator[Comparison]:
    """Every setting in turn; then a narrow and a wide one beside themselves, to tell what brings how much."""
    load_objectives()
    chosen = settings()
    for setting in chosen:
        yield from compare(setting)
    for setting in (chosen[0], chosen[-1]):
        yield from compare_with_itself(setting)


def compare(setting: Setting) -> Iterator[Comparison]:
    """Beside the bare loop and beside lightly, as far as either is claimed anything of."""
    images, called = _images(setting)
    config, steps, device = setting.config, setting.steps, setting.device
    problem = "" if setting.peer is None else why_not()
    peers = {}
    if setting.peer is not None and not problem:
        peers = lightly_rates(config, images, steps=steps, device=device)
    with pretraining_process(device) as inside:
        arms = {"ours": inside(loop_rate, config, images, steps=steps, device=device)}
        if setting.bare is not None:
            arms["the bare loop"] = inside(bare_rate, config, steps=steps, device=device)
        if device == "cpu":
            arms[_CEILING] = inside(ceiling_rate, config)
        found = alternate(arms | peers)
    note = _turn(setting)
    row = partial(_row, f"{setting.what}, {called}", found)
    if setting.bare is not None:
        yield row("the bare loop", bar=setting.bare, note=note)
    if problem:
        yield missing(setting.what, "lightly", bar=setting.peer, note=problem)
    if peers:
        best = max(peers, key=lambda name: median(found[name]))
        rest = "; ".join(f"{name}: {median(found[name]):.0f} images/s" for name in peers if name != best)
        choice = f"; its better number of worker processes ({rest})" if rest else ""
        yield row(best, bar=setting.peer, note=f"{note}; {CLOCK}{choice}")
    if device == "cpu":
        yield row(_CEILING, bar=None, note="how near the hardware the loop comes")


def compare_with_itself(setting: Setting) -> Iterator[Comparison]:
    """The loop where freed memory goes back to the system; and in bfloat16, beside float32."""
    images, called = _images(setting)
    half = replace(setting.config, training=replace(setting.config.training, precision="bfloat16"))
    with pretraining_process() as inside, plain_process() as elsewhere:
        arms = {
            name: make(loop_rate, config, images, steps=setting.steps, device="cpu")
            for name, make, config in (
                ("ours", inside, setting.config),
                (_GIVEN_BACK, elsewhere, setting.config),
                ("in bfloat16", inside, half),
            )
        }
        found = alternate(arms)
    what, turn = f"{setting.what}, {called}", _turn(setting)
    yield _row(what, found, _GIVEN_BACK, bar=None, note=turn)
    halves = {"ours": found["in bfloat16"], _FLOAT32: found["ours"]}
    note = f"{turn}; a processor that has no instructions for bfloat16 gains less, or nothing"
    yield _row(f"{what}, in bfloat16", halves, _FLOAT32, bar=None, note=note)


def _turn(setting: Setting) -> str:
    return f"{setting.steps} steps a turn, {torch.get_num_threads()} threads"


def _images(setting: Setting) -> tuple[ImageSet, str]:
    batch = setting.config.training.batch
    count = batch * setting.steps
    if setting.resident:
        return random_images(count, side=setting.resident), "white noise"
    return images_to_measure_on(count, least=batch, side=setting.config.data.image_size)


def _row(what: str, found: dict[str, tuple[float, ...]], other: str, *, bar: float | None, note: str) -> Comparison:
    return Comparison(_PART, what, "images/s", found["ours"], found[other], other, bar=bar, note=note)


def missing(what: str, other: str, *, bar: float | None, note: str) -> Comparison:
    """A row that could not be measured."""
    return Comparison(_PART, what, "images/s", (), (), other, bar=bar, note=note)
