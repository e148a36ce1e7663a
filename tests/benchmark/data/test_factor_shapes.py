import itertools
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor

from benchmark.data import factor_shapes
from benchmark.data.factor_shapes.dataset import SPLITS, FactorShapesConfig, levels_of
from benchmark.data.factor_shapes.factors import FACTORS, LEVELS, positions
from benchmark.data.factor_shapes.information import TIED, canonical, information
from benchmark.data.factor_shapes.scenes import draw_images, to_scenes
from benchmark.data.shapes.render import signed_distances

CONFIG = FactorShapesConfig(seed=3, image_size=32, pretrain=512, train=64, test=32)
TOTAL = sum(map(math.log, LEVELS))


def scenes(count: int = 512) -> Tensor:
    return levels_of(CONFIG, "pretrain", count=count)


def tied(levels: Tensor) -> tuple[int, int, int]:
    shape, texture, rotation = (int(levels[positions((name,))[0]]) for name in TIED)
    return shape, texture, rotation


def entropy(counts: Counter[object]) -> float:
    total = sum(counts.values())
    return -sum(count / total * math.log(count / total) for count in counts.values())


def test_a_scene_differs_from_another_in_its_pixels_unless_it_is_round_without_texture_and_turned() -> None:
    base = scenes(300)
    for name, count in zip(FACTORS, LEVELS, strict=True):
        changed = base.clone()
        column = positions((name,))[0]
        changed[:, column] = (changed[:, column] + 1) % count
        same = (draw_images(base, image_size=32) == draw_images(changed, image_size=32)).flatten(1).all(dim=1)
        alike = [canonical(*tied(one)) == canonical(*tied(other)) for one, other in zip(base, changed, strict=True)]
        expected = torch.tensor(alike) if name in TIED else torch.zeros(len(base), dtype=torch.bool)
        assert torch.equal(same, expected), name
        assert not expected.all()


def test_no_two_scenes_look_alike_unless_their_canonical_levels_are_equal() -> None:
    levels = scenes(4096)
    seen = [tuple(row.tolist()) for row in levels]
    images = [image.numpy().tobytes() for image in draw_images(levels, image_size=32)]
    clear = {(canonical(*tied(levels[place])), *row[2:6], *row[7:]) for place, row in enumerate(seen)}
    assert len(set(images)) == len(clear)


def scenes_with(values: dict[str, int], *, free: tuple[str, ...]) -> list[tuple[int, ...]]:
    """Every scene with these levels, by all levels of the free factors."""
    choices = [range(count) if name in free else (values[name],) for name, count in zip(FACTORS, LEVELS, strict=True)]
    return list(itertools.product(*choices))


def grouped(levels: Sequence[tuple[int, ...]], keys: Sequence[object]) -> set[frozenset[tuple[int, ...]]]:
    """Scenes together whose keys are equal."""
    groups: dict[object, set[tuple[int, ...]]] = {}
    for scene, key in zip(levels, keys, strict=True):
        groups.setdefault(key, set()).add(scene)
    return {frozenset(group) for group in groups.values()}


def test_of_all_shapes_textures_rotations_and_sizes_at_one_place_only_the_declared_ones_look_alike() -> None:
    every = scenes_with(dict.fromkeys(FACTORS, 1), free=("shape", "texture", "rotation", "size"))
    images = [image.numpy().tobytes() for image in draw_images(torch.tensor(every), image_size=32)]
    alike = []
    for scene in every:
        seen = {name: levels[level] for (name, levels), level in zip(FACTORS.items(), scene, strict=True)}
        if seen["shape"] in {"circle", "ring"} and seen["texture"] == "solid":
            del seen["rotation"]
        alike.append(tuple(seen.items()))
    assert len(every) == 8 * 5 * 4 * 4
    assert grouped(every, images) == grouped(every, alike)
    assert len(set(images)) == len(every) - 2 * 4 * (4 - 1)  # two shapes in four sizes hide four rotations


@pytest.mark.parametrize("name", [name for name in FACTORS if name not in (*TIED, "size")])
def test_no_two_levels_of_any_other_factor_look_alike(name: str) -> None:
    for base in scenes(24).tolist():
        every = scenes_with(dict(zip(FACTORS, base, strict=True)), free=(name,))
        images = {image.numpy().tobytes() for image in draw_images(torch.tensor(every), image_size=32)}
        assert len(images) == len(every)


def test_the_round_shapes_without_texture_are_the_only_ones_that_hide_their_rotation() -> None:
    hidden = [
        scene
        for scene in itertools.product(*(range(len(FACTORS[name])) for name in TIED))
        if canonical(*scene) != scene
    ]
    assert {FACTORS["shape"][shape] for shape, _, _ in hidden} == {"circle", "ring"}
    assert {FACTORS["texture"][texture] for _, texture, _ in hidden} == {"solid"}
    assert len(hidden) == 2 * (len(FACTORS["rotation"]) - 1)


