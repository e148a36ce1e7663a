import pytest
import torch
from PIL import Image

from benchmark.config import BenchConfig, load
from benchmark.perf import loop, loop_gpu
from benchmark.perf.images import DATA, images_to_measure_on, random_images
from benchmark.perf.lightly_loop import lightly_rates
from benchmark.perf.rates import bare_rate, loop_rate
from objectives.registry import load_objectives


@pytest.fixture(autouse=True)
def _registered() -> None:
    load_objectives()


def tiny() -> BenchConfig:
    return load("cifar10", ["model.depth=10", "model.width=0.125", "model.stem=stl10", "training.batch=4"])


def test_the_loop_takes_the_steps_that_it_is_asked_for_also_beyond_the_images() -> None:
    assert loop_rate(tiny(), random_images(8, side=32), steps=3, device="cpu") > 0
    assert bare_rate(tiny(), steps=2, device="cpu") > 0


def test_lightly_is_measured_without_and_with_worker_processes() -> None:
    rates = lightly_rates(tiny(), random_images(8, side=32), steps=3, device="cpu")
    assert len(rates) == 2
    assert all(rate() > 0 for rate in rates.values())


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


def test_the_views_of_both_loops_are_of_one_recipe() -> None:
    wide = next(each for each in loop.settings() if each.peer is not None)
    views = wide.config.views
    assert views.jitter == (0.4, 0.4, 0.4, 0.1)
    assert (views.crop_scale, views.grayscale_p, views.blur_p, views.flip) == ((0.08, 1.0), 0.2, 0.0, 0.5)


@pytest.mark.skipif(torch.cuda.is_available(), reason="measures there")
def test_rows_of_a_gpu_stand_there_unmeasured_without_one() -> None:
    rows = list(loop_gpu.measure())
    assert [(row.other, row.bar) for row in rows] == [("the bare loop", 0.9), ("lightly", 5.0), ("the bare loop", 0.9)]
    assert all(row.ours == () and "make perf PARTS=loop_gpu" in row.note for row in rows)
