from benchmark.perf_probe import measure


def test_cached_features_and_images_encoded_anew_end_in_the_same_accuracy() -> None:
    found = measure(images=(256, 128), epochs=6)
    (_, cached), (_, encoded) = found["cached"], found["encoded"]
    assert abs(cached - encoded) <= 1 / 128
    assert cached > 1.5 / 8  # of eight classes
