"""Mask R-CNN R50-FPN of coco_mask_rcnn_fpn_1x.py, with COCO 2017."""

_base_ = ["mmdet::_base_/models/mask-rcnn_r50_fpn.py", "./coco.py"]

norm_cfg = dict(type="SyncBN", requires_grad=True)
model = dict(
    backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=False),
    neck=dict(norm_cfg=norm_cfg),
    roi_head=dict(
        bbox_head=dict(type="Shared4Conv1FCBBoxHead", conv_out_channels=256, norm_cfg=norm_cfg),
        mask_head=dict(norm_cfg=norm_cfg),
    ),
)
