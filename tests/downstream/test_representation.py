import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from colour_tree import SPEC, by_name, context, write_colours
from PIL import Image
from torch import Tensor

from downstream import quality
from downstream.backbone import load_backbone
from downstream.projector import Projector, save_projector
from downstream.representation import FEATURES, check_data, fixed_images, rehearse, run
from downstream.representation_options import RepresentationOptions
from downstream.tasks import OPTIONS as FAMILIES
from downstream.tasks import Context

OPTIONS = RepresentationOptions(
    dataset="colours",
    data="test",
    image_size=16,
    images=40,
    pairs=64,
    components=2,
    neighbours=3,
    pixels=4,
    noise=1.0,
)
OF_IMAGES = {"uniformity_nats", "spread", "rankme_dims", "effective_rank_dims"}
OF_PAIRS = {
    "alignment_squared",
    "lidar_dims",
    "infonce_information_nats",
    "infonce_ceiling_nats",
    "infonce_saturated",
    "infonce_bias_nats",
    "infonce_few_bias_nats",
    "ksg_information_nats",
    "ksg_saturated",
    "ksg_bias_nats",
    "ksg_few_bias_nats",
    "decoder_information_nats",
    "decoder_bias_nats",
    "noise_information_nats",
    "noise_saturated",
    "noise_bias_nats",
    "h_decoder_information_nats",
    "h_decoder_bias_nats",
    "h_noise_information_nats",
    "h_noise_saturated",
    "h_noise_bias_nats",
}
OFTEN_UNKNOWN = {
    name for name in OF_PAIRS if name.endswith("_bias_nats")
}  # absent where no Gaussians are said as much of


def colour_pairs(count: int, *, noise: float = 0.3) -> tuple[Tensor, Tensor]:
    """Views of one colour, with noise of their own; no more than 200."""
    stream = torch.Generator().manual_seed(0)
    colour = torch.randn(min(count, 200), 3, 1, 1, generator=stream).expand(-1, 3, 16, 16)
    first, second = (colour + noise * torch.randn(colour.shape, generator=stream) for _ in range(2))
    return first, second


def unlike_pairs(count: int) -> tuple[Tensor, Tensor]:
    """Views that have nothing to do with each other."""
    first, second = colour_pairs(count)
    return first, second.roll(1, dims=0)


def with_projector(given: Context, folder: Path) -> Context:
    torch.manual_seed(1)
    save_projector(Projector(features=SPEC.stage_dims[-1], hidden=32, projection=8, norm=True), folder / "p.pth")
    return replace(given, projector=folder / "p.pth")


def numbers(options: RepresentationOptions, given: Context) -> dict[str, float]:
    found = by_name(run(options, given))
    assert {name[1:] for name in found} == {("test", "last")}
    return {name: value for (name, _, _), value in found.items()}


def test_the_family_is_known_by_its_name() -> None:
    assert FAMILIES["representation"] is RepresentationOptions


def test_a_checkpoint_without_views_or_projector_has_the_numbers_of_its_images(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=30)
    found = numbers(OPTIONS, context(tmp_path))
    assert set(found) == OF_IMAGES
    h = torch.from_numpy(np.load(tmp_path / "work/kept" / FEATURES)).double()
    assert h.shape == (40, SPEC.stage_dims[-1])
    assert found["rankme_dims"] == pytest.approx(quality.rankme(h), rel=0.01)  # of h before it was rounded
    assert found["uniformity_nats"] == pytest.approx(quality.uniformity(h), rel=0.01)


def test_a_pretrained_one_has_those_of_its_views_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_colours(tmp_path / "data", each=30)
    given = replace(with_projector(context(tmp_path), tmp_path), pairs=colour_pairs)
    found = numbers(OPTIONS, given)
    assert set(found) - OFTEN_UNKNOWN == (OF_IMAGES | OF_PAIRS) - OFTEN_UNKNOWN
    assert set(found) <= OF_IMAGES | OF_PAIRS
    assert all(math.isfinite(value) for value in found.values())
    assert found["infonce_ceiling_nats"] == pytest.approx(math.log(64))
    assert found["infonce_information_nats"] > 0.5
    said = capsys.readouterr().out
    assert all(name in said for name in found)
    low, high = map(float, said.partition("noise_information_nats is ")[2].splitlines()[0].split(" to "))
    assert low - 0.1 < found["noise_information_nats"] < high + 0.1
    bare = numbers(OPTIONS, replace(given, projector=None))
    assert set(bare) - OFTEN_UNKNOWN == set(found) - OFTEN_UNKNOWN
    for name in ("rankme_dims", "effective_rank_dims", "lidar_dims", "h_decoder_information_nats"):
        assert bare[name] == found[name]  # of h
    assert bare["h_noise_information_nats"] == found["h_noise_information_nats"]
    for name in ("uniformity_nats", "spread", "alignment_squared", "noise_information_nats"):
        assert bare[name] != found[name]  # of z


