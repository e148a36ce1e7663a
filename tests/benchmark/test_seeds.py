import torch

from benchmark.seeds import derived_seed


def test_no_two_purposes_seeds_or_steps_share_a_stream() -> None:
    seeds = {
        derived_seed(seed, purpose, counter) % 2**32
        for seed in range(20)
        for purpose in ("network", "objective", "order", "noise")
        for counter in range(20)
    }
    assert len(seeds) == 20 * 4 * 20


def test_a_derived_seed_fits_torchs_generator_and_is_the_same_everywhere() -> None:
    assert derived_seed(0, "network") == 841791403009056675
    torch.Generator().manual_seed(derived_seed(2**40, "noise", 10**9))
