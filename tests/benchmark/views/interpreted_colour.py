"""Prints how far the kernels are from torch's operations, in Triton's interpreter: TRITON_INTERPRET=1 must be set."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmark.config import load
from benchmark.views import colour_kernels, operations
from benchmark.views.parameters import ViewConfig, ViewParameters, draw

OPERATIONS = (
    operations.adjust_brightness_,
    operations.adjust_contrast_,
    operations.adjust_saturation_,
    operations.adjust_hue_,
)


def one_by_one(images: torch.Tensor, parameters: ViewParameters, config: ViewConfig) -> torch.Tensor:
    """The colour of each image by itself, as a loop."""
    done = []
    for row, image in enumerate(images.clone().split(1)):
        if parameters.jitter[row]:
            for code in parameters.order[row].tolist():
                OPERATIONS[code](image, parameters.factors[row : row + 1, code])
        if parameters.grayscale[row]:
            image = operations.grayscale(image).expand_as(image)
        if parameters.solarize[row]:
            image = operations.solarize(image)
        done.append((image - torch.tensor(config.mean).view(3, 1, 1)) / torch.tensor(config.std).view(3, 1, 1))
    return torch.cat(done)


def main() -> None:
    """Sides below, at and above a program's block; gray, black and two-coloured images among them."""
    colour_kernels.try_out(torch.device("cpu"))
    default = load("shapes").views
    for side in (5, 32, 40):
        images = torch.rand(24, 3, side, side, generator=torch.Generator().manual_seed(side))
        images[3], images[4], images[5, 1] = 0.5, 0.0, images[5, 0]
        config = replace(default, size=side, blur_kernel=3, jitter_p=0.9, solarize_p=0.4, grayscale_p=0.3)
        parameters = draw(config, image_size=(64, 64), seed=0, step=1, index=torch.arange(24), view=0)
        table = colour_kernels.table_of(parameters, device=images.device)
        views = colour_kernels.jitter_(images.clone(), table)
        colour_kernels.finish_(views, table, mean=config.mean, std=config.std)
        assert not torch.equal(views, images)
        print((views - one_by_one(images, parameters, config)).abs().max().item())


if __name__ == "__main__":
    main()
