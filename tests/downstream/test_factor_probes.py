import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, r2_score
from torch import Tensor
from torch.nn.functional import one_hot

from downstream.factor_mlp import MLPSettings, mlp_probe
from downstream.factor_probes import (
    Answers,
    Parts,
    Sample,
    Scores,
    Trials,
    linear_probe,
    logistic,
    ridge,
    scored,
    standardised,
    told_classes,
    told_values,
)

CLASSES = (8, 5, 4)
"""Classes of an angle, of names and of a number."""
SETTINGS = MLPSettings(hidden=64, epochs=60, batch=128, lr=1e-2, weight_decay=1e-2)
Encoder = Callable[[Tensor], Tensor]


def silent(loss: float) -> None:
    """Show nothing."""


def sample(count: int, encoder: Encoder, *, seed: int) -> Sample:
    """Independent uniform factors and what an encoder says of them; the first and the last have values."""
    stream = torch.Generator().manual_seed(seed)
    labels = torch.stack([torch.randint(classes, (count,), generator=stream) for classes in CLASSES], dim=1)
    turn = labels[:, 0] * (2 * math.pi / 8)
    number = (labels[:, 2] - 1.5) / 1.1
    pairs = [(turn.cos(), turn.sin()), (number, torch.zeros(count))]
    return Sample(encoder(labels), labels, torch.stack([torch.stack(pair, dim=1) for pair in pairs], dim=1))


def parts(encoder: Encoder) -> Parts:
    fit, held_out, test = (sample(count, encoder, seed=seed) for seed, count in enumerate((1600, 400, 1000)))
    return standardised(Parts(fit, held_out, test, CLASSES, circular=(True, False)))


def linear(given: Parts) -> Scores:
    _, tested, _ = linear_probe(given, penalties=(1.0, 1e-2, 1e-4), progress=silent)
    return scored(tested, given.test, train=given.whole, classes=given.classes)


def mlp(given: Parts) -> Scores:
    _, tested, _ = mlp_probe(given, settings=SETTINGS, seed=0, progress=silent)
    return scored(tested, given.test, train=given.whole, classes=given.classes)


def names(labels: Tensor) -> Tensor:
    return torch.cat([one_hot(labels[:, k], classes) for k, classes in enumerate(CLASSES)], dim=1).float()


def noisy(labels: Tensor) -> Tensor:
    stream = torch.Generator().manual_seed(len(labels))
    mixed = names(labels) @ torch.randn(sum(CLASSES), 12, generator=torch.Generator().manual_seed(9))
    return mixed + 2 * torch.randn(len(labels), 12, generator=stream)


@pytest.mark.parametrize(
    ("probe", "encoder"), [(linear, names), (mlp, names), (mlp, Tensor.float)], ids=["linear", "mlp", "mlp levels"]
)
def test_features_that_are_the_factors_give_their_whole_entropy(
    probe: Callable[[Parts], Scores], encoder: Encoder
) -> None:
    found = probe(parts(encoder))
    entropy = [math.log(classes) for classes in CLASSES]
    assert found.nats.tolist() == pytest.approx(entropy, rel=0.02)
    assert found.entropy.tolist() == pytest.approx(entropy, rel=0.01)
    assert float(found.top1.min()) == 1.0
    assert float(found.r2.min()) > 0.98


@pytest.mark.parametrize("probe", [linear, mlp])
def test_features_that_never_change_give_nothing(probe: Callable[[Parts], Scores]) -> None:
    found = probe(parts(lambda labels: torch.full((len(labels), 6), 0.37)))
    assert found.nats.tolist() == pytest.approx([0, 0, 0], abs=0.01)
    assert found.r2.tolist() == pytest.approx([0, 0], abs=0.01)


def test_a_feature_that_only_test_images_have_misleads_no_probe() -> None:
    given = parts(
        lambda labels: torch.cat([names(labels), torch.full((len(labels), 1), float(len(labels) == 1000))], 1)
    )
    for found in (linear(given), mlp(given)):
        assert found.nats.tolist() == pytest.approx([math.log(classes) for classes in CLASSES], rel=0.02)


@pytest.mark.parametrize("correlated", [False, True])
def test_the_fit_of_all_factors_at_once_is_scikit_learns_of_each(correlated: bool) -> None:
    given = parts(lambda labels: noisy(labels) @ (torch.eye(12) + (3 if correlated else 0)))
    penalties = (3e-1, 1e-2, 1e-3)
    start = torch.zeros(13, *given.outside.shape)
    weights = logistic(given.fit, given.outside, penalty=torch.tensor(penalties), start=start)
    shares = told_classes(given.test.x, weights, given.outside).softmax(dim=2)
    for k, (classes, penalty) in enumerate(zip(CLASSES, penalties, strict=True)):
        # Mean loss + penalty/2 |W|^2 is scikit-learn's C * sum of losses + |W|^2 / 2.
        reference = LogisticRegression(C=1 / (penalty * len(given.fit)), max_iter=5000, tol=1e-8)
        reference.fit(given.fit.x.double().numpy(), given.fit.labels[:, k].numpy())
        wanted = reference.predict_proba(given.test.x.double().numpy())
        np.testing.assert_allclose(shares[:, k, :classes].numpy(), wanted, atol=2e-3)
        assert float(shares[:, k, classes:].sum()) == 0


