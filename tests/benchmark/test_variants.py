"""Rows that vary a row of a config: sweeps, and rows at equal compute."""

from pathlib import Path

import pytest

from benchmark.budget import equal_flops
from benchmark.cells import pretraining
from benchmark.cli import main
from benchmark.data.pretraining import NO_IMAGES
from benchmark.errors import UserError
from benchmark.plan import plan
from benchmark.preflight import Data
from benchmark.settings import Settings, settings_of
from benchmark.step_cost import step_cost
from benchmark.sweep import Parameter, swept
from objectives.registry import load_objectives

load_objectives()
PLAIN = settings_of("smoke", ("training.lr=0.5",), ())


def sweep(*parameters: Parameter, row: str = "superinfo") -> Settings:
    return swept(PLAIN, PLAIN.resolve(), row=row, parameters=parameters)


def inputs_of(settings: Settings) -> dict[str, dict[str, object]]:
    """Row -> inputs of its pretraining."""
    config = settings.resolve()
    chains = plan(config, settings.label, rows=list(config.rows), seeds=[0], tasks=[], data=Data(NO_IMAGES, {}))
    return {pretraining(chain).objective: pretraining(chain).inputs for chain in chains}


def test_a_sweep_has_the_reference_and_a_row_for_every_value_that_differs_in_it_alone() -> None:
    found = inputs_of(sweep(Parameter("superfluous_weight", ("0", "0.01", "0.1"))))
    names = [f"superinfo superfluous_weight={value}" for value in ("0", "0.01", "0.1")]
    assert list(found) == ["infonce", *names]
    arguments = [found[name]["arguments"] for name in names]
    assert [each.pop("superfluous_weight") for each in arguments] == [0, 0.01, 0.1]  # type: ignore[attr-defined]
    assert arguments[0] == arguments[1] == arguments[2]
    rest = [{key: found[name][key] for key in ("training", "views", "model", "source")} for name in names]
    assert rest[0] == rest[1] == rest[2]
    assert found[names[0]]["training"]["lr"] == 0.5  # type: ignore[index]


def test_two_parameters_make_a_grid_and_a_dotted_one_is_a_key_of_the_config() -> None:
    found = inputs_of(
        sweep(Parameter("weight", ("0.1", "1")), Parameter("training.lr", ("1e-3", "1e-2")), row="infocl")
    )
    assert len(found) == 1 + 4
    row = found["infocl weight=1 training.lr=1e-3"]
    assert (row["arguments"]["weight"], row["training"]["lr"]) == (1, 1e-3)  # type: ignore[index]


def test_a_sweep_of_the_reference_itself_has_its_rows_alone() -> None:
    assert list(inputs_of(sweep(Parameter("temperature", ("0.1", "0.5")), row="infonce"))) == [
        "infonce temperature=0.1",
        "infonce temperature=0.5",
    ]


def test_three_parameters_are_refused() -> None:
    with pytest.raises(UserError, match=r"^param: one or two are allowed, got 3$"):
        sweep(*(Parameter(name, ("1", "2")) for name in "abc"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--objective", "superinf", "--param", "a=1,2"], "unknown objective 'superinf'. Did you mean 'superinfo'?"),
        (["--objective", "superinfo", "--param", "a"], "param: name=number,number,... is expected, got 'a'"),
        (["--objective", "superinfo", "--param", "a=1"], "param: name=number,number,... is expected, got 'a=1'"),
        (["--objective", "superinfo", "--param", "a=1,x"], "param: name=number,number,... is expected, got 'a=1,x'"),
        (["--objective", "superinfo", "--param", "a=1,2", "--by", "vok"], "unknown task 'vok'. Known: classification."),
        (
            ["--objective", "superinfo", "--param", "superfluous_wait=1,2"],
            "superinfo: unknown argument 'superfluous_wait'. Did you mean 'superfluous_weight'?",
        ),
        (["--objective", "infonce", "--param", "temperature=0,1"], "infonce: temperature must be > 0 and finite, got"),
    ],
)
def test_a_mistake_in_a_sweep_is_one_line_before_anything_is_trained(
    words: list[str],
    message: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = str(tmp_path_factory.getbasetemp() / "smoke-data")
    places = ["--config", "smoke", "--runs", str(tmp_path / "runs"), "--data-root", data, "--tasks", "classification"]
    assert main(["sweep", *words, *places]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"clbench: {message}")
    assert said.count("\n") == 1
    assert not (tmp_path / "runs" / "cells").exists()


def test_rows_at_equal_compute_cost_what_the_reference_does() -> None:
    config, rows = PLAIN.resolve(), ["random", "infonce", "byol", "mrcl"]
    settings = equal_flops(PLAIN, config, rows, classes=8)
    assert settings.label == "smoke-equal-flops"
    equal = settings.resolve()
    assert list(equal.rows) == rows
    budget = step_cost("infonce", config, classes=8).flops_per_image * config.training.epochs
    for row in rows[1:]:
        cost = step_cost(row, config, classes=8).flops_per_image * equal.row(row).config.training.epochs
        assert cost == pytest.approx(budget, rel=1e-4)
    assert equal.row("infonce").config.training.epochs == pytest.approx(config.training.epochs)
    assert equal.row("byol").config.training.epochs < config.training.epochs
    assert equal.row("random").config == config


def test_a_sweep_of_what_a_base_has_of_its_own_is_refused_and_the_own_one_is_swept() -> None:
    plain = settings_of("infomin_imagenet", (), ())
    values = ("0.1", "0.3")
    with pytest.raises(
        UserError, match=r"^param: two values of objectives\.infonce\.temperature give infomin the same"
    ):
        swept(plain, plain.resolve(), row="infomin", parameters=[Parameter("objectives.infonce.temperature", values)])
    own = Parameter("objectives.infomin.base.temperature", values)
    config = swept(plain, plain.resolve(), row="infomin", parameters=[own]).resolve()
    rows = [config.row(name).config.objectives["infomin"] for name in config.rows if name.startswith("infomin obj")]
    assert [row["base"]["temperature"] for row in rows] == [0.1, 0.3]
