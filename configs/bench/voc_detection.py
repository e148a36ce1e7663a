"""Detection on VOC07+12 with the papers' schedules: Faster R-CNN R50-C4, and R50-FPN.

Command: make bench CONFIG=voc_detection OBJ=infonce,infomin TASKS=voc_c4 DATA_ROOT=path/to/data
         DATA_ROOT holds train/<class>/ and test/<class>/ of ImageNet, and VOCdevkit/{VOC2007,VOC2012}.
Cost:    pretraining as in infomin_imagenet.py; then about 1.2e18 FLOPs for voc_c4, which runs the last stage on 512
         regions an image. An estimate, not run here. 16 images at once need a GPU with the memory for them.
Score:   AP / AP50 / AP75 of voc_c4: supervised 53.5 / 81.3 / 58.8, MoCo v2 with 200 epochs (infonce) 57.0 / 82.4 / 63.6
         (facebookresearch/moco, detection/README.md, means of five runs); InfoMin AP 57.6 (after a leaderboard).
"""

_base_ = "infomin_imagenet.py"

tasks = dict(
    classification=None,
    linear_sgd=None,
    semi_1=None,
    semi_10=None,
    voc_c4=dict(
        family="detection",
        dataset="VOC07 C4",
        config="downstream/voc0712_faster_rcnn_c4.py",
        data="VOCdevkit",
        classes=(),
        overrides=dict(),
    ),
    voc_fpn=dict(
        family="detection",
        dataset="VOC07 FPN",
        config="downstream/voc0712_faster_rcnn_fpn.py",
        data="VOCdevkit",
        classes=(),
        overrides=dict(),
    ),
)
