"""A batch that is encoded in chunks gives the objective all of it, with exact gradients, in the memory of a chunk."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from shared_training import Subject, forms, trained
from tiny_pretraining import images, tiny_config
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark.batch_norm import share_batch_norm
from benchmark.chunks import ChunkedNetwork
from benchmark.data_parallel import average_gradients
from benchmark.errors import UserError
from benchmark.plan import pretrain_cell
from benchmark.preflight import Data, check_training
from objectives.contract import Features, Network, Objective, Views
from objectives.process_pair import on_two_processes
from objectives.tiny_network import TinyNetwork, gradients, network, views
from objectives.trial import batch_for, build

FORMS = forms()
Half = tuple[list[list[Tensor]], dict[str, Tensor]]


def in_chunks(net: TinyNetwork, chunks: int) -> Network:
    return net if chunks == 1 else ChunkedNetwork(net, chunks=chunks)


def loss_on(net: Network, objective: Objective, batch: Views) -> Tensor:
    net.generator.manual_seed(3)
    return torch.stack(list(objective(batch, net).values())).sum()


class Model(nn.Module):
    """An objective on a network that sees `chunks` parts of a batch, one after another."""

    def __init__(self, form: Subject, *, chunks: int) -> None:
        super().__init__()
        self.objective, self.network, self.chunks = build(*form), network(), chunks

    def forward(self, batch: Views) -> Tensor:
        """Return the loss."""
        return loss_on(in_chunks(self.network, self.chunks), self.objective, batch)

    def gradients(self) -> list[Tensor]:
        """Return those of network and objective."""
        return [*gradients(self.network), *gradients(self.objective)]

    def freeze(self) -> Model:
        """Let every batch norm use its running statistics."""
        for module in self.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
        return self


def of_the_whole_batch(form: Subject) -> list[Tensor]:
    """Loss and gradients without chunks, batch norms frozen."""
    model = Model(form, chunks=1).freeze()
    loss = model(batch_for(model.objective))
    loss.backward()
    return [loss.detach(), *model.gradients()]


def assert_equal(found: list[Tensor], wanted: list[Tensor]) -> None:
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("chunks", [2, 6])
@pytest.mark.parametrize("form", FORMS, ids=[f"{name}-{more}" for name, more in FORMS])
def test_loss_and_gradients_of_every_objective_are_those_of_the_whole_batch(form: Subject, chunks: int) -> None:
    model = Model(form, chunks=chunks).freeze()
    loss = model(batch_for(model.objective))
    loss.backward()
    assert_equal([loss.detach(), *model.gradients()], of_the_whole_batch(form))


class Looped:
    """The same by a loop that keeps all activations, and by nothing else."""

    def __init__(self, inner: TinyNetwork, *, chunks: int) -> None:
        self.inner, self.chunks, self.generator = inner, chunks, inner.generator

    def encode(self, x: Tensor) -> Features:
        """Map views to features."""
        found = [self.inner.encode(part) for part in x.tensor_split(self.chunks)]
        a, b, c, d = (torch.cat([features.stages[n] for features in found]) for n in range(4))
        return Features((a, b, c, d), d)

    def project(self, h: Tensor) -> Tensor:
        """Map features to projections."""
        return self.inner.project(h)

    @property
    def target(self) -> TinyNetwork:
        """Refuse."""
        raise AssertionError("not asked for")


def after_a_step(kind: type[Looped] | type[ChunkedNetwork]) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Loss and gradients of a network with batch norm and dropout in training, and its state."""
    net = network()
    net.backbone[1] = nn.Sequential(net.backbone[1], nn.Dropout(0.5))
    objective = build("infonce")
    torch.manual_seed(5)
    loss = loss_on(kind(net, chunks=3), objective, views(labelled=False))
    loss.backward()
    return [loss.detach(), *gradients(net)], {name: value.clone() for name, value in net.state_dict().items()}


def test_batch_norm_sees_a_chunk_at_a_time_and_counts_it_once_and_dropout_repeats() -> None:
    (found, state), (wanted, expected) = after_a_step(ChunkedNetwork), after_a_step(Looped)
    assert_equal(found, wanted)
    assert state.keys() == expected.keys()
    for name in expected:
        assert torch.equal(state[name], expected[name]), name
    assert int(state["backbone.0.1.num_batches_tracked"]) == 2 * 3


def test_in_half_precision_the_second_pass_is_the_first_one_again() -> None:
    found = []
    for kind in (ChunkedNetwork, Looped):
        net, batch = network().float(), views(labelled=False)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_on(kind(net, chunks=2), build("infonce"), Views(batch.x1.float(), batch.x2.float(), None))
        loss.backward()
        found.append([loss.detach(), *gradients(net)])
    assert_equal(*found)


