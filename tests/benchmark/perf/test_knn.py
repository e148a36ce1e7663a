import pytest
import torch

from benchmark.perf.knn import OTHERS, VOTES, Slice, extrapolated, peak_bytes


def test_every_form_of_the_vote_tells_the_same_labels() -> None:
    train, x = Slice(1500, 60, 32).drawn()
    told = {name: vote(train, x) for name, vote in VOTES.items()}
    assert set(told) == {"ours", *OTHERS}
    assert all(torch.equal(labels, told["ours"]) for labels in told.values())
    assert len(told["ours"].unique()) > 10


def test_the_blocks_hold_less_than_the_matrix_would() -> None:
    many = Slice(40_000, 2000, 16)  # 320 MB of cosines
    assert peak_bytes("ours", many) < 4 * many.bank * many.queries / 2
    assert peak_bytes(OTHERS[1], many) > 4 * many.bank * many.queries


def test_hours_of_the_whole_are_those_of_the_slice_times_the_pairs_of_images() -> None:
    seconds = {"ours": (1.0, 2.0), OTHERS[0]: (3.0, 3.0)}
    found = extrapolated(Slice(10_000, 500, 2048), seconds, working=10**8)
    factor = 1_281_167 * 50_000 / (10_000 * 500)
    assert found.ours == pytest.approx((factor / 3600, factor / 1800))
    assert found.ratio == pytest.approx(2.25)  # the median of 3 and 1.5
    assert found.note.startswith("extrapolated, not measured")
    assert "10.9 GB" in found.note  # (1,281,167 + 50,000) x 2048 x 4
    assert "beside them 0.4 GB" in found.note  # 0.1 + 30 x 50,000 x 200
