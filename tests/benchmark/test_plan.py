from dataclasses import replace
from typing import Any

import pytest
import torch

from benchmark import source_of_cells
from benchmark.cells import Cell
from benchmark.config import BenchConfig, load
from benchmark.errors import UserError
from benchmark.plan import choose_objectives, choose_rows, choose_seeds, choose_tasks, plan
from benchmark.preflight import Data
from downstream.imagefolder import ImageSet
from objectives.registry import OBJECTIVES, load_objectives

load_objectives()
CONFIG = load("smoke")
IMAGES = ImageSet(torch.zeros(64, 3, 8, 8, dtype=torch.uint8), torch.arange(64) % 8, tuple("abcdefgh"), "pixels")
DATA = Data(IMAGES, {name: f"data of {name}" for name in CONFIG.tasks})


def row(objective: str = "infonce", *, config: BenchConfig = CONFIG, seed: int = 0, data: Data = DATA) -> list[Cell]:
    """A pretraining and two evaluations."""
    (chain,) = plan(config, "smoke", rows=[objective], seeds=[seed], tasks=["classification", "voc"], data=data)
    return chain


def keys(objective: str = "infonce", **changes: Any) -> list[str]:
    return [cell.key for cell in row(objective, **changes)]


def with_override(*words: str) -> BenchConfig:
    return load("smoke", words)


def test_there_is_one_chain_for_each_objective_and_seed_seed_by_seed() -> None:
    chains = plan(CONFIG, "smoke", rows=["mrcl", "random"], seeds=[0, 3], tasks=["voc"], data=DATA)
    names = [[cell.name for cell in chain] for chain in chains]
    assert names == [
        ["mrcl seed 0", "mrcl seed 0 on voc"],
        ["random seed 0", "random seed 0 on voc"],
        ["mrcl seed 3", "mrcl seed 3 on voc"],
        ["random seed 3", "random seed 3 on voc"],
    ]
    assert len({cell.key for chain in chains for cell in chain}) == 8


def test_an_evaluation_names_the_pretraining_that_it_reads() -> None:
    pretrained, *evaluations = row()
    assert pretrained.upstream is None
    assert {cell.upstream for cell in evaluations} == {pretrained.key}
    assert [cell.family for cell in evaluations] == ["classification", "detection"]


def test_the_same_request_gives_the_same_keys() -> None:
    assert keys() == keys(config=load("smoke"))


@pytest.mark.parametrize(
    "word",
    [
        "objectives.infonce.temperature=0.3",
        "training.lr=1e-5",
        "training.epochs=3",
        "training.precision=bfloat16",
        "views.flip=0.25",
        "model.projection=64",
        "model.width=0.5",
        "threads=1",
        "processes=2",
    ],
)
def test_whatever_changes_the_pretraining_changes_every_key_of_the_row(word: str) -> None:
    assert not set(keys()) & set(keys(config=with_override(word)))


def test_another_seed_objective_or_data_set_is_another_row() -> None:
    others = [keys(seed=1), keys("mrcl"), keys(data=replace(DATA, images=replace(IMAGES, digest="other")))]
    assert all(not set(keys()) & set(other) for other in others)


@pytest.mark.parametrize("word", ["logging.interval=3", "logging.checkpoint=7", "objectives.mrcl.ratio=0.5"])
def test_logging_and_the_arguments_of_other_objectives_change_no_key(word: str) -> None:
    assert keys() == keys(config=with_override(word))


def test_what_is_built_on_a_base_takes_its_arguments_and_its_code_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not set(keys("mrcl")) & set(keys("mrcl", config=with_override("objectives.infonce.temperature=0.3")))
    assert keys("mrcl") == keys("mrcl", config=with_override("objectives.byol.hidden=7"))
    on_byol = with_override("objectives.mrcl.base=byol", "objectives.byol.hidden=7")
    assert row("mrcl", config=on_byol)[0].inputs["arguments"]["base"] == {
        "type": "byol",
        "hidden": 7,
        "momentum": 0.996,
    }
    monkeypatch.setattr(source_of_cells, "source_digest", lambda modules: ",".join(modules))
    source = row("mrcl", config=on_byol)[0].inputs["source"].split(",")
    assert {"objectives.mrcl", "objectives.byol"} <= set(source)


