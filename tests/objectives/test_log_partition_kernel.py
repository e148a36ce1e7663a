"""The kernel's arithmetic by Triton's interpreter, in a process of its own: it is chosen before Triton is imported."""

import importlib.util
import json
import os
import subprocess
import sys
import warnings

import pytest
import torch

from objectives.log_partition import kernel_runs, log_partition, suits_kernel

needs_triton = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
PRELUDE = """
import json, sys, torch
from torch.nn.functional import normalize
from objectives.log_partition import kernel_runs, log_partition as in_blocks
from objectives.kernels.log_partition import Blocks, log_partition
def rows(count, width):
    stream = torch.Generator().manual_seed(count + width)
    z = normalize(torch.randn(count, width, generator=stream), dim=1)
    return z, torch.randn(count, generator=stream)
def value_and_gradient(function, z, weights, **how):
    z = z.clone().requires_grad_()
    value = function(z, **how)
    return value.detach(), torch.autograd.grad(value @ weights, z)[0]
torch.use_deterministic_algorithms(True)
"""
AGREEMENT = """
found = []
for count, width, temperature, *blocks in json.loads(sys.argv[1]):
    z, weights = rows(count, width)
    how = {"blocks": Blocks(*blocks, 4, 2)} if blocks else {}
    ours = value_and_gradient(log_partition, z, weights, temperature=temperature, **how)
    plain = value_and_gradient(in_blocks, z, weights, temperature=temperature)
    wanted = value_and_gradient(in_blocks, z.double(), weights.double(), temperature=temperature)
    errors = lambda arm: [float((one - other).norm() / other.norm()) for one, other in zip(arm, wanted)]
    found.append([errors(ours), errors(plain)])
print(json.dumps(found))
"""
EXTREMES = """
for kind in ("apart", "equal", "long"):
    for temperature in (1e-4, 1e4):  # in float32 the cosines divided by the first one differ by 1e-3 of themselves
        z, weights = rows(17, 8)
        z = {"apart": z, "equal": torch.ones_like(z), "long": 3 * z}[kind]
        ours = value_and_gradient(log_partition, z, weights, temperature=temperature)
        wanted = value_and_gradient(in_blocks, z, weights, temperature=temperature)
        for one, other in zip(ours, wanted):
            assert one.isfinite().all(), (kind, temperature)
            scale = float(other.abs().max())
            torch.testing.assert_close(one, other, rtol=0, atol=1e-2 * scale)
assert kernel_runs(torch.device("cpu"), 8)
print(json.dumps("kept"))
"""


def interpreted(script: str, *arguments: str) -> object:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script, *arguments],
        env=os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_triton
def test_value_and_gradient_have_the_precision_of_float32() -> None:
    cases = [(2, 8, 0.5), (17, 8, 0.05), (100, 64, 0.1), (130, 128, 0.05), (130, 128, 1.0), (70, 130, 0.2)]
    found = interpreted(AGREEMENT, json.dumps([*cases, (100, 16, 0.3, 16, 32), (100, 16, 0.3, 128, 16)]))
    assert isinstance(found, list)
    assert len(found) == len(cases) + 2
    for (value, gradient), (plain_value, plain_gradient) in found:
        assert value < max(1e-6, 2 * plain_value)
        assert gradient < max(1e-6, 2 * plain_gradient)


@needs_triton
def test_extreme_temperatures_duplicates_and_long_rows_stay_finite() -> None:
    assert interpreted(EXTREMES) == "kept"


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
