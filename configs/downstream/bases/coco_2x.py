"""detectron2's 2x schedule: as coco_1x.py, but 180k iterations, a tenth from 120k and from 160k on."""

_base_ = ["./coco_1x.py"]

train_cfg = dict(max_iters=180000)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type="MultiStepLR", by_epoch=False, begin=0, end=180000, milestones=[120000, 160000], gamma=0.1),
]
