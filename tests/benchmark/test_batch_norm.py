"""A batch norm that several processes share is torch's on the whole batch."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from benchmark.batch_norm import SharedBatchNorm, share_batch_norm
from objectives.process_pair import on_two_processes

CHANNELS = 3
LAYERS: dict[str, Callable[[], nn.Module]] = {
    "images": lambda: nn.BatchNorm2d(CHANNELS),
    "rows": lambda: nn.BatchNorm1d(CHANNELS),
    "without weights": lambda: nn.BatchNorm2d(CHANNELS, affine=False),
    "without running statistics": lambda: nn.BatchNorm1d(CHANNELS, track_running_stats=False),
    "cumulative": lambda: nn.BatchNorm2d(CHANNELS, momentum=None, eps=0.1),
}
Results = dict[str, dict[str, Tensor]]


def computed(*, rank: int, processes: int) -> Results:
    """Output, gradients and state of every layer after two batches, on a process's share of them."""
    return {name: _computed(name, rank=rank, processes=processes) for name in LAYERS}


def _computed(name: str, *, rank: int, processes: int) -> dict[str, Tensor]:
    torch.manual_seed(0)
    layer = nn.Sequential(LAYERS[name]()).double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    shape = (8, CHANNELS, 5, 4) if isinstance(layer[0], nn.BatchNorm2d) else (8, CHANNELS)
    batches, weights = (torch.randn(2, *shape, dtype=torch.float64) * 3 + 40 for _ in range(2))
    if processes > 1:
        share_batch_norm(layer)
        assert isinstance(layer[0], SharedBatchNorm)
    for batch, weight in zip(batches, weights, strict=True):
        x = batch.chunk(processes)[rank].clone().requires_grad_()
        y = layer(x)
        (y * weight.chunk(processes)[rank]).square().sum().backward()
    assert x.grad is not None
    gradients = {f"gradient of {key}": p.grad for key, p in layer.named_parameters() if p.grad is not None}
    layer.eval()
    result = {"y": y.detach(), "gradient of x": x.grad, "in evaluation": layer(batches[0].chunk(processes)[rank])}
    return {key: value.detach() for key, value in {**result, **gradients, **layer.state_dict()}.items()}


def _half(rank: int) -> Results:
    return computed(rank=rank, processes=2)


@pytest.fixture(scope="module")
def halves() -> list[Results]:
    return on_two_processes(_half)


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "without running statistics"])
def test_value_gradient_and_running_statistics_are_those_of_the_whole_batch(name: str, halves: list[Results]) -> None:
    whole = computed(rank=0, processes=1)[name]
    first, second = (half[name] for half in halves)
    assert list(first) == list(whole)
    for key, wanted in whole.items():
        if key in ("y", "gradient of x", "in evaluation"):
            found = torch.cat([first[key], second[key]])
        elif key.startswith("gradient"):
            found = first[key] + second[key]
        else:
            assert torch.equal(first[key], second[key])
            found = first[key]
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)


def test_a_layer_without_running_statistics_keeps_none(halves: list[Results]) -> None:
    whole = computed(rank=0, processes=1)["without running statistics"]
    found = torch.cat([half["without running statistics"]["y"] for half in halves])
    torch.testing.assert_close(found, whole["y"], rtol=1e-10, atol=1e-10)


def test_weights_buffers_their_names_and_the_mode_stay() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()), nn.BatchNorm1d(4).eval())
    before, kept = model.state_dict(keep_vars=True), [type(layer) for layer in model]
    share_batch_norm(model)
    after = model.state_dict(keep_vars=True)
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)
    assert [type(layer) for layer in model][:2] == kept[:2]
    assert isinstance(model[2], SharedBatchNorm)
    assert not model[2].training
    assert model.get_submodule("1.0").training


def test_alone_it_is_torchs() -> None:
    torch.manual_seed(0)
    x = torch.randn(6, 4, 5)
    torch.testing.assert_close(share_batch_norm(nn.BatchNorm1d(4))(x), nn.BatchNorm1d(4)(x))


def in_bfloat16(rank: int, *, processes: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Output, running mean and gradient of a layer in float32 on a process's share of a batch in bfloat16."""
    torch.manual_seed(0)
    layer = nn.Sequential(nn.BatchNorm2d(CHANNELS))
    x = (torch.randn(8, CHANNELS, 5, 4) * 3 + 4).bfloat16().chunk(processes)[rank].requires_grad_()
    if processes > 1:
        share_batch_norm(layer)
    y = layer(x)
    y.float().pow(3).sum().backward()
    assert x.grad is not None
    return y.detach(), layer.state_dict()["0.running_mean"], x.grad


def test_bfloat16_is_normalised_as_torch_does_it() -> None:
    whole, mean, gradient = in_bfloat16(0, processes=1)
    parts = on_two_processes(in_bfloat16)
    found, found_gradient = (torch.cat([part[place] for part in parts]) for place in (0, 2))
    assert found.dtype == whole.dtype == torch.bfloat16
    torch.testing.assert_close(found, whole)
    torch.testing.assert_close(parts[0][1], mean)
    torch.testing.assert_close(found_gradient, gradient, atol=0.02, rtol=0.02)
