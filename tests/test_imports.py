"""Import directions and the shape of the tree, read from the syntax alone: nothing is imported here."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("benchmark", "objectives", "downstream", "results")
DENSE_LIBRARIES = {"mmdet", "mmseg", "mmcv"}
DENSE_FAMILIES = {"downstream.detection", "downstream.segmentation"}
# The command line says which operators are installed, and for that alone looks at them.
DOCTOR = "benchmark.doctor"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imported_names(path: Path) -> Iterator[str]:
    """Every dotted name that a file imports, also inside functions; `from a import b` gives both `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "import_module":
            yield from (
                word.value for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str)
            )


@cache
def imports(module: str) -> frozenset[str]:
    return frozenset(imported_names(MODULES[module]))


def tops(module: str) -> set[str]:
    return {name.partition(".")[0] for name in imports(module)}


def importers(module: str) -> set[str]:
    return {other for other in MODULES if other != module and module in imports(other)}


def test_every_package_has_modules() -> None:
    assert {name.partition(".")[0] for name in MODULES} == set(PACKAGES)
    assert "objectives.base" in imports("objectives.mrcl")


def test_objectives_downstream_and_results_know_neither_each_other_nor_benchmark() -> None:
    for module in MODULES:
        own = module.partition(".")[0]
        if own != "benchmark":
            assert not tops(module) & (set(PACKAGES) - {own}), module


def test_nothing_in_the_project_imports_its_tests_or_its_configs() -> None:
    for module in MODULES:
        assert not tops(module) & {"tests", "configs"}, module


def test_only_the_dense_families_and_what_they_alone_use_import_mm_libraries() -> None:
    def belongs(module: str, seen: frozenset[str]) -> bool:
        users = importers(module) - seen - {DOCTOR}
        return module in DENSE_FAMILIES or (
            module.startswith("downstream.") and bool(users) and all(belongs(user, seen | {module}) for user in users)
        )

    using = {module for module in MODULES if tops(module) & DENSE_LIBRARIES}
    assert using & DENSE_FAMILIES
    assert {module for module in using if not belongs(module, frozenset())} == set()


def test_an_objective_imports_torch_the_registry_and_its_own_package_alone() -> None:
    allowed = {"torch", "objectives", "mmengine", *sys.stdlib_module_names}
    for module in MODULES:
        if module.startswith("objectives."):
            kernel = module.startswith("objectives.kernels.")
            assert tops(module) <= allowed | ({"triton"} if kernel else set()), module


def test_no_module_is_named_after_what_it_is_not() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}
    paths = [*MODULES.values(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "configs").rglob("*.py")]
    assert [path for path in paths if vague & {path.stem, *path.relative_to(ROOT).parts}] == []


def test_no_file_is_longer_than_300_lines() -> None:
    paths = [*MODULES.values(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "configs").rglob("*.py")]
    assert {str(path): lines for path in paths if (lines := len(path.read_text().splitlines())) > 300} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    long = []
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (lines := _lines_of_code(node, path.read_text())) > 40:
                long.append(f"{module}.{node.name}: {lines} lines")
    assert long == []


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("*.py")]
    assert sorted(set(names)) == sorted(names)


def _lines_of_code(node: ast.FunctionDef, text: str) -> int:
    """Lines of the body, neither its docstring nor blank ones counted."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    lines = text.splitlines()[body[0].lineno - 1 : node.end_lineno] if body else []
    return sum(1 for line in lines if line.strip())
