"""
Faster R-CNN R50-FPN on a VOC tree of your own: trained on the names in train.txt, tested on those in test.txt.

Data:   JPEGImages/NAME.jpg, Annotations/NAME.xml, ImageSets/Main/{train,test}.txt below the task's `data`. Where yours
        lie otherwise, override train_dataloader.dataset and test_dataloader.dataset: ann_file, img_subdir, ann_subdir,
        img_suffix, data_prefix.sub_data_root. The task's `classes` names the classes.

A modest schedule: 6000 iterations of 8 images at 0.01, a tenth from 4000 and from 5500 on; everything is trained, batch
norms keep the statistics of the pretraining. AP is the area under the precision-recall curve, as VOC has it since 2010.
Objects marked difficult are neither trained on nor counted.
"""

_base_ = ["mmdet::_base_/models/faster-rcnn_r50_fpn.py"]
default_scope = "mmdet"

model = dict(backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=True))

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomChoiceResize", scales=[(1333, side) for side in range(480, 801, 32)], keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(1333, 800), keep_ratio=True),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")),
]
tree = dict(
    type="VocTreeDataset",
    img_subdir="JPEGImages",
    ann_subdir="Annotations",
    img_suffix=".jpg",
    data_prefix=dict(sub_data_root=""),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    batch_sampler=dict(type="AspectRatioBatchSampler"),
    dataset=dict(
        **tree,
        ann_file="ImageSets/Main/train.txt",
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**tree, ann_file="ImageSets/Main/test.txt", test_mode=True, pipeline=test_pipeline),
)
test_evaluator = dict(
    type="VOCMetric", iou_thrs=[0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95], eval_mode="area"
)
del tree

train_cfg = dict(type="IterBasedTrainLoop", max_iters=6000, val_interval=1_000_000)
test_cfg = dict(type="TestLoop")
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=10.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type="MultiStepLR", by_epoch=False, begin=0, end=6000, milestones=[4000, 5500], gamma=0.1),
]
checkpoint_interval = 500
