"""InfoMin's learned views (Tian et al. 2020, arXiv 2005.10243) on the embedded scenes, beside raw channel splits.

Command: make bench CONFIG=infomin_views OBJ=all TASKS=classification SET=threads=1
Cost:    a preparation takes about a minute on one free core, a pretraining three to four.
Score:   linear top-1 in shape classes, seed 0 (docs/first-results.md): random 23.2, infonce 46.1, infonce_crops 19.1,
         split_rgb 27.6, split_ydbdr 46.9, vp_unsupervised 30.4, vp_semi 53.6; the nvp rows have not been run to their
         end. The semi rows have seen labels of 512 pretraining images.

The generator's settings are those of infomin_stl10_views.py but for what a minute affords: four epochs in place of a
hundred, critics of ten layers and a quarter of the width, and, with so few steps, five times the learning rate (set
before anything was measured downstream). infonce_crops is infonce on the crops of the split rows, unsplit.
"""

_base_ = "shapes.py"

# Crop and flip alone, as for the split views of the paper's code.
crops = dict(jitter_p=0.0, grayscale_p=0.0, blur_p=0.0)
rgb = dict(space="rgb", mean=(0.42, 0.42, 0.42), std=(0.25, 0.25, 0.25))
ydbdr = dict(space="ydbdr", mean=(0.434, -0.049, -0.028), std=(0.5, 1.169, 1.321))
raw = dict(flow="none", blocks=0, hidden=0)
network = dict(depth=10, width=0.25, stem="imagenet")
unsupervised = dict(
    labelled=0,
    info=1.0,
    cls=1.0,
    bound="infonce",
    temperature=0.07,
    dims=128,
    critic=network,
    classifier=network,
    lr=1e-3,
    factor=5.0,
    betas=(0.5, 0.999),
    epochs=4,
    batch=128,
    labelled_batch=64,
    milestones=(0.6, 0.8),
    decay=0.2,
)
semi = dict(unsupervised, labelled=512)
vp, nvp = dict(ydbdr, flow="vp", blocks=4, hidden=2), dict(ydbdr, flow="nvp", blocks=4, hidden=2)

rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce"),
    infonce_crops=dict(objective="infonce", views=crops),
    split_rgb=dict(objective="infonce", views=dict(crops, generator=dict(colour=dict(rgb, **raw), training=None))),
    split_ydbdr=dict(objective="infonce", views=dict(crops, generator=dict(colour=dict(ydbdr, **raw), training=None))),
    vp_unsupervised=dict(objective="infonce", views=dict(crops, generator=dict(colour=vp, training=unsupervised))),
    vp_semi=dict(objective="infonce", views=dict(crops, generator=dict(colour=vp, training=semi))),
    nvp_unsupervised=dict(objective="infonce", views=dict(crops, generator=dict(colour=nvp, training=unsupervised))),
    nvp_semi=dict(objective="infonce", views=dict(crops, generator=dict(colour=nvp, training=semi))),
)
del crops, rgb, ydbdr, raw, network, unsupervised, semi, vp, nvp
