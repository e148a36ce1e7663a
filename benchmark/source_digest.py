"""A digest of the code that computes a cell: the named modules and every project module that they import."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# They hold names, types and checks; no number can change through them, and a new check must not make old results stale.
_NO_ARITHMETIC = {"objectives.registry", "downstream.tasks", "downstream.image_options"}


@cache
def source_digest(modules: tuple[str, ...]) -> str:
    """Hash the code of `modules` and of what they import, transitively: everything that is not an installed library.

    Comments, docstrings, formatting, imports for type checking alone and modules without arithmetic do not count.

    Args:
        modules: dotted names of importable modules.

    Returns:
        First 16 hex digits of a sha256.
    """
    text = "\0".join(f"{name}\0{source}" for name, source in sorted(_sources(modules).items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def module_digests(modules: tuple[str, ...]) -> dict[str, str]:
    """Hash each of the modules that `source_digest` hashes together, so that a change can be named.

    Returns:
        Dotted name -> first 16 hex digits of a sha256.
    """
    return {name: hashlib.sha256(source.encode()).hexdigest()[:16] for name, source in _sources(modules).items()}


def _sources(modules: tuple[str, ...]) -> dict[str, str]:
    """The bare code of modules and of what they import, by name."""
    queue = sorted(modules)
    projects = {"benchmark", "objectives", "downstream"} | {name.partition(".")[0] for name in queue}
    sources: dict[str, str] = {}
    while queue:
        name = queue.pop()
        path = _file(name)
        if name in sources or name in _NO_ARITHMETIC or path is None:
            continue
        if name.partition(".")[0] not in projects and _is_installed(path):
            continue
        tree = _Bare().visit(ast.parse(path.read_text()))
        sources[name] = _text(tree)
        queue += _imports(tree, name, is_package=path.name == "__init__.py")
    return sources


def _text(node: object) -> str:
    """Write a syntax tree so that every version of Python writes it alike, which `ast.unparse` and `ast.dump` do not.

    What is None or empty is left out: newer versions have fields that older ones have not. So are empty pieces of
    f-strings, which some versions add.
    """
    if isinstance(node, list):
        return f"[{', '.join(map(_text, node))}]"
    if not isinstance(node, ast.AST):
        return ascii(node)
    values = {name: getattr(node, name, None) for name in node._fields}
    if isinstance(node, ast.JoinedStr):
        values["values"] = [piece for piece in node.values if not _is_empty_text(piece)]
    fields = [f"{name}={_text(value)}" for name, value in values.items() if value is not None and value != []]
    return f"{type(node).__name__}({', '.join(fields)})"


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


class _Bare(ast.NodeTransformer):
    """Drop docstrings, and blocks under `if TYPE_CHECKING`."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drop strings that stand alone."""
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Drop imports that only a type checker sees."""
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        self.generic_visit(node)
        return node


def _file(name: str) -> Path | None:
    """The source file of a module, without importing it; None if `name` is no Python module (a function, say)."""
    top, *rest = name.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    if spec.submodule_search_locations is None:
        candidates = [Path(spec.origin)] if spec.origin and not rest else []
    else:
        modules = [Path(folder, *rest) for folder in spec.submodule_search_locations]
        candidates = [path for module in modules for path in (module / "__init__.py", module.with_suffix(".py"))]
    return next((path for path in candidates if path.is_file()), None)


def _is_installed(path: Path) -> bool:
    """Whether a file belongs to Python or to a library, and not to whoever writes objectives."""
    return path.is_relative_to(sysconfig.get_path("stdlib")) or bool({"site-packages", "dist-packages"} & {*path.parts})


def _imports(tree: ast.AST, name: str, *, is_package: bool) -> Iterator[str]:
    """Names that a module may import: modules, and `package.attribute` where the attribute may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = name.split(".")[: -node.level or None] if node.level else []
            if node.level and is_package:
                parents = name.split(".")[: len(name.split(".")) - node.level + 1]
            base = ".".join([*parents, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
