"""
UPerNet R50 on images and label maps of your own: trained on train, tested on val; mIoU.

Data:   images/{train,val}/NAME.jpg and labels/{train,val}/NAME.png below the task's `data`. A label map has one channel
        and holds the number of the class of every pixel, from 0 on, and 255 where none counts. Where yours lie
        otherwise, override train_dataloader.dataset and test_dataloader.dataset: data_prefix, img_suffix,
        seg_map_suffix, ann_file (a list of names); and reduce_zero_label = True where label 0 is none of the classes.
        The task's `classes` names the classes, its `palette` their colours.

mmseg's stock UPerNet and its rate on a modest schedule: 20000 iterations of 8 crops of 512x512; everything is trained.
"""

_base_ = ["mmseg::_base_/models/upernet_r50.py"]
default_scope = "mmseg"

model = dict(
    data_preprocessor=dict(size=(512, 512)),
    pretrained=None,
    backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=False),
)

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations"),
    dict(type="RandomResize", scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type="RandomCrop", crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(2048, 512), keep_ratio=True),
    dict(type="LoadAnnotations"),
    dict(type="PackSegInputs"),
]
tree = dict(type="BaseSegDataset", img_suffix=".jpg", seg_map_suffix=".png", reduce_zero_label=False, ann_file="")
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        **tree, data_prefix=dict(img_path="images/train", seg_map_path="labels/train"), pipeline=train_pipeline
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**tree, data_prefix=dict(img_path="images/val", seg_map_path="labels/val"), pipeline=test_pipeline),
)
test_evaluator = dict(type="IoUMetric", iou_metrics=["mIoU"])
del tree

train_cfg = dict(type="IterBasedTrainLoop", max_iters=20000, val_interval=1_000_000)
test_cfg = dict(type="TestLoop")
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.01, momentum=0.9, weight_decay=5e-4))
param_scheduler = [dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=0, end=20000, by_epoch=False)]
checkpoint_interval = 500
