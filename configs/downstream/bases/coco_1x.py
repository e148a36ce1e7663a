"""detectron2's 1x schedule: 90k iterations of 16 images at 0.02, a tenth from 60k and from 80k on, warm-up of 1000."""

train_cfg = dict(type="IterBasedTrainLoop", max_iters=90000, val_interval=1_000_000)
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(norm_decay_mult=0.0),  # detectron2's default
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type="MultiStepLR", by_epoch=False, begin=0, end=90000, milestones=[60000, 80000], gamma=0.1),
]
precise_batch_norm = 200
checkpoint_interval = 1000
