"""What every test of the benchmark leaves behind."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _own_modes() -> Iterator[None]:
    """Training in a test's own process, mmengine sets torch's deterministic mode for all that come after."""
    yield
    torch.use_deterministic_algorithms(False)
