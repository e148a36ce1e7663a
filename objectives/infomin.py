"""InfoMin Aug's loss: InfoNCE between two views, and between the jigsaw puzzle of an image and its other view.

Sources: [1] Tian et al. 2020, arXiv 2005.10243, and the settings of its released code. [2] Misra and van der Maaten
2020, arXiv 1912.01991 (PIRL), section 2: the puzzle and its head. The other half of InfoMin Aug is its views, which are
a view policy: configs/bench/infomin_imagenet.py has both halves, together and apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from objectives.base import Base, Composed
from objectives.contract import JIGSAW_SIDE, Dims, Form, Network, Views
from objectives.infonce import InfoNCE
from objectives.ranks import draw_uniform
from objectives.registry import OBJECTIVES


class JigsawHead(nn.Module):
    """Joins the features of an image's patches, in random order, into one projection [2, section 2.3].

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
class InfoMin(Composed):
    """(1 - beta) InfoNCE(q, k) + beta InfoNCE(q_jigsaw, k), with the same keys k, and the same queue, in both terms.

    Without a queue, InfoNCE is NT-Xent, and k the projections of the second views by the network itself.
    """

    bases: ClassVar[tuple[str, ...]] = ("infonce",)
    neutral: ClassVar[Mapping[str, float]] = {"beta": 0.0}
    variants: ClassVar[tuple[Form, ...]] = (
        Form(
            {"base": {"type": "infonce", "queue": 32}},
            exempt={"views": "the second view makes keys alone, by the target, through which no gradient flows"},
        ),
    )
    exempt: ClassVar[Mapping[str, str]] = {
        "order": "the patches of every image are shuffled apart",
        "swap": "the puzzle is compared with second views",
    }
    needs_patches = True

    def __init__(
        self,
        dims: Dims,
        *,
        base: Base = "infonce",  # InfoMin Aug has a temperature of 0.15 and a queue of 65,536 [1]
        beta: float = 0.5,  # weight of the puzzle [1]
    ) -> None:
        super().__init__("infomin", base, dims)
        if not 0 <= beta <= 1:
            raise ValueError(f"infomin: beta must be in [0, 1], got {beta}")
        self.beta, self.needs_patches = beta, beta > 0
        self.head = JigsawHead(dims.features, dims.projection)

    @staticmethod
    def at_equal_projections(images: int, dimensions: int) -> float:
        """Return InfoNCE's, of which both terms together are one."""
        return InfoNCE.at_equal_projections(images, dimensions)

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"contrast": of the first view, "jigsaw": of its patches}, both weighted."""
        assert isinstance(self.base, InfoNCE)
        query = net.project(net.encode(views.x1).h)
        key = self.base.keys(views, net)
        terms = {"contrast": (1 - self.beta) * self.base.contrast(query, key)}
        if self.beta > 0:
            terms["jigsaw"] = self.beta * self.base.contrast(self._project_patches(views, net), key)
        self.base.remember(key)
        return terms

    def _project_patches(self, views: Views, net: Network) -> Tensor:
        """Map the patches (N, 9, 3, P, P), in an order of their own for every image, to projections (N, D)."""
        assert views.patches is not None
        order = draw_uniform(views.patches.shape[:2], generator=net.generator).argsort(1)
        h = net.encode(views.patches.flatten(0, 1)).h
        projected: Tensor = self.head(h.unflatten(0, order.shape), order)
        return projected
