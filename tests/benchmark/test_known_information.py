import math

import pytest

from benchmark.config import load
from benchmark.known_information import describe_known, known_metrics


def test_what_is_known_of_rendered_views_is_kept_as_metrics() -> None:
    found = {metric["metric"]: metric["value"] for metric in known_metrics(load("factor_shapes"))}
    assert found["known_shared_nats"] == pytest.approx(math.log(8) + 3 * math.log(4))
    assert found["known_shared_nats"] + found["known_non_shared_nats"] == pytest.approx(found["known_entropy_nats"])
    assert found["known_texture_nats"] == pytest.approx(math.log(5))


def test_it_is_said_in_one_line() -> None:
    line = describe_known(load("factor_shapes", ["views.factors={'mode':'rendered','shared':('hue','x'),'noise':0.0}"]))
    assert line is not None
    assert line.startswith("views: I(v1; v2) = 3.47 of H(v1) = 14.93 nats; shared: hue 2.08, x 1.39; not shared")
    assert "shape 2.08" in line


def test_nothing_is_known_of_ordinary_views() -> None:
    assert known_metrics(load("shapes")) == []
    assert describe_known(load("shapes")) is None


def test_of_noisy_views_a_bound_is_said_and_nothing_is_kept() -> None:
    noisy = load("factor_shapes", ["views.factors={'mode':'rendered','shared':('hue','x'),'noise':0.1}"])
    assert known_metrics(noisy) == []
    line = describe_known(noisy)
    assert line is not None
    assert line.startswith("views: I(v1; v2) < 3.47 nats, as the views have noise; shared: ")
