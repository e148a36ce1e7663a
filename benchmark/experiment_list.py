"""Which experiments there are: the config of each, its seeds, and its small form."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.errors import unknown

ALL = "all"


@dataclass(frozen=True)
class Quick:
    """A small form of an experiment: some of its rows, few data, few steps, the same code.

    Attributes:
        rows: names separated by commas.
        seeds: whole numbers separated by commas.
        overrides: `key=value` texts.
    """

    rows: str
    seeds: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Experiment:
    """A question that one config answers.

    Attributes:
        config: name of the file in configs/bench.
        seeds: whole numbers separated by commas.
        quick: its small form.
    """

    config: str
    seeds: str
    quick: Quick


# Small trees of their own, below the same data root; one thread, since rows are computed side by side.
_SCENES = (
    "data.tree=factor_shapes_quick",
    "data.pretrain=factor_shapes_quick/pretrain",
    "data.labels=factor_shapes_quick/factors.csv",
)
_SIZES = ("data.factors.pretrain=1024", "data.factors.train=768", "data.factors.test=256")
_TRAINING = ("threads=1", "model.width=0.25", "training.epochs=4", "training.batch=64")
_PROBES = ("tasks.factors.epochs=5", "tasks.factors.hidden=64")
_MEASURED = ("tasks.representation.images=256", "tasks.representation.pairs=256")
_OF_FACTORS = (*_SCENES, *_SIZES, *_TRAINING, *_PROBES, "tasks.factors.data=factor_shapes_quick")
_OF_FEATURES = (*_OF_FACTORS, *_MEASURED, "tasks.representation.data=factor_shapes_quick/test")

_TREE = "shapes_quick"
_OF_OBJECTS = (
    f"data.tree={_TREE}",
    f"data.pretrain={_TREE}/pretrain/images",
    f"data.labels={_TREE}/pretrain/factors.csv",
    "data.shapes.pretrain=512",
    "data.shapes.classification_train=512",
    "data.shapes.classification_test=256",
    "data.shapes.dense_train=24",
    "data.shapes.dense_test=8",
    *_TRAINING,
    *_PROBES,
    f"tasks.classification.data={_TREE}/classification",
    f"tasks.factors.data={_TREE}/classification",
)
_OF_SHAPES = (
    *_OF_OBJECTS,
    f"tasks.voc.data={_TREE}/VOCdevkit",
    "tasks.voc.overrides={'train_cfg.max_iters': 4}",
    f"tasks.ade20k.data={_TREE}/ADEChallengeData2016",
    "tasks.ade20k.overrides={'train_cfg.max_iters': 4}",
)

_SEEDS = "0,1,2,3,4"  # the fewest with which the exact test of a page can decide anything

EXPERIMENTS: dict[str, Experiment] = {
    "reverse-u": Experiment(
        "reverse_u",
        _SEEDS,
        Quick(
            "random,infonce_k0,infonce_k4,infonce_k9,infonce_crop_0.08,infonce_crop_1,infonce_patch_0,infonce_patch_16",
            "0",
            _OF_FEATURES,
        ),
    ),
    "non-shared": Experiment(
        "non_shared",
        _SEEDS,
        Quick("random,infonce,rc_0.1,rc_10,lbe_0.1,lbe_10,mib,noise", "0", _OF_FEATURES),
    ),
    "superfluous": Experiment(
        "superfluous",
        _SEEDS,
        Quick(
            "random,infonce,superinfo_0_0,superinfo_0_1,superinfo_0.1_0,superinfo_0.1_1",
            "0",
            _OF_FACTORS,
        ),
    ),
    "masking": Experiment("masking", _SEEDS, Quick("random,infonce,mrcl_0,mrcl_0.5", "0", _OF_SHAPES)),
    "predictors": Experiment(
        "predictors",
        _SEEDS,
        Quick(
            "random,infonce,barlow_twins,mrcl",
            "0",
            (*_OF_SHAPES, f"tasks.representation.data={_TREE}/classification/test", *_MEASURED),
        ),
    ),
    "shortcut": Experiment("shortcut", _SEEDS, Quick("random,infonce,infonce_hue", "0", _OF_OBJECTS)),
}
"""Every experiment by its name."""


def choose(name: str) -> list[str]:
    """The experiment of that name, or of that config, or with "all" every one.

    Raises:
        UserError: there is none of that name.
    """
    if name == ALL:
        return list(EXPERIMENTS)
    named = {each.config: key for key, each in EXPERIMENTS.items()} | {key: key for key in EXPERIMENTS}
    if name not in named:
        raise unknown("experiment", name, [*EXPERIMENTS, ALL])
    return [named[name]]
