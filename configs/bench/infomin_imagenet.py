"""InfoMin Aug on ImageNet (Tian et al. 2020, arXiv 2005.10243) beside MoCo v2 (Chen et al. 2020, arXiv 2003.04297).

Command: make bench CONFIG=infomin_imagenet OBJ=all DATA_ROOT=path/to/imagenet
         The folders are train/<class>/ and test/<class>/; 1percent.txt and 10percent.txt beside them are SimCLR's lists
         of labelled images (github google-research/simclr, imagenet_subsets), one file name a line. On a machine with
         eight GPUs add SET=processes=8.
Cost:    ResNet-50, 200 epochs at batch 256, 8.3e18 FLOPs a row, 1.3e19 with the jigsaw branch (clbench cost --config
         infomin_imagenet --images 1281167): 58 and 90 GPU-hours at a sustained 40 TFLOP/s, an estimate. Not run here.
         Images are packed once at 256x256 (250 GB).
Score:   ImageNet linear top-1 of the authors' code: infonce (MoCo v2) 67.5, infomin 70.1. That is the last
         epoch of the task linear_sgd, which here trains on 99 of 100 images, as the others choose the epoch;
         SET=tasks.linear_sgd.refit=True trains a second time, on all, for the paper's number. classification is a
         probe on features of one pass. Its features of ResNet-50 are 10.5 GB on the device, with 2 GB of work space.
         semi_1 and semi_10 are comparable by their last epoch: the test follows a training on the whole list.

Two rows take InfoMin apart: infomin_views is its view policy and temperature without the jigsaw branch, infomin_jigsaw
the branch alone. The authors' code keeps the processes' batch norms apart and shuffles the keys' images between
them (ShuffleBN); here batch norm is over the whole batch.
"""

_base_ = "imagefolder.py"

data = dict(image_size=256)
views = dict(
    size=224,
    crop_scale=(0.2, 1.0),
    jitter=(0.4, 0.4, 0.4, 0.1),
    grayscale_p=0.2,
    blur_p=0.5,
    blur_sigma=(0.1, 2.0),
    blur_kernel=23,
    jigsaw=dict(crop_scale=(0.6, 1.0), cell=85, patch=64),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)
model = dict(depth=50, stem="imagenet", projector_norm=False)
training = dict(
    epochs=200,
    batch=256,
    optimiser="sgd",
    lr=0.03,
    momentum=0.9,
    weight_decay=1e-4,
    exclude_bias_and_norm=False,
    warmup=0.0,
    final_lr=1e-3,  # the rate times a tenth, three times
)

objectives = dict(infonce=dict(temperature=0.2, queue=65536, momentum=0.999))

infomin_views = dict(jitter=(0.8, 0.8, 0.8, 0.2), randaugment=(2, 10.0, 0.5))
warm = dict(type="infonce", temperature=0.15)
rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce"),
    infomin=dict(objective="infomin", arguments=dict(base=warm), views=infomin_views),
    infomin_views=dict(objective="infonce", arguments=dict(temperature=0.15), views=infomin_views),
    infomin_jigsaw=dict(objective="infomin"),
)
del infomin_views, warm

images = dict(
    family="finetuning",
    source="folder",
    data="",
    train="train",
    test="test",
    splits="official",
    metric="top1",
    validation=0.01,
    image_size=224,
    resize=256,
    interpolation="bilinear",
    augmentation="crop",
    flip=0.5,
    momentum=0.9,
    weight_decay=0.0,
    batch=256,
    init_std=0.01,
)
# InfoMin's probe (released options/test_options.py).
linear = dict(
    images,
    frozen=True,
    fraction=1.0,
    subset="",
    refit=False,
    crop_scale=(0.2, 1.0),
    epochs=60,
    lr=30.0,
    backbone_lr=0.0,
    schedule="step",
    milestones=(30, 40, 50),
    decay=0.2,
)
# Barlow Twins' fine-tuning on 1 % (arXiv 2103.03230, released README), also for 10 %, whose settings it does not name.
semi = dict(
    images,
    frozen=False,
    fraction=1.0,
    refit=True,
    crop_scale=(0.08, 1.0),
    epochs=20,
    lr=0.5,
    backbone_lr=0.002,
    schedule="cosine",
    milestones=(),
    decay=0.1,
)
tasks = dict(
    classification=dict(dataset="ImageNet", image_size=224, resize=256, validation=0.01),
    digits=None,
    linear_sgd=dict(linear, dataset="ImageNet"),
    semi_1=dict(semi, dataset="ImageNet 1 %", subset="1percent.txt"),
    semi_10=dict(semi, dataset="ImageNet 10 %", subset="10percent.txt"),
)
del images, linear, semi
