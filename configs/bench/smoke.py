"""Every stage of the shapes benchmark on a handful of images and steps: for tests and for trying things out.

Command: make bench CONFIG=smoke OBJ=infonce,mrcl    (under 90 s on 2 cores; the numbers mean nothing)
"""

_base_ = "shapes.py"

data = dict(
    shapes=dict(pretrain=64, classification_train=64, classification_test=32, dense_train=16, dense_test=8),
)
model = dict(width=0.25)
training = dict(epochs=2, batch=32)
logging = dict(interval=1, checkpoint=2)
tasks = dict(
    voc=dict(overrides={"train_cfg.max_iters": 4}),
    coco=dict(overrides={"train_cfg.max_iters": 4}),
    ade20k=dict(overrides={"train_cfg.max_iters": 4}),
)
