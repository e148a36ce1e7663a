"""A number that no table could show fails its cell with one sentence."""

import math

import pytest

from benchmark.worker import require_fractions
from downstream.tasks import Metric


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 1.0000001])
def test_a_metric_that_is_no_fraction_is_refused(value: float) -> None:
    sound = Metric("own", "AP50", "test", "last", 1.0)
    require_fractions([sound])
    with pytest.raises(ValueError, match=r"^own: AP must be in \[0, 1\], got ") as error:
        require_fractions([sound, Metric("own", "AP", "test", "last", value)])
    assert "\n" not in str(error.value)
