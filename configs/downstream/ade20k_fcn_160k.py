"""
FCN R50 on ADE20K, 512x512, 160k iterations of 16 images; mIoU at one scale on the validation split.

Data:   as for ade20k_upernet_160k.py.
Source: mmseg's fcn_r50-d8_4xb4-160k_ade20k-512x512 (36.10 mIoU from supervised weights, its metafile.yaml): the last
        two stages dilated, so that features have an eighth of the image's size.
"""

_base_ = [
    "mmseg::_base_/models/fcn_r50-d8.py",
    "mmseg::_base_/datasets/ade20k.py",
    "mmseg::_base_/schedules/schedule_160k.py",
]
default_scope = "mmseg"

model = dict(
    data_preprocessor=dict(size=(512, 512)),
    pretrained=None,
    backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=False, dilated=(2, 3)),
)
train_dataloader = dict(batch_size=16, num_workers=8)
checkpoint_interval = 1000
