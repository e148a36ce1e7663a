"""A Pascal VOC 2007 tree: `JPEGImages`, `Annotations`, `ImageSets/Main` and `factors.csv`.

A fifth of the training images are `val`; `trainval` is both. Boxes are those of the visible parts, their corners
counted from 1 and both included, as VOC does.
"""

from __future__ import annotations

from pathlib import Path

from benchmark.data.shapes.config import ShapesConfig
from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.factors import write_factors
from benchmark.data.shapes.pictures import Picture, Thing, pictures
from benchmark.data.shapes.scene import SCATTERED, join, sample_scenes

ANNOTATION = """<annotation>
	<folder>VOC2007</folder>
	<filename>{name}.jpg</filename>
	<size>
		<width>{size}</width>
		<height>{size}</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
{objects}</annotation>
"""

OBJECT = """	<object>
		<name>{name}</name>
		<pose>Unspecified</pose>
		<truncated>{truncated:d}</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>{xmin}</xmin>
			<ymin>{ymin}</ymin>
			<xmax>{xmax}</xmax>
			<ymax>{ymax}</ymax>
		</bndbox>
	</object>
"""


def write_voc(config: ShapesConfig, *, out: Path) -> None:
    """Write the tree to `out`, the folder that stands for `VOC2007`."""
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (out / folder).mkdir(parents=True)
    trainval = sample_scenes(seed=config.seed, split="voc/trainval", count=config.dense_train, statistics=SCATTERED)
    test = sample_scenes(seed=config.seed, split="voc/test", count=config.dense_test, statistics=SCATTERED)
    scenes = join([trainval, test])
    names = [f"{index:06d}" for index in range(1, len(scenes) + 1)]
    for name, picture in zip(names, pictures(scenes, image_size=config.image_size), strict=True):
        picture.save(out / "JPEGImages" / f"{name}.jpg")
        (out / "Annotations" / f"{name}.xml").write_text(_annotation(name, picture))
    _write_image_sets(out / "ImageSets/Main", trainval=names[: len(trainval)], test=names[len(trainval) :])
    write_factors(out / "factors.csv", files=[f"JPEGImages/{name}.jpg" for name in names], scenes=scenes)


def _annotation(name: str, picture: Picture) -> str:
    objects = "".join(map(_object, picture.things))
    return ANNOTATION.format(name=name, size=len(picture.image), objects=objects)


def _object(thing: Thing) -> str:
    left, top, right, bottom = thing.box
    name = tuple(SHAPES)[thing.shape]
    return OBJECT.format(name=name, truncated=thing.truncated, xmin=left + 1, ymin=top + 1, xmax=right, ymax=bottom)


def _write_image_sets(folder: Path, *, trainval: list[str], test: list[str]) -> None:
    held_out = max(1, len(trainval) // 5)
    sets = {"train": trainval[:-held_out], "val": trainval[-held_out:], "trainval": trainval, "test": test}
    for split, names in sets.items():
        (folder / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
