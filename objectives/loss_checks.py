"""What a loss has to hold: checks of `clbench check NAME` that look at values and gradients.

Each takes an objective's registry name and the arguments of a form of it, and returns what is wrong, or "".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from objectives.base import base_losses
from objectives.contract import Objective, Views
from objectives.registry import OBJECTIVES, defaults
from objectives.tiny_network import COUNT, DIMS, TinyNetwork, gradients, network
from objectives.trial import TOLERANCE, batch_for, build, run_once

_AHEAD = 1e-6  # of finite differences: so little that hardly a ReLU turns on the way
_DIFFERENCE = 2e-5  # relative
_HALF = 0.1  # relative, of a loss whose network ran in bfloat16


def terms(name: str, arguments: Mapping[str, Any]) -> str:
    """It returns named finite scalars, and gradients of their sum."""
    objective, net = build(name, arguments), network()
    net.generator.manual_seed(3)
    terms = objective(batch_for(objective), net)
    wrong = [key for key, term in terms.items() if term.shape != () or not term.isfinite()]
    if not terms or wrong:
        return f"not a finite scalar: {', '.join(wrong)}" if wrong else "there are no terms"
    torch.stack(list(terms.values())).sum().backward()
    broken = any(not gradient.isfinite().all() for gradient in gradients(net))
    return "a gradient is not finite" if broken else ""


def views(name: str, arguments: Mapping[str, Any]) -> str:
    """Gradients reach both views."""
    objective = build(name, arguments)
    batch = batch_for(objective)
    batch = replace(batch, x1=batch.x1.requires_grad_(), x2=batch.x2.requires_grad_())
    run_once(objective, network(), batch).backward()
    missed = [key for key, view in (("x1", batch.x1), ("x2", batch.x2)) if not _reached(view)]
    return f"no gradient in {', '.join(missed)}" if missed else ""


def reach(name: str, arguments: Mapping[str, Any]) -> str:
    """Gradients reach the whole backbone and the objective's own layers."""
    objective, net = build(name, arguments), network()
    run_once(objective, net).backward()
    layers = [*net.backbone.named_parameters(prefix="backbone"), *objective.named_parameters()]
    missed = [key for key, weight in layers if not _reached(weight)]
    return f"no gradient in {', '.join(missed)}" if missed else ""


def _reached(value: Tensor) -> bool:
    return value.grad is not None and bool(value.grad.abs().sum() > 0)


def gradient(name: str, arguments: Mapping[str, Any]) -> str:
    """The gradient in every weight agrees with finite differences in float64."""
    objective, net = build(name, arguments).eval(), network().eval()
    weights = {key: weight for key, weight in _weights(objective, net) if weight.requires_grad}
    stream = torch.Generator().manual_seed(0)
    with torch.no_grad():  # away from where layers start, which is where a ReLU has no slope: at 0
        for weight in weights.values():
            weight.add_(torch.randn(weight.shape, generator=stream, dtype=weight.dtype), alpha=0.1)
    slopes = torch.autograd.grad(run_once(objective, net), list(weights.values()), allow_unused=True)
    for (key, weight), slope in zip(weights.items(), slopes, strict=True):
        wanted = torch.zeros_like(weight) if slope is None else slope
        across = torch.randn(weight.shape, generator=stream, dtype=weight.dtype)
        direction = wanted / wanted.norm().clamp_min(1e-12) + across / across.norm()
        off = (_difference(objective, net, weight, direction) - (wanted * direction).sum()).abs()
        if not off <= _DIFFERENCE * wanted.norm() + 1e-8:
            return f"off by {float(off):.2g} in {key}"
    return ""


def _weights(objective: Objective, net: TinyNetwork) -> Iterator[tuple[str, Tensor]]:
    yield from net.named_parameters(prefix="network")
    yield from objective.named_parameters(prefix="objective")


@torch.no_grad()
def _difference(objective: Objective, net: TinyNetwork, weight: Tensor, direction: Tensor) -> Tensor:
    """The slope of the loss from a little behind to a little ahead."""
    place, losses = weight.clone(), []
    for way in (-_AHEAD, _AHEAD):
        weight.copy_(place + way * direction)
        losses.append(run_once(objective, net))
    weight.copy_(place)
    return (losses[1] - losses[0]) / (2 * _AHEAD)


