import math
import re
from typing import Any

import pytest
import references
import torch
import torch.nn.functional as F
from agreement import assert_agree, normal
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from objectives.infonce import InfoNCE, info_nce, info_nce_queue
from objectives.log_partition import log_partition
from objectives.tiny_network import COUNT, DIMS, network, views


def projections(count: int = 5, width: int = 4) -> tuple[Tensor, ...]:
    return normal((count, width), (count, width))


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_value_and_gradient_agree_with_a_loop_in_float64(count: int, temperature: float) -> None:
    z1, z2 = projections(count)
    value, wanted = info_nce(z1, z2, temperature=temperature), references.nt_xent(z1, z2, temperature=temperature)
    assert_agree(value, wanted, (z1, z2))


def test_the_gradient_agrees_with_finite_differences() -> None:
    assert torch.autograd.gradcheck(lambda a, b: info_nce(a, b, temperature=0.5), projections(3))


@pytest.mark.parametrize("count", [2, 7, 64])
def test_equal_projections_give_the_log_of_the_number_of_other_views(count: int) -> None:
    z = torch.ones(count, 3, dtype=torch.float64)
    assert info_nce(z, z, temperature=0.3).item() == pytest.approx(math.log(2 * count - 1), rel=1e-12)


def test_orthogonal_pairs_have_a_closed_form() -> None:
    z = torch.eye(4, dtype=torch.float64)
    wanted = -math.log(math.exp(2) / (math.exp(2) + 6))
    assert info_nce(z, z, temperature=0.5).item() == pytest.approx(wanted, rel=1e-12)


def test_the_value_of_a_fixed_batch_is_pinned() -> None:
    z1 = torch.tensor([[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]])
    z2 = torch.tensor([[0.5, 1.5], [-1.0, -1.0], [2.0, 0.5]])
    # references.nt_xent(z1.double(), z2.double(), temperature=0.5)
    assert info_nce(z1, z2, temperature=0.5).item() == pytest.approx(0.6183317706, rel=1e-6)


def test_the_length_of_a_projection_does_not_matter() -> None:
    z1, z2 = projections()
    torch.testing.assert_close(info_nce(7 * z1, 0.1 * z2, temperature=0.5), info_nce(z1, z2, temperature=0.5))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_lower_precisions_are_computed_in_float32(dtype: torch.dtype) -> None:
    z1, z2 = (z.detach().to(dtype) for z in projections())
    value = info_nce(z1, z2, temperature=0.1)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value.double(), info_nce(z1.double(), z2.double(), temperature=0.1), rtol=1e-5, atol=0)


@pytest.mark.parametrize("shapes", [((4, 3), (5, 3)), ((4, 3), (4, 2)), ((1, 3), (1, 3)), ((4,), (4,))])
def test_batches_that_do_not_fit_are_refused(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    first, second = shapes
    message = f"z1 and z2 must both be (N, D) with N >= 2; got {first} and {second}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        info_nce(torch.zeros(first), torch.zeros(second), temperature=1.0)


@pytest.mark.parametrize("temperature", [0.0, -0.5, float("nan")])
def test_a_temperature_that_is_not_positive_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=rf"^infonce: temperature must be > 0 and finite, got {temperature}$"):
        InfoNCE(DIMS, temperature=temperature)


def dense(z1: Tensor, z2: Tensor, *, temperature: float) -> Tensor:
    """NT-Xent with the whole matrix in memory."""
    z = F.normalize(torch.cat((z1, z2)), dim=1)
    positives = torch.arange(len(z)).roll(len(z1))
    return F.cross_entropy((z @ z.T / temperature).fill_diagonal_(-torch.inf), positives)


@pytest.mark.parametrize("block", [1, 3, 10, 512, 4096, None])
def test_the_size_of_a_block_does_not_matter(block: int | None) -> None:
    z = torch.cat(projections())
    wanted = (z @ z.T / 0.3).fill_diagonal_(-torch.inf).logsumexp(dim=1)
    weights = torch.arange(1.0, 11.0, dtype=torch.float64)
    assert_agree(log_partition(z, temperature=0.3, block=block) @ weights, wanted @ weights, (z,))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_value_and_gradient_are_those_of_the_cpu() -> None:
    found = []
    for device in ("cpu", "cuda"):
        z1, z2 = (z.detach().float().to(device).requires_grad_() for z in projections(5000, 16))
        value = info_nce(z1, z2, temperature=0.1)
        found.append([value.detach().cpu(), *(part.cpu() for part in torch.autograd.grad(value, (z1, z2)))])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-7)


