"""The command line `clbench`: reads words, calls the parts, turns a user's mistake into one line and status 2."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from benchmark import commands, options
from benchmark.errors import UserError

EXAMPLES = """examples:
  clbench bench --objectives mrcl                        pretrain MRCL on shapes and evaluate it on every task
  clbench bench --objectives all --seeds 0,1,2           every objective, three seeds; goes on where it was stopped
  clbench bench --objectives infonce,mrcl --tasks detection --set training.lr=1e-3
  clbench bench --objectives mine --import my_package.my_objective
  clbench pretrain --objectives mrcl --profile 20        where does a step's time go?
  clbench evaluate --checkpoint moco_v2_800ep.pth.tar --arch resnet50 --tasks detection
  clbench doctor --config shapes                         does everything that this config asks for run here?
  clbench sweep --objective superinfo --param superfluous_weight=0,0.001,0.01,0.1
  clbench experiment non-shared --quick                  a question, its figure and its page; all for every one
  clbench status                                         what is done, running, stale, failed, missing
  clbench table --format latex                           the tables from what is stored; also plot, report
  clbench new mine; clbench check mine --import mine     an objective to start from, and what it has to hold
  clbench list --json | python -m json.tool              objectives, configs, tasks, layouts
"""


Command = tuple[str, str, Callable[[argparse.Namespace], int], tuple[Callable[[argparse.ArgumentParser], None], ...]]


_GRID, _STORED = (options.add_grid,), (options.add_runs, options.add_import)
_ROWS, _TASKS = (*_GRID, options.add_rows), (options.add_tasks,)
COMMANDS: tuple[Command, ...] = (
    ("bench", "pretrain, evaluate, print the table, draw the figures", commands.run_bench, (*_ROWS, *_TASKS)),
    ("pretrain", "pretrain only", commands.run_pretrain, (*_ROWS, options.add_profile)),
    (
        "evaluate",
        "evaluate what is pretrained already",
        commands.run_evaluate,
        (*_ROWS, *_TASKS, options.add_checkpoint),
    ),
    (
        "sweep",
        "vary a parameter of a row, choose its value on validation data",
        commands.run_sweep,
        (*_GRID, *_TASKS, options.add_sweep),
    ),
    (
        "experiment",
        "answer a question: a config's rows times seeds, a figure, a page",
        commands.run_experiment,
        (options.add_experiment, options.add_computing),
    ),
    ("status", "say how every cell stands", commands.show_status, (options.add_status, options.add_json, *_STORED)),
    ("gc", "remove stale cells, after showing them", commands.collect_garbage, (options.add_gc, *_STORED)),
    ("table", "rebuild the tables from the stored results", commands.write_tables, (options.add_table, *_STORED)),
    ("plot", "redraw the figures from the stored results", commands.write_figures, (options.add_figures, *_STORED)),
    ("report", "write report.html from the stored results", commands.write_report, _STORED),
    ("list", "list objectives, configs, tasks and layouts", commands.list_all, (options.add_json, options.add_import)),
    ("cost", "count what the pretraining of every row costs", commands.show_costs, (options.add_cost,)),
    ("data", "write the embedded data set alone", commands.write_data, (options.add_data,)),
    (
        "check",
        "examine objectives: gradients, closed forms, noise, two processes",
        commands.check,
        (options.add_names, options.add_import),
    ),
    ("new", "write NAME.py, an objective to start from", commands.new, (options.add_new,)),
    (
        "doctor",
        "say what is installed; with --config, what of it can run here",
        commands.doctor,
        (options.add_doctor, options.add_import),
    ),
)
"""Name, help, function, and what adds the options, of every command."""


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
        print(
            "clbench: interrupted; the same command goes on from here (with --rerun all it starts over)",
            file=sys.stderr,
        )
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="clbench",
        description="Compare contrastive-learning objectives on one backbone and one downstream protocol.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listed = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help_text, run, groups in COMMANDS:
        command = listed.add_parser(
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