def test_the_options_of_a_task_change_its_own_key_alone() -> None:
    pretrained, classification, voc = keys()
    changed = keys(config=with_override("tasks.classification.neighbours=(3,)"))
    assert (changed[0], changed[2]) == (pretrained, voc)
    assert changed[1] != classification


def test_the_config_of_a_detector_is_part_of_the_key_down_to_its_bases() -> None:
    changed = row(config=with_override("tasks.voc.overrides={'train_cfg.max_iters': 5}"))[2]
    assert changed.key != row()[2].key
    assert changed.inputs["config"]["train_cfg"]["max_iters"] == 5
    assert changed.inputs["config"]["model"]["roi_head"]


def test_the_data_of_a_task_change_its_own_key_alone() -> None:
    changed = keys(data=replace(DATA, fingerprints={**DATA.fingerprints, "voc": "other boxes"}))
    assert changed[:2] == keys()[:2]
    assert changed[2] != keys()[2]


def test_code_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys()
    monkeypatch.setattr(source_of_cells, "source_digest", lambda _modules: "other code")
    assert not set(before) & set(keys())


def test_the_floor_depends_on_the_model_alone() -> None:
    untouched = ["training.lr=1", "training.batch=8", "views.flip=0.25", "objectives.infonce.temperature=1"]
    assert keys("random", config=with_override(*untouched)) == keys("random")
    other_images = replace(DATA, images=replace(IMAGES, digest="other"))
    assert keys("random", data=other_images) == keys("random")
    assert keys("random", config=with_override("model.width=0.5"))[0] != keys("random")[0]
    assert keys("random", seed=1)[0] != keys("random")[0]


def test_a_family_stands_for_its_tasks() -> None:
    assert choose_tasks("detection", CONFIG) == ["voc", "coco"]
    assert choose_tasks("coco,detection,classification", CONFIG) == ["coco", "voc", "classification"]
    assert choose_tasks("all", CONFIG) == list(CONFIG.tasks)


def test_all_stands_for_every_objective() -> None:
    assert {"infonce", "mrcl", "random", "supervised"} <= set(choose_objectives("all"))
    assert choose_objectives("mrcl, infonce,mrcl") == ["mrcl", "infonce"]


def test_all_is_every_objective_that_the_views_of_a_config_allow() -> None:
    load_objectives()
    every = set(OBJECTIVES.module_dict)
    assert set(choose_rows("all", load("shapes"))) == every
    assert set(choose_rows("all", load("factor_shapes"))) == every - {"infomin"}
    apart = load("shapes", ["views.patch_pair={'size': 24, 'distance': 8.0}"])
    assert set(choose_rows("all", apart)) == every - {"infomin"}


@pytest.mark.parametrize("text", ["infonc", "infonce,infonc", "infonc,all"])
def test_an_unknown_objective_is_named_with_the_nearest_valid_one(text: str) -> None:
    with pytest.raises(UserError, match=r"^unknown objective 'infonc'\. Did you mean 'infonce'\? Known: .*mrcl"):
        choose_objectives(text)


def test_an_unknown_task_is_named_with_the_nearest_valid_one() -> None:
    with pytest.raises(UserError, match=r"^unknown task 'detektion'\. Did you mean 'detection'\? Known: .*voc"):
        choose_tasks("detektion", CONFIG)


def test_seeds_are_whole_numbers_each_counted_once() -> None:
    assert choose_seeds("0, 2,2,1") == [0, 2, 1]


@pytest.mark.parametrize("text", ["", "a", "1.5", "-1", "0,,1", "\u00b2", "4294967296"])
def test_anything_else_is_no_seed(text: str) -> None:
    with pytest.raises(UserError, match=r"^seeds: whole numbers "):
        choose_seeds(text)
