import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from objectives.supervised import Supervised
from objectives.tiny_network import DIMS, network, views


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
