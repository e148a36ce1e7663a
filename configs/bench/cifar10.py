"""CIFAR-10 as an image folder of JPEGs, with transfer to scikit-learn's handwritten digits.

Command: make bench OBJ=random,infonce,mrcl CONFIG=cifar10 DATA_ROOT=path/to/cifar10
Cost:    as it stands, for a GPU (ResNet-18, 200 epochs, batch 256). docs/first-results.md has a budget for 2 CPU cores.
Score:   85.76 linear top-1 for SimCLR after InfoCL's protocol (arXiv 2203.07004, table 1), which differs: Adam at 3e-4
         without decay or schedule, and the best test epoch of an SGD probe.

semi_1 and semi_10 fine-tune on 1 % and 10 % of the labels, by a schedule that is no paper's.
"""

_base_ = "imagefolder.py"

few = dict(
    family="finetuning",
    source="folder",
    data="",
    train="train",
    test="test",
    splits="official",
    metric="top1",
    validation=0.2,
    image_size=32,
    resize=32,
    interpolation="bilinear",
    frozen=False,
    subset="",
    refit=True,
    augmentation="crop",
    crop_scale=(0.5, 1.0),
    flip=0.5,
    epochs=50,
    batch=64,
    lr=0.1,
    backbone_lr=0.01,
    momentum=0.9,
    weight_decay=0.0,
    schedule="cosine",
    milestones=(),
    decay=0.1,
    init_std=0.01,
)
tasks = dict(
    classification=dict(dataset="CIFAR-10 (JPEG)"),
    semi_1=dict(few, dataset="CIFAR-10 (JPEG) 1 %", fraction=0.01),
    semi_10=dict(few, dataset="CIFAR-10 (JPEG) 10 %", fraction=0.1),
)
del few
