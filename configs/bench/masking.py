"""MRCL's mask ratio (derived, after arXiv 2211.09013): what is kept of every factor, detection and segmentation.

Command: make bench CONFIG=masking OBJ=all SEEDS=0,1,2,3,4 JOBS=2, or, with its figure and its page,
         make experiment NAME=masking JOBS=2    (QUICK=1 for minutes)
Cost:    about 1.1 h on 2 cores (JOBS=2): seven rows that train and a floor, five seeds.
Score:   retention of factors, VOC AP and ADE20K mIoU against the ratio. No published number belongs to it, the loss is
         derived.

Ratio 0 hides nothing: it is InfoCL's RC, and what it has over infonce is the reconstruction alone.
"""

_base_ = "information.py"

threads = 1  # two rows side by side on two cores

rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce"),
)
for ratio in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9):
    rows[f"mrcl_{ratio:g}"] = dict(objective="mrcl", arguments=dict(ratio=ratio))
del ratio

tasks = dict(linear_sgd=None, semi_10=None, coco=None, representation=None)
