from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from scipy.stats import chi2_contingency, kstest
from torch import Tensor

from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.render import signed_distances, visible
from benchmark.data.shapes.scene import CENTRED, CHUNK, SCATTERED, Scenes, sample_scenes
from benchmark.data.shapes.textures import TEXTURES


def sample(count: int, *, seed: int = 0, split: str = "test") -> Scenes:
    return sample_scenes(seed=seed, split=split, count=count, statistics=CENTRED)


def assert_same(one: Scenes, other: Scenes) -> None:
    for field in fields(Scenes):
        torch.testing.assert_close(getattr(one, field.name), getattr(other, field.name), rtol=0, atol=0)


def test_a_scene_depends_on_the_seed_and_not_on_the_count() -> None:
    few, many = sample(3), sample(2 * CHUNK + 5)
    assert len(few) == 3
    assert len(many) == 2 * CHUNK + 5
    assert_same(few, many[:3])
    assert_same(sample(CHUNK + 1), many[: CHUNK + 1])


@pytest.mark.parametrize("other", [{"seed": 1}, {"split": "train"}])
def test_seeds_and_splits_are_different_streams(other: dict[str, object]) -> None:
    one, two = sample(CHUNK), sample(CHUNK, **other)  # type: ignore[arg-type]
    assert not (one.hue == two.hue).any()
    assert abs(torch.corrcoef(torch.stack([one.hue[:, 0], two.hue[:, 0]]))[0, 1]) < 0.2


def test_chunks_of_one_stream_differ() -> None:
    scenes = sample(2 * CHUNK)
    assert not (scenes.hue[:CHUNK] == scenes.hue[CHUNK:]).any()


def test_batches_are_the_scenes_in_order() -> None:
    scenes = sample(10)
    batches = list(scenes.batches(4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert torch.equal(torch.cat([batch.hue for batch in batches]), scenes.hue)


def test_no_scenes_are_an_error() -> None:
    with pytest.raises(ValueError, match="the number of scenes must be >= 1, got 0"):
        sample(0)


def quarters(values: Tensor) -> Tensor:
    """Bin by rank, so that each of the four bins is a quarter of the values."""
    return values.argsort().argsort() * 4 // len(values)


def test_factors_are_pairwise_independent() -> None:
    scenes = sample(6000)
    factors = {
        "count": scenes.count - 1,
        "shape": scenes.shape[:, 0],
        "texture": scenes.texture[:, 0],
        "shape of another object": scenes.shape[:, 1],
        "background texture": scenes.background_texture,
        "hue": quarters(scenes.hue[:, 0]),
        "radius": quarters(scenes.radius[:, 0]),
        "rotation": quarters(scenes.rotation[:, 0]),
        "x": quarters(scenes.x[:, 0]),
        "y": quarters(scenes.y[:, 0]),
        "light": quarters(scenes.light_angle),
        "background rotation": quarters(scenes.background_rotation),
    }
    names = list(factors)
    pairs = [(one, other) for index, one in enumerate(names) for other in names[:index]]
    for one, other in pairs:
        table = torch.zeros(int(factors[one].max()) + 1, int(factors[other].max()) + 1)
        table.index_put_((factors[one], factors[other]), torch.ones(len(scenes)), accumulate=True)
        assert chi2_contingency(table.numpy()).pvalue > 0.01 / len(pairs), (one, other)


def test_the_hue_is_uniform_though_it_keeps_clear_of_the_background() -> None:
    scenes = sample(4000)
    apart = (scenes.hue - scenes.background_hue[:, None]).abs()
    assert torch.minimum(apart, 1 - apart).min() >= CENTRED.hue_gap - 1e-6
    for hue in (scenes.hue[:, 0], scenes.background_hue):
        assert kstest(hue.numpy(), "uniform").pvalue > 0.001


def test_shapes_textures_and_counts_are_all_drawn_equally_often() -> None:
    scenes = sample(4000)
    for factor, choices in ((scenes.shape, len(SHAPES)), (scenes.texture, len(TEXTURES)), (scenes.count - 1, 4)):
        shares = torch.bincount(factor.flatten(), minlength=choices) / factor.numel()
        torch.testing.assert_close(shares, torch.full((choices,), 1 / choices), rtol=0.1, atol=0)


def test_the_main_object_is_whole_large_and_near_the_middle() -> None:
    scenes = sample(500)
    inside = signed_distances(scenes, image_size=32) <= 0
    assert torch.equal(visible(inside)[:, 0], inside[:, 0])
    assert (scenes.radius[:, :1] > scenes.radius[:, 1:]).all()
    assert (scenes.x[:, 0] - 0.5).abs().max() <= CENTRED.main_offset
    assert (scenes.y[:, 0] - 0.5).abs().max() <= CENTRED.main_offset


def test_more_candidates_leave_objects_more_visible() -> None:
    def hidden(candidates: int) -> float:
        statistics = replace(SCATTERED, candidates=candidates, objects=(4, 4))
        scenes = sample_scenes(seed=0, split="test", count=256, statistics=statistics)
        inside = signed_distances(scenes, image_size=32) <= 0
        return float((visible(inside).sum((2, 3)) < 0.3 * inside.sum((2, 3))).float().mean())

    assert hidden(8) < hidden(1) / 3
    assert hidden(1) > 0.05
