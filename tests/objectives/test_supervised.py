import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from objectives.contract import Views
from objectives.supervised import Supervised
from objectives.tiny_network import COUNT, DIMS, network, views


def test_the_loss_is_scikit_learns_log_loss_over_both_views() -> None:
    torch.manual_seed(0)
    objective, net, batch = Supervised(DIMS).double(), network(), views(labelled=True)
    terms = objective(batch, net)
    assert batch.labels is not None
    again, logits = network(), []
    for x in (batch.x1, batch.x2):
        logits.append(objective.classifier(again.encode(x).h).detach().numpy())
    scores = np.exp(np.concatenate(logits))
    labels = np.concatenate([batch.labels.numpy()] * 2)
    wanted = log_loss(labels, scores / scores.sum(axis=1, keepdims=True))
    assert set(terms) == {"cross_entropy"}
    assert terms["cross_entropy"].item() == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("classes", [0, 1])
def test_images_without_classes_are_refused(classes: int) -> None:
    message = f"supervised: the pretraining images must have labels of >= 2 classes, got {classes}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Supervised(replace(DIMS, classes=classes))


def told(levels: tuple[int, ...]) -> tuple[Supervised, Views]:
    torch.manual_seed(0)
    stream = torch.Generator().manual_seed(0)
    shown = [torch.stack([torch.randint(n, (COUNT,), generator=stream) for n in levels], dim=1) for _ in range(2)]
    batch = replace(views(labelled=False), factors=(shown[0], shown[1]))
    return Supervised(replace(DIMS, factors=levels), targets="factors").double(), batch


def test_told_factors_the_loss_is_the_sum_over_factors_of_the_mean_over_both_views_own_levels() -> None:
    levels = (2, 4, 3)
    objective, batch = told(levels)
    value = objective(batch, network())["cross_entropy"].item()
    assert batch.factors is not None
    wanted, again, firsts = 0.0, network(), (0, 2, 6)
    for x, shown in zip((batch.x1, batch.x2), batch.factors, strict=True):
        logits = objective.classifier(again.encode(x).h).tolist()
        for own, targets in zip(logits, shown.tolist(), strict=True):
            for first, count, target in zip(firsts, levels, targets, strict=True):
                scores = own[first : first + count]
                wanted -= (scores[target] - math.log(sum(map(math.exp, scores)))) / (2 * COUNT)
    assert value == pytest.approx(wanted, rel=1e-10)


def test_told_factors_it_needs_no_labels_and_told_labels_no_factors() -> None:
    objective, batch = told((2, 3))
    assert (objective.needs_labels, objective.needs_factors) == (False, True)
    assert (Supervised(DIMS).needs_labels, Supervised(DIMS).needs_factors) == (True, False)
    part = batch.take(slice(2, 5))
    assert batch.factors is not None
    assert part.factors is not None
    assert all(torch.equal(own, whole[2:5]) for own, whole in zip(part.factors, batch.factors, strict=True))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ("factors", "supervised: targets 'factors' need views of known factors, views.factors.mode rendered"),
        ("classes", "supervised: targets must be one of labels, factors, got 'classes'"),
    ],
)
def test_targets_that_cannot_be_told_are_refused(targets: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Supervised(DIMS, targets=targets)
