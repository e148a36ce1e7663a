"""What every objective has to hold, examined on a small network: `clbench check NAME`."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from objectives import two_ranks
from objectives.contract import BaseLoss, Objective, Views
from objectives.registry import OBJECTIVES, defaults
from objectives.tiny_network import COUNT, DIMS, TinyNetwork, gradients, network, views

_TOLERANCE = 1e-9  # relative, in float64
_WITHOUT_LOSS = ("name", "arguments")
_OF_EVERY_FORM = ("terms", "gradient", "extremes", "precision", "state", "target")
_HALF = 0.1  # relative, of a loss whose network ran in bfloat16


@dataclass(frozen=True)
class Finding:
    """What one check says of one objective.

    Attributes:
        check: name of the check.
        meaning: what is checked, in one line.
        status: "holds", "broken" or "exempt".
        reason: why it is broken or exempt; "" where it holds.
    """

    check: str
    meaning: str
    status: str
    reason: str


def examine(name: str) -> Iterator[Finding]:
    """Run every check on a registered objective, one after another."""
    kind = OBJECTIVES.get(name)
    for check, run in CHECKS.items():
        meaning = (inspect.getdoc(run) or "").partition("\n")[0]
        exempt = kind.exempt.get(check) or _needless(kind, check)
        if exempt:
            yield Finding(check, meaning, "exempt", exempt)
            continue
        forms = ({}, *kind.variants) if check in _OF_EVERY_FORM else ({},)
        reason = next(filter(None, (_reason(run, name, arguments) for arguments in forms)), "")
        yield Finding(check, meaning, "broken" if reason else "holds", reason)


def _reason(run: Check, name: str, arguments: Mapping[str, Any]) -> str:
    try:
        reason = run(name, arguments)
    except Exception as error:  # whatever an objective raises is what the check found
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"with {dict(arguments)}: {reason}" if reason and arguments else reason


def _needless(kind: type[Objective], check: str) -> str:
    if not kind.trains and check not in _WITHOUT_LOSS:
        return "it does not train"
    return "it has no base" if check == "base" and "base" not in defaults(kind) else ""


def build(name: str, arguments: Mapping[str, Any] | None = None) -> Objective:
    """Build an objective in float64, its own layers always from the same random numbers."""
    torch.manual_seed(2)
    objective = OBJECTIVES.get(name)(DIMS, **(arguments or {})).double()
    assert isinstance(objective, Objective)
    return objective


def run_once(objective: Objective, net: TinyNetwork, batch: Views | None = None) -> Tensor:
    """The loss of one forward pass, with the objective's noise of step 3."""
    net.generator.manual_seed(3)
    terms = objective(views(labelled=objective.needs_labels) if batch is None else batch, net)
    return torch.stack(list(terms.values())).sum()


def _name(name: str, _: Mapping[str, Any]) -> str:
    """The registry knows it by the name of its file."""
    file = OBJECTIVES.get(name).__module__.rpartition(".")[2]
    return "" if file == name else f"registered as {name!r} in {file}.py"


def _arguments(name: str, _: Mapping[str, Any]) -> str:
    """It takes `dims`, then keyword-only arguments with defaults."""
    first, *rest = inspect.signature(OBJECTIVES.get(name)).parameters.values()
    wrong = [each.name for each in rest if each.kind is not each.KEYWORD_ONLY or each.default is each.empty]
    if first.name != "dims":
        return f"the first argument is {first.name!r}"
    return f"not keyword-only, or without a default: {', '.join(wrong)}" if wrong else ""


def _terms(name: str, arguments: Mapping[str, Any]) -> str:
    """It returns named finite scalars, and gradients of their sum."""
    objective, net = build(name, arguments), network()
    net.generator.manual_seed(3)
    terms = objective(views(labelled=objective.needs_labels), net)
    wrong = [key for key, term in terms.items() if term.shape != () or not term.isfinite()]
    if not terms or wrong:
        return f"not a finite scalar: {', '.join(wrong)}" if wrong else "there are no terms"
    torch.stack(list(terms.values())).sum().backward()
    broken = any(not gradient.isfinite().all() for gradient in gradients(net))
    return "a gradient is not finite" if broken else ""


