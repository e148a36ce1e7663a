"""The commands beside the benchmark itself: what they take and what they do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmark import authoring
from benchmark.config import load
from benchmark.data import shapes
from benchmark.errors import UserError, blaming_the_user, unknown
from benchmark.listing import describe_all
from benchmark.plan import choose_objectives
from benchmark.step_cost import describe_costs
from objectives.registry import load_objectives


def add_json(command: argparse.ArgumentParser) -> None:
    """Take `--json`."""
    command.add_argument("--json", action="store_true", help="machine-readable")


def add_data(command: argparse.ArgumentParser) -> None:
    """Take what `data` is given."""
    command.add_argument("name", metavar="NAME", help="shapes")
    command.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the trees go")
    command.add_argument("--config", default="shapes", metavar="NAME", help="config whose data.shapes is written")


def add_cost(command: argparse.ArgumentParser) -> None:
    """Take what `cost` is given."""
    command.add_argument("--config", default="shapes", metavar="NAME", help="file in configs/bench (default shapes)")
    command.add_argument("--images", required=True, type=int, metavar="N", help="pretraining images")
    command.add_argument("--classes", default=2, type=int, metavar="N", help="their classes (default 2)")
    add_import(command)


def add_names(command: argparse.ArgumentParser) -> None:
    """Take names of objectives."""
    command.add_argument("names", nargs="+", metavar="NAME", help="objectives, or all")


def add_new(command: argparse.ArgumentParser) -> None:
    """Take what `new` is given."""
    command.add_argument("name", metavar="NAME", help="name of the objective and of its file")
    command.add_argument("--out", default=Path(), type=Path, metavar="DIR", help="where the file goes (default here)")


def add_import(command: argparse.ArgumentParser) -> None:
    """Take `--import`."""
    help_text = "module that registers objectives; repeatable"
    command.add_argument("--import", dest="plugins", action="append", default=[], metavar="MODULE", help=help_text)


def list_all(arguments: argparse.Namespace) -> int:
    """List objectives, configs, tasks and layouts."""
    load_plugins(arguments.plugins)
    listing = describe_all()
    if arguments.json:
        print(json.dumps(listing, indent=1))
        return 0
    for kind, entries in listing.items():
        print(f"{kind}:")
        width = max(len(entry["name"]) for entry in entries)
        for entry in entries:
            print(f"  {entry['name']:<{width}} {entry['summary']}")
            if "tasks" in entry:
                print(f"  {'':<{width}} tasks: {', '.join(entry['tasks'])}")
    return 0


def show_costs(arguments: argparse.Namespace) -> int:
    """Count what the rows of a config cost."""
    load_plugins(arguments.plugins)
    config = load(arguments.config)
    with blaming_the_user():
        for line in describe_costs(config, images=arguments.images, classes=arguments.classes):
            print(line, flush=True)
    return 0


def write_data(arguments: argparse.Namespace) -> int:
    """Write the embedded data set."""
    if arguments.name != "shapes":
        raise unknown("data set", arguments.name, ["shapes"])
    options = load(arguments.config).data.shapes
    if options is None:
        raise UserError(f"data: config '{arguments.config}' makes no shapes")
    with blaming_the_user():
        shapes.ensure(options, arguments.out)
    return wrote([arguments.out])


def check(arguments: argparse.Namespace) -> int:
    """Examine objectives."""
    load_plugins(arguments.plugins)
    names = choose_objectives(",".join(arguments.names))
    broken = [name for name in names if not authoring.check(name, say=print)]
    return 1 if broken else 0


def new(arguments: argparse.Namespace) -> int:
    """Write an objective to start from."""
    load_plugins([])
    return wrote([authoring.write_template(arguments.name, arguments.out)])


def load_plugins(plugins: Sequence[str]) -> None:
    """Register the objectives of the project and of the plug-ins."""
    with blaming_the_user():
        load_objectives(plugins)


def wrote(paths: Sequence[Path]) -> int:
    """Name the files that were written."""
    for path in paths:
        print(f"wrote {path}")
    return 0
