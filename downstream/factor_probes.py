"""Probes that tell the factors of images from features, for all factors at once, and how much information they found.

The information that a family V of predictors finds in Z about Y is I_V(Z -> Y) = H_V(Y) - H_V(Y|Z), both the
cross-entropies of the best predictor of the family, without and with sight of Z, on images that it was not fitted to
(Xu et al. 2020, arXiv 2002.10689, definitions 2 and 3).

Shapes: N images, F features, K factors of up to C classes, R factors that are numbers or angles as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

_TOLERANCE = 3e-4  # largest slope, per unit of `_units`: what is left of a factor's loss is of the order of its square

Progress = Callable[[float], None]
"""Progress: called after each of a probe's steps with the mean cross-entropy, in nats, of the held-out images."""


@dataclass(frozen=True)
class Sample:
    """Features of images, and their factors.

    Attributes:
        x: features (N, F).
        labels: class of every factor, (N, K) int64.
        values: (N, R, 2), (cos, sin) of an angle, or a number and 0.
    """

    x: Tensor
    labels: Tensor
    values: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: Tensor | slice) -> Sample:
        """Some of the images."""
        return Sample(self.x[rows], self.labels[rows], self.values[rows])

    def join(self, other: Sample) -> Sample:
        """These images and, after them, others."""
        pairs = ((self.x, other.x), (self.labels, other.labels), (self.values, other.values))
        return Sample(*(torch.cat(pair) for pair in pairs))


@dataclass(frozen=True)
class Parts:
    """Images to fit a probe to, images for choices, and images to report on, with features on one scale.

    Attributes:
        fit: images to fit to.
        held_out: training images for choices.
        test: images to report on.
        classes: number of classes of each of the K factors.
        circular: of each of the R values, whether it is an angle.
    """

    fit: Sample
    held_out: Sample
    test: Sample
    classes: tuple[int, ...]
    circular: tuple[bool, ...]

    @property
    def whole(self) -> Sample:
        """All training images."""
        return self.fit.join(self.held_out)

    @property
    def outside(self) -> Tensor:
        """(K, C): 0 for a class that the factor has, -inf for one that it has not; to be added to logits."""
        every = torch.arange(max(self.classes), device=self.fit.x.device)
        own = torch.tensor(self.classes, device=every.device)[:, None]
        return torch.zeros(len(own), len(every), device=every.device).masked_fill(every >= own, -torch.inf)

    @property
    def coordinates(self) -> Tensor:
        """(R, 2): 1 for what a value has, 0 beside a number."""
        rows = [(1.0, float(angle)) for angle in self.circular]
        return torch.tensor(rows, device=self.fit.x.device).reshape(-1, 2)


@dataclass(frozen=True)
class Answers:
    """What a probe says of N images: logits (N, K, C), -inf where there is no such class, and values (N, R, 2)."""

    logits: Tensor
    values: Tensor


@dataclass(frozen=True)
class Trials:
    """What was chosen among for every factor and value: that with the least loss of the held-out images.

    Attributes:
        of: what differs, "penalty" or "epoch".
        settings: its P values in the order in which they were tried.
        losses: cross-entropy of every factor in nats, (P', K); less than P where no factor gained from the others.
        errors: squared error of every value, (P, R).
    """

    of: str
    settings: tuple[float, ...]
    losses: Tensor
    errors: Tensor


@dataclass(frozen=True)
class Scores:
    """How good a probe's answers are.

    Attributes:
        entropy: H_V(Y) of every factor in nats, (K,).
        nats: I_V(Z -> Y) of every factor, (K,); below 0 where the probe misleads.
        top1: share of the images whose class is told, (K,).
        r2: 1 - squared error / squared distance from the mean, of both coordinates of an angle together, (R,).
    """

    entropy: Tensor
    nats: Tensor
    top1: Tensor
    r2: Tensor


