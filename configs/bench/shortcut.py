"""A shortcut: with the hue hardly changed and never taken away, InfoNCE tells images by their background's colour.

Command: make bench CONFIG=shortcut OBJ=all SEEDS=0,1,2,3,4 JOBS=2, or, with its figure and its page,
         make experiment NAME=shortcut JOBS=2    (QUICK=1 for minutes)
Cost:    about 20 minutes on 2 cores (JOBS=2): three rows that train and a floor, five seeds.
Score:   of hue and shape by linear probes (task factors), and shape by classification: in a first trial on 64-pixel
         scenes, another policy and budget, R2 .95 of the hue and .24 top-1 of the shape, against a floor of .19.

The rows differ in the colour part of the views alone. The default policy of shapes turns the hue by up to half a turn
and takes the colour away from three views in ten.
"""

_base_ = "information.py"

threads = 1  # two rows side by side on two cores

rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce"),
    infonce_hue=dict(objective="infonce", views=dict(jitter=(0.4, 0.4, 0.4, 0.2), grayscale_p=0.0)),
    infonce_grayscale=dict(objective="infonce", views=dict(jitter=(0.4, 0.4, 0.4, 0.2))),
)

tasks = dict(linear_sgd=None, semi_10=None, voc=None, coco=None, ade20k=None, representation=None)
