"""InfoCL's comparison on ImageNet (Wang et al. 2022, arXiv 2203.07004): SimCLR alone, with RC and with LBE.

Command: make bench CONFIG=infocl_imagenet OBJ=all DATA_ROOT=path/to/imagenet   (folders train/<class>/, test/<class>/)
Cost:    ResNet-50, 200 epochs at batch 1024, 1.2e19 to 1.4e19 FLOPs a row (clbench cost --config infocl_imagenet
         --images 1281167): 87 to 95 GPU-hours at a sustained 40 TFLOP/s, an estimate; SET=processes=8 for eight GPUs.
         Not run here. Images are packed once at 256x256 (250 GB).
Score:   ImageNet top-1, table 1: infonce (the paper's SimCLR) 61.01, infonce_rc 61.60, infonce_lbe 61.37, best test
         epoch of an SGD probe with augmentation; ours is a probe on features of one pass.

The cosine falls at every step here, there after every epoch.
"""

_base_ = "imagefolder.py"

data = dict(image_size=256)
views = dict(size=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
model = dict(depth=50, stem="imagenet", projector_norm=False)
training = dict(
    epochs=200,
    batch=1024,
    optimiser="lars",
    lr=1.2,
    weight_decay=1e-6,
    exclude_bias_and_norm=False,  # as in the released code, where a tensor that starts at 0 is never moved besides
    momentum=0.9,
    warmup=0.0,
)

objectives = dict(infonce=dict(temperature=0.5))

rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce"),
    infonce_rc=dict(objective="infocl", arguments=dict(base="infonce", regularizer="rc", weight=0.1, decoder="infocl")),
    infonce_lbe=dict(
        objective="infocl",
        arguments=dict(
            base="infonce", regularizer="lbe", weight=1.0, sigma=0.1, rho=1 / 80, stages=(0.0, 0.0, 0.0, 1.0)
        ),
    ),
)

tasks = dict(classification=dict(dataset="ImageNet", image_size=224), digits=None)
