"""The data of COCO 2017 instance segmentation: train2017 with short sides of 640 to 800 pixels, val2017 at 800."""

_base_ = ["mmdet::_base_/datasets/coco_instance.py"]
default_scope = "mmdet"

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True, with_mask=True),
    dict(type="RandomChoiceResize", scales=[(1333, side) for side in range(640, 801, 32)], keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(filter_cfg=dict(filter_empty_gt=True, min_size=1), pipeline=train_pipeline),
)
test_dataloader = dict(num_workers=8)
test_evaluator = dict(ann_file="annotations/instances_val2017.json")
test_cfg = dict(type="TestLoop")
