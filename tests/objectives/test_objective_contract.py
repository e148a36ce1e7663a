"""What the harness relies on, checked for every registered objective; and that the checks find what is broken."""

import inspect
import sys
from pathlib import Path

import pytest
import torch

from objectives.base import Composed
from objectives.conformance import CHECKS, examine
from objectives.contract import BaseLoss, Objective
from objectives.registry import OBJECTIVES, load_objectives
from objectives.tiny_network import network, views
from objectives.trial import build, run_once

load_objectives()
NAMES = sorted(name for name, kind in OBJECTIVES.module_dict.items() if kind.__module__.startswith("objectives."))
TRAINING = [name for name in NAMES if OBJECTIVES.get(name).trains]


def test_the_objectives_of_the_project_are_registered() -> None:
    papers = {"barlow_twins", "byol", "infocl", "infomin", "infonce", "mrcl", "superinfo"}
    assert papers | {"random", "supervised"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_check_holds_or_is_exempt_with_a_reason(name: str) -> None:
    findings = list(examine(name))
    assert [finding.check for finding in findings] == list(CHECKS)
    assert not [f"{finding.check}: {finding.reason}" for finding in findings if finding.status == "broken"]
    assert all(finding.reason for finding in findings if finding.status == "exempt")


@pytest.mark.parametrize("name", NAMES)
def test_an_objective_is_a_direct_subclass_with_few_arguments(name: str) -> None:
    kind = OBJECTIVES.get(name)
    assert kind.__bases__ in ((Objective,), (BaseLoss,), (Composed,))
    assert len(inspect.signature(kind).parameters) <= 1 + 8


@pytest.mark.parametrize("name", TRAINING)
def test_an_objective_minimises_what_it_returns(name: str) -> None:
    objective, net = build(name), network()
    batch = views(labelled=objective.needs_labels)
    optimiser = torch.optim.Adam(
        [*net.backbone.parameters(), *net.projector.parameters(), *objective.parameters()], 1e-2
    )
    losses = []
    for _ in range(20):
        loss = run_once(objective, net, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.1 * abs(losses[0])


@pytest.mark.parametrize("name", NAMES)
def test_only_the_supervised_ceiling_asks_for_labels(name: str) -> None:
    assert build(name).needs_labels == (name == "supervised")


def test_the_floor_has_nothing_to_minimise() -> None:
    assert build("random")(views(labelled=False), network()) == {}


SOUND = """
import torch
import torch.nn.functional as F
from objectives.base import Composed
from objectives.contract import Form
from objectives.infonce import info_nce
from objectives.registry import OBJECTIVES

@OBJECTIVES.register_module("faulty")
class Faulty(Composed):
    neutral = {"weight": 0.0}

    def __init__(self, dims, *, base="infonce", weight=1.0):
        super().__init__("faulty", base, dims)
        self.weight = weight

    def forward(self, views, net):
        h1, h2 = (net.encode(x).h for x in (views.x1, views.x2))
        terms = self.base.compare(h1, h2, views, net)
        terms["extra"] = self.weight * F.mse_loss(h1, h2)
        return terms
"""
EXTRA = "self.weight * F.mse_loss(h1, h2)"
FAULTS = {
    "name": ('register_module("faulty")', 'register_module("other")'),
    "arguments": ("*, base", "base"),
    "terms": (EXTRA, "(h1 - h2).square()"),
    "views": ("return terms", 'return {"extra": self.weight * h1.square().mean()}'),
    "reach": ("self.weight = weight", "self.weight, self.idle = weight, torch.nn.Linear(2, 2)"),
    "gradient": (EXTRA, "self.weight * (0.99 * F.mse_loss(h1, h2) + 0.01 * F.mse_loss(h1, h2).detach())"),
    "order": (EXTRA, "self.weight * (h1[0] - h2[1]).square().mean()"),
    "swap": (EXTRA, "self.weight * (h1.square().mean() + 2 * h2.square().mean())"),
    "base": (EXTRA, "(self.weight + 1e-6) * F.mse_loss(h1, h2)"),
    "closed": (
        "    def forward",
        "    @staticmethod\n    def at_equal_projections(n, d):\n        return 1.0\n\n    def forward",
    ),
    "extremes": (EXTRA, "self.weight * (h1 - h2).norm(dim=1).log().mean()"),
    "precision": (EXTRA, "1e3 * (h1.to(torch.bfloat16).sum() - h1.sum())"),
    "noise": (EXTRA, "self.weight * F.mse_loss(h1 + torch.randn_like(h1), h2)"),
    "needs": (EXTRA, "self.weight * F.mse_loss(h1, h2) * (1 if views.labels is None else 2)"),
    "state": (
        EXTRA,
        'self.__dict__.setdefault("seen", []).append(0) or len(self.seen) * self.weight * F.mse_loss(h1, h2)',
    ),
    "target": (
        "self.weight = weight",
        "self.weight, self.needs_target, self.target_momentum = weight, True, lambda progress: 0.9 + progress",
    ),
    "ranks": (EXTRA, "self.weight * info_nce(h1.std(dim=0) * h1, h2, temperature=1.0)"),
}


READS = {
    "the target": "self.weight * F.mse_loss(h1, net.target.encode(views.x2).h)",
    "patches": "self.weight * F.mse_loss(h1, net.encode(views.patches[:, 0]).h)",
}


@pytest.mark.parametrize("what", READS)
def test_reading_what_was_not_asked_for_is_found(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objectives.conformance.CHECKS", {"needs": CHECKS["needs"]})
    assert examined(SOUND.replace(EXTRA, READS[what]), tmp_path, monkeypatch) == {"needs": "broken"}


QUEUE = """
        z1, z2 = (net.project(h) for h in (h1, h2))
        terms = {"extra": F.mse_loss(h1, h2), "queue": (z1 * self.kept).square().mean()}
        self.kept = KEYS.mean(dim=0).detach()
        return terms
"""


def test_what_differs_between_processes_from_the_second_step_on_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("objectives.conformance.CHECKS", {"ranks": CHECKS["ranks"]})
    body = SOUND[: SOUND.index("        terms = ")].replace(
        "self.weight = weight", "self.kept = torch.ones(dims.projection)"
    )
    body += QUEUE.lstrip("\n")
    body = body.replace("import torch\n", "import torch\nfrom objectives.ranks import gather\n", 1)
    assert examined(body.replace("KEYS", "gather(z2)"), tmp_path, monkeypatch) == {"ranks": "holds"}
    assert examined(body.replace("KEYS", "z2"), tmp_path, monkeypatch) == {"ranks": "broken"}


def test_an_exemption_from_no_check_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objectives.conformance.CHECKS", {"name": CHECKS["name"]})
    exempt = SOUND.replace("    neutral =", '    exempt = {"nane": "a slip"}\n    neutral =')
    assert examined(exempt, tmp_path, monkeypatch) == {"exempt": "broken", "name": "holds"}


FORMS = {
    "noise": "F.mse_loss(h1 + torch.randn_like(h1), h2)",
    "gradient": "F.mse_loss(h1, h2.detach())",
    "ranks": "info_nce(h1.std(dim=0) * h1, h2, temperature=1.0)",
}


@pytest.mark.parametrize("check", FORMS)
def test_a_fault_of_another_form_than_the_default_is_found(
    check: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SOUND.replace("    neutral =", '    variants = (Form({"weight": 2.0}),)\n    neutral =')
    faulty = other.replace(EXTRA, f"{EXTRA} if self.weight == 1 else {FORMS[check]}")
    monkeypatch.setattr("objectives.conformance.CHECKS", {check: CHECKS[check]})
    assert examined(other, tmp_path, monkeypatch) == {check: "holds"}
    assert examined(faulty, tmp_path, monkeypatch) == {check: "broken"}


def examined(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The status of every check on a plug-in."""
    (folder / "faulty.py").write_text(source)
    monkeypatch.syspath_prepend(folder)
    known = set(OBJECTIVES.module_dict)
    try:
        load_objectives(["faulty"])
        (name,) = set(OBJECTIVES.module_dict) - known
        return {finding.check: finding.status for finding in examine(name)}
    finally:
        for name in set(OBJECTIVES.module_dict) - known:
            OBJECTIVES.module_dict.pop(name)
        sys.modules.pop("faulty", None)


def test_there_is_a_fault_for_every_check_and_without_faults_all_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(FAULTS) == set(CHECKS)
    silent = dict.fromkeys(("closed", "target"), "exempt")  # it declares no closed form and needs no target
    assert examined(SOUND, tmp_path, monkeypatch) == dict.fromkeys(CHECKS, "holds") | silent


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_finds_its_fault(check: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, faulty = FAULTS[check]
    assert sound in SOUND
    monkeypatch.setattr("objectives.conformance.CHECKS", {check: CHECKS[check]})
    assert examined(SOUND.replace(sound, faulty), tmp_path, monkeypatch) == {check: "broken"}
