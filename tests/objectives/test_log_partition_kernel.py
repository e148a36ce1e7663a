"""The kernel's arithmetic by Triton's interpreter, in a process of its own: it is chosen before Triton is imported."""

import importlib.util
import json
import os
import subprocess
import sys
import warnings
from itertools import product
from typing import Any

import pytest
import torch

from objectives.log_partition import kernel_runs, log_partition, suits_kernel

needs_triton = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
SCRIPT = """
import json, sys, torch
from torch.nn.functional import normalize
from objectives.infonce import info_nce
from objectives.kernels.blocks import Blocks
from objectives.kernels.log_partition import log_partition
from objectives.kernels.nt_xent import nt_xent
from objectives.log_partition import kernel_runs, log_partition as in_blocks

def normal(count, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(count))

def value_and_gradients(function, inputs, weights=None, **how):
    inputs = [z.clone().requires_grad_() for z in inputs]
    value = function(*inputs, **how)
    loss = -3 * value if weights is None else value @ weights.to(value)
    return value.detach(), *torch.autograd.grad(loss, inputs)

def errors(arm, wanted):
    return [float((one - other).norm() / other.norm()) for one, other in zip(arm, wanted, strict=True)]

def of_rows(count, width, temperature, *blocks):
    z, weights = normalize(normal(width, count, width), dim=1), normal(1, count)
    how = {"blocks": Blocks(*blocks, 4, 2)} if blocks else {}
    ours = value_and_gradients(log_partition, [z], weights, temperature=temperature, **how)
    plain = value_and_gradients(in_blocks, [z], weights, temperature=temperature)
    wanted = value_and_gradients(in_blocks, [z.double()], weights, temperature=temperature)
    return errors(ours, wanted), errors(plain, wanted)

def of_pairs(count, width, temperature, kind):
    views = normal(width, 2, count, width).to(getattr(torch, kind))
    if kind == "float32":
        views[0, 0] = 0  # divided by the smallest length that is allowed
    arms = [
        value_and_gradients(function, z, temperature=temperature)
        for function, z in ((nt_xent, views), (info_nce, views), (info_nce, views.double()))
    ]
    assert [part.dtype for part in arms[0]] == [part.dtype for part in arms[1]]
    # The gradient of a row of zeros is divided by 1e-12: apart from the others, whose digits it would drown.
    ours, plain, wanted = ([value, one[:1], one[1:], other] for value, one, other in arms)
    return errors(ours, wanted), errors(plain, wanted)

def of_extremes(kind, temperature):
    z = normalize(normal(8, 17, 8), dim=1)
    z = {"apart": z, "equal": torch.ones_like(z), "long": 3 * z}[kind]
    arms = (value_and_gradients(f, [z], normal(1, 17), temperature=temperature) for f in (log_partition, in_blocks))
    ours, plain = arms
    assert all(part.isfinite().all() for part in ours)
    return [float((one - other).abs().max() / other.abs().max()) for one, other in zip(ours, plain, strict=True)]

torch.use_deterministic_algorithms(True)
rows, pairs, extremes = json.loads(sys.argv[1])
found = {"rows": [of_rows(*case) for case in rows], "pairs": [of_pairs(*case) for case in pairs]}
found["extremes"] = [of_extremes(*case) for case in extremes]
found["runs"] = kernel_runs(torch.device("cpu"), 8)
print(json.dumps(found))
"""
ROWS = [(2, 8, 0.5), (17, 8, 0.05), (100, 64, 0.1), (130, 128, 0.05), (130, 128, 1.0), (70, 130, 0.2)]
IN_OTHER_BLOCKS = [(100, 16, 0.3, 16, 32), (100, 16, 0.3, 128, 16)]
PAIRS = [(2, 8, 0.5, "float32"), (75, 128, 0.05, "float32"), (33, 130, 0.2, "float32")]
IN_HALF = [(33, 64, 0.1, "bfloat16"), (33, 16, 1.0, "float16")]
EXTREMES = list(product(("apart", "equal", "long"), (1e-4, 1e4)))


@pytest.fixture(scope="module")
def interpreted() -> dict[str, Any]:
    """What the kernels find on a CPU, in errors relative to the norm."""
    cases = [[*ROWS, *IN_OTHER_BLOCKS], [*PAIRS, *IN_HALF], EXTREMES]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(cases)],
        env=os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@needs_triton
def test_value_and_gradient_have_the_precision_of_float32(interpreted: dict[str, Any]) -> None:
    assert interpreted["runs"]
    for (value, gradient), (plain_value, plain_gradient) in interpreted["rows"]:
        assert value < max(1e-6, 2 * plain_value)
        assert gradient < max(1e-6, 2 * plain_gradient)


@needs_triton
def test_the_whole_loss_and_its_gradient_agree_with_the_form_of_the_cpu(interpreted: dict[str, Any]) -> None:
    for ours, plain in interpreted["pairs"]:  # the interpreter cuts off what does not fit in half precision
        assert all(one < max(1e-6, 3 * other) for one, other in zip(ours, plain, strict=True))


@needs_triton
def test_extreme_temperatures_duplicates_and_long_rows_stay_finite(interpreted: dict[str, Any]) -> None:
    assert len(interpreted["extremes"]) == len(EXTREMES)
    for value, gradient in interpreted["extremes"]:
        assert value < 1e-6
        assert gradient < 1e-2  # in float32, cosines divided by 1e-4 are known to 1e-3


def test_where_the_kernel_does_not_run_one_warning_says_why_and_blocks_stand_in() -> None:
    kernel_runs.cache_clear()
    with pytest.warns(UserWarning, match=r"^log_partition: blocks stand in for the kernel on cpu: \w+: ."):
        assert not kernel_runs(torch.device("cpu"), 8)  # no driver, or no Triton
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not kernel_runs(torch.device("cpu"), 8)
    assert log_partition(torch.eye(3), temperature=1.0).tolist() == pytest.approx([0.6931472] * 3)


@pytest.mark.parametrize(
    ("device", "dtype", "width", "suits"),
    [
        ("cuda", torch.float32, 128, True),
        ("cuda", torch.float32, 256, True),
        ("cuda", torch.float32, 257, False),
        ("cuda", torch.float64, 128, False),
        ("cpu", torch.float32, 128, False),
    ],
)
def test_the_kernel_is_for_float32_on_a_gpu(device: str, dtype: torch.dtype, width: int, suits: bool) -> None:
    assert suits_kernel(device, dtype, width) == suits


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("count", "width", "temperature"), [(100, 8, 0.05), (1000, 128, 0.1), (3000, 130, 0.2)])
def test_on_a_gpu_the_kernel_has_the_precision_of_float32(count: int, width: int, temperature: float) -> None:
    device = torch.device("cuda")
    assert kernel_runs(device, width)
    stream = torch.Generator().manual_seed(0)
    z = torch.nn.functional.normalize(torch.randn(count, width, generator=stream), dim=1)
    weights = torch.randn(count, generator=stream)
    found = []
    for rows in (z.double(), z.to(device)):
        rows.requires_grad_()
        value = log_partition(rows, temperature=temperature)
        gradient = torch.autograd.grad(value @ weights.to(value), rows)[0]
        found.append((value.detach().double().cpu(), gradient.double().cpu()))
    for one, other in zip(*found, strict=True):
        assert (one - other).norm() < 1e-5 * one.norm()
