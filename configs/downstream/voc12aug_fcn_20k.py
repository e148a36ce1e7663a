"""
FCN R50 on VOC 2012 with the extra labels of SBD, 512x512, 20k iterations of 16 images; mIoU on val.

Data:   VOCdevkit/VOC2012/{JPEGImages, SegmentationClass, SegmentationClassAug},
        VOCdevkit/VOC2012/ImageSets/Segmentation/{train,aug,val}.txt.
Source: mmseg's fcn_r50-d8_4xb4-20k_voc12aug-512x512 (67.08 mIoU from supervised weights, its metafile.yaml): mmseg's
        stock schedule, the last two stages dilated. MoCo (arXiv 1911.05722) has an FCN and a schedule of its own.
"""

_base_ = [
    "mmseg::_base_/models/fcn_r50-d8.py",
    "mmseg::_base_/datasets/pascal_voc12_aug.py",
    "mmseg::_base_/schedules/schedule_20k.py",
]
default_scope = "mmseg"

model = dict(
    data_preprocessor=dict(size=(512, 512)),
    pretrained=None,
    backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=False, dilated=(2, 3)),
)
train_dataloader = dict(batch_size=16, num_workers=8)
checkpoint_interval = 1000
