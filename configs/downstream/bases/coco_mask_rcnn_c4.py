"""Mask R-CNN R50-C4 of coco_mask_rcnn_c4_1x.py, with COCO 2017."""

_base_ = ["mmdet::_base_/models/mask-rcnn_r50-caffe-c4.py", "./coco.py"]

model = dict(
    data_preprocessor=dict(pad_size_divisor=1),
    backbone=dict(_delete_=True, out_indices=(2,), frozen_stages=-1, norm_eval=False),
    roi_head=dict(shared_head=dict(_delete_=True, extra_norm=True, frozen=False, norm_eval=False)),
    train_cfg=dict(rpn=dict(allowed_border=-1)),  # detectron2's default; mmdet drops anchors that cross the border
)