def test_the_fit_does_not_depend_on_where_it_starts() -> None:
    given = parts(noisy)
    penalty, zeros = torch.full((3,), 1e-2), torch.zeros(13, *given.outside.shape)
    random = torch.randn(zeros.shape, generator=torch.Generator().manual_seed(0)) * given.outside.isfinite()
    told = [
        told_classes(given.test.x, logistic(given.fit, given.outside, penalty=penalty, start=start), given.outside)
        for start in (zeros, random)
    ]
    assert torch.allclose(told[0].softmax(dim=2), told[1].softmax(dim=2), atol=5e-3)


def test_numbers_and_angles_are_told_as_by_scikit_learns_ridge() -> None:
    given = parts(noisy)
    penalties = (1e-1, 1e-3)
    told = told_values(given.test.x, ridge(given.fit, penalty=torch.tensor(penalties)))
    found = scored(Answers(torch.zeros(1000, 3, 8), told), given.test, train=given.fit, classes=CLASSES)
    for place, (penalty, width) in enumerate(zip(penalties, (2, 1), strict=True)):
        reference = Ridge(alpha=penalty * len(given.fit)).fit(given.fit.x.numpy(), given.fit.values[:, place, :width])
        wanted = reference.predict(given.test.x.numpy()).reshape(-1, width)
        np.testing.assert_allclose(told[:, place, :width].numpy(), wanted, atol=1e-4)
        r2 = r2_score(given.test.values[:, place, :width], wanted, multioutput="variance_weighted")
        assert float(found.r2[place]) == pytest.approx(r2, abs=1e-4)


def channel_nats(distance: float) -> float:
    """I(Y; Y * distance + noise) in nats for Y = -1/2 or 1/2, by quadrature: h(Z) - h(noise)."""

    def term(z: float) -> float:
        density = (norm.pdf(z - distance / 2) + norm.pdf(z + distance / 2)) / 2
        return -float(density * math.log(density))

    return float(quad(term, -12, 12)[0]) - 0.5 * math.log(2 * math.pi * math.e)


@pytest.mark.parametrize("distance", [0.5, 1.5, 3.0])
def test_a_noisy_bit_gives_the_information_of_the_gaussian_channel(distance: float) -> None:
    """The posterior of the bit is a logistic function of z, so the linear probe has the best predictor."""
    stream = torch.Generator().manual_seed(0)

    def noisy_bit(count: int) -> Sample:
        bit = torch.randint(2, (count, 1), generator=stream)
        z = (bit - 0.5) * distance + torch.randn(count, 1, generator=stream)
        return Sample(z, bit, torch.empty(count, 0, 2))

    given = standardised(Parts(noisy_bit(8000), noisy_bit(2000), noisy_bit(40000), (2,), ()))
    _, tested, _ = linear_probe(given, penalties=(1e-1, 1e-5), progress=silent)
    found = scored(tested, given.test, train=given.whole, classes=(2,))
    assert float(found.nats) == pytest.approx(channel_nats(distance), abs=0.01)
    assert found.r2.shape == (0,)


def test_each_factor_has_the_penalty_that_suits_it() -> None:
    """One factor is told by a strong feature, the other is noise among many: their best penalties lie far apart."""
    stream = torch.Generator().manual_seed(0)

    def draw(count: int) -> Sample:
        labels = torch.randint(2, (count, 2), generator=stream)
        x = torch.cat([labels[:, :1] * 2.0 - 1, torch.randn(count, 60, generator=stream)], dim=1)
        return Sample(x, labels, torch.empty(count, 0, 2))

    given = standardised(Parts(draw(150), draw(100), draw(2000), (2, 2), ()))

    def nats(*penalties: float) -> tuple[list[float], Trials]:
        _, tested, trials = linear_probe(given, penalties=penalties, progress=silent)
        found: list[float] = scored(tested, given.test, train=given.whole, classes=(2, 2)).nats.tolist()
        return found, trials

    (strong, _), (weak, _), (both, trials) = nats(10.0), nats(1e-4), nats(1e-4, 10.0)
    assert weak[0] > strong[0] + 0.1
    assert strong[1] > weak[1] + 0.1
    assert both == pytest.approx([weak[0], strong[1]], abs=0.01)
    assert (trials.of, trials.settings) == ("penalty", (10.0, 1e-4))
    assert trials.losses.argmin(dim=0).tolist() == [1, 0]


