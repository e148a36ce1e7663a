"""Views with known sharing: what of a scene's factors both views have in common is declared.

The idea is that of InfoMin's toy task (Tian et al. 2020, arXiv 2005.10243, section 3.3), where a digit, its position
and the background of a moving picture are shared or not; here every factor can be, and all of it is known in nats.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.data.factor_shapes.factors import check_distinct, positions

MODES = ("rendered", "augmented")


@dataclass(frozen=True)
class FactorViewsConfig:
    """Which factors both views of a scene have in common.

    Attributes:
        mode: "rendered": view 1 is the scene, view 2 has its shared factors, all others drawn anew at every step;
            "augmented": both are augmented like any image, and `shared` declares what the augmentations leave.
        shared: names of factors; those of `FACTORS` where views are rendered. Which others a declaration may name is
            a matter of the data: `benchmark.sharing_checks`.
        noise: standard deviation of Gaussian pixel noise on both rendered views, in units of the brightness range.

    Raises:
        ValueError: a value that names no views.
    """

    mode: str
    shared: tuple[str, ...]
    noise: float

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        if self.mode not in MODES:
            raise ValueError(f"views.factors.mode must be one of {', '.join(MODES)}, got {self.mode!r}")
        try:
            (positions if self.mode == "rendered" else check_distinct)(self.shared)
        except ValueError as error:
            raise ValueError(f"views.factors.shared: {error}") from None
        if not 0 <= self.noise < 1:
            raise ValueError(f"views.factors.noise must be in [0, 1), got {self.noise}")
        if self.mode == "augmented" and self.noise > 0:
            raise ValueError(f"views.factors.noise must be 0 in augmented views, got {self.noise}")
