import sys
from pathlib import Path
from typing import Any

import pytest

from objectives.registry import OBJECTIVES, load_objectives, resolve

PLUGIN = """
from objectives.contract import Objective
from objectives.registry import OBJECTIVES

@OBJECTIVES.register_module("{name}")
class Mine(Objective):
    def forward(self, views, net):
        return {{}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_module_from_elsewhere_registers_its_objective(folder: Path) -> None:
    (folder / "registry_plugin.py").write_text(PLUGIN.format(name="elsewhere"))
    try:
        load_objectives(["registry_plugin"])
        load_objectives(["registry_plugin"])  # a second call changes nothing
        assert OBJECTIVES.get("elsewhere") is sys.modules["registry_plugin"].Mine
    finally:
        OBJECTIVES.module_dict.pop("elsewhere", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLUGIN.format(name="infonce"), "infonce is already registered"),
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
        ("def broken(:", "invalid syntax"),
        ("undefined_name", "name 'undefined_name' is not defined"),
        ("raise RuntimeError('first\\nsecond')", "first second"),
    ],
)
def test_a_broken_plug_in_is_one_line_that_names_it(folder: Path, text: str, message: str) -> None:
    name = f"plugin_{abs(hash(text))}"
    (folder / f"{name}.py").write_text(text)
    with pytest.raises(ValueError, match=f"^--import {name}: .*{message}") as caught:
        load_objectives([name])
    assert "\n" not in str(caught.value)


def test_a_plug_in_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"^--import nowhere\.objective: No module named 'nowhere'$"):
        load_objectives(["nowhere.objective"])


def test_a_base_takes_the_arguments_of_its_name_but_for_those_that_are_given_with_it() -> None:
    chosen: dict[str, dict[str, Any]] = {
        "infonce": {"temperature": 0.2, "queue": 8},
        "mrcl": {"base": {"type": "infonce", "temperature": 0.15}},
    }
    assert resolve("mrcl", chosen)["base"] == {"type": "infonce", "temperature": 0.15, "queue": 8, "momentum": 0.999}
