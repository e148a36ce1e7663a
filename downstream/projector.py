"""The projector: what maps features h to the projections z that most objectives compare."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from downstream.weights import read_tensors, write_weights


class Projector(nn.Sequential):
    """SimCLR's projector (Chen et al. 2020, arXiv 2002.05709, section 4.2): linear, batch norm, ReLU, linear.

    The batch norm is that of the released code.

    Args:
        features: F, length of h.
        hidden: width of the hidden layer.
        projection: D, length of z.
        norm: batch norm after the hidden layer.
    """

    def __init__(self, *, features: int, hidden: int, projection: int, norm: bool) -> None:
        super().__init__(
            nn.Linear(features, hidden, bias=not norm),
            nn.BatchNorm1d(hidden) if norm else nn.Identity(),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, projection),
        )


def save_projector(projector: nn.Module, path: Path) -> None:
    """Write the weights of `projector` to `path`, whole or not at all."""
    write_weights(projector, path)


def load_projector(path: Path) -> Projector:
    """Build the projector that `path` holds, in evaluation mode, from (N, F) to (N, D).

    Raises:
        ValueError: the file holds something else.
    """
    weights = read_tensors(path)
    try:
        (hidden, features), projection = weights["0.weight"].shape, len(weights["3.weight"])
        projector = Projector(features=features, hidden=hidden, projection=projection, norm="1.weight" in weights)
        projector.load_state_dict(weights)
    except (KeyError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: must hold the weights of a projector: {reason}") from error
    return projector.eval()
