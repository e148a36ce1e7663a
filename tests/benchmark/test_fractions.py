"""A number that no table could show fails its cell with one sentence."""

import math

import pytest

from benchmark.kinds import require_values
from downstream.tasks import Metric


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 1.0000001])
def test_a_metric_that_is_no_fraction_is_refused(value: float) -> None:
    sound = Metric("own", "AP50", "test", "last", 1.0)
    require_values([sound])
    with pytest.raises(ValueError, match=r"^own: AP must be in \[0, 1\], got ") as error:
        require_values([sound, Metric("own", "AP", "test", "last", value)])
    assert "\n" not in str(error.value)


def test_a_metric_with_a_unit_may_be_any_finite_number() -> None:
    require_values([Metric("own", "information_nats", "test", "last", -3.5)])
    with pytest.raises(ValueError, match=r"^own: information_nats must be finite, got nan$"):
        require_values([Metric("own", "information_nats", "test", "last", math.nan)])
