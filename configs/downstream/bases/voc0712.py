"""The data of VOC07+12 detection: both trainval splits to train on, VOC 2007 test with its 11-point AP to test on.

Short sides of 480 to 800 pixels, 800 for the test; long ones of 1333 at most. Objects marked difficult are trained on,
as in detectron2, and do not count in the test.
"""

_base_ = ["mmdet::_base_/datasets/voc0712.py"]
default_scope = "mmdet"

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
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        _delete_=True,
        type="ConcatDataset",
        ignore_keys=["dataset_type"],
        datasets=[
            dict(
                type="DifficultVOCDataset",
                ann_file=f"VOC{year}/ImageSets/Main/trainval.txt",
                data_prefix=dict(sub_data_root=f"VOC{year}/"),
                filter_cfg=dict(filter_empty_gt=True),
                pipeline=train_pipeline,
            )
            for year in (2007, 2012)
        ],
    ),
)
test_dataloader = dict(num_workers=8, dataset=dict(pipeline=test_pipeline))
test_evaluator = dict(iou_thrs=[0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])
test_cfg = dict(type="TestLoop")
