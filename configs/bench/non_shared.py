"""What objectives keep of the factors that only one view shows: InfoCL (arXiv 2203.07004) against InfoNCE.

Command: make bench CONFIG=non_shared OBJ=all SEEDS=0,1,2,3,4 JOBS=2, or, with its figure and its page,
         make experiment NAME=non-shared JOBS=2    (QUICK=1 for minutes)
Cost:    about 1.1 h on 2 cores (JOBS=2): 14 rows that train and a floor, five seeds; a row takes 1.8 CPU minutes.
Score:   retention of the factors that views do not share (task factors), against the weight; the paper's claim is a
         reverse U for rc and lbe, above InfoNCE and above noise alone, and no gain for mib. No published number belongs
         to it. lbe and mib put noise on the features whatever their weight: at 0 they are noise, as rc is infonce.

The weights are InfoCL's 1 for rc and lbe with three decades below it and one above; mib's is the paper's 5e-4, and
noise has none. The views are those of factor_shapes: shape, size, x and y are shared. supervised is told all
factors that a view shows.
"""

_base_ = "factor_shapes.py"

rows = dict(
    random=dict(objective="random"),
    infonce=dict(objective="infonce"),
)
for name in ("rc", "lbe"):
    for weight in (0.001, 0.01, 0.1, 1.0, 10.0):
        rows[f"{name}_{weight:g}"] = dict(
            objective="infocl", arguments=dict(base="infonce", regularizer=name, weight=weight)
        )
rows["mib"] = dict(objective="infocl", arguments=dict(base="infonce", regularizer="mib"))
rows["noise"] = dict(objective="infocl", arguments=dict(base="infonce", regularizer="noise"))
rows["supervised"] = dict(objective="supervised")
del name, weight
