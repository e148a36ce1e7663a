from benchmark.perf_probe import measure


def test_cached_features_and_images_encoded_anew_end_in_the_same_accuracy() -> None:
    found = measure(images=(512, 256), epochs=5)
    (_, cached), (_, encoded) = found["cached"], found["encoded"]
    assert abs(cached - encoded) <= 1 / 256
    assert cached > 1.5 / 8  # of eight classes
