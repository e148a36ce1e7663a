"""Values that no run could use, or would not use: one line on stderr, status 2, before anything is tried."""

from pathlib import Path

import pytest
from clbench_runs import data_root, refused


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_root(tmp_path_factory)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (
            "--objectives infocl --set objectives.infocl.regularizer=lbe --set objectives.infocl.decoder=lihgt",
            "infocl: decoder must be one of light, infocl, got 'lihgt'",
        ),
        (
            "--objectives infocl --set objectives.infocl.base={'type':'infonce','temprature':0.1}",
            "infonce: unknown argument 'temprature'. Did you mean 'temperature'?",
        ),
        (
            "--objectives infocl --set objectives.infocl.base={'type':'barlow_twins','directions':'no'}",
            "barlow_twins: directions must be bool, got 'no'",
        ),
        (
            "--objectives infocl --set objectives.infocl.base={'temperature':0.1}",
            "infocl: base must have the name of a base loss as its type, got {'temperature': 0.1}",
        ),
        ("--set training.lr=1e999", "training.lr must be > 0 and finite, got inf"),
        ("--set training.epochs=1e999", "training.epochs must be > 0 and finite, got inf"),
        ("--set views.crop_ratio=(0.75,1e999)", "crop_ratio must be 0 < lo <= hi < inf, got (0.75, inf)"),
        ("--set views.jitter=(1e999,0,0,0)", "jitter brightness must be finite and >= 0, got inf"),
        ("--set training.chunks=2 --budget flops", "budget: training.chunks must be 1, whose operations are counted"),
    ],
)
def test_a_value_that_would_do_nothing_or_harm_is_refused(
    words: str, wanted: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    default = ["--config", "smoke", "--objectives", "infonce", "--runs", str(tmp_path), "--data-root", str(data)]
    assert wanted in refused(capsys, "bench", *default, "--tasks", "classification", *words.split())
    assert not (tmp_path / "cells").exists()


@pytest.mark.parametrize("folder", ["cells", "plans"])
def test_a_file_in_the_place_of_a_folder_of_runs_is_refused_before_anything_is_tried(
    folder: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / folder).write_text("mine")
    words = ["bench", "--config", "smoke", "--runs", str(tmp_path), "--data-root", str(data)]
    assert refused(capsys, *words) == f"runs: {tmp_path / folder} must be a folder that can be written"
    assert [path.name for path in tmp_path.iterdir()] == [folder]
