"""The memory of a bench is that of its largest cell and of the command."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmark.config import load
from benchmark.perf.bench_memory import bench, compare, shortened


def record(task: str | None, size: float) -> dict[str, object]:
    return {"task": task, "costs": {"peak_memory_bytes": size}}


def test_the_largest_cell_and_the_command_are_held_against_three_gigabytes() -> None:
    found = compare(10**9, [record(None, 1.5e9), record("voc", 2.5e9), record("coco", 0.5e9)])
    assert found.ours == (3.5,)
    assert found.ratio == pytest.approx(3 / 3.5)
    assert found.holds is False
    assert "its largest cell (voc, 2.50 GB) and the command that starts it (1.00 GB)" in found.note
    assert compare(10**9, [record(None, 1.5e9), record("voc", 0.5e9)]).holds is True


def test_a_shortened_bench_keeps_batches_and_images() -> None:
    config = load("shapes")
    short = load("shapes", shortened(config))
    assert short.training == replace(config.training, epochs=1)
    assert (short.data, short.views, short.model) == (config.data, config.views, config.model)
    for name, options in config.tasks.items():
        changed = {key: value for key, value in asdict(short.tasks[name]).items() if asdict(options)[key] != value}
        assert changed == {
            "classification": {},
            "linear_sgd": {"epochs": 1},
            "semi_10": {"epochs": 1},
        }.get(name, {"overrides": {"train_cfg.max_iters": 10}})


def test_a_bench_that_fails_is_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"training.batch must be .*got -1"):
        bench("smoke", ["training.batch=-1"], tmp_path)
