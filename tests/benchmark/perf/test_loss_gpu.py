"""What would be measured on a GPU computes the same loss, which a CPU can tell; without a GPU no number is given."""

import pytest
import torch

from benchmark.perf.loss_gpu import forms, measure, ours


@pytest.mark.parametrize("name", list(forms()))
def test_every_form_has_the_value_and_gradient_of_ours(name: str) -> None:
    form = forms(backend="eager")[name]  # traced as for any backend; the code that one writes needs a compiler
    inputs = torch.randn(2, 9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z1, z2 = (z.requires_grad_() for z in inputs.clone().unbind())
    value, wanted = form(z1, z2), ours(z1, z2)
    torch.testing.assert_close(value, wanted, rtol=1e-10, atol=0)
    for found, expected in zip(
        torch.autograd.grad(value, (z1, z2)), torch.autograd.grad(wanted, (z1, z2)), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_every_row_says_how_it_is_measured() -> None:
    rows = list(measure())
    assert {row.other for row in rows} == set(forms())
    assert all(row.ours == row.theirs == () and "make perf PARTS=loss_gpu" in row.note for row in rows)
