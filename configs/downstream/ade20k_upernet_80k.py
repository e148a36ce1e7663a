"""
UPerNet R50 on ADE20K, 512x512, 80k iterations of 16 images.

Source: mmseg's upernet_r50_4xb4-80k_ade20k-512x512 (40.70 mIoU from supervised weights, its metafile.yaml). Everything
else is as in ade20k_upernet_160k.py.
"""

_base_ = ["./ade20k_upernet_160k.py"]

train_cfg = dict(max_iters=80000)
param_scheduler = [dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=0, end=80000, by_epoch=False)]
