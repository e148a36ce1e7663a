import pytest

from benchmark.perf.probe import compare, run_probes


def test_cached_features_and_images_encoded_anew_end_in_the_same_accuracy() -> None:
    found = run_probes(images=(512, 256), epochs=5, rounds=1)
    ((_, cached),), ((_, encoded),) = found["cached"], found["encoded"]
    assert abs(cached - encoded) <= 1 / 256
    assert cached > 1.5 / 8  # of eight classes


@pytest.mark.parametrize(
    ("cached", "held"),
    [
        ((50.0, 0.32), (True, True)),
        ((50.0, 0.323), (True, True)),
        ((51.0, 0.32), (False, True)),
        ((10.0, 0.324), (True, False)),
        ((10.0, 0.316), (True, False)),
    ],
)
def test_the_claim_is_about_sgd_on_cached_features_and_both_its_parts(
    cached: tuple[float, float], held: tuple[bool, bool]
) -> None:
    found = {"encoded": [(1000.0, 0.32)], "cached": [cached], "grid": [(1.0, 0.9)]}
    speed, accuracy, grid = compare(found, what="images")
    assert (speed.holds, accuracy.holds) == held
    assert grid.holds is None
    assert grid.note == "top-1 +58.00 points"