def standardised(parts: Parts) -> Parts:
    """Bring every feature to mean 0 and deviation 1 of the training images; one that never changes becomes 0."""
    x = parts.whole.x
    mean, std = x.mean(dim=0), x.std(dim=0)
    scale = torch.where(std > 1e-6 * x.abs().amax(dim=0), 1 / std, 0)  # below that it is rounding
    fit, held_out, test = (replace(part, x=(part.x - mean) * scale) for part in (parts.fit, parts.held_out, parts.test))
    return replace(parts, fit=fit, held_out=held_out, test=test)


def cross_entropies(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of every factor in nats, (K,), of logits (N, K, C) and labels (N, K)."""
    every = cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    return every.view_as(labels).mean(dim=0)


def squared_errors(values: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error of every value (R,), summed over its coordinates, of values and truth (N, R, 2)."""
    return (values - truth).square().sum(dim=2).mean(dim=0)


def scored(answers: Answers, truth: Sample, *, train: Sample, classes: Sequence[int]) -> Scores:
    """Compare answers with the truth.

    The predictor without sight of Z knows the frequencies of the classes in `train`, half an image added to each
    (Krichevsky and Trofimov 1981), so that none is 0.
    """
    entropy = torch.stack(
        [_held_out_entropy(train.labels[:, k], truth.labels[:, k], count) for k, count in enumerate(classes)]
    )
    spread = squared_errors(truth.values, truth.values.mean(dim=0))
    return Scores(
        entropy=entropy,
        nats=entropy - cross_entropies(answers.logits, truth.labels),
        top1=(answers.logits.argmax(dim=2) == truth.labels).double().mean(dim=0),
        r2=1 - squared_errors(answers.values, truth.values) / spread.clamp_min(1e-12),
    )


def _held_out_entropy(train: Tensor, labels: Tensor, classes: int) -> Tensor:
    counts = train.bincount(minlength=classes) + 0.5
    return -(counts / counts.sum()).log()[labels].mean()


def linear_probe(parts: Parts, *, penalties: Sequence[float], progress: Progress) -> tuple[Answers, Answers, Trials]:
    """Multinomial logistic regression of every factor, ridge regression of every value.

    Each has its own penalty, chosen on the held-out images. What is tested was then fitted to all training images.

    Args:
        parts: images, standardised.
        penalties: grid of L2 penalties, as `logistic` and `ridge` have them.
        progress: called once for each penalty and once more.

    Returns:
        Answers for the held-out and for the test images, and what was chosen among.
    """
    fit, held_out, whole, outside = parts.fit, parts.held_out, parts.whole, parts.outside
    settings = tuple(sorted(penalties, reverse=True))
    grid = torch.tensor(settings, device=fit.x.device)
    weights, found = torch.zeros(fit.x.shape[1] + 1, *outside.shape, device=fit.x.device), []
    losses: list[Tensor] = []
    for penalty in grid:  # the solution for a large one is a good start for the next
        if len(losses) < 2 or bool((losses[-1] < losses[-2]).any()):  # else no factor gains from a smaller one
            weights = logistic(fit, outside, penalty=penalty.expand(len(outside)), start=weights)
            found.append(weights)
            losses.append(cross_entropies(told_classes(held_out.x, weights, outside), held_out.labels))
        progress(float(losses[-1].mean()))
    lines = [ridge(fit, penalty=penalty.expand(fit.values.shape[1])) for penalty in grid]
    errors = [squared_errors(told_values(held_out.x, each), held_out.values) for each in lines]
    trials = Trials("penalty", settings, torch.stack(losses), torch.stack(errors))
    best, weights = _best(trials.losses, torch.stack(found))
    best_line, line = _best(trials.errors, torch.stack(lines))
    validated = Answers(told_classes(held_out.x, weights, outside), told_values(held_out.x, line))
    weights = logistic(whole, outside, penalty=grid[best], start=weights)
    line = ridge(whole, penalty=grid[best_line])
    progress(float(cross_entropies(validated.logits, held_out.labels).mean()))
    tested = Answers(told_classes(parts.test.x, weights, outside), told_values(parts.test.x, line))
    return validated, tested, trials


def _best(losses: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
    """For each of M factors the place of its least loss (P, M), and what was found there, of (P, F + 1, M, ...)."""
    best = losses.argmin(dim=0)
    return best, found[best, :, torch.arange(len(best), device=best.device)].movedim(0, 1)


def logistic(train: Sample, outside: Tensor, *, penalty: Tensor, start: Tensor) -> Tensor:
    """Fit logistic regressions of all factors at once by L-BFGS.

    Minimises the sum over factors of mean cross-entropy + penalty/2 * |W|^2 (the bias is free). No factor has a part
    in another's terms, so the minimum is that of each alone.

    Args:
        train: images to fit to.
        outside: see `Parts`.
        penalty: of each factor, (K,).
        start: weights and, last, biases (F + 1, K, C) to begin with.

    Returns:
        Weights and biases (F + 1, K, C).
    """
    axes = torch.linalg.eigh(train.x.T @ train.x / len(train))[1]
    back = torch.block_diag(axes, torch.ones(1, 1, device=axes.device))
    turned, start = train.x @ axes, (back.T @ start.flatten(1)).view_as(start)
    units = _units(turned, start, outside, penalty=penalty)
    scaled = (start / units).requires_grad_()
    solver = torch.optim.LBFGS(
        [scaled], max_iter=200, history_size=20, tolerance_grad=_TOLERANCE, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        solver.zero_grad()
        weights = scaled * units
        shrink = (penalty / 2 * weights[:-1].square().sum(dim=(0, 2))).sum()
        total = cross_entropies(told_classes(turned, weights, outside), train.labels).sum() + shrink
        total.backward()
        return total

    solver.step(loss)
    weights: Tensor = (back @ (scaled.detach() * units).flatten(1)).view_as(start)
    return weights


def _units(turned: Tensor, start: Tensor, outside: Tensor, *, penalty: Tensor) -> Tensor:
    """How far each weight and bias may go in a step, (F + 1, K, C): 1 / sqrt of how the loss bends along it at `start`.

    Features along their principal axes, which no L2 penalty notices, and weights in these units save L-BFGS most of its
    steps.
    """
    shares = told_classes(turned, start, outside).softmax(dim=2)
    variance = shares * (1 - shares)
    bend = (turned.square().T @ variance.flatten(1) / len(turned)).view(-1, *outside.shape)
    units: Tensor = torch.cat([bend + penalty[:, None] + 1e-8, variance.mean(dim=0, keepdim=True) + 1e-4]).rsqrt()
    return units


def told_classes(x: Tensor, weights: Tensor, outside: Tensor) -> Tensor:
    """Logits (N, K, C) of features (N, F) by weights and biases (F + 1, K, C)."""
    flat = weights.flatten(1)
    return torch.addmm(flat[-1], x, flat[:-1]).view(-1, *outside.shape) + outside


def ridge(train: Sample, *, penalty: Tensor) -> Tensor:
    """Minimise mean squared error / 2 + penalty/2 * |w|^2 for every value (the intercept is free).

    Args:
        train: images to fit to.
        penalty: of each of the R numbers and angles, (R,).

    Returns:
        Weights and, last, intercepts (F + 1, R, 2) in the features' precision.
    """
    x, y = train.x.double(), train.values.double()
    mean, centre = x.mean(dim=0), y.mean(dim=0)
    scale, axes = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))
    along = axes.T @ ((x - mean).T @ (y - centre).flatten(1)) / len(x)
    shrunk = along.unflatten(1, y.shape[1:]) / (scale[:, None, None] + penalty.to(scale)[:, None])
    weights = (axes @ shrunk.flatten(1)).unflatten(1, y.shape[1:])
    intercept = centre - (mean @ weights.flatten(1)).view_as(centre)
    return torch.cat([weights, intercept[None]]).to(train.x.dtype)


def told_values(x: Tensor, weights: Tensor) -> Tensor:
    """Values (N, R, 2) of features (N, F) by weights and intercepts (F + 1, R, 2)."""
    return (x @ weights[:-1].flatten(1) + weights[-1].flatten()).view(len(x), *weights.shape[1:])
