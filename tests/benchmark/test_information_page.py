"""What docs/information.md shows: its config and table are read, and its oracle prints what stands under it."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.config import load
from downstream.factor_options import FactorOptions
from downstream.factor_tables import read_factors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "information.md").read_text(encoding="utf-8")
NUMBER = r"-?\d+\.\d+"


def test_the_config_and_the_table_for_ones_own_images_are_read(tmp_path: Path) -> None:
    (config,) = re.findall(r"```text\n(_base_ = .*?)```", PAGE, flags=re.DOTALL)
    (table,) = re.findall(r"```csv\n(.*?)```", PAGE, flags=re.DOTALL)
    base = ROOT / "configs" / "bench" / "imagefolder.py"
    (tmp_path / "parts.py").write_text(config.replace('"imagefolder.py"', repr(str(base))))
    options = load(str(tmp_path / "parts.py"), []).tasks["factors"]
    assert isinstance(options, FactorOptions)
    tree = tmp_path / options.data
    for file in re.findall(r"^(\S+\.png),", table, flags=re.MULTILINE):
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tree / file)
    (tree / "factors.csv").write_text(table)
    found = read_factors(options, data_root=tmp_path)
    assert [column.name for column in found.columns] == ["part", "length", "angle"]
    assert [column.name for column in found.numbers] == ["length", "angle"]
    assert found.labels[:, 0].tolist() == [0, 1, 0, 1]
    assert found.columns[2].circular


BLOCKS = re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", PAGE, flags=re.DOTALL)


def test_there_are_examples() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize(("code", "printed"), BLOCKS, ids=[code.partition("\n")[0] for code, _ in BLOCKS])
def test_an_example_prints_what_stands_under_it_up_to_rounding_of_other_machines(code: str, printed: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(code, "docs/information.md", "exec"), {})
    found = output.getvalue()
    assert _words(found) == _words(printed)
    for own, documented in zip(re.findall(NUMBER, found), re.findall(NUMBER, printed), strict=True):
        digits = len(documented.partition(".")[2])
        assert float(own) == pytest.approx(float(documented), abs=5 * 10.0**-digits), found


def _words(text: str) -> str:
    return " ".join(re.sub(NUMBER, "number", text).split())
