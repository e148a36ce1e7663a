"""What the label-free measurement of a representation is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

FEWEST = 16
"""Images or pairs below which nothing is estimated."""


@dataclass(frozen=True)
class RepresentationOptions:
    """Label-free quality of the features, and how much views and representations know of each other.

    Attributes:
        dataset: name as tables show it.
        data: folder below the data root with the fixed images, at any depth.
        image_size: side in pixels of what the backbone sees of them.
        images: how many of them are used, an even spread over the order of their paths; the same for every backbone.
        pairs: pairs of views asked of the pretraining; fewer where there are fewer.
        components: dimensions to which both representations are projected for the neighbour estimate.
        neighbours: k of the neighbour estimate.
        pixels: principal components of a view, brought to 32 x 32 if it is larger, that the decoder tells.
        noise: standard deviation of the Gaussian noise added to z, or to h, relative to its spread per dimension.

    Raises:
        ValueError: a value that no measurement could use.
    """

    family: ClassVar[str] = "representation"

    dataset: str
    data: str
    image_size: int
    images: int
    pairs: int
    components: int
    neighbours: int
    pixels: int
    noise: float

    def __post_init__(self) -> None:
        """Refuse values that only the end of a run would find out about."""
        for rule, holds, value in (
            ("image_size must be >= 1", self.image_size >= 1, self.image_size),
            (f"images must be >= {FEWEST}", self.images >= FEWEST, self.images),
            (f"pairs must be >= {FEWEST}", self.pairs >= FEWEST, self.pairs),
            ("components must be 1 to 8", 1 <= self.components <= 8, self.components),
            ("neighbours must be 1 to 6", 1 <= self.neighbours <= 6, self.neighbours),
            ("pixels must be >= 1", self.pixels >= 1, self.pixels),
            ("noise must be > 0", self.noise > 0, self.noise),
        ):
            if not holds:
                raise ValueError(f"{self.dataset}: {rule}, got {value}")
