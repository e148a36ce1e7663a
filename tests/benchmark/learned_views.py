"""A config whose rows learn their views in a moment: sixty-four images of which views take 16 pixels, tiny networks."""

from __future__ import annotations

from pathlib import Path

from benchmark.config import BenchConfig, load

SMOKE = Path(__file__).parents[2] / "configs" / "bench" / "smoke.py"
STEPS = 12
_CONFIG = f"""
_base_ = "{SMOKE}"
views = dict(size=16, blur_kernel=3)
model = dict(width=0.125, projection=8)
logging = dict(interval=1, checkpoint=2)
colour = dict(space="ydbdr", mean=(0.4, 0.0, 0.0), std=(0.5, 1.0, 1.0), flow="vp", blocks=2, hidden=2)
network = dict(depth=10, width=0.125, stem="imagenet")
training = dict(
    labelled=8, info=1.0, cls=1.0, bound="infonce", temperature=0.07, dims=8, critic=network, classifier=network,
    lr=1e-3, factor=5.0, betas=(0.5, 0.999), epochs={STEPS // 4}, batch=16, labelled_batch=4, milestones=(0.5,),
    decay=0.2,
)
raw = dict(colour, flow="none", blocks=0, hidden=0)
semi = dict(generator=dict(colour=colour, training=training))
rows = dict(
    infonce=dict(objective="infonce"),
    split=dict(objective="infonce", views=dict(generator=dict(colour=raw, training=None))),
    semi=dict(objective="infonce", views=semi),
    semi_byol=dict(objective="byol", views=semi),
    unsupervised=dict(
        objective="infonce",
        views=dict(generator=dict(colour=dict(colour, flow="nvp"), training=dict(training, labelled=0, bound="dv"))),
    ),
)
training = dict(epochs=2, batch=16)
threads = 1
tasks = dict(classification=dict(image_size=16, resize=16, penalties=(1e-3,)))
del colour, network, raw, semi
"""


def write_config(folder: Path) -> str:
    path = folder / "learned.py"
    path.write_text(_CONFIG)
    return str(path)


def learned(folder: Path, *overrides: str) -> BenchConfig:
    return load(write_config(folder), overrides)
