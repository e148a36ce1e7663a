"""Any image-folder tree: DATA_ROOT/train/<class>/ to pretrain on and fit the probe, DATA_ROOT/test/<class>/ to test.

Command: make bench CONFIG=imagefolder DATA_ROOT=path/to/tree
Sizes are for 32-pixel images; for larger ones set data.image_size, views.size, model.stem, and the tasks' image_size
and resize.
"""

_base_ = "../harness.py"

data = dict(pretrain="train", labels="", image_size=32, limit=0, tree="", shapes=None, factors=None)

# InfoCL's augmentation at 32 pixels (arXiv 2203.07004, released code): SimCLR's without blur, normalised by 0.5/0.5.
views = dict(
    size=32,
    crop_scale=(0.08, 1.0),
    crop_ratio=(3 / 4, 4 / 3),
    flip=0.5,
    jitter=(0.8, 0.8, 0.8, 0.2),
    jitter_p=0.8,
    randaugment=(0, 0.0, 0.0),
    grayscale_p=0.2,
    blur_p=0.0,
    blur_sigma=(0.1, 2.0),
    blur_kernel=3,
    solarize_p=0.0,
    jigsaw=dict(crop_scale=(0.6, 1.0), cell=12, patch=9),
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    generator=None,
    factors=None,
    patch_pair=None,
)

model = dict(stem="cifar")

training = dict(epochs=200, batch=256, lr=1e-3)

probe = dict(
    family="classification",
    data="",
    train="train",
    test="test",
    splits="official",
    metric="literature",
    validation=0.1,
    image_size=32,
    resize=32,
    interpolation="bilinear",
    penalties=(1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
    neighbours=(10, 20, 100, 200),  # k = 200 and T = 0.07 are Wu et al.'s (arXiv 1805.01978)
    temperature=0.07,
)
tasks = dict(
    classification=dict(probe, dataset="image folder", source="folder"),
    digits=dict(probe, dataset="digits", source="digits"),
)
del probe
