"""Whether cheap numbers foretell detection and segmentation: every objective, with all that is measured of it.

Command: make bench CONFIG=predictors OBJ=all SEEDS=0,1,2,3,4 JOBS=2, or, with its figure and its page,
         make experiment NAME=predictors JOBS=2    (QUICK=1 for minutes)
Cost:    about 1.3 h on 2 cores (JOBS=2): eight rows that train, a floor, five seeds.
Score:   Kendall's tau between a cheap metric (linear probe, kNN, RankMe, uniformity, retention of factors) and VOC AP
         or ADE20K mIoU over rows and seeds. No published number belongs to it.
"""

_base_ = "information.py"

threads = 1  # two rows side by side on two cores

rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce"),
    barlow_twins=dict(objective="barlow_twins"),
    byol=dict(objective="byol"),
    infocl=dict(objective="infocl"),
    infomin=dict(objective="infomin"),
    mrcl=dict(objective="mrcl"),
    superinfo=dict(objective="superinfo"),
    supervised=dict(objective="supervised"),
)

tasks = dict(linear_sgd=None, semi_10=None, coco=None)
