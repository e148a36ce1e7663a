"""What there is to choose from: objectives, configs, tasks, layouts of checkpoints."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from benchmark.config import CONFIGS, known_configs, load
from downstream.layout_rule import Layout
from downstream.layouts import LAYOUTS
from objectives.registry import OBJECTIVES, defaults


def describe_all() -> dict[str, list[dict[str, Any]]]:
    """Objectives, configs with their tasks, and layouts of checkpoints, as plain JSON values."""
    return {
        "objectives": [_objective(name) for name in sorted(OBJECTIVES.module_dict)],
        "configs": [_config(name) for name in known_configs()],
        "layouts": [_layout(rule) for rule in LAYOUTS],
    }


def _objective(name: str) -> dict[str, Any]:
    kind = OBJECTIVES.get(name)
    module = inspect.getmodule(kind)
    summary = _first_line(inspect.getdoc(module)) or _first_line(inspect.getdoc(kind))
    arguments = {key: None if value is inspect.Parameter.empty else value for key, value in defaults(kind).items()}
    return {"name": name, "summary": summary, "derived": kind.derived, "arguments": arguments}


def _config(name: str) -> dict[str, Any]:
    text = (CONFIGS / "bench" / f"{name}.py").read_text()
    tasks = {task: options.family for task, options in load(name).tasks.items()}
    return {"name": name, "summary": _first_line(ast.get_docstring(ast.parse(text))), "tasks": tasks}


def _layout(rule: Layout) -> dict[str, Any]:
    statistics = rule.statistics and dict(zip(("mean", "std"), rule.statistics, strict=True))
    return {"name": rule.name, "summary": rule.source, "automatic": rule.automatic, "statistics": statistics}


def _first_line(text: str | None) -> str:
    return (text or "").partition("\n")[0]
