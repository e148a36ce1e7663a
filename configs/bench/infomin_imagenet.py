"""InfoMin Aug on ImageNet (Tian et al. 2020, arXiv 2005.10243) beside MoCo v2 (Chen et al. 2020, arXiv 2003.04297).

Command: make bench CONFIG=infomin_imagenet OBJ=all DATA_ROOT=path/to/imagenet
         The folders are train/<class>/ and test/<class>/. On a machine with eight GPUs add SET=processes=8.
Cost:    ResNet-50, 200 epochs at batch 256, 8.3e18 FLOPs a row, 1.3e19 with the jigsaw branch (clbench cost --config
         infomin_imagenet --images 1281167): 58 and 90 GPU-hours at a sustained 40 TFLOP/s, an estimate. Not run here.
         Images are packed once at 256x256 (250 GB).
Score:   ImageNet linear top-1 of the authors' code: infonce (MoCo v2) 67.5, infomin 70.1. Theirs is a probe trained
         with augmentation at learning rate 30; ours is a probe on features of one pass.

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
tasks = dict(classification=dict(dataset="ImageNet", image_size=224), digits=None)
