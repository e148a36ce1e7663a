from importlib.util import find_spec

import pytest

from benchmark.perf.decoding import DECODERS, Size, _jpeg, measure_sizes
from downstream.decoding import decode


def test_every_pipeline_and_decoder_is_measured_or_says_how_it_could_be() -> None:
    found = list(measure_sizes((Size(300, 260, 2),)))
    assert len(found) == 4 + len(DECODERS)
    for row in found:
        assert len(row.ours) == len(row.theirs)
        assert row.ours or "pip install" in row.note
    assert [row.bar for row in found] == [2.0] * 4 + [None] * len(DECODERS)


@pytest.mark.parametrize("name", list(DECODERS))
@pytest.mark.parametrize("size", [Size(300, 400, 1), Size(1100, 900, 1)], ids=str)
def test_other_decoders_see_the_same_image(name: str, size: Size) -> None:
    package, way = DECODERS[name]
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    content = _jpeg(size, seed=0)
    difference = way(content).float() - decode(content, size=256).float()
    assert difference.square().mean() < 255**2 / 10**3.5  # 35 dB
