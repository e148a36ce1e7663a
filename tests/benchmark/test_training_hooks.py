import csv
import math
from pathlib import Path

import pytest
import torch
from tiny_pretraining import Reported, breaking, parts, tiny_config, train

# mmengine names what it makes after the second; two runs in one folder within one second share a name.
pytestmark = pytest.mark.filterwarnings("ignore:.*instance named of .* has been created")


def rows(folder: Path) -> list[tuple[int, str, float]]:
    with (folder / "scalars.csv").open(newline="") as file:
        return [(int(row["step"]), row["name"], float(row["value"])) for row in csv.DictReader(file)]


def steps(folder: Path, name: str) -> list[int]:
    return [step for step, found, _ in rows(folder) if found == name]


def test_every_interval_and_the_last_step_leave_a_row_for_each_scalar(tmp_path: Path) -> None:
    reported: Reported = []
    train(tiny_config("logging.interval=3", "logging.checkpoint=100"), tmp_path, reported=reported)
    for name in ("contrast", "learning_rate", "images_per_s"):
        assert steps(tmp_path, name) == [3, 6, 8]
    assert [(step, total) for step, total, _ in reported] == [(3, 8), (6, 8), (8, 8)]
    assert all(math.isfinite(value) for _, _, value in rows(tmp_path))


def test_a_row_is_the_mean_over_its_interval(tmp_path: Path) -> None:
    train(tiny_config("logging.interval=1"), tmp_path / "each")
    train(tiny_config("logging.interval=4", "logging.checkpoint=100"), tmp_path / "fourth")
    each = [value for _, name, value in rows(tmp_path / "each") if name == "contrast"]
    fourth = [value for _, name, value in rows(tmp_path / "fourth") if name == "contrast"]
    assert fourth == pytest.approx([sum(each[:4]) / 4, sum(each[4:]) / 4])


@pytest.mark.parametrize("interval", [1, 2, 5, 100])
def test_a_loss_that_is_not_a_number_stops_the_run_with_its_step_and_terms(interval: int, tmp_path: Path) -> None:
    config = tiny_config(f"logging.interval={interval}", "logging.checkpoint=100")
    with pytest.raises(FloatingPointError, match=r"^loss is not finite at step 3 \(contrast=nan, other=[\d.e-]+\)$"):
        train(config, tmp_path, made_of=breaking(config, at=3))


def test_no_checkpoint_is_kept_of_weights_that_have_diverged(tmp_path: Path) -> None:
    config = tiny_config("logging.interval=10", "logging.checkpoint=2")
    with pytest.raises(FloatingPointError, match="at step 3"):
        train(config, tmp_path, made_of=breaking(config, at=3))
    kept = torch.load(tmp_path / "checkpoint.pth", weights_only=False)["state_dict"]
    assert all(value.isfinite().all() for value in kept.values())


@pytest.mark.parametrize(
    ("interval", "before", "whole"), [(1, [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7, 8]), (4, [3, 4], [3, 4, 6, 8])]
)
def test_a_training_that_goes_on_ends_in_the_same_bits_and_repeats_no_row(
    interval: int, before: list[int], whole: list[int], tmp_path: Path
) -> None:
    config = tiny_config("logging.checkpoint=3", f"logging.interval={interval}")
    straight = train(config, tmp_path / "straight").state_dict()

    class KilledError(Exception):
        pass

    stopped = parts(config)
    forward = stopped.objective.forward
    calls = []

    def dying(*args: object) -> dict[str, torch.Tensor]:
        calls.append(args)
        if len(calls) == 6:
            raise KilledError
        return forward(*args)  # type: ignore[arg-type]

    stopped.objective.forward = dying  # type: ignore[method-assign, assignment]
    with pytest.raises(KilledError):
        train(config, tmp_path / "stopped", made_of=stopped)
    assert steps(tmp_path / "stopped", "contrast") == before

    resumed = train(config, tmp_path / "stopped").state_dict()
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    assert steps(tmp_path / "stopped", "contrast") == whole
    timeless = [[row for row in rows(tmp_path / run) if row[1] != "images_per_s"] for run in ("straight", "stopped")]
    assert timeless[0] == timeless[1]


def test_a_line_that_a_kill_tore_is_dropped(tmp_path: Path) -> None:
    config = tiny_config("logging.checkpoint=3")
    train(tiny_config("logging.checkpoint=3"), tmp_path)
    text = (tmp_path / "scalars.csv").read_text()
    (tmp_path / "scalars.csv").write_text(text + "\n1\n2,contr")
    train(config, tmp_path)  # from the checkpoint of step 6
    assert steps(tmp_path, "contrast") == [1, 2, 3, 4, 5, 6, 7, 8]


def test_there_is_one_checkpoint_and_no_temporary_file(tmp_path: Path) -> None:
    train(tiny_config("logging.checkpoint=3"), tmp_path)
    assert [path.name for path in tmp_path.iterdir() if "checkpoint" in path.name] == ["checkpoint.pth"]
    assert torch.load(tmp_path / "checkpoint.pth", weights_only=False)["meta"]["iter"] == 6


def test_a_new_training_starts_a_new_table(tmp_path: Path) -> None:
    (tmp_path / "scalars.csv").write_text("step,name,value\n1,contrast,9.0\n")
    train(tiny_config("logging.checkpoint=100"), tmp_path)
    assert steps(tmp_path, "contrast") == list(range(1, 9))
