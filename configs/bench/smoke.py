"""Every stage of the shapes benchmark on a handful of images and steps: for tests and for trying things out.

Command: make bench CONFIG=smoke OBJ=infonce,mrcl    (about two minutes on 2 cores; the numbers mean nothing)
"""

_base_ = "shapes.py"

data = dict(
    tree="smoke",
    pretrain="smoke/pretrain/images",
    labels="smoke/pretrain/factors.csv",
    shapes=dict(pretrain=64, classification_train=64, classification_test=32, dense_train=24, dense_test=8),
)
model = dict(width=0.25)
training = dict(epochs=2, batch=32)
logging = dict(interval=1, checkpoint=2)
tasks = dict(
    classification=dict(data="smoke/classification"),
    linear_sgd=dict(data="smoke/classification", epochs=2, batch=16),
    semi_10=dict(data="smoke/classification", fraction=0.5, epochs=2, batch=8),
    voc=dict(data="smoke/VOCdevkit", overrides={"train_cfg.max_iters": 4}),
    coco=dict(data="smoke/coco", overrides={"train_cfg.max_iters": 4}),
    ade20k=dict(data="smoke/ADEChallengeData2016", overrides={"train_cfg.max_iters": 4}),
)
