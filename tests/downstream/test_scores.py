import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from downstream.scores import score


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_scikit_learns_accuracies(seed: int) -> None:
    stream = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 7, (200,), generator=stream).square() // 6  # classes of very different sizes, some empty
    predicted = torch.where(torch.rand(200, generator=stream) < 0.6, labels, labels.roll(1))
    with_a_stranger = predicted.clone()
    with_a_stranger[0] = 9  # above every true label
    for told in (predicted, with_a_stranger):
        hits = accuracy_score(labels, told)
        assert score(told, labels, metric="top1") == pytest.approx(hits, abs=1e-12)
    balanced = balanced_accuracy_score(labels, predicted)
    assert score(predicted, labels, metric="mean_class") == pytest.approx(balanced, abs=1e-12)


def test_a_class_told_right_weighs_as_much_as_any_other() -> None:
    labels = torch.tensor([0] * 9 + [1])
    assert score(torch.zeros(10, dtype=torch.int64), labels, metric="top1") == 0.9
    assert score(torch.zeros(10, dtype=torch.int64), labels, metric="mean_class") == 0.5
