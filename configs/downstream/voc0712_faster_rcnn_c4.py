"""
Faster R-CNN R50-C4 on VOC07+12: trained on both trainval splits, tested on VOC 2007 test.

Data:   VOCdevkit/{VOC2007,VOC2012}/{JPEGImages, Annotations, ImageSets/Main}.
Source: MoCo's detection/configs (Base-RCNN-C4-BN.yaml, pascal_voc_R_50_C4_24k.yaml), which InfoCL (arXiv 2203.07004)
        takes over: 24k iterations of 16 images at 0.02, a tenth from 18k and from 22k on, warm-up of 100, short sides
        of 480 to 800 pixels, everything trained, a batch norm after res5, precise statistics before the test.

The batch norms count the 16 images of the batch, which one process holds, as synchronised ones count those of eight.
What mmdet does otherwise than detectron2 is in docs/design-notes.md.
"""

_base_ = ["mmdet::_base_/models/faster-rcnn_r50-caffe-c4.py", "./bases/voc0712.py"]

model = dict(
    data_preprocessor=dict(pad_size_divisor=1),
    backbone=dict(_delete_=True, out_indices=(2,), frozen_stages=-1, norm_eval=False),
    roi_head=dict(shared_head=dict(_delete_=True, extra_norm=True, frozen=False, norm_eval=False)),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=24000, val_interval=1_000_000)
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(norm_decay_mult=0.0),  # detectron2's default
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type="MultiStepLR", by_epoch=False, begin=0, end=24000, milestones=[18000, 22000], gamma=0.1),
]
precise_batch_norm = 200
checkpoint_interval = 500