class Live(TorchDispatchMode):
    """Counts the bytes that tensors made inside hold at a time, beside `known` ones."""

    def __init__(self, *known: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sizes = {id(tensor.untyped_storage()): 0 for tensor in known}
        self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for storage in [leaf.untyped_storage() for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]:
            if id(storage) not in self.sizes:
                self.sizes[id(storage)] = storage.nbytes()
                weakref.finalize(storage, self.sizes.pop, id(storage))
        self.peak = max(self.peak, sum(self.sizes.values()))
        return result


def peak(chunks: int) -> int:
    """Most bytes that a step on 64 images holds at a time, above images and weights."""
    net, stream = network(), torch.Generator().manual_seed(1)
    x1, x2 = (torch.randn(64, 3, 32, 32, generator=stream, dtype=torch.float64) for _ in range(2))
    with Live(x1, x2) as live:
        loss_on(in_chunks(net, chunks), build("infonce"), Views(x1, x2, None)).backward()
    return int(live.peak)


def test_a_step_in_chunks_holds_the_activations_of_one_chunk() -> None:
    """Of two views in eight chunks each that is a sixteenth of all, and what the loss itself takes."""
    assert peak(8) < peak(1) / 6
    assert peak(4) < peak(1) / 4


def _share(rank: int) -> Half:
    found = []
    for form in forms():
        model = Model(form, chunks=3).freeze()
        shared = average_gradients(model, torch.device("cpu"))
        batch = batch_for(model.objective).take(slice(3 * rank, 3 * rank + 3))
        loss = shared(batch)
        loss.backward()
        found.append([loss.detach(), *model.gradients()])
    return found, _step_with_shared_norms(rank)


def _step_with_shared_norms(rank: int) -> dict[str, Tensor]:
    """State of the network after a step on eight images in two chunks, and this process's gradient."""
    net = network()
    share_batch_norm(net)
    ChunkedNetwork(net, chunks=2).encode(_eight().chunk(2)[rank]).h.square().sum().backward()
    return {**net.state_dict(), "gradient": torch.cat([gradient.flatten() for gradient in gradients(net)])}


def _eight() -> Tensor:
    return torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.fixture(scope="module")
def halves() -> list[Half]:
    return on_two_processes(_share)


def test_two_processes_in_chunks_have_the_loss_and_gradients_of_one_without(halves: list[Half]) -> None:
    for number, form in enumerate(FORMS):
        wanted = of_the_whole_batch(form)
        (first, *mine), (second, *others) = (half[0][number] for half in halves)
        assert_equal([(first + second) / 2, *mine], wanted)
        assert_equal(mine, others)


def test_batch_norm_of_two_processes_sees_the_chunks_that_they_encode_at_a_time(halves: list[Half]) -> None:
    net = network()
    for rows in ([0, 1, 4, 5], [2, 3, 6, 7]):
        net.encode(_eight()[rows]).h.square().sum().backward()
    wanted = {**net.state_dict(), "gradient": torch.cat([gradient.flatten() for gradient in gradients(net)])}
    found = {name: half for name, half in halves[0][1].items() if name != "gradient"}
    found["gradient"] = halves[0][1]["gradient"] + halves[1][1]["gradient"]
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-9)


def test_a_pretraining_in_chunks_differs_by_its_batch_norms_alone(tmp_path: Path) -> None:
    whole, chunked = (
        trained(("infomin", {}), tmp_path / f"{chunks}", frozen=True, processes=1, chunks=chunks) for chunks in (1, 4)
    )
    assert_equal(list(chunked.values()), list(whole.values()))


def test_chunks_are_in_the_key_of_a_pretraining_and_one_chunk_is_not() -> None:
    def key(*overrides: str) -> Any:
        data = Data(images(), {})
        return pretrain_cell(tiny_config(*overrides), "smoke", row="infonce", seed=0, data=data)

    assert "chunks" not in key().inputs["training"]
    assert key("training.chunks=2").inputs["training"]["chunks"] == 2
    assert len({key().key, key("training.chunks=1").key, key("training.chunks=2").key}) == 2


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("training.chunks=0",), "training.chunks must be > 0, got 0"),
        (
            ("training.chunks=3", "training.batch=32"),
            "training.chunks must divide the images of a process, 32, with two or more in each, got 3",
        ),
        (
            ("training.chunks=16", "training.batch=32", "processes=2"),
            "training.chunks must divide the images of a process, 16, with two or more in each, got 16",
        ),
    ],
)
def test_chunks_that_do_not_fit_are_refused(overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        check_training(tiny_config(*overrides), device="cpu")