def test_views_that_belong_together_are_told_from_those_that_do_not(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=30)
    given = context(tmp_path)
    alike, unlike = (numbers(OPTIONS, replace(given, pairs=pairs)) for pairs in (colour_pairs, unlike_pairs))
    assert alike["alignment_squared"] < unlike["alignment_squared"] / 2
    assert alike["infonce_information_nats"] > 1
    assert unlike["infonce_information_nats"] == pytest.approx(0, abs=0.1)
    assert alike["ksg_information_nats"] > unlike["ksg_information_nats"] + 0.5
    assert alike["decoder_information_nats"] == unlike["decoder_information_nats"] > 1  # one view is enough


def test_there_are_no_more_pairs_than_the_pretraining_has(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=30)
    found = numbers(replace(OPTIONS, pairs=4096), replace(context(tmp_path), pairs=colour_pairs))
    assert found["infonce_ceiling_nats"] == pytest.approx(math.log(200))
    few = replace(context(tmp_path), pairs=lambda count: colour_pairs(min(count, 10)))
    with pytest.raises(ValueError, match=r"^colours: the pretraining must have at least 16 pairs, got 10$"):
        run(OPTIONS, few)


def test_the_kept_features_are_those_of_the_same_images_whatever_the_seed(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=30)
    given = context(tmp_path, seed=0)
    run(OPTIONS, given)
    first = np.load(given.kept / FEATURES)
    run(OPTIONS, context(tmp_path, seed=5))
    assert first.dtype == np.float16
    assert np.array_equal(first, np.load(given.kept / FEATURES))
    names = fixed_images(OPTIONS, data_root=tmp_path / "data", count=40).names
    assert len(set(names)) == 40
    assert names == tuple(sorted(names))
    assert sum(name.startswith("red") for name in names) == 20  # not the first class alone
    backbone = load_backbone(given.backbone, SPEC).eval()
    pixels = np.asarray(Image.open(tmp_path / "data/test" / names[7])).transpose(2, 0, 1)
    with torch.no_grad():
        h = backbone(SPEC.normalise(torch.from_numpy(pixels.copy())[None]))[0]
    assert first[7] == pytest.approx(h.numpy(), abs=2e-3)


def test_the_seed_decides_the_estimates_and_the_same_one_repeats_them(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=30)
    first, again, other = (
        numbers(OPTIONS, replace(context(tmp_path, seed=seed), pairs=colour_pairs)) for seed in (3, 3, 4)
    )
    assert first == again
    assert first["ksg_information_nats"] != other["ksg_information_nats"]
    assert first["lidar_dims"] == other["lidar_dims"]


@pytest.mark.parametrize("views", [True, False])
def test_a_rehearsal_takes_the_fewest_images_and_pairs(views: bool, tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=8)
    asked = []

    def pairs(count: int) -> tuple[Tensor, Tensor]:
        asked.append(count)
        return colour_pairs(count)

    rehearse(OPTIONS, replace(context(tmp_path), pairs=pairs if views else None))
    assert asked == [16] * views
    with pytest.raises(ValueError, match="does not fit"):
        rehearse(OPTIONS, replace(context(tmp_path), spec=replace(SPEC, width=0.25)))


def test_what_is_checked_has_the_fingerprint_of_the_images_that_are_used(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", each=30)
    places = {"data_root": tmp_path / "data", "store": tmp_path / "store"}
    before = check_data(OPTIONS, **places)
    assert check_data(replace(OPTIONS, pairs=99), **places) == before
    assert check_data(replace(OPTIONS, images=20), **places) != before
    used = fixed_images(OPTIONS, data_root=tmp_path / "data", count=40).names[3]
    Image.new("RGB", (16, 16)).save(tmp_path / "data/test" / used)
    assert check_data(OPTIONS, **places) != before


def refusal(root: Path) -> str:
    with pytest.raises(ValueError, match=r"^(colours|images): ") as caught:
        check_data(OPTIONS, data_root=root / "data", store=root / "store")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_few_and_damaged_images_are_refused_in_one_line(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"colours: {tmp_path / 'data/test'} is missing; expected a folder of images"
    write_colours(tmp_path / "data", each=7)
    assert refusal(tmp_path) == f"colours: {tmp_path / 'data/test'} must have at least 16 images, got 14"
    write_colours(tmp_path / "more/data", each=9)
    damaged = tmp_path / "more/data/test/red/red_003.png"
    damaged.write_bytes(damaged.read_bytes()[:40])
    assert refusal(tmp_path / "more").startswith(f"images: {damaged} cannot be decoded: ")


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("image_size", 0, "image_size must be >= 1, got 0"),
        ("images", 15, "images must be >= 16, got 15"),
        ("pairs", 4, "pairs must be >= 16, got 4"),
        ("components", 9, "components must be 1 to 8, got 9"),
        ("neighbours", 0, "neighbours must be 1 to 6, got 0"),
        ("pixels", 0, "pixels must be >= 1, got 0"),
        ("noise", 0.0, "noise must be > 0, got 0.0"),
    ],
)
def test_options_that_no_measurement_could_use_are_refused(field: str, value: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=f"^colours: {rule}$"):
        replace(OPTIONS, **{field: value})
