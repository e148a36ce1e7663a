"""How much views should share: InfoMin's reverse U (arXiv 2005.10243), for every objective, along four axes.

Command: make bench CONFIG=reverse_u OBJ=all SEEDS=0,1,2,3,4 JOBS=2, or, with its figure and its page,
         make experiment NAME=reverse-u JOBS=2    (QUICK=1 for minutes)
Cost:    5.4 h on 2 cores (JOBS=2): 94 rows that train and a floor, five seeds; a row takes 1.4 CPU minutes.
Score:   of the shape by its probe, against what views share; the paper's claim is that it rises, then falls. No
         published number belongs to it.

infonce is swept finely along each axis, the others at a few values with the ends and the expected peak among them.

k: rendered views share the first k factors of the order below, so what they share is known in nats; with k0, nothing.
The shape, which is the task, is the fourth: up to k3 views miss it, k4 shares least beside it, and there the score is
expected to be best.
crop, jitter, patch: ordinary augmentations of the same scenes: the smallest share of the image that a crop covers; the
strength of the colour jitter as a multiple of the default (the hue's is at most half a turn, which the default has);
the distance of two patches of 16 pixels in the 32 of the scenes, instead of crops. What these leave of a factor is a
matter of degree, so nothing is declared as shared, and what views share is estimated alone. The row crop_0.4 has the
default policy, which is the jitter of 1 too.

What views share is a matter of the views, not of the objective: where it is estimated, that is of infonce's features.
So representation is measured of infonce's rows, also where it is known, to compare; and of no others.

infomin's puzzle shows the whole image with all its factors: it has no rows with rendered views, nor with two patches.
"""

_base_ = "factor_shapes.py"

order = ("x", "y", "size", "shape", "hue", "texture", "rotation", "background_hue", "background_texture")
augmented = dict(factors=None)
fine = (range(10), (0.08, 0.2, 0.4, 0.7, 1.0), (0.0, 0.25, 0.5, 2.0), (0.0, 4.0, 8.0, 12.0, 16.0))
coarse = ((0, 2, 4, 6, 9), (0.08, 0.4, 1.0), (0.0, 2.0), (0.0, 8.0, 16.0))

probed = ("factors",)

rows = dict(random=dict(objective="random", tasks=probed))
for name in ("infonce", "barlow_twins", "byol", "infocl", "infomin", "mrcl", "superinfo"):
    counts, areas, strengths, distances = fine if name == "infonce" else coarse
    tasks = ("factors", "representation") if name == "infonce" else probed
    if name != "infomin":
        for count in counts:
            views = dict(factors=dict(mode="rendered", shared=order[:count], noise=0.0))
            rows[f"{name}_k{count}"] = dict(objective=name, views=views, tasks=tasks)
    for area in areas:
        views = dict(augmented, crop_scale=(area, 1.0))
        rows[f"{name}_crop_{area:g}"] = dict(objective=name, views=views, tasks=tasks)
    for strength in strengths:
        jitter = (*(strength * 0.4,) * 3, min(0.5, strength * 0.5))
        views = dict(augmented, jitter=jitter)
        rows[f"{name}_jitter_{strength:g}"] = dict(objective=name, views=views, tasks=tasks)
    if name != "infomin":
        for distance in distances:
            views = dict(augmented, patch_pair=dict(size=16, distance=distance))
            rows[f"{name}_patch_{distance:g}"] = dict(objective=name, views=views, tasks=tasks)
del order, augmented, fine, coarse, probed, tasks, counts, areas, strengths, distances
del name, count, views, area, strength, jitter, distance
