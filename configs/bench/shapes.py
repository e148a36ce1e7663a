"""Embedded procedural scenes: classification, VOC and COCO detection, ADE20K-style segmentation on a small CPU budget.

Command: make bench OBJ=mrcl
"""

_base_ = "../harness.py"

classes = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "crescent")

data = dict(
    pretrain="shapes/pretrain/images",
    labels="shapes/pretrain/factors.csv",
    image_size=64,
    limit=0,
    tree="shapes",
    shapes=dict(
        seed=0,
        image_size=64,
        pretrain=8192,
        classification_train=2048,
        classification_test=1024,
        dense_train=1024,
        dense_test=512,
    ),
    factors=None,
)

views = dict(
    size=32,
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
    mean=(0.42, 0.42, 0.42),
    std=(0.25, 0.25, 0.25),
    generator=None,
    factors=None,
    patch_pair=None,
)

model = dict(depth=10, width=0.5, stem="stl10")

training = dict(epochs=10, batch=256, lr=4e-3)

# MoCo v2's temperature (arXiv 2003.04297), also for whatever is built on infonce.
objectives = dict(infonce=dict(temperature=0.2))

images = dict(
    dataset="shapes",
    source="folder",
    data="shapes/classification",
    train="train",
    test="test",
    splits="official",
    metric="top1",
    validation=0.2,
    image_size=32,
    resize=32,
    interpolation="bicubic",
)
sgd = dict(
    images,
    family="finetuning",
    fraction=1.0,
    subset="",
    refit=False,
    augmentation="crop",
    crop_scale=(0.4, 1.0),
    flip=0.5,
    momentum=0.9,
    weight_decay=0.0,
    schedule="cosine",
    milestones=(),
    decay=0.1,
    init_std=0.01,
)
few = dict(sgd, frozen=False, refit=True, batch=32, lr=0.02, backbone_lr=0.02)
tasks = dict(
    classification=dict(
        images,
        family="classification",
        penalties=(1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
        neighbours=(10, 20, 100, 200),
        temperature=0.07,
    ),
    # The rates are those of a few with the best score of the random row on its validation images.
    linear_sgd=dict(sgd, frozen=True, epochs=5, batch=128, lr=0.1, backbone_lr=0.0),
    semi_10=dict(few, dataset="shapes 10 %", fraction=0.1, epochs=8),
    voc=dict(
        family="detection",
        dataset="shapes VOC",
        config="downstream/shapes_voc.py",
        data="shapes/VOCdevkit",
        classes=classes,
        overrides=dict(),
    ),
    coco=dict(
        family="detection",
        dataset="shapes COCO",
        config="downstream/shapes_coco.py",
        data="shapes/coco",
        classes=classes,
        overrides=dict(),
    ),
    ade20k=dict(
        family="segmentation",
        dataset="shapes ADE20K",
        config="downstream/shapes_ade20k.py",
        data="shapes/ADEChallengeData2016",
        classes=("background", *classes),
        palette=(),
        overrides=dict(),
    ),
)
del classes, images, sgd, few
