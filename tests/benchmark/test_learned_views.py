"""Rows whose views are channels of a colour space, from the plan to the table."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from broken_runs import start_and_kill
from clbench_runs import data_root
from learned_views import learned, write_config
from tiny_pretraining import images as tiny_images

from benchmark import source_of_cells
from benchmark.cells import Cell, colour_file, folder, pretraining
from benchmark.cli import main
from benchmark.config import BenchConfig, Row
from benchmark.errors import UserError
from benchmark.plan import plan
from benchmark.preflight import Data, check_row
from benchmark.pretrain import PretrainModel, backbone_spec, build_parts
from benchmark.source_digest import source_digest
from benchmark.step_batches import StepBatches
from benchmark.views.channel_split import ChannelSplit
from downstream.backbone import load_backbone
from downstream.colour import ColourSpace, load_colour
from objectives.registry import load_objectives
from results.store.cells import read_cell
from results.store.loading import load as load_results

load_objectives()
DATA = Data(tiny_images(), {"classification": "data"})


def chains(config: BenchConfig, *, seed: int = 0, data: Data = DATA) -> dict[str, list[Cell]]:
    planned = plan(config, "learned", rows=list(config.rows), seeds=[seed], tasks=["classification"], data=data)
    return {chain[0].objective: chain for chain in planned}


def keys(config: BenchConfig, row: str = "semi", **changes: Any) -> list[str]:
    return [cell.key for cell in chains(config, **changes)[row]]


def test_a_row_is_prepared_only_where_there_is_something_to_train(tmp_path: Path) -> None:
    kinds = {row: [cell.kind for cell in chain] for row, chain in chains(learned(tmp_path)).items()}
    prepared, plain = ["prepare", "pretrain", "evaluate"], ["pretrain", "evaluate"]
    assert kinds == {
        "infonce": plain, "split": plain, "semi": prepared, "semi_byol": prepared, "unsupervised": prepared
    }  # fmt: skip


def test_rows_with_one_generator_and_seed_share_their_preparation(tmp_path: Path) -> None:
    found = chains(learned(tmp_path))
    assert found["semi"][0].key == found["semi_byol"][0].key != found["unsupervised"][0].key
    for row in ("semi", "semi_byol"):
        first, pretrained, evaluation = found[row]
        assert (pretrained.upstream, evaluation.upstream) == (first.key, pretrained.key)
    assert [cell.name for cell in found["semi"]] == [
        "semi seed 0 views",
        "semi seed 0",
        "semi seed 0 on classification",
    ]


@pytest.mark.parametrize(
    "word",
    [
        "rows.semi.views.generator.training.lr=1e-5",
        "rows.semi.views.generator.training.labelled=9",
        "rows.semi.views.generator.colour.flow=nvp",
        "views.flip=0.25",
        "threads=2",
    ],
)
def test_whatever_the_preparation_reads_changes_every_key_of_the_row(tmp_path: Path, word: str) -> None:
    assert not set(keys(learned(tmp_path))) & set(keys(learned(tmp_path, word)))


def test_another_seed_and_other_data_are_another_preparation(tmp_path: Path) -> None:
    config = learned(tmp_path)
    others = [keys(config, seed=1), keys(config, data=replace(DATA, images=replace(DATA.images, digest="other")))]
    assert all(not set(keys(config)) & set(other) for other in others)


def test_what_it_does_not_read_leaves_the_preparation(tmp_path: Path) -> None:
    before = keys(learned(tmp_path))
    for word in ("views.jitter_p=0.5", "training.lr=1", "objectives.infonce.temperature=0.3"):
        after = keys(learned(tmp_path, word))
        assert after[0] == before[0]
        assert not set(after[1:]) & set(before[1:])


def test_its_code_is_part_of_its_key_and_through_it_of_the_whole_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = learned(tmp_path)
    before = {row: keys(config, row) for row in ("semi", "split")}
    monkeypatch.setattr(
        source_of_cells,
        "source_digest",
        lambda modules: "other code" if "benchmark.prepare" in modules else source_digest(modules),
    )
    assert not set(before["semi"]) & set(keys(config, "semi"))
    assert before["split"] == keys(config, "split")


def test_the_floor_of_a_row_with_a_colour_space_depends_on_it(tmp_path: Path) -> None:
    plain = keys(learned(tmp_path, "rows.split.objective=random"), "split")
    shifted = learned(tmp_path, "rows.split.objective=random", "rows.split.views.generator.colour.mean=(0.1, 0.0, 0.0)")
    assert not set(plain) & set(keys(shifted, "split"))


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "rows.semi.views.generator.training.labelled=17",
            r"views: generator labelled must be at most the number of pretraining images with a label, 16, got 17",
        ),
        (
            "rows.semi.views.generator.training.batch=17",
            r"views: generator batch must be at most the number of pretraining images, 16, got 17",
        ),
    ],
)
def test_more_images_than_there_are_is_said_before_anything_trains(tmp_path: Path, word: str, message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        check_row(learned(tmp_path, word).row("semi"), images=DATA.images)


def test_images_without_labels_are_enough_for_an_unsupervised_generator_alone(tmp_path: Path) -> None:
    bare = replace(DATA.images, labels=torch.full((16,), -1), classes=())
    check_row(learned(tmp_path).row("unsupervised"), images=bare)
    with pytest.raises(UserError, match=r"^views: generator labelled must be at most .* with a label, 0, got 8$"):
        check_row(learned(tmp_path).row("semi"), images=bare)


def test_a_puzzle_and_split_views_do_not_go_together(tmp_path: Path) -> None:
    split = learned(tmp_path).row("split").config
    with pytest.raises(UserError, match=r"^infomin: the patches .* are not split, views.generator must be None$"):
        check_row(Row("infomin", split), images=DATA.images)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("views.generator=3", "views.generator must be dict, got 3"),
        ("rows.semi.views.generator.training.bound=nwj", "views: generator bound must be one of ['infonce', 'dv']"),
        ("rows.semi.views.generator.colour.space=lab", "colour: space must be one of ['rgb', 'ydbdr'], got 'lab'"),
        ("rows.semi.views.generator.colour.flw=vp", "Did you mean 'views.generator.colour.flow'?"),
        ("rows.semi.views.generator.training.critic.depth=7", "backbone: depth must be one of"),
    ],
)
def test_mistakes_in_a_generator_get_one_line(tmp_path: Path, word: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        learned(tmp_path, word)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def views_of(split: ChannelSplit | None, config: BenchConfig) -> Any:
    parts = replace(build_parts("infonce", config, seed=0, classes=2, device="cpu"), split=split)
    model = PretrainModel(parts, config, seed=0, steps=4)
    return model.data_preprocessor(StepBatches(DATA.images, batch=16, steps=4, seed=0)[1])["views"]


def test_each_view_is_one_half_of_its_own_crop_and_either_comes_first_for_some_images(tmp_path: Path) -> None:
    config = learned(tmp_path).row("split").config
    spec = backbone_spec(config)
    assert spec.colour is not None
    colour = ColourSpace(spec.colour, mean=spec.mean, std=spec.std)
    crops, views = views_of(None, config), views_of(ChannelSplit(colour, seed=0), config)
    first, second = colour(crops.x1)[:, :1], colour(crops.x2)[:, 1:]
    turned = 0
    for row in range(16):
        lone, pair = (views.x1[row], views.x2[row]) if views.x1[row, 0].any() else (views.x2[row], views.x1[row])
        turned += lone is views.x2[row] or bool(views.x2[row, 0].any())
        assert torch.equal(lone[:1], first[row])
        assert torch.equal(pair[1:], second[row])
        assert not lone[1:].any()
        assert not pair[0].any()
    assert 2 <= turned <= 14


def by_name(runs: Path) -> dict[str, dict[str, Any]]:
    """Every record, by kind and row."""
    found = [json.loads(path.read_text()) for path in runs.glob("cells/*/cell.json")]
    return {f"{record['kind']} {record['objective']}": record for record in found}


def command(stage: str, runs: Path, config: str, data: Path, rows: str) -> list[str]:
    return [stage, "--config", config, "--objectives", rows, "--runs", str(runs), "--data-root", str(data)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """Two rows through classification, and a third pretrained: their runs folder, config and data."""
    runs, data = tmp_path_factory.mktemp("runs"), data_root(tmp_path_factory)
    config = write_config(tmp_path_factory.mktemp("config"))
    assert main([*command("bench", runs, config, data, "semi,infonce"), "--tasks", "classification"]) == 0
    assert main(command("pretrain", runs, config, data, "semi_byol")) == 0
    return runs, config, data


def test_rows_with_learned_views_come_to_a_number_and_one_preparation_serves_two(
    bench: tuple[Path, str, Path],
) -> None:
    found = by_name(bench[0])
    evaluated = {f"{kind} {row}" for kind in ("pretrain", "evaluate") for row in ("semi", "infonce")}
    assert set(found) == evaluated | {"prepare semi", "pretrain semi_byol"}
    prepared = found["prepare semi"]
    assert found["pretrain semi"]["upstream"] == found["pretrain semi_byol"]["upstream"] == prepared["key"]
    assert all(record["status"] == "done" for record in found.values())
    measured = read_cell(folder(bench[0], prepared["key"]) / "cell.json").findings
    assert set(measured) == {"mutual_information", "cross_entropy"}
    assert measured["cross_entropy"] > 0


def test_the_backbone_splits_by_the_colour_space_that_was_trained(bench: tuple[Path, str, Path]) -> None:
    runs, config, _ = bench
    found = by_name(runs)
    spec = backbone_spec(learned(Path(config).parent).row("semi").config)
    backbone = load_backbone(folder(runs, found["pretrain semi"]["key"]) / "backbone.pth", spec)
    assert backbone.colour is not None
    assert spec.colour is not None
    trained = load_colour(colour_file(runs, found["prepare semi"]["key"]), spec.colour, mean=spec.mean, std=spec.std)
    stored = backbone.colour.state_dict()
    assert all(torch.equal(stored[name], value) for name, value in trained.state_dict().items())


def test_tables_show_rows_and_numbers_alone_and_say_how_views_were_learned(bench: tuple[Path, str, Path]) -> None:
    runs = bench[0]
    table = (runs / "tables" / "learned-table.md").read_text()
    assert "not run" not in table
    assert "views.generator (colour (blocks 2, flow vp, hidden 2, " in table
    assert "labelled 8, " in table
    frame = load_results(runs)
    assert set(frame["kind"]) == {"pretrain", "evaluate"}
    costs = {name: record["costs"]["wall_s"] for name, record in by_name(runs).items()}
    shown = frame[(frame["objective"] == "semi") & (frame["kind"] == "evaluate")]["pretrain_wall_s"]
    assert set(shown) == {costs["pretrain semi"] + costs["prepare semi"]}


def test_a_killed_preparation_goes_on_and_ends_in_the_same_bits(bench: tuple[Path, str, Path], tmp_path: Path) -> None:
    straight, config, data = bench
    words = command("pretrain", tmp_path, config, data, "semi")
    checkpoint = start_and_kill(words, tmp_path, at=5)
    assert not (checkpoint.parent / "colour.pth").exists()
    assert torch.load(checkpoint, weights_only=False)["meta"]["iter"] == 4
    assert main(words) == 0
    for kind, name in (("prepare", "colour.pth"), ("pretrain", "backbone.pth")):
        key = by_name(tmp_path)[f"{kind} semi"]["key"]
        whole, resumed = (torch.load(folder(runs, key) / name, weights_only=True) for runs in (straight, tmp_path))
        assert all(torch.equal(whole[each], resumed[each]) for each in whole)


def test_a_preparation_that_diverges_fails_its_row_with_a_reason_and_no_other(
    bench: tuple[Path, str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, config, data = bench
    words = [*command("bench", tmp_path, config, data, "semi,split"), "--tasks", "classification"]
    assert main([*words, "--set", "rows.semi.views.generator.training.lr=1e30"]) == 1
    found = by_name(tmp_path)
    reason = found["prepare semi"]["reason"]
    assert reason.startswith("loss is not finite at step ")
    assert "\n" not in reason
    assert found["pretrain semi"]["reason"] == "semi seed 0 views failed"
    assert found["evaluate semi"]["reason"] == "semi seed 0 failed"
    assert found["evaluate split"]["status"] == "done"
    assert "semi seed 0 views: FAILED: loss is not finite" in capsys.readouterr().out


def test_a_chain_knows_its_pretraining(tmp_path: Path) -> None:
    found = chains(learned(tmp_path))
    assert pretraining(found["semi"]) is found["semi"][1]
    assert pretraining(found["infonce"]) is found["infonce"][0]
