"""InfoMin's learned views on STL-10 (Tian et al. 2020, arXiv 2005.10243), with the generator of the released code.

Command: make bench CONFIG=infomin_stl10_views OBJ=all DATA_ROOT=path/to/stl10
         views/images/ holds the 105,000 unlabelled and training images; views/labels.csv has `file` and `label`, which
         is empty but for the 5,000 training images. train/<class>/ and test/<class>/ are as for infocl_stl10.
Cost:    for one GPU: a generator takes 100 epochs with half-width ResNet-50 critics, a row 200 epochs of ResNet-18;
         not run here.
Score:   none is known: the paper's table for learned views was not at hand.

The generator's settings are those of LearningView/train_semi.py, with its block of type 6 (the code's default, type 2,
also splits the other way); its critic's default is the bound "dv" with 256 outputs. The read-out is not: there, two
half-width AlexNets see a half each and their features are concatenated; here, one ResNet sees both and the mean counts.
"""

_base_ = "imagefolder.py"

data = dict(pretrain="views/images", labels="views/labels.csv", image_size=96)
views = dict(size=64, crop_scale=(0.2, 1.0), mean=(0.43, 0.42, 0.39), std=(0.27, 0.26, 0.27))
model = dict(depth=18, stem="stl10")

crops = dict(jitter_p=0.0, grayscale_p=0.0)
rgb = dict(space="rgb", mean=(0.43, 0.42, 0.39), std=(0.27, 0.26, 0.27))
ydbdr = dict(space="ydbdr", mean=(0.434, -0.049, -0.028), std=(0.5, 1.169, 1.321))
raw = dict(flow="none", blocks=0, hidden=0)
vp, nvp = dict(flow="vp", blocks=4, hidden=2), dict(flow="nvp", blocks=4, hidden=2)
semi = dict(
    labelled=5000,
    info=1.0,
    cls=1.0,
    bound="infonce",
    temperature=0.07,
    dims=128,
    critic=dict(depth=50, width=0.5, stem="unpooled"),
    classifier=dict(depth=18, width=0.5, stem="unpooled"),
    lr=2e-4,
    factor=5.0,
    betas=(0.5, 0.999),
    epochs=100,
    batch=128,
    labelled_batch=64,
    milestones=(0.6, 0.8),
    decay=0.2,
)
unsupervised, supervised = dict(semi, labelled=0), dict(semi, info=0.0)

split = dict(
    split_rgb=dict(colour=dict(rgb, **raw), training=None),
    split_ydbdr=dict(colour=dict(ydbdr, **raw), training=None),
    rgb_vp_unsupervised=dict(colour=dict(rgb, **vp), training=unsupervised),
    rgb_vp_supervised=dict(colour=dict(rgb, **vp), training=supervised),
    rgb_vp_semi=dict(colour=dict(rgb, **vp), training=semi),
    ydbdr_vp_unsupervised=dict(colour=dict(ydbdr, **vp), training=unsupervised),
    ydbdr_vp_semi=dict(colour=dict(ydbdr, **vp), training=semi),
    ydbdr_nvp_semi=dict(colour=dict(ydbdr, **nvp), training=semi),
)
rows = dict(random=dict(objective="random"), infonce=dict(objective="infonce"))
for name in split:
    rows[name] = dict(objective="infonce", views=dict(crops, generator=split[name]))
del crops, rgb, ydbdr, raw, vp, nvp, semi, unsupervised, supervised, split, name

tasks = dict(classification=dict(dataset="STL-10", image_size=96, resize=96), digits=None)
