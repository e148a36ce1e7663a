"""What each command of `clbench` does with its options."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmark import (
    authoring,
    bench,
    collect,
    evaluate_checkpoint,
    experiments,
    imported,
    profiling,
    reporting,
    status,
    sweep,
)
from benchmark.config import load
from benchmark.data import embedded
from benchmark.doctor import examine
from benchmark.errors import UserError, blaming_the_user, unknown
from benchmark.listing import describe_all
from benchmark.options import request
from benchmark.plan import choose_objectives
from benchmark.step_cost import describe_costs
from objectives.registry import load_objectives


def run_bench(arguments: argparse.Namespace) -> int:
    """Pretrain, evaluate, report."""
    return bench.run(request(arguments, tasks=arguments.tasks), stages=("pretrain", "evaluate", "report"))


def run_pretrain(arguments: argparse.Namespace) -> int:
    """Pretrain only, or profile a few steps of it."""
    if arguments.profile is not None:
        return profiling.run(request(arguments, tasks="all"), steps=arguments.profile)
    return bench.run(request(arguments, tasks="all"), stages=("pretrain",))


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Evaluate what is pretrained, here or elsewhere."""
    checkpoint = imported.asked_for(arguments)
    asked = request(arguments, tasks=arguments.tasks)
    if checkpoint is not None:
        return evaluate_checkpoint.run(asked, checkpoint)
    return bench.run(asked, stages=("evaluate", "report"))


def run_sweep(arguments: argparse.Namespace) -> int:
    """Sweep a parameter."""
    asked = request(arguments, tasks=arguments.tasks)
    return sweep.run(asked, row=arguments.objective, parameters=arguments.param, by=arguments.by)


def run_experiment(arguments: argparse.Namespace) -> int:
    """Compute an experiment, or all, and write their pages."""
    if arguments.jobs is None:
        arguments.jobs = experiments.QUICK_JOBS if arguments.quick else 1
    return experiments.run(
        request(arguments, tasks="all"), name=arguments.name, quick=arguments.quick, stored=arguments.stored
    )


def show_status(arguments: argparse.Namespace) -> int:
    """List the cells by state."""
    load_plugins(arguments.plugins)
    return status.run(arguments.runs, as_json=arguments.json, every=arguments.every)


def collect_garbage(arguments: argparse.Namespace) -> int:
    """Remove stale cells."""
    load_plugins(arguments.plugins)
    return collect.run(arguments.runs, yes=arguments.yes)


def write_tables(arguments: argparse.Namespace) -> int:
    """Rebuild the tables."""
    load_plugins(arguments.plugins)
    what, view, published = reporting.what_is_shown(arguments.runs), arguments.view, arguments.published
    if arguments.format == "terminal":
        return wrote(reporting.report_tables(arguments.runs, what, view=view, published=published))
    print(reporting.table_text(arguments.runs, what, form=arguments.format, view=view, published=published), end="")
    return 0


def write_figures(arguments: argparse.Namespace) -> int:
    """Redraw the figures."""
    load_plugins(arguments.plugins)
    return wrote(
        reporting.report_figures(arguments.runs, reporting.what_is_shown(arguments.runs), names=arguments.names)
    )


def write_report(arguments: argparse.Namespace) -> int:
    """Write the report."""
    load_plugins(arguments.plugins)
    return wrote([reporting.report_page(arguments.runs, reporting.what_is_shown(arguments.runs))])


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
    for name, value, least in (("images", arguments.images, 1), ("classes", arguments.classes, 0)):
        if value < least:
            raise UserError(f"{name} must be >= {least}, got {value}")
    with blaming_the_user():
        for line in describe_costs(config, images=arguments.images, classes=arguments.classes):
            print(line, flush=True)
    return 0


def write_data(arguments: argparse.Namespace) -> int:
    """Write the embedded data set."""
    if arguments.name not in embedded.KINDS:
        raise unknown("data set", arguments.name, embedded.KINDS)
    config = arguments.config or arguments.name
    data = load(config).data
    if embedded.kind_of(data) != arguments.name:
        raise UserError(f"data: config '{config}' makes no {arguments.name}")
    with blaming_the_user():
        embedded.make(data, arguments.out)
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


def doctor(arguments: argparse.Namespace) -> int:
    """Say what is installed, or what of a config can run."""
    if arguments.config is None:
        for line in examine(data_root=arguments.data_root, runs=arguments.runs):
            print(line)
        return 0
    bench.check(request(arguments, tasks=arguments.tasks))
    return 0


def load_plugins(plugins: Sequence[str]) -> None:
    """Register the objectives of the project and of the plug-ins."""
    with blaming_the_user():
        load_objectives(plugins)


def wrote(paths: Sequence[Path]) -> int:
    """Name the files that were written."""
    for path in paths:
        print(f"wrote {path}")
    return 0
