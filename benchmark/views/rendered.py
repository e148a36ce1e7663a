"""Views that are drawn from the factors of a scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from benchmark.data.factor_shapes.draws import draw_levels
from benchmark.data.factor_shapes.factors import positions
from benchmark.data.factor_shapes.scenes import draw_images
from benchmark.seeds import derived_seed
from benchmark.views.random_streams import uniform

if TYPE_CHECKING:
    from benchmark.views.parameters import ViewConfig

# Streams of random numbers.
_REDRAWN, _NOISE = 0, 1


class RenderedViews:
    """Pairs of views of known scenes; what an image looks like depends on (seed, step, its index, view) alone."""

    def __init__(self, config: ViewConfig, levels: Tensor, *, seed: int) -> None:
        """Take the policy (its `factors`, size, mean and std), the scenes as levels (M, F), and the seed."""
        assert config.factors is not None
        self.config, self.levels, self.seed = config, levels, derived_seed(seed, "rendered views")
        self.shared, self.noise = positions(config.factors.shared), config.factors.noise

    def __call__(self, images: Tensor, *, step: int, index: Tensor, view: int) -> Tensor:
        """Make one view of every scene.

        Args:
            images: (N, 3, S, S) uint8, the scenes as they are; view 0 shows them.
            step: training step.
            index: (N,) integers, rows of the levels.
            view: 0 or 1.

        Returns:
            (N, 3, S, S) float32, normalised, on the device of `images`.
        """
        index = index.cpu()
        if view > 0:
            levels = self.shown(step=step, index=index, view=view)
            images = draw_images(levels, image_size=self.config.size).to(images.device, non_blocking=True)
        pixels = images.float().div_(255)
        if self.noise > 0:
            pixels = (pixels + self._noise(pixels, step=step, index=index, view=view)).clamp_(0, 1)
        mean, std = torch.tensor([self.config.mean, self.config.std], device=images.device).view(2, 3, 1, 1)
        return pixels.sub_(mean).div_(std)

    def shown(self, *, step: int, index: Tensor, view: int) -> Tensor:
        """The scenes of a view, (N, F) levels: those of the images; of view 2 all but the shared factors drawn anew."""
        if view == 0:
            return self.levels[index]
        levels = draw_levels(seed=self.seed, step=step, index=index, stream=_REDRAWN)
        levels[:, self.shared] = self.levels[index][:, self.shared]
        return levels

    def _noise(self, pixels: Tensor, *, step: int, index: Tensor, view: int) -> Tensor:
        draws = uniform(seed=self.seed, step=step, index=index, stream=_NOISE + view, draws=pixels[0].numel())
        normal: Tensor = torch.special.ndtri(draws.double() + 2.0**-25)  # draws are multiples of 2**-24
        return self.noise * normal.float().view(pixels.shape).to(pixels.device)
