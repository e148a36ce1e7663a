from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner, set_random_seed
from torch.autograd.graph import saved_tensors_hooks

from benchmark.config import load
from benchmark.perf.dense import built, ours, prepared, seconds, stock
from downstream.tasks import Context, DetectionOptions, SegmentationOptions

CONFIG = load("shapes")


@pytest.fixture(scope="module")
def task_context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return prepared(CONFIG, tmp_path_factory.mktemp("scenes"), images=16)


@pytest.mark.parametrize("task", ["voc", "ade20k"])
def test_both_runners_train_the_same_model_on_the_same_batches(
    task: str, task_context: Context, tmp_path: Path
) -> None:
    options = CONFIG.tasks[task]
    assert isinstance(options, DetectionOptions | SegmentationOptions)
    # mmengine tells runs apart by folder and second, and gives a second one the default scope of the first.
    contexts = [replace(task_context, work_dir=tmp_path / name) for name in ("ours", "stock")]
    runners = [make(built(options, x), x) for make, x in zip((ours, stock), contexts, strict=True)]
    shapes = [{name: value.shape for name, value in runner.model.state_dict().items()} for runner in runners]
    assert shapes[0] == shapes[1]
    assert type(runners[1]) is Runner
    assert [runner.optim_wrapper.optimizer.get("fused") for runner in runners] == [True, None]
    assert {"LoggerHook", "CheckpointHook"} <= {type(hook).__name__ for hook in runners[1].hooks}
    batches = []
    for runner in runners:
        loop = runner.train_loop
        set_random_seed(0)  # of the flips
        batches.append(next(iter(loop.dataloader)))
    assert len(batches[0]["inputs"]) == len(batches[1]["inputs"]) == 16
    assert all((a == b).all() for a, b in zip(*(batch["inputs"] for batch in batches), strict=True))


@pytest.mark.parametrize("task", ["voc", "ade20k"])
@pytest.mark.parametrize("frozen", [4, -1])
def test_frozen_stages_are_computed_without_a_graph_and_no_new_tensor_is_filled(
    task: str, frozen: int, task_context: Context, tmp_path: Path
) -> None:
    options = CONFIG.tasks[task]
    assert isinstance(options, DetectionOptions | SegmentationOptions)
    options = replace(options, overrides={**options.overrides, "model.backbone.frozen_stages": frozen})
    context = replace(task_context, work_dir=tmp_path)
    runner = ours(built(options, context), context)
    kept: list[torch.Tensor] = []

    def keep(x: torch.Tensor) -> torch.Tensor:
        kept.append(x)
        return x

    model = runner.model.train()
    images = model.data_preprocessor(next(iter(runner.train_loop.dataloader)), True)["inputs"]
    with saved_tensors_hooks(keep, lambda x: x):
        features = model.backbone(images)
    assert [x.requires_grad for x in features] == [frozen < 0] * len(features)
    assert (len(kept) > 0) is (frozen < 0)
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]


def test_an_iteration_of_each_is_timed(task_context: Context) -> None:
    options = CONFIG.tasks["ade20k"]
    assert isinstance(options, SegmentationOptions)
    torch.utils.deterministic.fill_uninitialized_memory = True  # type: ignore[attr-defined]
    assert seconds(ours, options, task_context, iterations=1) > 0
    assert torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    assert seconds(stock, options, task_context, iterations=1) > 0
