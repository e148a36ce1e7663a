"""The command line `clbench`: reads words, calls the parts, turns a user's mistake into one line and status 2."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from benchmark import bench, evaluate_checkpoint, imported
from benchmark.current import current_keys
from benchmark.doctor import examine
from benchmark.errors import UserError
from benchmark.preflight import Places
from benchmark.side_commands import (
    add_cost,
    add_data,
    add_import,
    add_json,
    add_names,
    add_new,
    check,
    list_all,
    load_plugins,
    new,
    show_costs,
    write_data,
    wrote,
)

EXAMPLES = """examples:
  clbench bench --objectives mrcl                        pretrain MRCL on shapes and evaluate it on every task
  clbench bench --objectives all --seeds 0,1,2           every objective, three seeds; goes on where it was stopped
  clbench bench --objectives infonce,mrcl --tasks detection --set training.lr=1e-3
  clbench bench --objectives mine --import my_package.my_objective
  clbench evaluate --checkpoint moco_v2_800ep.pth.tar --arch resnet50 --tasks detection
  clbench doctor --config shapes                         does everything that this config asks for run here?
  clbench table --runs runs                              rebuild the tables from what is stored
  clbench new mine; clbench check mine --import mine     an objective to start from, and what it has to hold
  clbench list --json | python -m json.tool              objectives, configs, tasks, layouts
"""


Command = tuple[str, str, Callable[[argparse.Namespace], int], tuple[Callable[[argparse.ArgumentParser], None], ...]]


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (clbench --help shows examples)")


def main(words: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0; 1 if a cell failed; 2 for a mistake in what the user gave; 130 if interrupted; 141 if nobody reads on.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's stop is a user's
    try:
        arguments = build_parser().parse_args(words)
        run: Callable[[argparse.Namespace], int] = arguments.run
        status = run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # of `clbench table | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except UserError as error:
        print(f"clbench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("clbench: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="clbench",
        description="Compare contrastive-learning objectives on one backbone and one downstream protocol.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help_text, run, groups in _commands():
        command = commands.add_parser(
            name,
            help=help_text,
            description=help_text[0].upper() + help_text[1:] + ".",
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for add in groups:
            add(command)
        command.set_defaults(run=run)
    return parser


def _commands() -> tuple[Command, ...]:
    """Name, help, function, and what adds the options, of every command."""
    return (
        ("bench", "pretrain, evaluate, print the table, draw the figures", _bench, (_add_grid, _add_tasks)),
        ("pretrain", "pretrain only", _pretrain, (_add_grid,)),
        ("evaluate", "evaluate what is pretrained already", _evaluate, (_add_grid, _add_tasks, _add_checkpoint)),
        ("list", "list objectives, configs, tasks and layouts", list_all, (add_json, add_import)),
        ("table", "rebuild the tables from the stored results", _table, (_add_runs, add_import)),
        ("plot", "redraw the figures from the stored results", _plot, (_add_runs, add_import)),
        ("cost", "count what the pretraining of every row costs", show_costs, (add_cost,)),
        ("data", "write the embedded data set alone", write_data, (add_data,)),
        (
            "check",
            "examine objectives: gradients, closed forms, noise, two processes",
            check,
            (add_names, add_import),
        ),
        ("new", "write NAME.py, an objective to start from", new, (add_new,)),
        (
            "doctor",
            "say what is installed; with --config, what of it can run here",
            _doctor,
            (_add_doctor, add_import),
        ),
    )


def _add_grid(command: argparse.ArgumentParser) -> None:
    command.add_argument("--objectives", default="all", metavar="A,B", help="names, or all (default)")
    command.add_argument("--seeds", default="0", metavar="0,1", help="whole numbers (default 0)")
    command.add_argument("--config", default="shapes", metavar="NAME", help="configs/bench/NAME.py, or a .py file")
    command.add_argument(
        "--data-root", default=Path("data"), type=Path, metavar="DIR", help="data trees (default data)"
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a config key; repeatable"
    )
    command.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1")
    command.add_argument("--jobs", default=1, type=int, metavar="N", help="rows computed at the same time (default 1)")
    command.add_argument(
        "--references", action="store_true", help="add the rows random (floor) and supervised (ceiling)"
    )
    _add_strict(command)
    _add_runs(command)
    add_import(command)


def _add_tasks(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tasks", default="all", metavar="A,B", help="tasks or families of the config, or all (default)"
    )


def _add_checkpoint(command: argparse.ArgumentParser) -> None:
    imported.add_arguments(command)


def _add_strict(command: argparse.ArgumentParser) -> None:
    command.add_argument("--strict", action="store_true", help="what would be skipped is an error instead")


def _add_runs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--runs", default=Path("runs"), type=Path, metavar="DIR", help="results (default runs)")


def _add_doctor(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="NAME", help="check that everything which this config asks for can run")
    command.add_argument("--tasks", default="all", metavar="A,B", help="with --config: tasks or families (default all)")
    command.add_argument("--device", default="auto", help="with --config: auto (default), cpu, cuda, cuda:1")
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="with --config: override a key"
    )
    _add_strict(command)
    command.add_argument("--data-root", default=Path("data"), type=Path, metavar="DIR", help="where to look for data")
    _add_runs(command)


def _bench(arguments: argparse.Namespace) -> int:
    return _run(arguments, tasks=arguments.tasks, stages=("pretrain", "evaluate", "report"))


def _pretrain(arguments: argparse.Namespace) -> int:
    return _run(arguments, tasks="all", stages=("pretrain",))


def _evaluate(arguments: argparse.Namespace) -> int:
    checkpoint = imported.asked_for(arguments)
    if checkpoint is not None:
        return evaluate_checkpoint.run(_request(arguments, tasks=arguments.tasks), checkpoint)
    return _run(arguments, tasks=arguments.tasks, stages=("evaluate", "report"))


def _run(arguments: argparse.Namespace, *, tasks: str, stages: Sequence[str]) -> int:
    return bench.run(_request(arguments, tasks=tasks), stages=stages)


def _request(arguments: argparse.Namespace, *, tasks: str) -> bench.Request:
    return bench.Request(
        config=arguments.config,
        overrides=tuple(arguments.set),
        objectives=arguments.objectives,
        seeds=arguments.seeds,
        tasks=tasks,
        places=Places(arguments.runs, arguments.data_root),
        device=arguments.device,
        jobs=arguments.jobs,
        plugins=tuple(arguments.plugins),
        references=arguments.references,
        strict=arguments.strict,
    )


def _table(arguments: argparse.Namespace) -> int:
    load_plugins(arguments.plugins)
    return wrote(bench.report_tables(arguments.runs, keys=current_keys(arguments.runs)))


def _plot(arguments: argparse.Namespace) -> int:
    load_plugins(arguments.plugins)
    return wrote(bench.report_figures(arguments.runs, keys=current_keys(arguments.runs)))


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.config is None:
        for line in examine(data_root=arguments.data_root, runs=arguments.runs):
            print(line)
        return 0
    arguments.objectives, arguments.seeds, arguments.jobs, arguments.references = "all", "0", 1, False
    bench.check(_request(arguments, tasks=arguments.tasks))
    return 0
