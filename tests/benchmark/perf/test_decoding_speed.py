from importlib.util import find_spec

import pytest
from torch import Tensor

from benchmark.perf.decoding import DECODERS, Size, _jpeg, measure_sizes, why_not
from downstream.decoding import decode


def test_every_pipeline_and_decoder_is_measured_or_says_how_it_could_be() -> None:
    found = list(measure_sizes((Size(300, 260, 2),), batch=3))
    assert len(found) == 4 + len(DECODERS)
    for row in found:
        assert len(row.ours) == len(row.theirs)
        assert row.ours or "is not installed here: " in row.note or "does not decode here: " in row.note
    assert [row.bar for row in found] == [2.0] * 4 + [None] * len(DECODERS)


def test_a_decoder_that_does_not_load_says_why_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(content: bytes) -> Tensor:
        raise RuntimeError("no libavutil here\n\nand a page of advice")

    monkeypatch.setitem(DECODERS, "broken", ("PIL", broken))
    monkeypatch.setitem(DECODERS, "absent", ("no_such_package", broken))
    assert why_not("broken", b"") == "PIL does not decode here: no libavutil here"
    assert why_not("absent", b"") == "no_such_package is not installed here: make perf installs it"
    assert why_not("Pillow's own resizing", _jpeg(Size(300, 260, 1), seed=0)) == ""


@pytest.mark.parametrize("name", list(DECODERS))
@pytest.mark.parametrize("size", [Size(300, 400, 1), Size(1100, 900, 1)], ids=str)
def test_other_decoders_see_the_same_image(name: str, size: Size) -> None:
    package, way = DECODERS[name]
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    content = _jpeg(size, seed=0)
    difference = way(content).float() - decode(content, size=256).float()
    assert difference.square().mean() < 255**2 / 10**3.5  # 35 dB
