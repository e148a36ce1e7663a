"""
UPerNet R50 on ADE20K, 512x512, 160k iterations of 16 images; mIoU at one scale on the validation split.

Data:   ADEChallengeData2016/{images,annotations}/{training,validation}.
Source: mmseg's upernet_r50_4xb4-160k_ade20k-512x512 (42.05 mIoU from supervised weights, its metafile.yaml), with the
        shared backbone in place of ResNet-50 v1c. None of the four papers' texts states an ADE20K protocol.
"""

_base_ = [
    "mmseg::_base_/models/upernet_r50.py",
    "mmseg::_base_/datasets/ade20k.py",
    "mmseg::_base_/schedules/schedule_160k.py",
]
default_scope = "mmseg"

model = dict(
    data_preprocessor=dict(size=(512, 512)),
    pretrained=None,
    backbone=dict(_delete_=True, out_indices=(0, 1, 2, 3), frozen_stages=-1, norm_eval=False),
)
train_dataloader = dict(batch_size=16, num_workers=8)
checkpoint_interval = 1000
