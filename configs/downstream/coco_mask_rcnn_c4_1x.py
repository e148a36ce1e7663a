"""
Mask R-CNN R50-C4 on COCO 2017, 1x schedule; box and mask AP.

Data:   as for coco_mask_rcnn_fpn_1x.py.
Source: MoCo's detection/configs (Base-RCNN-C4-BN.yaml, coco_R_50_C4_2x.yaml), which InfoMin (PyContrast) and InfoCL
        take over: a batch norm after res5, everything trained, precise statistics before the test; at the test 6000
        proposals before suppression and 1000 after it.

The batch norms count the 16 images of the batch, which one process holds, as synchronised ones count those of eight.
What mmdet does otherwise than detectron2 is in docs/design-notes.md.
"""

_base_ = ["./bases/coco_mask_rcnn_c4.py", "./bases/coco_1x.py"]
