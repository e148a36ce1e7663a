"""InfoMin Aug's loss: InfoNCE between two views, and between the jigsaw puzzle of an image and its other view.

Sources: [1] Tian et al. 2020, arXiv 2005.10243, and the settings of its released code. [2] Misra and van der Maaten
2020, arXiv 1912.01991 (PIRL), section 3: the puzzle's head. [3] He et al. 2020, arXiv 1911.05722 (MoCo).
The other half of InfoMin Aug is a view policy: see configs/bench/infomin_imagenet.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from objectives.contract import JIGSAW_SIDE, Dims, Network, Objective, Views
from objectives.infonce import InfoNCE, check_arguments
from objectives.ranks import draw_uniform
from objectives.registry import OBJECTIVES


class JigsawHead(nn.Module):
    """Joins the features of an image's patches, in random order, into one projection [2, section 3.2].

    Args:
        features: F.
        projection: D.
    """

    def __init__(self, features: int, projection: int) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(features, features), nn.ReLU(inplace=True), nn.Linear(features, projection))
        self.join = nn.Linear(JIGSAW_SIDE**2 * projection, projection)

    def forward(self, h: Tensor, order: Tensor) -> Tensor:
        """Project.

        Args:
            h: features of the patches, (N, 9, F).
            order: which patch comes in which place, (N, 9), a permutation in each row.

        Returns:
            (N, D), not normalised.
        """
        pieces = self.each(h)
        shuffled = pieces.gather(1, order.unsqueeze(2).expand_as(pieces))
        joined: Tensor = self.join(shuffled.flatten(1))
        return joined


@OBJECTIVES.register_module("infomin")
class InfoMin(Objective):
    """(1 - beta) InfoNCE(q, k) + beta InfoNCE(q_jigsaw, k), with the same keys k and the same queue in both terms."""

    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({"queue": 0},)
    exempt: ClassVar[Mapping[str, str]] = {
        "reach": "the second view makes keys alone, by the target, through which no gradient flows",
        "order": "the patches of every image are shuffled apart",
        "swap": "first views make queries, second ones keys",
    }
    needs_patches = True

    def __init__(
        self,
        dims: Dims,
        *,
        temperature: float = 0.15,  # [1]
        queue: int = 65536,  # [1]; 0 takes the negatives from the batch
        momentum: float = 0.999,  # of the target that makes the keys, [1]
        beta: float = 0.5,  # weight of the puzzle, [1]
    ) -> None:
        super().__init__()
        check_arguments("infomin", temperature=temperature, queue=queue, momentum=momentum)
        if not 0 <= beta <= 1:
            raise ValueError(f"infomin: beta must be in [0, 1], got {beta}")
        self.contrast = InfoNCE(dims, temperature=temperature, queue=queue, momentum=momentum)
        self.head = JigsawHead(dims.features, dims.projection)
        self.beta, self.needs_target, self.needs_patches = beta, self.contrast.needs_target, beta > 0

    def target_momentum(self, progress: float) -> float:
        """Return the same share at every step."""
        return self.contrast.target_momentum(progress)

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"contrast": of the first view, "jigsaw": of its patches}, both weighted."""
        query = net.project(net.encode(views.x1).h)
        key = self.contrast.keys(views, net)
        terms = {"contrast": (1 - self.beta) * self.contrast.compare_with(query, key)}
        if self.beta > 0:
            terms["jigsaw"] = self.beta * self.contrast.compare_with(self._solve(views, net), key)
        self.contrast.remember(key)
        return terms

    def _solve(self, views: Views, net: Network) -> Tensor:
        """Project the patches, (N, 9, 3, P, P) to (N, D)."""
        assert views.patches is not None
        order = draw_uniform(views.patches.shape[:2], generator=net.generator).argsort(1)
        h = net.encode(views.patches.flatten(0, 1)).h
        projected: Tensor = self.head(h.unflatten(0, order.shape), order)
        return projected
