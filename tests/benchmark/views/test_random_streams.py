import pytest
import torch
from scipy import stats

from benchmark.views.random_streams import philox, uniform

# counter, key, result: the known answers for philox4x32, 10 rounds, that the authors publish with Random123.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> torch.Tensor:
    return torch.tensor([int(word, 16) for word in text.split()])


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter: str, key: str, expected: str) -> None:
    assert torch.equal(philox(words(counter), words(key)), words(expected))


def test_philox_gives_the_known_answers_in_one_batch() -> None:
    counter, key, expected = (
        torch.stack([words(text) for text in texts]) for texts in zip(*KNOWN_ANSWERS, strict=True)
    )
    assert torch.equal(philox(counter, key), expected)


def test_uniform_takes_the_words_of_philox_in_order() -> None:
    first = philox(torch.tensor([0, 5, 3, 2]), torch.tensor([9, 1]))
    second = philox(torch.tensor([1, 5, 3, 2]), torch.tensor([9, 1]))
    drawn = uniform(seed=(1 << 32) + 9, step=3, index=torch.tensor([5]), stream=2, draws=6)
    assert drawn.dtype == torch.float32
    assert [int(value * 2**24) for value in drawn[0]] == [int(word) >> 8 for word in (*first, *second)][:6]


def test_uniform_numbers_pass_kolmogorov_smirnov_and_do_not_correlate() -> None:
    drawn = uniform(seed=0, step=0, index=torch.arange(20_000), stream=0, draws=8)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert stats.kstest(drawn.flatten().numpy(), "uniform").pvalue > 1e-3
    correlation = torch.corrcoef(drawn.T) - torch.eye(8)
    assert correlation.abs().max() < 5 / 20_000**0.5


def test_a_row_depends_on_its_own_index_alone() -> None:
    index = torch.arange(100)
    whole = uniform(seed=1, step=2, index=index, stream=0, draws=5)
    shuffled = torch.randperm(100)[:37]
    assert torch.equal(uniform(seed=1, step=2, index=index[shuffled], stream=0, draws=5), whole[shuffled])
    assert torch.equal(uniform(seed=1, step=2, index=index, stream=0, draws=3), whole[:, :3])


def test_every_coordinate_changes_every_number() -> None:
    index = torch.arange(50)
    base = uniform(seed=1, step=2, index=index, stream=3, draws=4)
    others = [
        uniform(seed=2, step=2, index=index, stream=3, draws=4),
        uniform(seed=1 + (1 << 40), step=2, index=index, stream=3, draws=4),
        uniform(seed=1, step=3, index=index, stream=3, draws=4),
        uniform(seed=1, step=2, index=index, stream=2, draws=4),
        uniform(seed=1, step=2, index=index + 50, stream=3, draws=4),
    ]
    for other in others:
        assert (other != base).all()


@pytest.mark.parametrize(
    ("name", "value"), [("seed", -1), ("seed", 2**63), ("step", -1), ("step", 2**32), ("stream", -1)]
)
def test_coordinates_out_of_range_are_refused(name: str, value: int) -> None:
    coordinates = {"seed": 0, "step": 0, "stream": 0, name: value}
    with pytest.raises(ValueError, match=rf"random stream: {name} must be in \[0, 2\*\*\d+\), got {value}"):
        uniform(index=torch.arange(2), draws=1, **coordinates)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_gpu_gives_the_same_bits() -> None:
    index = torch.arange(1000)
    on_gpu = uniform(seed=5, step=6, index=index.cuda(), stream=7, draws=9)
    assert torch.equal(on_gpu.cpu(), uniform(seed=5, step=6, index=index, stream=7, draws=9))
