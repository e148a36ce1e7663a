"""What a plug-in has to hold: checks of `clbench check NAME` that look at names, noise, state and processes.

Each takes an objective's registry name and the arguments of a form of it, and returns what is wrong, or "".
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from objectives import two_ranks
from objectives.registry import OBJECTIVES
from objectives.tiny_network import network, views
from objectives.trial import batch_for, build, run_once


def name(name: str, _: Mapping[str, Any]) -> str:
    """The registry knows it by the name of its file."""
    file = OBJECTIVES.get(name).__module__.rpartition(".")[2]
    return "" if file == name else f"registered as {name!r} in {file}.py"


def arguments(name: str, _: Mapping[str, Any]) -> str:
    """It takes `dims`, then keyword-only arguments with defaults."""
    first, *rest = inspect.signature(OBJECTIVES.get(name)).parameters.values()
    wrong = [each.name for each in rest if each.kind is not each.KEYWORD_ONLY or each.default is each.empty]
    if first.name != "dims":
        return f"the first argument is {first.name!r}"
    return f"not keyword-only, or without a default: {', '.join(wrong)}" if wrong else ""


def noise(name: str, arguments: Mapping[str, Any]) -> str:
    """Its noise comes from `net.generator` alone, and it leaves views and the global stream as they are."""
    first = run_once(build(name, arguments), network())
    objective, net = build(name, arguments), network()
    batch = batch_for(objective)
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


def needs(name: str, arguments: Mapping[str, Any]) -> str:
    """It needs no target, patches or labels that it did not ask for."""
    objective, net = build(name, arguments), network()
    if not objective.needs_target:
        del net.target
    batch = batch_for(objective)
    plain = batch if objective.needs_patches else replace(batch, patches=None)
    value = run_once(objective, net, plain)
    labelled = run_once(build(name, arguments), network(), views(labelled=True))
    return "" if objective.needs_labels or torch.equal(value, labelled) else "labels change the value"


def state(name: str, arguments: Mapping[str, Any]) -> str:
    """Built anew from its state dict after a step, it goes on with the same bits."""
    objective = build(name, arguments)
    run_once(objective, network())
    restored = build(name, arguments)
    restored.load_state_dict(copy.deepcopy(objective.state_dict()))
    batch = batch_for(objective, seed=4)
    values = [run_once(each, network(), batch) for each in (objective, restored)]
    return "" if torch.equal(*values) else "it keeps something that its state dict does not hold"


def target(name: str, arguments: Mapping[str, Any]) -> str:
    """The target that it asks for keeps a share in [0, 1] of itself at every step."""
    objective = build(name, arguments)
    if not objective.needs_target:
        return ""
    shares = {progress: objective.target_momentum(progress) for progress in (0.0, 0.25, 0.5, 0.999)}
    wrong = [f"{share:g} at {progress:g}" for progress, share in shares.items() if not 0 <= share <= 1]
    return ", ".join(wrong)


def ranks(name: str, arguments: Mapping[str, Any]) -> str:
    """Two processes with half a batch each have the same loss and, averaged, the same gradients."""
    return two_ranks.compare(name, [arguments, *(form.arguments for form in OBJECTIVES.get(name).variants)])
