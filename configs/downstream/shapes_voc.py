"""
Faster R-CNN with FPN for 64x64 images, on a VOC tree: trained on trainval, tested on test.

About 30 s on 2 cores for 512 test images (ResNet-10 of half width with the stl10 stem).

What differs from mmdet's stock model: 64 channels instead of 256, three levels (from the second stage on), one anchor
size a level for objects of 12 to 40 pixels, fewer proposals, a small RoI head. The backbone is frozen, so the numbers
speak of its features; model.backbone.frozen_stages = -1 and norm_eval = False fine-tune it at 1.4 times the cost. For
the imagenet stem set out_indices to (0, 1, 2).
"""

_base_ = ["mmdet::_base_/models/faster-rcnn_r50_fpn.py"]
default_scope = "mmdet"

model = dict(
    backbone=dict(_delete_=True, out_indices=(1, 2, 3), frozen_stages=4, norm_eval=True),
    neck=dict(out_channels=64, num_outs=3),
    rpn_head=dict(
        in_channels=64,
        feat_channels=64,
        anchor_generator=dict(scales=[1.0], base_sizes=[12, 20, 32]),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            out_channels=64, finest_scale=16, roi_layer=dict(type="RoIAlign", output_size=5, sampling_ratio=2)
        ),
        bbox_head=dict(in_channels=64, fc_out_channels=128, roi_feat_size=5),
    ),
    train_cfg=dict(
        rpn=dict(sampler=dict(num=64)),
        rpn_proposal=dict(nms_pre=200, max_per_img=64),
        rcnn=dict(sampler=dict(num=32)),
    ),
    test_cfg=dict(rpn=dict(nms_pre=200, max_per_img=48), rcnn=dict(max_per_img=20)),
)

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="Resize", scale=(64, 64), keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(64, 64), keep_ratio=True),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        type="VOCDataset",
        ann_file="VOC2007/ImageSets/Main/trainval.txt",
        data_prefix=dict(sub_data_root="VOC2007/"),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="VOCDataset",
        ann_file="VOC2007/ImageSets/Main/test.txt",
        data_prefix=dict(sub_data_root="VOC2007/"),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_evaluator = dict(
    type="VOCMetric", iou_thrs=[0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95], eval_mode="11points"
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=160, val_interval=1_000_000)
test_cfg = dict(type="TestLoop")
optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="AdamW", lr=1e-3, weight_decay=0.05), clip_grad=dict(max_norm=10.0)
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=20),
    dict(type="CosineAnnealingLR", by_epoch=False, begin=20, T_max=140, end=160),
]
checkpoint_interval = 100
