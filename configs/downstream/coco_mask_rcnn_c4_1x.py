"""
Mask R-CNN R50-C4 on COCO 2017, 1x schedule; box and mask AP.

Data:   as for coco_mask_rcnn_fpn_1x.py.
Source: MoCo's detection/configs (Base-RCNN-C4-BN.yaml, coco_R_50_C4_2x.yaml), which InfoMin (PyContrast) and InfoCL
        take over: a batch norm after res5, everything trained, precise statistics before the test; at the test 6000
        proposals before suppression and 1000 after it.

The batch norms count the 16 images of the batch, which one process holds, as synchronised ones count those of eight.
What mmdet does otherwise than detectron2 is in docs/design-notes.md.
"""

_base_ = ["mmdet::_base_/models/mask-rcnn_r50-caffe-c4.py", "./bases/coco.py", "./bases/coco_1x.py"]

model = dict(
    data_preprocessor=dict(pad_size_divisor=1),
    backbone=dict(_delete_=True, out_indices=(2,), frozen_stages=-1, norm_eval=False),
    roi_head=dict(shared_head=dict(_delete_=True, extra_norm=True, frozen=False, norm_eval=False)),
    train_cfg=dict(rpn=dict(allowed_border=-1)),  # detectron2's default; mmdet drops anchors that cross the border
)