def test_objects_lie_inside_the_image() -> None:
    inside = signed_distances(to_scenes(scenes(2048)), image_size=64)[:, 0] <= 0
    border = torch.ones(64, 64, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    assert not inside[:, border].any()


def test_all_shared_is_the_entropy_and_none_is_nothing() -> None:
    every, none = information(tuple(FACTORS)), information(())
    hidden = 2 / 8 * 1 / 5 * math.log(4)  # nats of the rotation that two of eight shapes without texture hide
    assert every.entropy == pytest.approx(TOTAL - hidden)
    assert every.shared == pytest.approx(every.entropy)
    assert none.shared == pytest.approx(0, abs=1e-12)
    assert none.non_shared == pytest.approx(none.told)
    assert every.non_shared == pytest.approx(dict.fromkeys(FACTORS, 0.0), abs=1e-12)


def test_free_factors_add_up() -> None:
    found = information(("hue", "x"))
    assert found.shared == pytest.approx(math.log(8) + math.log(4))
    assert found.told["hue"] == pytest.approx(math.log(8))
    assert found.non_shared["hue"] == 0
    assert found.non_shared["y"] == pytest.approx(math.log(4))
    assert found.superfluous["hue"] == pytest.approx(math.log(4))
    assert found.superfluous["shape"] == pytest.approx(math.log(8) + math.log(4))


@pytest.mark.parametrize(
    "shared", [(), ("shape",), ("rotation",), ("shape", "rotation"), ("texture", "rotation"), TIED]
)
def test_tied_factors_are_counted_as_a_loop_over_all_pairs_of_scenes_counts_them(shared: tuple[str, ...]) -> None:
    every = list(itertools.product(*(range(len(FACTORS[name])) for name in TIED)))
    held = [place for place, name in enumerate(TIED) if name in shared]
    pairs = [(one, two) for one in every for two in every if all(one[place] == two[place] for place in held)]
    first, second = ([canonical(*pair[view]) for pair in pairs] for view in (0, 1))
    known = information(shared)
    both = entropy(Counter(zip(first, second, strict=True)))
    assert known.shared == pytest.approx(entropy(Counter(first)) + entropy(Counter(second)) - both, abs=1e-9)
    for place, name in enumerate(TIED):
        value = [one[place] for one, _ in pairs]
        with_first = entropy(Counter(zip(value, first, strict=True)))
        assert known.told[name] == pytest.approx(entropy(Counter(value)) + entropy(Counter(first)) - with_first)
        with_second = entropy(Counter(zip(value, second, strict=True)))
        whole = entropy(Counter(zip(value, first, second, strict=True)))
        given_second = with_second + both - entropy(Counter(second)) - whole  # I(v1; y | v2)
        assert known.non_shared[name] == pytest.approx(given_second, abs=1e-9)
        given_value = with_first + with_second - entropy(Counter(value)) - whole  # I(v1; v2 | y)
        assert known.superfluous[name] == pytest.approx(given_value, abs=1e-9)


def test_levels_are_uniform_and_independent() -> None:
    levels = levels_of(CONFIG, "pretrain", count=20_000).numpy()
    for column, count in enumerate(LEVELS):
        observed = np.bincount(levels[:, column], minlength=count)
        statistic = ((observed - 20_000 / count) ** 2 / (20_000 / count)).sum()
        assert statistic < count - 1 + 5 * math.sqrt(2 * (count - 1))
    correlation = np.corrcoef(levels.T) - np.eye(len(LEVELS))
    assert np.abs(correlation).max() < 5 / math.sqrt(20_000)


def test_scenes_depend_on_seed_split_and_place_alone() -> None:
    assert torch.equal(scenes(100), scenes(10_000)[:100])
    drawn = [levels_of(CONFIG, split, count=200) for split in SPLITS]
    for one, other in itertools.combinations(drawn, 2):
        assert (one == other).float().mean() < 0.3


def test_the_tree_holds_the_scenes_that_its_table_names(tmp_path: Path) -> None:
    factor_shapes.ensure(CONFIG, tmp_path / "factors")
    table = pd.read_csv(tmp_path / "factors" / "factors.csv")
    assert list(table.columns) == ["file", "label", *FACTORS]
    assert len(table) == 512 + 64 + 32
    rows = table[table["file"].str.startswith("test/")]
    levels = torch.tensor(
        [
            [
                np.argmin(np.abs(np.array(levels) - row[name]))
                if isinstance(row[name], float)
                else levels.index(row[name])
                for name, levels in FACTORS.items()
            ]
            for row in rows.to_dict("records")
        ]
    )
    drawn = draw_images(levels, image_size=32).permute(0, 2, 3, 1).numpy()
    for file, expected in zip(rows["file"], drawn, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "factors" / file)), expected)


def test_a_tree_is_not_written_over_another(tmp_path: Path) -> None:
    factor_shapes.ensure(CONFIG, tmp_path / "factors")
    before = (tmp_path / "factors" / "factors.csv").stat().st_mtime_ns
    factor_shapes.ensure(CONFIG, tmp_path / "factors")
    assert (tmp_path / "factors" / "factors.csv").stat().st_mtime_ns == before
    other = FactorShapesConfig(seed=4, image_size=32, pretrain=512, train=64, test=32)
    with pytest.raises(ValueError, match=r"factor_shapes: .* seed 3 \(wanted 4\); choose another folder"):
        factor_shapes.ensure(other, tmp_path / "factors")


def test_wrong_options_and_names_are_one_line() -> None:
    with pytest.raises(ValueError, match="factor_shapes: image_size must be >= 16, got 8"):
        FactorShapesConfig(seed=0, image_size=8, pretrain=1, train=2, test=1)
    with pytest.raises(ValueError, match=r"unknown factor 'colour'.* Known: shape, "):
        information(("colour",))
    with pytest.raises(ValueError, match="each factor is named once, got hue, hue"):
        positions(("hue", "hue"))
