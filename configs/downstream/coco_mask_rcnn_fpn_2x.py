"""
Mask R-CNN R50-FPN on COCO 2017, 2x schedule: 180k iterations, a tenth of the rate from 120k and from 160k on.

Everything else is as in coco_mask_rcnn_fpn_1x.py.
"""

_base_ = ["./coco_mask_rcnn_fpn_1x.py"]

train_cfg = dict(max_iters=180000)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type="MultiStepLR", by_epoch=False, begin=0, end=180000, milestones=[120000, 160000], gamma=0.1),
]
