import inspect

import lightly.transforms
import pytest
import torch
from PIL import Image

from benchmark.config import BenchConfig, load
from benchmark.perf import loop, loop_gpu
from benchmark.perf.images import DATA, images_to_measure_on, random_images
from benchmark.perf.lightly_loop import counted, lightly_rates
from benchmark.perf.rates import bare_rate, ceiling_rate, loop_rate
from objectives.registry import load_objectives

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # Python 3.12, on loaders' processes


@pytest.fixture(autouse=True)
def _registered() -> None:
    load_objectives()


def tiny() -> BenchConfig:
    return load("cifar10", ["model.depth=10", "model.width=0.125", "model.stem=stl10", "training.batch=4"])


def test_the_loop_takes_the_steps_that_it_is_asked_for_also_beyond_the_images() -> None:
    assert loop_rate(tiny(), random_images(8, side=32), steps=3, device="cpu") > 0
    assert bare_rate(tiny(), steps=2, device="cpu") > 0
    assert ceiling_rate(tiny()) > 0


def test_a_setting_is_compared_with_the_bare_loop_the_hardware_and_itself() -> None:
    setting = loop.Setting("tiny", tiny(), 1, 0.9, None, resident=32)
    bare, ceiling = loop.compare(setting)
    assert (bare.other, bare.bar) == ("the bare loop", 0.9)
    assert ceiling.other == "all its operations at the speed of one large convolution"
    given_back, half = loop.compare_with_itself(setting)
    assert (given_back.other, half.other) == ("ours, with freed memory given back to the system", "ours in float32")
    assert half.theirs == given_back.ours
    assert all(row.bar is None for row in (ceiling, given_back, half))
    assert {len(row.ours) for row in (bare, ceiling, given_back, half)} == {5}


def test_lightly_is_measured_without_and_with_worker_processes() -> None:
    rates = lightly_rates(tiny(), random_images(8, side=32), steps=3, device="cpu")
    assert len(rates) == 2
    assert all(rate() > 0 for rate in rates.values())


@pytest.mark.parametrize(("steps", "workers", "wanted"), [(8, 0, 8), (8, 2, 8), (3, 2, 4), (40, 16, 32), (20, 64, 64)])
def test_whole_rounds_of_lightlys_worker_processes_are_counted(steps: int, workers: int, wanted: int) -> None:
    assert counted(steps, workers=workers) == wanted


def test_images_come_from_the_folder_that_is_given(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("data")
    for place, name in enumerate(("a", "b")):
        (root / "train" / name).mkdir(parents=True)
        for row in range(3):
            Image.new("RGB", (32, 32), (40 * row, 100 * place, 0)).save(root / "train" / name / f"{row}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATA, str(root))
        images, called = images_to_measure_on(2, least=6)
        assert called == "images of a folder"
        shown = images.images[torch.arange(2)]  # the first and the last
        assert shown[:, :, 0, 0].tolist() == [[0, 0, 0], [80, 100, 0]]
        assert len(images_to_measure_on(100, least=6)[0].images) == 6


def test_the_recipes_are_those_of_lightly() -> None:
    """Its transform's own defaults, and what its CIFAR-10 benchmark changes of them."""
    own = inspect.signature(lightly.transforms.SimCLRTransform).parameters
    colour = [own[f"cj_{name}"].default for name in ("bright", "contrast", "sat", "hue")]
    blurred, benchmark = (each.config.views for each in loop.settings() if each.peer == 3.0)
    assert list(blurred.jitter) == colour
    assert list(benchmark.jitter) == [0.5 * strength for strength in colour]
    assert (blurred.blur_p, benchmark.blur_p) == (own["gaussian_blur"].default, 0.0)
    assert blurred.blur_sigma == own["sigmas"].default
    for views in (blurred, benchmark):
        assert (views.jitter_p, views.grayscale_p) == (own["cj_prob"].default, own["random_gray_scale"].default)
        assert (views.crop_scale[0], views.flip) == (own["min_scale"].default, own["hf_prob"].default)
        assert {"mean": list(views.mean), "std": list(views.std)} == own["normalize"].default


@pytest.mark.skipif(torch.cuda.is_available(), reason="measures there")
def test_rows_of_a_gpu_stand_there_unmeasured_without_one() -> None:
    rows = list(loop_gpu.measure())
    assert [(row.other, row.bar) for row in rows] == [("the bare loop", 0.9), ("lightly", 5.0), ("the bare loop", 0.9)]
    assert all(row.ours == () and "make perf PARTS=loop_gpu" in row.note for row in rows)
