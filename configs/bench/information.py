"""shapes with two more tasks, for any checkpoint: what is kept of every factor, and what features look like.

Command: make bench CONFIG=information OBJ=infonce,infocl TASKS=factors,representation, or, of a checkpoint,
         clbench evaluate --config information --tasks factors,representation --checkpoint FILE --arch resnet50

The factors are those of the main object and of the whole scene, in data/shapes/classification/factors.csv; images hold
other objects too. Rotation is left out: a circle hides it, a square repeats itself. The two hues are kept apart by at
least 0.12 turns, so what is told of one is in part told of the other.
"""

_base_ = "shapes.py"

tasks = dict(
    factors=dict(
        family="factors",
        dataset="shapes factors",
        data="shapes/classification",
        train="train",
        test="test",
        factors=dict(
            shape="category",
            texture="category",
            hue="turns",
            x="number",
            y="number",
            radius="number",
            background_hue="turns",
            background_texture="category",
            light_strength="number",
        ),
        bins=8,
        validation=0.2,
        image_size=32,
        penalties=(1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
        hidden=64,
        epochs=40,
        batch=128,
        lr=5e-3,
        weight_decay=1e-1,
    ),
    representation=dict(
        family="representation",
        dataset="shapes",
        data="shapes/classification/test",
        image_size=32,
        images=1024,
        pairs=2048,
        components=2,
        neighbours=3,
        pixels=64,
        noise=2.0,
    ),
)
