"""The model counts what rings send and what the code asks of them; the page shows the model as it is."""

from pathlib import Path

import pytest

from benchmark.perf import communication
from benchmark.perf.communication import Step, Traffic, all_gather, all_reduce, table, weight_gradients

ROOT = Path(__file__).parents[3]


class Ring:
    """GPUs that pass lists of numbers to their right neighbour, and count what each sends."""

    def __init__(self, gpus: int) -> None:
        self.gpus = gpus
        self.numbers, self.messages = [0] * gpus, 0

    def turn(self, sent: list[list[float]]) -> list[list[float]]:
        self.messages += 1
        self.numbers = [count + len(each) for count, each in zip(self.numbers, sent, strict=True)]
        return [sent[(gpu - 1) % self.gpus] for gpu in range(self.gpus)]

    def all_gather(self, own: list[list[float]]) -> list[list[float]]:
        known = [{gpu: own[gpu]} for gpu in range(self.gpus)]
        newest = list(range(self.gpus))
        for _ in range(self.gpus - 1):
            got = self.turn([known[gpu][newest[gpu]] for gpu in range(self.gpus)])
            newest = [(part - 1) % self.gpus for part in newest]
            for gpu in range(self.gpus):
                known[gpu][newest[gpu]] = got[gpu]
        return [[number for part in range(self.gpus) for number in held[part]] for held in known]

    def all_reduce(self, own: list[list[float]]) -> list[list[float]]:
        size = len(own[0]) // self.gpus
        parts = [[each[n * size : (n + 1) * size] for n in range(self.gpus)] for each in own]
        for step in range(self.gpus - 1):
            got = self.turn([parts[gpu][(gpu - step) % self.gpus] for gpu in range(self.gpus)])
            for gpu in range(self.gpus):
                part = (gpu - 1 - step) % self.gpus
                parts[gpu][part] = [a + b for a, b in zip(parts[gpu][part], got[gpu], strict=True)]
        summed = self.all_gather([parts[gpu][(gpu + 1) % self.gpus] for gpu in range(self.gpus)])
        return [each[-size:] + each[:-size] for each in summed]


@pytest.mark.parametrize("gpus", [2, 3, 8])
def test_a_ring_sends_what_the_formulas_say(gpus: int) -> None:
    own = [[float(100 * gpu + n) for n in range(5 * gpus)] for gpu in range(gpus)]
    ring = Ring(gpus)
    assert ring.all_gather(own) == [[number for each in own for number in each]] * gpus
    assert all_gather(gpus * 5 * gpus, gpus) == Traffic(ring.numbers[0], ring.messages)
    ring = Ring(gpus)
    assert ring.all_reduce(own) == [[sum(column) for column in zip(*own, strict=True)]] * gpus
    assert len(set(ring.numbers)) == 1
    model = all_reduce(5 * gpus, gpus)
    assert model.size == pytest.approx(ring.numbers[0])
    assert model.messages == ring.messages


def test_a_resnet_50_is_the_known_one() -> None:
    """25.557 million parameters with 2.049 of the classifier, 4.09 G multiplications an image, both of torchvision."""
    step, projector = communication.resnet50(8), 2048 * 2048 + 2 * 2048 + 2048 * 128
    sent = 2 * 7 / 8 * 4 * (25_557_032 - 2_049_000 + projector)
    assert step.weights.size == pytest.approx(sent, rel=2e-4)
    assert step.arithmetic == pytest.approx(2 * 4.09e9 * 3 * 2 * 4096 / 8 / 1e14, rel=0.01)
    channels = 26_560 + 2048
    assert step.statistics.size == pytest.approx(2 * 4 * (7 * (2 * channels + 54) + 2 * 7 / 8 * 2 * channels))


def test_one_gpu_sends_nothing_and_what_is_sent_in_the_background_costs_what_is_left_of_it() -> None:
    nothing = communication.resnet50(1)
    assert (nothing.projections, nothing.weights.size, nothing.statistics) == (Traffic(), 0, Traffic())
    step = Step(Traffic(10.0, 2), Traffic(90.0), Traffic(), arithmetic=3.0)
    low, high = step.efficiency(rate=10.0, latency=0.5)
    assert low == pytest.approx(3 / (3 + 1 + 2 * 0.5 + 9))
    assert high == pytest.approx(3 / (3 + 1 + 2 * 0.5 + 9 - 2))


def test_gradients_go_in_buckets() -> None:
    assert weight_gradients(10, gpus=4).messages == 6
    assert weight_gradients(2 * 25 * 2**20 // 4 + 1, gpus=4).messages == 3 * 6


def test_the_page_shows_what_the_command_prints() -> None:
    assert "\n".join(table()) in (ROOT / "docs" / "communication.md").read_text()
