"""The kernels of a GPU against torch's operations, image by image, in Triton's interpreter; and what stands in."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark.views import kernels

needs_triton = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")


@needs_triton
def test_kernels_do_to_each_image_what_torch_does_to_it_alone() -> None:
    script = Path(__file__).with_name("interpreted_colour.py")
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(float(line) < 1e-5 for line in done.stdout.split())
    assert len(done.stdout.split()) == 3


@needs_triton
@pytest.mark.parametrize("capability", [80, 90])
def test_kernels_compile_for_gpus(capability: int) -> None:
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource
    from triton.compiler import compile as compiled

    from benchmark.views import colour_kernels

    images = {"views": "*fp32", "table": "*fp32", "pixels": "i32", "columns": "i32", "block": "constexpr"}
    statistics = {f"{name}_{channel}": "fp32" for name in ("mean", "std") for channel in "rgb"}
    for kernel, signature in ((colour_kernels._jitter, images), (colour_kernels._finish, images | statistics)):
        source = ASTSource(fn=kernel, signature=signature, constexprs={"block": 1024})
        assert compiled(source, target=GPUTarget("cuda", capability, 32)).asm["cubin"]


def test_a_cpu_has_torch_operations() -> None:
    assert kernels.kernels_for(torch.device("cpu")) is None


def test_where_a_kernel_does_not_run_torch_stands_in_and_says_so_once() -> None:
    with pytest.warns(UserWarning, match="views: torch's operations stand in for the kernels on cpu: "):
        assert not kernels.kernels_run(torch.device("cpu"))  # a kernel refuses memory that no GPU has
    assert not kernels.kernels_run(torch.device("cpu"))
    kernels.kernels_run.cache_clear()
