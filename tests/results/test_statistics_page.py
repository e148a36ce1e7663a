"""The code of docs/statistics.md prints what stands under it."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"
BLOCKS = re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_every_block_of_code_has_its_output_under_it() -> None:
    assert len(BLOCKS) == PAGE.read_text(encoding="utf-8").count("```python") > 0


@pytest.mark.parametrize(("code", "printed"), BLOCKS)
def test_the_numbers_of_the_page_come_from_its_code(code: str, printed: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(code, str(PAGE), "exec"), {})
    assert output.getvalue() == printed
