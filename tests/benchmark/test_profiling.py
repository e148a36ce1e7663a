"""Profiling: the phases of a step are all there and add up, the trace is whole, nothing else is touched or changed."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from clbench_runs import contents, data_root
from tiny_pretraining import images, parts, tiny_config

from benchmark.cli import main
from benchmark.phases import PHASES
from benchmark.pretrain import pretrain
from benchmark.profiling import TRACE, WARM_UP, Watch

STEPS = 3


def trained(folder: Path, *, objective: str, watch: Watch | None = None) -> dict[str, torch.Tensor]:
    """The weights after the warm-up and three steps of four images."""
    config = tiny_config(f"training.epochs={(WARM_UP + STEPS) / 4}")
    made = parts(config, objective=objective)
    hooks = [] if watch is None else [watch]
    pretrain(made, images(), config, seed=0, work_dir=folder, hooks=hooks)
    return made.network.state_dict()


def events(trace: Path) -> list[dict[str, Any]]:
    with gzip.open(trace) as file:
        found = json.load(file)["traceEvents"]
    return [event for event in found if event.get("ph") == "X"]


@pytest.fixture(scope="module")
def byol(tmp_path_factory: pytest.TempPathFactory) -> tuple[Watch, list[dict[str, Any]], dict[str, torch.Tensor]]:
    """A watched training of an objective with a target, its trace, and its weights."""
    folder = tmp_path_factory.mktemp("byol")
    watch = Watch("cpu", folder / TRACE, steps=STEPS)
    weights = trained(folder, objective="byol", watch=watch)
    assert torch.are_deterministic_algorithms_enabled()
    return watch, events(folder / TRACE), weights


def test_a_profiled_training_ends_in_the_same_bits(
    byol: tuple[Watch, list[dict[str, Any]], dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    wanted = trained(tmp_path, objective="byol")
    assert wanted.keys() == byol[2].keys()
    assert all(torch.equal(byol[2][name], value) for name, value in wanted.items())


def test_the_trace_has_the_steps_that_count_and_every_phase_in_each(
    byol: tuple[Watch, list[dict[str, Any]], dict[str, torch.Tensor]],
) -> None:
    steps = [event for event in byol[1] if event["name"].startswith("ProfilerStep#")]
    assert len(steps) == STEPS
    for step in steps:
        within = {
            event["name"]
            for event in byol[1]
            if event.get("cat") == "user_annotation"
            and step["ts"] <= event["ts"] <= event["ts"] + event["dur"] <= step["ts"] + step["dur"]
        }
        assert set(PHASES) - {"other"} <= within


def test_phases_take_time_and_add_up_to_no_more_than_the_profilers_own_steps(
    byol: tuple[Watch, list[dict[str, Any]], dict[str, torch.Tensor]],
) -> None:
    found = byol[0].phases.milliseconds()[WARM_UP : WARM_UP + STEPS]
    steps = [event for event in byol[1] if event["name"].startswith("ProfilerStep#")]
    for phases, step in zip(found, sorted(steps, key=lambda step: step["ts"]), strict=True):
        assert list(phases) == list(PHASES)
        assert min(phases.values()) > 0
        assert sum(phases.values()) <= step["dur"] / 1e3


def test_no_step_fills_the_memory_of_new_tensors_before_it_is_written(
    byol: tuple[Watch, list[dict[str, Any]], dict[str, torch.Tensor]],
) -> None:
    """As torch does it where algorithms are deterministic, unless it is told not to: some 1,500 times a step."""
    new = [(event["ts"], event["ts"] + event["dur"]) for event in byol[1] if event["name"] == "aten::empty_like"]
    fills = [event["ts"] for event in byol[1] if event["name"] == "aten::fill_"]
    assert new
    assert not any(begun <= fill <= ended for fill in fills for begun, ended in new)


@pytest.mark.parametrize("phase", ["data", "views", "backward"])
def test_a_phase_takes_no_longer_than_its_regions_in_the_trace(
    phase: str, byol: tuple[Watch, list[dict[str, Any]], dict[str, torch.Tensor]]
) -> None:
    found = byol[0].phases.milliseconds()[WARM_UP : WARM_UP + STEPS]
    regions = [e["dur"] for e in byol[1] if e["name"] == phase and e.get("cat") == "user_annotation"]
    assert len(regions) == STEPS
    assert sum(step[phase] for step in found) <= sum(regions) / 1e3


def test_a_phase_within_another_is_not_counted_twice(
    byol: tuple[Watch, list[dict[str, Any]], dict[str, torch.Tensor]],
) -> None:
    """The loss is what the objective does without the passes that it asks for, which lie inside its region."""
    found = byol[0].phases.milliseconds()[WARM_UP : WARM_UP + STEPS]
    whole = sum(e["dur"] for e in byol[1] if e["name"] == "loss" and e.get("cat") == "user_annotation") / 1e3
    assert sum(step[name] for step in found for name in ("loss", "encode", "target", "project")) <= whole


def test_rows_are_profiled_side_by_side_and_leave_no_cell(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "cells/0123456789abcdef/cell.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    before = contents(tmp_path / "cells")
    words = ("--config", "smoke", "--objectives", "random,infonce,mrcl", "--set", "training.batch=4")
    where = ("--runs", str(tmp_path), "--data-root", str(data_root(tmp_path_factory)))
    assert main(["pretrain", *words, *where, "--profile", "2"]) == 0
    shown = capsys.readouterr().out
    assert "random: does not train, so there is nothing to profile" in shown
    for row in ("infonce", "mrcl"):
        trace = tmp_path / f"profiles/smoke-{row}-seed0" / TRACE
        assert f"wrote {trace}" in shown
        assert sum(event["name"].startswith("ProfilerStep#") for event in events(trace)) == 2
    table = [line.split() for line in shown.partition("milliseconds and share of a step")[2].splitlines()[1:]]
    assert table[0] == ["infonce", "mrcl"]
    assert [line[0] for line in table[1 : 1 + len(PHASES)]] == list(PHASES)
    for column in (1, 3):
        parts_of = sum(float(line[column]) for line in table[1 : 1 + len(PHASES)])
        in_all = float(table[1 + len(PHASES)][column + 1])
        assert parts_of == pytest.approx(in_all, abs=0.06 * len(PHASES))  # each is rounded to a tenth
    assert contents(tmp_path / "cells") == before
    assert not (tmp_path / "plans").exists()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("--profile 0", "profile: must be >= 1, got 0"),
        ("--profile -3", "profile: must be >= 1, got -3"),
        ("--profile many", "argument --profile: invalid int value: 'many' (clbench --help shows examples)"),
        ("--profile 2 --jobs 2", "profile: rows would disturb each other, jobs must be 1, got 2"),
        ("--profile 2 --set processes=2 --objectives infonce", "profile: processes must be 1, got 2"),
    ],
)
def test_what_cannot_be_profiled_is_one_line(
    words: str,
    wanted: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = ["--runs", str(tmp_path), "--data-root", str(data_root(tmp_path_factory)), "--config", "smoke"]
    assert main(["pretrain", *words.split(), *where]) == 2
    assert capsys.readouterr().err == f"clbench: {wanted}\n"
    assert not (tmp_path / "profiles").exists()
