"""What the key of a cell notices of a change of code, on packages written for the purpose."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.source_digest import _sources, source_digest

MAIN = '''"""A package's main module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digested.maths import twice

if TYPE_CHECKING:
    from digested.unused import Nothing


def answer(x: int) -> int:
    """Return the answer."""
    # twice is enough
    return twice(x) + 2
'''
MATHS = "def twice(x: int) -> int:\n    return 2 * x\n"
UNUSED = "class Nothing:\n    pass\n"


def digest(*modules: str) -> str:
    """Read the code anew; a process that computes reads it once."""
    source_digest.cache_clear()
    return source_digest(modules)


ROOT = Path(__file__).parents[2]
VERSIONS = ("3.10", "3.12", "3.13")


def other_pythons() -> list[str]:
    """Interpreters of other versions, where there are any."""
    found = [path for version in VERSIONS if (path := shutil.which(f"python{version}"))]
    return [
        path for path in found if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0
    ]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "digested"
    folder.mkdir()
    for name, text in (("__init__", ""), ("main", MAIN), ("maths", MATHS), ("unused", UNUSED)):
        (folder / f"{name}.py").write_text(text)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("main", "# twice is enough", "# it is 42"),
        ("main", '"""Return the answer."""', '"""Return it."""'),
        ("main", '"""A package\'s main module."""', '"""Other words.\n\nMore of them.\n"""'),
        ("main", "return twice(x) + 2", "return (\n        twice(x)\n        + 2\n    )"),
        ("unused", "pass", "value = 3"),
        ("maths", "2 * x", "2*x  # fast"),
    ],
)
def test_words_and_layout_change_nothing(package: Path, file: str, old: str, new: str) -> None:
    before = digest("digested.main")
    edit(package / f"{file}.py", old, new)
    assert digest("digested.main") == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("main", "+ 2", "+ 3"),
        ("maths", "2 * x", "3 * x"),
        ("main", "digested.maths", "digested.unused"),
        ("main", "if TYPE_CHECKING:\n", "if not TYPE_CHECKING:\n"),
    ],
)
def test_a_change_of_code_changes_it(package: Path, file: str, old: str, new: str) -> None:
    before = digest("digested.main")
    edit(package / f"{file}.py", old, new)
    assert digest("digested.main") != before


@pytest.mark.parametrize(
    "line",
    ["import digested.maths", "from digested import maths", "from . import maths", "from .maths import twice"],
)
def test_every_form_of_import_is_followed(package: Path, line: str) -> None:
    (package / "main.py").write_text(f"def late() -> None:\n    {line}\n")
    before = digest("digested.main")
    edit(package / "maths.py", "2 * x", "3 * x")
    assert digest("digested.main") != before


def test_a_package_that_is_imported_through_its_init_is_followed(package: Path) -> None:
    (package / "deep").mkdir()
    (package / "deep/__init__.py").write_text("from .inner import value\n")
    (package / "deep/inner.py").write_text("value = 1\n")
    (package / "main.py").write_text("from digested.deep import value\n")
    before = digest("digested.main")
    edit(package / "deep/inner.py", "1", "2")
    assert digest("digested.main") != before


def test_a_package_without_an_init_is_read_all_the_same(package: Path) -> None:
    (package / "__init__.py").unlink()
    before = digest("digested.main")
    edit(package / "maths.py", "2 * x", "3 * x")
    assert digest("digested.main") != before


def test_a_module_beside_a_plug_in_is_followed(package: Path) -> None:
    (package.parent / "beside_digested.py").write_text("value = 1\n")
    edit(package / "main.py", "from digested.maths import twice", "from beside_digested import value as twice")
    before = digest("digested.main")
    edit(package.parent / "beside_digested.py", "1", "2")
    assert digest("digested.main") != before


def test_the_projects_own_modules_are_followed_from_a_plug_in(package: Path) -> None:
    edit(package / "main.py", "from digested.maths import twice", "from objectives.infonce import info_nce as twice")
    alone = digest("digested.main")
    edit(package / "main.py", "from objectives.infonce import info_nce as twice", "twice = 3")
    assert digest("digested.main") != alone


SAMPLE = """
def shown(x: float, *, names: list[str] | None = None) -> str:
    if (n := len(names or ["", "a"])) > 1 and x != -0.5:
        return f"{x:.3f} of {n!r}{x:>{n}}" + "\\u00e9\\u200b" + rb"\\d".decode()
    with open("a") as one, open("b") as two:
        match names:
            case [str(first), *_]:
                return first
    return ""
"""


def test_every_version_of_python_gives_the_same_digest(package: Path) -> None:
    (package / "maths.py").write_text(SAMPLE)
    code = "from benchmark.source_digest import source_digest; print(source_digest(('digested.maths',)))"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{package.parent}"}
    found = {}
    for python in (sys.executable, *other_pythons()):
        done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found[python] = done.stdout.strip()
    assert set(found.values()) == {"ed3e199248f827ff"}, found


def test_an_empty_text_in_a_list_is_code(package: Path) -> None:
    (package / "maths.py").write_text('twice = ["", 1]\n')
    before = digest("digested.main")
    (package / "maths.py").write_text("twice = [1]\n")
    assert digest("digested.main") != before


def test_the_order_of_the_modules_does_not_matter(package: Path) -> None:
    assert digest("digested.main", "digested.maths") == digest("digested.maths", "digested.main")


def test_another_process_gets_the_same_digest() -> None:
    code = "from benchmark.source_digest import source_digest; print(source_digest(('objectives.mrcl',)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert found == digest("objectives.mrcl")


def test_reading_the_code_imports_none_of_it(package: Path) -> None:
    (package / "main.py").write_text("raise RuntimeError\n")
    digest("digested.main")
    assert "digested" not in sys.modules
    assert "digested.main" not in sys.modules


def test_kernels_of_a_gpu_are_part_of_what_uses_them() -> None:
    assert "benchmark.views.colour_kernels" in _sources(("benchmark.pretrain",))
    assert {"objectives.kernels.nt_xent", "objectives.kernels.log_partition"} < set(_sources(("objectives.infonce",)))
