"""
Mask R-CNN R50-C4 on COCO 2017, 2x schedule: 180k iterations, a tenth of the rate from 120k and from 160k on.

Everything else is as in coco_mask_rcnn_c4_1x.py.
"""

_base_ = ["./bases/coco_mask_rcnn_c4.py", "./bases/coco_2x.py"]
