"""What SuperInfo's two weights take away and bring back: a grid of them (derived, after arXiv 2408.10292).

Command: make bench CONFIG=superfluous OBJ=all SEEDS=0,1,2,3,4 JOBS=2, or, with its figure and its page,
         make experiment NAME=superfluous JOBS=2    (QUICK=1 for minutes)
Cost:    about 2.2 h on 2 cores (JOBS=2) beside other work: 21 rows that train and a floor, five seeds.
Score:   retention of shared and of non-shared factors (task factors), and accuracy in the shape, which needs what both
         views show, and in the hue, which needs what one of them shows. Weights are chosen by the validation retention
         of shared factors. No published number belongs to it, the loss is derived.

superfluous_weight 0 with predictive_weight 0 is InfoNCE on noisy features; infonce is that without noise.
"""

_base_ = "factor_shapes.py"

rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce"),
)
for superfluous in (0.0, 1e-4, 1e-3, 1e-2, 1e-1):
    for predictive in (0.0, 0.01, 0.1, 1.0):
        rows[f"superinfo_{superfluous:g}_{predictive:g}"] = dict(
            objective="superinfo", arguments=dict(superfluous_weight=superfluous, predictive_weight=predictive)
        )
del superfluous, predictive

tasks = dict(representation=None)
