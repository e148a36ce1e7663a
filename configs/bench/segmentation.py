"""Semantic segmentation with mmseg's stock schedules: ADE20K by UPerNet and FCN, Cityscapes and VOC12aug by FCN.

Command: make bench CONFIG=segmentation OBJ=infonce,infomin TASKS=ade20k DATA_ROOT=path/to/data
         DATA_ROOT holds train/<class>/ and test/<class>/ of ImageNet, ADEChallengeData2016/, cityscapes/ and
         VOCdevkit/VOC2012/ with the labels of SBD in SegmentationClassAug.
Cost:    pretraining as in infomin_imagenet.py; then about 4e18 FLOPs for ade20k. An estimate, not run here.
Score:   mIoU from supervised weights (mmseg's metafile.yaml, one scale, ResNet-50 v1c): ade20k 42.05, ade20k_80k 40.70,
         ade20k_fcn 36.10, cityscapes 72.25, voc12aug 67.08. No number of the papers compared here was found.
"""

_base_ = "infomin_imagenet.py"

tasks = dict(
    classification=None,
    linear_sgd=None,
    semi_1=None,
    semi_10=None,
    ade20k=dict(dataset="ADE20K", config="downstream/ade20k_upernet_160k.py", data="ADEChallengeData2016"),
    ade20k_80k=dict(dataset="ADE20K 80k", config="downstream/ade20k_upernet_80k.py", data="ADEChallengeData2016"),
    ade20k_fcn=dict(dataset="ADE20K FCN", config="downstream/ade20k_fcn_160k.py", data="ADEChallengeData2016"),
    cityscapes=dict(dataset="Cityscapes", config="downstream/cityscapes_fcn_40k.py", data="cityscapes"),
    voc12aug=dict(dataset="VOC12aug", config="downstream/voc12aug_fcn_20k.py", data="VOCdevkit/VOC2012"),
)
for task in filter(None, tasks.values()):
    task.update(family="segmentation", classes=(), palette=(), overrides=dict())
del task
