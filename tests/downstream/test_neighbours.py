from pathlib import Path

import numpy as np
import pytest
import torch
from colour_tree import SPEC
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor
from torchvision.transforms import v2

from downstream import features, neighbours
from downstream.backbone import Backbone
from downstream.features import Features, encode
from downstream.images import from_pixels
from downstream.neighbours import knn_labels, nearest


def drawn(count: int, width: int, *, seed: int) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def signs(count: int, *, seed: int) -> Tensor:
    """Vectors of four times +1 or -1, whose cosines are multiples of a half, exactly; most are as near as others."""
    return drawn(count, 4, seed=seed).sign()


def ranked(bank: Tensor, x: Tensor) -> list[list[int]]:
    """Rows of the bank, one image and one pair at a time; Python's sort leaves equals in their order."""
    found = []
    for one in x.tolist():
        dots = [sum(a * b for a, b in zip(one, other, strict=True)) for other in bank.tolist()]
        found.append(sorted(range(len(bank)), key=lambda row, dots=dots: -dots[row]))  # type: ignore[misc]
    return found


@pytest.mark.parametrize("blocks", [(1, 1), (3, 2), (7, 5), (1000, 1000)])
@pytest.mark.parametrize("count", [1, 4, 50])
def test_of_equally_near_rows_the_earlier_come_first_whatever_the_blocks(
    count: int, blocks: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, x = signs(50, seed=0), signs(9, seed=1)
    monkeypatch.setattr(neighbours, "_BANK", blocks[0])
    monkeypatch.setattr(neighbours, "_ROWS", blocks[1])
    cosine, index = nearest(bank, x, count=count)
    assert index.tolist() == [rows[:count] for rows in ranked(bank, x)]
    assert torch.equal(cosine, (x[:, None] * bank[index]).sum(dim=2) / 4)  # -1, 0 and 1 among them
    assert set(cosine.flatten().tolist()) <= {-1.0, -0.5, 0.0, 0.5, 1.0}


def test_a_zero_of_either_sign_is_as_near_as_the_other() -> None:
    bank = torch.tensor([[0.0, 1.0], [0.0, -1.0], [0.0, 1.0], [1.0, 0.0]])
    cosine, index = nearest(bank, torch.tensor([[1.0, -0.0], [-1.0, 0.0]]), count=4)
    assert index.tolist() == [[3, 0, 1, 2], [0, 1, 2, 3]]
    assert cosine.tolist() == [[1, 0, 0, 0], [0, 0, 0, -1]]


def test_the_vote_for_several_k_at_once_is_scikit_learns_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BANK", 130)
    monkeypatch.setattr(neighbours, "_ROWS", 100)
    y = torch.arange(700) % 5
    train = Features(drawn(700, 16, seed=0) + 0.7 * drawn(5, 16, seed=1)[y], y)
    x = drawn(300, 16, seed=2) + 0.7 * drawn(5, 16, seed=1)[torch.arange(300) % 5]

    def weights(distances: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(-distances / 0.07)

    ks = (20, 1, 200, 5)
    told = dict(zip(ks, knn_labels(train, x, neighbours=ks, temperature=0.07), strict=True))
    for k, labels in told.items():
        reference = KNeighborsClassifier(k, weights=weights, metric="cosine", algorithm="brute")
        reference.fit(train.x.double().numpy(), y.numpy())
        assert labels.tolist() == reference.predict(x.double().numpy()).tolist()
    assert not torch.equal(told[1], told[200])


def test_at_a_small_temperature_the_nearest_neighbour_alone_decides() -> None:
    y = torch.arange(200) % 4 + 1  # never class 0, which is told where all votes are 0
    train, x = Features(drawn(200, 32, seed=0), y), drawn(50, 32, seed=1)
    cosines = torch.cosine_similarity(x[:, None].double(), train.x[None].double(), dim=2)
    first, second = cosines.topk(2, dim=1).values.T
    clear = (first - second) / 5e-4 > 5  # a lead that nine others cannot outvote
    assert int(clear.sum()) > 30
    for told in knn_labels(train, x, neighbours=(1, 10), temperature=5e-4):
        assert torch.equal(told[clear], y[cosines.argmax(dim=1)][clear])


def test_a_small_bank_votes_as_a_whole() -> None:
    train, x = Features(drawn(30, 8, seed=0), torch.arange(30) % 3), drawn(10, 8, seed=1)
    many, all_of_them = knn_labels(train, x, neighbours=(500, 30), temperature=0.1)
    assert torch.equal(many, all_of_them)


def test_features_that_lie_in_a_file_are_the_same_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    images = from_pixels(tmp_path, pixels, np.arange(40) % 2, classes=("even", "odd"))
    torch.manual_seed(0)
    backbone, transform = Backbone(SPEC), v2.PILToTensor()
    held = encode(backbone, images, transform, device="cpu", folder=tmp_path)
    monkeypatch.setattr(features, "_RESIDENT", 0)
    lying = encode(backbone, images, transform, device="cpu", folder=tmp_path)
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if str(tmp_path) in line]
    assert len(mapped) == 1
    assert torch.equal(lying.x, held.x)
    assert list(tmp_path.iterdir()) == []
    del lying
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()