def order(name: str, arguments: Mapping[str, Any]) -> str:
    """The order of the images in the batch does not matter."""
    objective = build(name, arguments)
    batch, order = batch_for(objective), torch.tensor([3, 0, 5, 1, 4, 2])
    return _compare(
        run_once(build(name, arguments), network(), batch.take(order)), run_once(objective, network(), batch)
    )


def swap(name: str, arguments: Mapping[str, Any]) -> str:
    """The two views play the same part."""
    objective = build(name, arguments)
    batch = batch_for(objective)
    swapped = replace(batch, x1=batch.x2, x2=batch.x1)
    return _compare(run_once(build(name, arguments), network(), swapped), run_once(objective, network(), batch))


def base(name: str, _: Mapping[str, Any]) -> str:
    """With its weights and its noise at 0 it is its base, bit for bit, in value and gradient."""
    kind = OBJECTIVES.get(name)
    if not kind.neutral:
        return "it has a base, but `neutral` names no weight"
    for base in kind.bases or base_losses():
        sides = []
        for objective in (build(name, {"base": base, **kind.neutral}), build(base)):
            net = network().float()
            batch = batch_for(objective)
            value = run_once(objective.float(), net, _single(batch))
            value.backward()
            sides.append((value, gradients(net)))
        (value, found), (wanted, expected) = sides
        if not torch.equal(value, wanted):
            return f"on {base} it is {float(value)!r} instead of {float(wanted)!r}"
        if not all(map(torch.equal, found, expected)):
            return f"on {base} its gradient is another"
    return ""


def closed(name: str, _: Mapping[str, Any]) -> str:
    """When all projections are equal the loss is the number that it declares."""
    objective, net = build(name), network()
    wanted = objective.at_equal_projections(COUNT, DIMS.projection)
    assert wanted is not None
    with torch.no_grad():
        for part in (net.projector, net.target.projector, objective):
            for weight in part.parameters():
                weight.fill_(0 if weight.ndim > 1 else 1)
    return _compare(run_once(objective, net), torch.tensor(wanted, dtype=torch.float64))


def extremes(name: str, arguments: Mapping[str, Any]) -> str:
    """Two images, duplicates, equal views and extreme temperatures leave value and gradient finite."""
    objective = build(name, arguments)
    batch = batch_for(objective)
    cases = {
        "two images": batch.take(slice(2)),
        "duplicates": replace(batch.take(torch.zeros(COUNT, dtype=torch.int64)), labels=batch.labels),
        "equal views": replace(batch, x2=batch.x1),
        "black images": replace(batch, x1=torch.zeros_like(batch.x1), x2=torch.zeros_like(batch.x2)),
    }
    temperatures: list[Mapping[str, Any]] = [{}]
    if "temperature" in defaults(OBJECTIVES.get(name)):
        temperatures += [{"temperature": 1e-3}, {"temperature": 1e3}]
    for temperature in temperatures:
        for case, extreme in cases.items():
            net, subject = network().float(), build(name, {**arguments, **temperature}).float()
            loss = run_once(subject, net, _single(extreme))
            loss.backward()
            if not loss.isfinite() or any(not gradient.isfinite().all() for gradient in gradients(net)):
                return f"not finite for {case}" + (f" with {dict(temperature)}" if temperature else "")
    return ""


def precision(name: str, arguments: Mapping[str, Any]) -> str:
    """Under bfloat16 autocast the loss is within a tenth of the one in float32."""
    values = []
    for enabled in (False, True):
        objective = build(name, arguments).float()
        batch = batch_for(objective)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss = run_once(objective, network().float(), _single(batch))
        values.append(float(loss.detach()))
    exact, half = values
    return "" if abs(half - exact) <= _HALF * abs(exact) else f"{half:g} instead of {exact:g}"


def _single(batch: Views) -> Views:
    """The batch in float32."""
    patches = None if batch.patches is None else batch.patches.float()
    return replace(batch, x1=batch.x1.float(), x2=batch.x2.float(), patches=patches)


def _compare(value: Tensor, wanted: Tensor) -> str:
    close = torch.allclose(value, wanted, rtol=TOLERANCE, atol=TOLERANCE)
    return "" if close else f"{float(value):.12g} instead of {float(wanted):.12g}"