def _reach(name: str, arguments: Mapping[str, Any]) -> str:
    """Gradients reach both views, the whole backbone and the objective's own layers."""
    objective, net = build(name, arguments), network()
    batch = views(labelled=objective.needs_labels)
    batch = replace(batch, x1=batch.x1.requires_grad_(), x2=batch.x2.requires_grad_())
    run_once(objective, net, batch).backward()
    reached = {"x1": batch.x1, "x2": batch.x2, **dict(net.backbone.named_parameters(prefix="backbone"))}
    missed = [key for key, value in reached.items() if value.grad is None or value.grad.abs().sum() == 0]
    missed += [key for key, value in objective.named_parameters() if value.grad is None or value.grad.abs().sum() == 0]
    return f"no gradient in {', '.join(missed)}" if missed else ""


def _gradient(name: str, arguments: Mapping[str, Any]) -> str:
    """The gradient in the network's weights agrees with finite differences in float64."""
    step = _Step(build(name, arguments).eval(), network().eval())
    weights = {key: value for key, value in step.named_parameters() if value.requires_grad}

    def loss(*values: Tensor) -> Tensor:
        value: Tensor = functional_call(step, dict(zip(weights, values, strict=True)), ())
        return value

    correct = torch.autograd.gradcheck(loss, tuple(weights.values()), fast_mode=True, raise_exception=False)
    return "" if correct else "it does not"


class _Step(nn.Module):
    """The loss as a function of the weights of network and objective."""

    def __init__(self, objective: Objective, net: TinyNetwork) -> None:
        super().__init__()
        self.objective, self.net = objective, net

    def forward(self) -> Tensor:
        return run_once(self.objective, self.net)


def _order(name: str, arguments: Mapping[str, Any]) -> str:
    """The order of the images in the batch does not matter."""
    objective = build(name, arguments)
    batch, order = views(labelled=objective.needs_labels), torch.tensor([3, 0, 5, 1, 4, 2])
    return _compare(
        run_once(build(name, arguments), network(), batch.take(order)), run_once(objective, network(), batch)
    )


def _swap(name: str, arguments: Mapping[str, Any]) -> str:
    """The two views play the same part."""
    objective = build(name, arguments)
    batch = views(labelled=objective.needs_labels)
    swapped = replace(batch, x1=batch.x2, x2=batch.x1)
    return _compare(run_once(build(name, arguments), network(), swapped), run_once(objective, network(), batch))


def _base(name: str, _: Mapping[str, Any]) -> str:
    """With its weights and its noise at 0 it is its base, bit for bit, in value and gradient."""
    kind = OBJECTIVES.get(name)
    if not kind.neutral:
        return "it has a base, but `neutral` names no weight"
    for base in sorted(key for key, found in OBJECTIVES.module_dict.items() if issubclass(found, BaseLoss)):
        sides = []
        for objective in (build(name, {"base": base, **kind.neutral}), build(base)):
            net = network().float()
            batch = views(labelled=objective.needs_labels)
            value = run_once(objective.float(), net, _single(batch))
            value.backward()
            sides.append((value, gradients(net)))
        (value, found), (wanted, expected) = sides
        if not torch.equal(value, wanted):
            return f"on {base} it is {float(value)!r} instead of {float(wanted)!r}"
        if not all(map(torch.equal, found, expected)):
            return f"on {base} its gradient is another"
    return ""


def _extremes(name: str, arguments: Mapping[str, Any]) -> str:
    """Two images, duplicates, equal views and extreme temperatures leave value and gradient finite."""
    objective = build(name, arguments)
    batch = views(labelled=objective.needs_labels)
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


