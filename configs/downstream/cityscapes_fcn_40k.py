"""
FCN R50 on Cityscapes, crops of 512x1024, 40k iterations of 8 images; mIoU at one scale on the validation split.

Data:   leftImg8bit/{train,val}/CITY/*_leftImg8bit.png, gtFine/{train,val}/CITY/*_gtFine_labelTrainIds.png.
Source: mmseg's fcn_r50-d8_4xb2-40k_cityscapes-512x1024 (72.25 mIoU from supervised weights, its metafile.yaml): mmseg's
        stock schedule, the last two stages dilated. No paper compared here reports it.
"""

_base_ = [
    "mmseg::_base_/models/fcn_r50-d8.py",
    "mmseg::_base_/datasets/cityscapes.py",
    "mmseg::_base_/schedules/schedule_40k.py",
]
default_scope = "mmseg"

model = dict(
    data_preprocessor=dict(size=(512, 1024)),
    pretrained=None,
    backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=False, dilated=(2, 3)),
)
train_dataloader = dict(batch_size=8, num_workers=8)
checkpoint_interval = 1000
