"""Kernels compile for GPUs that are not here: Triton brings its compiler."""

import re
from pathlib import Path
from typing import Any

import pytest

from objectives.kernels.blocks import blocks_for, padded_width

backends = pytest.importorskip("triton.backends.compiler", reason="Triton is not installed")
compiler = pytest.importorskip("triton.compiler")
log_partition = pytest.importorskip("objectives.kernels.log_partition")
nt_xent = pytest.importorskip("objectives.kernels.nt_xent")

SHARED = {(8, 0): 99 * 1024, (9, 0): 227 * 1024, (10, 0): 227 * 1024}  # bytes of a block; the least of 8.x
INTEGERS = {"count", "share", "parts", "stride", "shares"}
KERNELS = {
    "split": (log_partition._split_kernel, "z=*fp32 parts=*bf16"),
    "sum": (log_partition._sum_kernel, "parts=*bf16 partial=*fp32 scale=fp32"),
    "join": (log_partition._join_kernel, "partial=*fp32 result=*fp32"),
    "change": (
        log_partition._change_kernel,
        "parts=*bf16 result=*fp32 gradient=*fp32 change=*fp32 scale=fp32 inverse=fp32",
    ),
    "direct": (
        nt_xent._direct_kernel,
        "z1=*bf16 z2=*bf16 parts=*bf16 inverse=*fp32 cosines=*fp32 scale=fp32",
    ),
    "lead": (
        nt_xent._lead_kernel,
        "z1=*bf16 z2=*bf16 inverse=*fp32 shares=*fp32 gradient=*fp32 change1=*bf16 change2=*bf16 scale=fp32 pull=fp32",
    ),
}


@pytest.mark.parametrize("capability", list(SHARED))
@pytest.mark.parametrize("name", list(KERNELS))
@pytest.mark.parametrize("width", [100, 256])
def test_every_kernel_compiles_and_fits(
    name: str, width: int, capability: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel, types = KERNELS[name]
    padded = padded_width(width)
    blocks = blocks_for(capability, padded)
    fixed: dict[str, Any] = {"width": width, "padded": padded, "columns": blocks.columns, "wide": False, "block": 128}
    fixed["rows"] = blocks.rows if name in ("sum", "change") else 8
    known = {
        **dict.fromkeys(INTEGERS, "i32"),
        **dict.fromkeys(fixed, "constexpr"),
        **dict(re.findall(r"(\w+)=(\S+)", types)),
    }
    signature = {argument: known[argument] for argument in kernel.arg_names}
    source = compiler.ASTSource(kernel, signature, {key: fixed[key] for key in signature if key in fixed})
    target = backends.GPUTarget("cuda", 10 * capability[0] + capability[1], 32)
    options = {"num_warps": blocks.warps, "num_stages": blocks.stages}
    compiled = compiler.compile(source, target=target, options=options)
    assert compiled.asm["cubin"]
    assert compiled.metadata.shared <= SHARED[capability]
    assert "atom" not in compiled.asm["ptx"]  # in no order that changes


def test_a_gpu_that_multiplies_no_bfloat16_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^compute capability must be 8.0 or more, got 7.5$"):
        blocks_for((7, 5), 128)