def test_a_batch_of_many_blocks_agrees_with_the_whole_matrix_in_single_precision() -> None:
    z1, z2 = (z.detach().float().requires_grad_() for z in projections(700, 16))
    value, wanted = info_nce(z1, z2, temperature=0.1), dense(z1, z2, temperature=0.1)
    torch.testing.assert_close(value, wanted, rtol=1e-6, atol=0)
    for found, expected in zip(
        torch.autograd.grad(value, (z1, z2)), torch.autograd.grad(wanted, (z1, z2)), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("temperature", [1e-4, 1e4])
@pytest.mark.parametrize("kind", ["apart", "equal", "twice"])
def test_extreme_temperatures_and_duplicates_stay_finite(temperature: float, kind: str) -> None:
    z1, z2 = (z.detach().float() for z in projections(8))
    z1 = {"apart": z1, "equal": torch.ones_like(z1), "twice": z1[:4].repeat(2, 1)}[kind].requires_grad_()
    z2 = torch.ones_like(z2) if kind == "equal" else z2
    value = info_nce(z1, z2, temperature=temperature)
    value.backward()
    assert value.isfinite()
    assert z1.grad is not None
    assert z1.grad.isfinite().all()


def test_the_queue_form_agrees_with_a_loop_in_float64() -> None:
    query, key, queue = normal((4, 5), (4, 5), (7, 5))
    queue = F.normalize(queue.detach(), dim=1)
    value = info_nce_queue(query, key, queue, temperature=0.2)
    assert_agree(value, references.moco(query, key.detach(), queue, temperature=0.2), (query,))
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(value, key)


def test_a_queue_of_one_direction_gives_the_log_of_its_length_and_one() -> None:
    ones = torch.ones(3, 4, dtype=torch.float64)
    queue = F.normalize(torch.ones(6, 4, dtype=torch.float64), dim=1)
    assert info_nce_queue(ones, ones, queue, temperature=0.1).item() == pytest.approx(math.log(7), rel=1e-12)


def test_the_queue_holds_the_newest_keys_of_the_target() -> None:
    net = network()
    objective = InfoNCE(DIMS, queue=2 * COUNT + 3).double()
    before = objective.queue.clone()
    keys = []
    for step in range(3):
        batch = views(labelled=False, seed=step)
        objective(batch, net)
        net.target.eval()
    for step in range(3):
        batch = views(labelled=False, seed=step)
        keys.append(F.normalize(net.target.project(net.target.encode(batch.x2).h), dim=1))
    assert not torch.equal(objective.queue, before)
    assert int(objective.oldest) == COUNT - 3
    torch.testing.assert_close(objective.queue[COUNT : 2 * COUNT], keys[1])
    torch.testing.assert_close(objective.queue[2 * COUNT :], keys[2][:3])
    torch.testing.assert_close(objective.queue[: COUNT - 3], keys[2][3:])


def test_an_evaluated_objective_leaves_its_queue_alone() -> None:
    objective = InfoNCE(DIMS, queue=8).double().eval()
    before = objective.queue.clone()
    objective(views(labelled=False), network())
    assert torch.equal(objective.queue, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queue": -1}, "infonce: queue must be >= 0, got -1"),
        ({"momentum": 1.5}, r"infonce: momentum must be in \[0, 1\], got 1.5"),
    ],
)
def test_other_bad_hyper_parameters_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        InfoNCE(DIMS, **options)  # type: ignore[arg-type]


class _Largest(TorchDispatchMode):
    """Remembers the largest tensor that any operation makes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves this one out of its types
        self.elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor):
                self.elements = max(self.elements, tensor.numel())
        return made


def test_no_more_than_a_block_of_the_matrix_is_ever_there() -> None:
    z1, z2 = (z.detach().float().requires_grad_() for z in projections(1100, 8))
    with _Largest() as seen:
        torch.autograd.grad(info_nce(z1, z2, temperature=0.5), (z1, z2))
    assert seen.elements == 512 * 512
    with _Largest() as seen:
        torch.autograd.grad(dense(z1, z2, temperature=0.5), (z1, z2))
    assert seen.elements == 2200 * 2200
