"""
Mask R-CNN R50-FPN on COCO 2017, 1x schedule; box and mask AP.

Data:   {train2017, val2017}/*.jpg, annotations/instances_{train,val}2017.json.
Source: InfoMin's detection/configs (PyContrast; the published numbers are in its detection/README.md): batch norm in
        the neck, in a box head of four convolutions and one layer, and in the mask head; everything trained; precise
        statistics before the test.

The batch norms count the 16 images of the batch, which one process holds, as synchronised ones count those of eight.
What mmdet does otherwise than detectron2 is in docs/design-notes.md.
"""

_base_ = ["mmdet::_base_/models/mask-rcnn_r50_fpn.py", "./bases/coco.py", "./bases/coco_1x.py"]

norm_cfg = dict(type="SyncBN", requires_grad=True)
model = dict(
    backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=False),
    neck=dict(norm_cfg=norm_cfg),
    roi_head=dict(
        bbox_head=dict(type="Shared4Conv1FCBBoxHead", conv_out_channels=256, norm_cfg=norm_cfg),
        mask_head=dict(norm_cfg=norm_cfg),
    ),
)
