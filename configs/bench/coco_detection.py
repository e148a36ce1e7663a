"""Boxes and masks on COCO 2017 with the papers' schedules: Mask R-CNN R50-FPN and R50-C4, 1x and 2x.

Command: make bench CONFIG=coco_detection OBJ=infonce,infomin TASKS=fpn_1x DATA_ROOT=path/to/data
         DATA_ROOT holds train/<class>/ and test/<class>/ of ImageNet, and coco/{train2017,val2017,annotations}.
Cost:    pretraining as in infomin_imagenet.py; then about 1e18 FLOPs for fpn_1x and 4e18 for c4_1x, which runs the
         last stage on 512 regions an image; twice that for 2x. Estimates, not run here. 16 images at once need a GPU
         with the memory for them.
Score:   box AP / mask AP, 200 epochs of pretraining (PyContrast, detection/README.md):
                     FPN 1x       FPN 2x       C4 1x        C4 2x
         random      32.8 / 29.9  38.4 / 34.7  -            -
         supervised  39.7 / 35.9  41.6 / 37.6  38.2 / 33.3  40.0 / 34.7
         MoCo v2     -            41.7 / 37.6  -            -
         InfoMin     40.6 / 36.7  42.5 / 38.4  39.0 / 34.1  41.3 / 36.0
"""

_base_ = "infomin_imagenet.py"

tasks = dict(
    classification=None,
    linear_sgd=None,
    semi_1=None,
    semi_10=None,
    fpn_1x=dict(dataset="COCO FPN 1x", config="downstream/coco_mask_rcnn_fpn_1x.py"),
    fpn_2x=dict(dataset="COCO FPN 2x", config="downstream/coco_mask_rcnn_fpn_2x.py"),
    c4_1x=dict(dataset="COCO C4 1x", config="downstream/coco_mask_rcnn_c4_1x.py"),
    c4_2x=dict(dataset="COCO C4 2x", config="downstream/coco_mask_rcnn_c4_2x.py"),
)
for task in filter(None, tasks.values()):
    task.update(family="detection", data="coco", classes=(), overrides=dict())
del task