def test_what_the_linear_probe_chose_among_are_the_losses_of_scikit_learns_fits() -> None:
    given, penalties = parts(noisy), (1e-1, 1e-2)
    validated, _, trials = linear_probe(given, penalties=penalties, progress=silent)
    x, labels = given.held_out.x.double().numpy(), given.held_out.labels
    for penalty, losses, errors in zip(penalties, trials.losses, trials.errors, strict=True):
        for k in range(len(CLASSES)):
            reference = LogisticRegression(C=1 / (penalty * len(given.fit)), max_iter=5000, tol=1e-8)
            reference.fit(given.fit.x.double().numpy(), given.fit.labels[:, k].numpy())
            assert float(losses[k]) == pytest.approx(log_loss(labels[:, k], reference.predict_proba(x)), abs=1e-3)
        number = Ridge(alpha=penalty * len(given.fit)).fit(given.fit.x.numpy(), given.fit.values[:, 1, 0])
        missed = number.predict(given.held_out.x.numpy()) - given.held_out.values[:, 1, 0].numpy()
        assert float(errors[1]) == pytest.approx(float((missed**2).mean()), abs=1e-4)
    found = scored(validated, given.held_out, train=given.fit, classes=CLASSES)
    assert (found.entropy - found.nats).tolist() == pytest.approx(trials.losses.amin(dim=0).tolist(), abs=1e-5)


def test_penalties_from_which_no_factor_gains_are_not_tried() -> None:
    given = parts(lambda labels: torch.randn(len(labels), 60, generator=torch.Generator().manual_seed(len(labels))))
    trials = linear_probe(given, penalties=(1e-6, 1e-5, 1.0, 1e-4), progress=silent)[2]
    assert trials.settings == (1.0, 1e-4, 1e-5, 1e-6)
    assert (len(trials.losses), len(trials.errors)) == (2, 4)
    assert trials.losses.argmin(dim=0).tolist() == [0, 0, 0]


def test_scores_are_those_of_a_loop() -> None:
    given = parts(noisy)
    validated, _, _ = linear_probe(given, penalties=(1e-2,), progress=silent)
    found = scored(validated, given.held_out, train=given.fit, classes=CLASSES)
    for k, classes in enumerate(CLASSES):
        counts = [(given.fit.labels[:, k] == c).sum().item() + 0.5 for c in range(classes)]
        without, with_z, hits = 0.0, 0.0, 0
        for row in range(400):
            label, logits = int(given.held_out.labels[row, k]), validated.logits[row, k, :classes].double().tolist()
            without -= math.log(counts[label] / sum(counts)) / 400
            with_z -= (logits[label] - math.log(sum(math.exp(logit) for logit in logits))) / 400
            hits += max(range(classes), key=logits.__getitem__) == label
        assert float(found.entropy[k]) == pytest.approx(without, abs=1e-5)
        assert float(found.nats[k]) == pytest.approx(without - with_z, abs=1e-5)
        assert float(found.top1[k]) == hits / 400


def test_no_block_of_the_mlp_sees_another() -> None:
    """What is told of one factor is the same whatever another factor is, first weights and order being the same."""
    given = parts(noisy)
    shuffled = [part.labels.clone() for part in (given.fit, given.held_out)]
    for labels in shuffled:
        labels[:, 1] = labels[:, 1].flip(0)
    other = replace(
        given, fit=replace(given.fit, labels=shuffled[0]), held_out=replace(given.held_out, labels=shuffled[1])
    )
    settings = replace(SETTINGS, epochs=3)
    told = [mlp_probe(each, settings=settings, seed=0, progress=silent)[1] for each in (given, other)]
    assert torch.allclose(told[0].logits[:, [0, 2]], told[1].logits[:, [0, 2]], atol=1e-4)
    assert torch.allclose(told[0].values, told[1].values, atol=1e-4)
    assert not torch.allclose(told[0].logits[:, 1, :5], told[1].logits[:, 1, :5], atol=1e-1)


def test_the_mlp_is_taken_from_its_best_epoch() -> None:
    """Labels without any relation to the features are learned by heart, and the more wrongly told the longer."""
    given = parts(lambda labels: torch.randn(len(labels), 12, generator=torch.Generator().manual_seed(len(labels))))
    losses: list[float] = []
    validated, _, trials = mlp_probe(given, settings=SETTINGS, seed=0, progress=losses.append)
    found = scored(validated, given.held_out, train=given.fit, classes=CLASSES)
    assert losses[-1] > losses[0] + 0.1
    assert float((found.entropy - found.nats).mean()) <= min(losses) + 1e-5
    assert trials.losses.mean(dim=1).tolist() == pytest.approx(losses, abs=1e-5)
    assert (found.entropy - found.nats).tolist() == pytest.approx(trials.losses.amin(dim=0).tolist(), abs=1e-5)
    assert (trials.of, trials.settings, trials.errors.shape) == ("epoch", tuple(range(1, 61)), (60, 2))