def _precision(name: str, arguments: Mapping[str, Any]) -> str:
    """Under bfloat16 autocast the loss is within a tenth of the one in float32."""
    values = []
    for enabled in (False, True):
        objective = build(name, arguments).float()
        batch = views(labelled=objective.needs_labels)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss = run_once(objective, network().float(), _single(batch))
        values.append(float(loss.detach()))
    exact, half = values
    return "" if abs(half - exact) <= _HALF * abs(exact) else f"{half:g} instead of {exact:g}"


def _noise(name: str, arguments: Mapping[str, Any]) -> str:
    """Its noise comes from `net.generator` alone, and it leaves views and the global stream as they are."""
    first = run_once(build(name, arguments), network())
    objective, net = build(name, arguments), network()
    batch = views(labelled=objective.needs_labels)
    torch.rand(17)
    before = torch.get_rng_state()
    again = run_once(objective, net, batch)
    fresh = views(labelled=False)
    if not torch.equal(torch.get_rng_state(), before):
        return "it draws from the global stream"
    if not torch.equal(first, again):
        return "equal noise gives another value"
    assert batch.patches is not None
    assert fresh.patches is not None
    pairs = ((batch.x1, fresh.x1), (batch.x2, fresh.x2), (batch.patches, fresh.patches))
    return "" if all(torch.equal(*pair) for pair in pairs) else "it changes the views"


def _labels(name: str, arguments: Mapping[str, Any]) -> str:
    """Labels that it did not ask for change nothing."""
    objective = build(name, arguments)
    if objective.needs_labels:
        return ""
    values = [run_once(build(name, arguments), network(), views(labelled=labelled)) for labelled in (False, True)]
    return "" if torch.equal(*values) else "they change the value"


def _state(name: str, arguments: Mapping[str, Any]) -> str:
    """Built anew from its state dict after a step, it goes on with the same bits."""
    objective = build(name, arguments)
    run_once(objective, network())
    restored = build(name, arguments)
    restored.load_state_dict(copy.deepcopy(objective.state_dict()))
    batch = views(labelled=objective.needs_labels, seed=4)
    values = [run_once(each, network(), batch) for each in (objective, restored)]
    return "" if torch.equal(*values) else "it keeps something that its state dict does not hold"


def _target(name: str, arguments: Mapping[str, Any]) -> str:
    """The target that it asks for keeps a share in [0, 1] of itself at every step."""
    objective = build(name, arguments)
    if not objective.needs_target:
        return ""
    shares = {progress: objective.target_momentum(progress) for progress in (0.0, 0.25, 0.5, 0.999)}
    wrong = [f"{share:g} at {progress:g}" for progress, share in shares.items() if not 0 <= share <= 1]
    return ", ".join(wrong)


def _ranks(name: str, arguments: Mapping[str, Any]) -> str:
    """Two processes with half a batch each have the same loss and, averaged, the same gradients."""
    return two_ranks.compare(name, (arguments, *OBJECTIVES.get(name).variants))


def _single(batch: Views) -> Views:
    """The batch in float32."""
    patches = None if batch.patches is None else batch.patches.float()
    return replace(batch, x1=batch.x1.float(), x2=batch.x2.float(), patches=patches)


def _compare(value: Tensor, wanted: Tensor) -> str:
    close = torch.allclose(value, wanted, rtol=_TOLERANCE, atol=_TOLERANCE)
    return "" if close else f"{float(value):.12g} instead of {float(wanted):.12g}"


Check = Callable[[str, Mapping[str, Any]], str]

CHECKS: dict[str, Check] = {
    "name": _name,
    "arguments": _arguments,
    "terms": _terms,
    "reach": _reach,
    "gradient": _gradient,
    "order": _order,
    "swap": _swap,
    "base": _base,
    "extremes": _extremes,
    "precision": _precision,
    "noise": _noise,
    "labels": _labels,
    "state": _state,
    "target": _target,
    "ranks": _ranks,
}
"""Every check by its name; given an objective and its arguments it returns what is wrong, or an empty string."""
