"""What the commands take: a function for each group of options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmark import imported
from benchmark.budget import BUDGETS
from benchmark.experiment_list import EXPERIMENTS
from benchmark.experiments import QUICK_JOBS
from benchmark.places import Places
from benchmark.request import Request
from benchmark.rerun import CHOICES, DEFAULT
from benchmark.settings import settings_of


def add_grid(command: argparse.ArgumentParser) -> None:
    """What lays out and computes cells, but for the rows."""
    command.add_argument("--seeds", default="0", metavar="0,1", help="whole numbers (default 0)")
    command.add_argument("--config", default="shapes", metavar="NAME", help="configs/bench/NAME.py, or a .py file")
    command.add_argument("--jobs", default=1, type=int, metavar="N", help="rows computed at the same time (default 1)")
    add_computing(command)


def add_computing(command: argparse.ArgumentParser) -> None:
    """How and where cells are computed."""
    add_data_root(command)
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a config key; repeatable"
    )
    command.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1")
    words = "; ".join(f"{word}: {what}" for word, what in CHOICES.items())
    command.add_argument("--rerun", default=DEFAULT, metavar="A,B", help=f"{words} (default {DEFAULT})")
    add_strict(command)
    add_runs(command)
    add_import(command)


def add_rows(command: argparse.ArgumentParser) -> None:
    """Which rows."""
    command.add_argument("--objectives", default="all", metavar="A,B", help="names, or all (default)")
    command.add_argument(
        "--references", action="store_true", help="add the rows random (floor) and supervised (ceiling)"
    )
    command.add_argument(
        "--budget",
        default=BUDGETS[0],
        choices=BUDGETS,
        help="what rows have in common: epochs (default), or flops, with epochs to match infonce's compute",
    )


def add_profile(command: argparse.ArgumentParser) -> None:
    """Profile instead of pretraining."""
    command.add_argument(
        "--profile",
        type=int,
        metavar="N",
        help="store no result: train a few steps, trace N of them, and print where their time goes",
    )


def add_tasks(command: argparse.ArgumentParser) -> None:
    """Which tasks."""
    command.add_argument(
        "--tasks", default="all", metavar="A,B", help="tasks or families of the config, or all (default)"
    )


def add_checkpoint(command: argparse.ArgumentParser) -> None:
    """A backbone from elsewhere."""
    imported.add_arguments(command)


def add_sweep(command: argparse.ArgumentParser) -> None:
    """What is swept."""
    command.add_argument("--objective", required=True, metavar="NAME", help="the row that is varied")
    command.add_argument(
        "--param",
        action="append",
        required=True,
        metavar="NAME=V,V",
        help="an argument of the objective, or a dotted key of the config, with its values; once or twice",
    )
    command.add_argument("--by", metavar="TASK", help="whose validation data choose (default: the first that has any)")


def add_experiment(command: argparse.ArgumentParser) -> None:
    """Which experiment, and how much of it."""
    command.add_argument("name", metavar="NAME", help=f"{', '.join(EXPERIMENTS)}, or all")
    command.add_argument("--quick", action="store_true", help="few rows, data and steps: minutes instead of hours")
    command.add_argument(
        "--stored", action="store_true", help="compute nothing: pages of the stored cells, whatever code computed them"
    )
    command.add_argument("--seeds", default="", metavar="0,1", help="whole numbers (default: the experiment's)")
    command.add_argument(
        "--jobs", type=int, metavar="N", help=f"rows computed at the same time (default 1, quick {QUICK_JOBS})"
    )


def add_strict(command: argparse.ArgumentParser) -> None:
    """Take `--strict`."""
    command.add_argument("--strict", action="store_true", help="what would be skipped is an error instead")


def add_runs(command: argparse.ArgumentParser) -> None:
    """Take `--runs`."""
    command.add_argument("--runs", default=Path("runs"), type=Path, metavar="DIR", help="results (default runs)")


def add_data_root(command: argparse.ArgumentParser) -> None:
    """Take `--data-root`."""
    command.add_argument("--data-root", default=Path("data"), type=Path, metavar="DIR", help="data (default data)")


def add_import(command: argparse.ArgumentParser) -> None:
    """Take `--import`."""
    help_text = "module that registers objectives; repeatable"
    command.add_argument("--import", dest="plugins", action="append", default=[], metavar="MODULE", help=help_text)


def add_json(command: argparse.ArgumentParser) -> None:
    """Take `--json`."""
    command.add_argument("--json", action="store_true", help="machine-readable")


def add_status(command: argparse.ArgumentParser) -> None:
    """What `status` takes."""
    command.add_argument("--every", action="store_true", help="name the cells that are done too")


def add_gc(command: argparse.ArgumentParser) -> None:
    """What `gc` takes."""
    command.add_argument("--yes", action="store_true", help="remove without asking")


def add_table(command: argparse.ArgumentParser) -> None:
    """What `table` takes."""
    formats, views = ("terminal", "markdown", "csv", "latex"), ("equal-epochs", "equal-compute")
    command.add_argument("--format", default=formats[0], choices=formats, help="what is printed (default terminal)")
    command.add_argument("--view", choices=views, help="leave out rows that saw other images, or cost more or less")
    command.add_argument("--published", action="store_true", help="show the papers' numbers beside ours")


def add_figures(command: argparse.ArgumentParser) -> None:
    """What `plot` takes."""
    command.add_argument("names", nargs="*", metavar="NAME", help="figures (default: all)")


def add_data(command: argparse.ArgumentParser) -> None:
    """What `data` takes."""
    command.add_argument("name", metavar="NAME", help="shapes or factor_shapes")
    command.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the trees go")
    command.add_argument("--config", metavar="NAME", help="config of the data (default the one of that name)")


def add_cost(command: argparse.ArgumentParser) -> None:
    """What `cost` takes."""
    command.add_argument("--config", default="shapes", metavar="NAME", help="file in configs/bench (default shapes)")
    command.add_argument("--images", required=True, type=int, metavar="N", help="pretraining images")
    command.add_argument("--classes", default=2, type=int, metavar="N", help="their classes (default 2)")
    add_import(command)


def add_names(command: argparse.ArgumentParser) -> None:
    """Names of objectives."""
    command.add_argument("names", nargs="+", metavar="NAME", help="objectives, or all")


def add_new(command: argparse.ArgumentParser) -> None:
    """What `new` takes."""
    command.add_argument("name", metavar="NAME", help="name of the objective and of its file")
    command.add_argument("--out", default=Path(), type=Path, metavar="DIR", help="where the file goes (default here)")


def add_doctor(command: argparse.ArgumentParser) -> None:
    """What `doctor` takes."""
    command.add_argument("--config", metavar="NAME", help="check that everything which this config asks for can run")
    command.add_argument("--tasks", default="all", metavar="A,B", help="with --config: tasks or families (default all)")
    command.add_argument("--device", default="auto", help="with --config: auto (default), cpu, cuda, cuda:1")
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="with --config: override a key"
    )
    add_strict(command)
    add_data_root(command)
    add_runs(command)


def request(arguments: argparse.Namespace, *, tasks: str) -> Request:
    """What the options of a grid ask for; those that a command does not take are at their defaults."""
    absent = {"config": "shapes", "objectives": "all", "seeds": "0", "jobs": 1, "references": False}
    chosen: dict[str, Any] = absent | {"rerun": DEFAULT, "budget": BUDGETS[0]} | vars(arguments)
    return Request(
        settings=settings_of(chosen["config"], tuple(arguments.set), tuple(arguments.plugins)),
        objectives=chosen["objectives"],
        seeds=chosen["seeds"],
        tasks=tasks,
        places=Places(arguments.runs, arguments.data_root),
        device=arguments.device,
        jobs=chosen["jobs"],
        references=chosen["references"],
        strict=arguments.strict,
        rerun=chosen["rerun"],
        budget=chosen["budget"],
    )
