import pytest

from benchmark.perf.probe import measure, verdict


def test_cached_features_and_images_encoded_anew_end_in_the_same_accuracy() -> None:
    found = measure(images=(512, 256), epochs=5)
    (_, cached), (_, encoded) = found["cached"], found["encoded"]
    assert abs(cached - encoded) <= 1 / 256
    assert cached > 1.5 / 8  # of eight classes


@pytest.mark.parametrize(
    ("cached", "word"),
    [
        ((50.0, 0.32), "it held"),
        ((50.0, 0.323), "it held"),
        ((51.0, 0.32), "it did NOT hold"),
        ((10.0, 0.324), "it did NOT hold"),
        ((10.0, 0.316), "it did NOT hold"),
    ],
)
def test_the_claim_is_about_sgd_on_cached_features_and_both_its_parts(cached: tuple[float, float], word: str) -> None:
    said = verdict({"encoded": (1000.0, 0.32), "cached": cached, "grid": (1.0, 0.9)})
    assert said.endswith(f"{word} in this run")
    assert "the same SGD on cached features" in said
