"""Scenes of one object whose nine factors are known: what views share is declared, and measured in nats.

Command: make bench CONFIG=factor_shapes OBJ=infonce,infocl REFS=1 JOBS=2
Cost:    about 1.8 CPU minutes a row (docs/experiments/non-shared.md).
Score:   retention of shared and of non-shared factors; that page has those of fifteen rows.

View 2 of a scene has its shape, size and place; texture, hue, rotation and the whole background are drawn anew. So
I(v1; v2) = 6.24 of the 14.93 nats of an image, and what the probes find of the other 8.69 nats no view pair asked for.
"""

_base_ = "../harness.py"

data = dict(
    pretrain="factor_shapes/pretrain",
    labels="factor_shapes/factors.csv",
    image_size=32,
    limit=0,
    tree="factor_shapes",
    shapes=None,
    factors=dict(seed=0, image_size=32, pretrain=8192, train=4096, test=2048),
)

views = dict(
    size=32,
    factors=dict(mode="rendered", shared=("shape", "size", "x", "y"), noise=0.0),
    # What follows augments images: rendered views are not augmented.
    crop_scale=(0.4, 1.0),
    crop_ratio=(9 / 10, 10 / 9),
    flip=0.5,
    jitter=(0.4, 0.4, 0.4, 0.5),
    jitter_p=0.8,
    randaugment=(0, 0.0, 0.0),
    grayscale_p=0.3,
    blur_p=0.1,
    blur_sigma=(0.1, 1.0),
    blur_kernel=5,
    solarize_p=0.0,
    jigsaw=dict(crop_scale=(0.6, 1.0), cell=12, patch=9),
    mean=(0.32, 0.32, 0.32),
    std=(0.15, 0.15, 0.15),
    generator=None,
    patch_pair=None,
)

model = dict(depth=10, width=0.25, stem="stl10")

training = dict(epochs=10, batch=256, lr=4e-3)

# So that two rows can be computed side by side: JOBS=2 on two cores.
threads = 1

# MoCo v2's temperature (arXiv 2003.04297), also for whatever is built on infonce.
# The ceiling is told every factor that a view shows.
objectives = dict(infonce=dict(temperature=0.2), supervised=dict(targets="factors"))

tasks = dict(
    factors=dict(
        family="factors",
        dataset="factor shapes",
        data="factor_shapes",
        train="train",
        test="test",
        factors=dict(
            shape="category",
            size="number",
            x="number",
            y="number",
            texture="category",
            hue="turns",
            rotation="number",
            background_hue="turns",
            background_texture="category",
        ),
        bins=8,
        validation=0.2,
        image_size=32,
        penalties=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
        hidden=64,
        epochs=40,
        batch=128,
        lr=5e-3,
        weight_decay=1e-1,
    ),
    representation=dict(
        family="representation",
        dataset="factor shapes",
        data="factor_shapes/test",
        image_size=32,
        images=1024,
        pairs=2048,
        components=2,
        neighbours=3,
        pixels=64,
        noise=2.0,
    ),
)
