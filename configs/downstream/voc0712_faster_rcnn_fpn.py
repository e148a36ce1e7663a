"""
Faster R-CNN R50-FPN on VOC07+12: trained on both trainval splits, tested on VOC 2007 test.

Data:   as for voc0712_faster_rcnn_c4.py.
Source: Ericsson et al. 2021 (arXiv 2011.13377), detectron2-configs/finetune of their code: 144k iterations of 2 images
        at 0.0025, a tenth from 96k and from 128k on, warm-up of 100, short sides of 480 to 800 pixels. Two images are
        too few for batch norm: its statistics, scale and shift are those of the pretraining, as in detectron2's default
        (FrozenBN). Their "frozen" variant is model.backbone.frozen_stages = 3: detectron2's FREEZE_AT, theirs is 4,
        counts the stem as 1, frozen_stages as 0.
"""

_base_ = ["mmdet::_base_/models/faster-rcnn_r50_fpn.py", "./bases/voc0712.py"]

model = dict(
    backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=True, norm_frozen=True),
)
train_dataloader = dict(batch_size=2, num_workers=2)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=144000, val_interval=1_000_000)
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.0025, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(norm_decay_mult=0.0),  # detectron2's default
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type="MultiStepLR", by_epoch=False, begin=0, end=144000, milestones=[96000, 128000], gamma=0.1),
]
checkpoint_interval = 2000
