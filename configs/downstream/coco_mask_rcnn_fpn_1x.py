"""
Mask R-CNN R50-FPN on COCO 2017, 1x schedule; box and mask AP.

Data:   {train2017, val2017}/*.jpg, annotations/instances_{train,val}2017.json.
Source: InfoMin's detection/configs (PyContrast; the published numbers are in its detection/README.md): batch norm in
        the neck, in a box head of four convolutions and one layer, and in the mask head; everything trained; precise
        statistics before the test.

The batch norms count the 16 images of the batch, which one process holds, as synchronised ones count those of eight.
What mmdet does otherwise than detectron2 is in docs/design-notes.md.
"""

_base_ = ["./bases/coco_mask_rcnn_fpn.py", "./bases/coco_1x.py"]
