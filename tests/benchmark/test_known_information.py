import math

import pytest

from benchmark.config import load
from benchmark.known_information import describe_known, known_metrics


def test_what_is_known_of_rendered_views_is_kept_as_metrics() -> None:
    found = {metric["metric"]: metric["value"] for metric in known_metrics(load("factor_shapes"))}
    assert found["known_shared_nats"] == pytest.approx(math.log(8) + 3 * math.log(4))
    assert found["known_shared_nats"] + found["known_non_shared_nats"] == pytest.approx(found["known_entropy_nats"])
    assert found["known_texture_nats"] == pytest.approx(math.log(5))


def test_what_is_not_shared_and_what_is_superfluous_is_kept_for_every_factor() -> None:
    found = {metric["metric"]: metric["value"] for metric in known_metrics(load("factor_shapes"))}
    assert found["known_shape_non_shared_nats"] == pytest.approx(0)
    assert found["known_hue_non_shared_nats"] == pytest.approx(math.log(8))
    assert found["known_shape_superfluous_nats"] == pytest.approx(3 * math.log(4))
    assert found["known_hue_superfluous_nats"] == pytest.approx(math.log(8) + 3 * math.log(4))


def test_it_is_said_in_three_lines() -> None:
    said = describe_known(load("factor_shapes", ["views.factors={'mode':'rendered','shared':('hue','x'),'noise':0.0}"]))
    assert said == (
        "views: I(v1; v2) = 3.47 of H(v1) = 14.93 nats; shared: hue 2.08, x 1.39",
        "views: of factors y, I(v1; y | v2), not shared: shape 2.08, texture 1.61, y 1.39, size 1.39, rotation 1.32, "
        "background_hue 2.08, background_texture 1.61",
        "views: of tasks y, I(v1; v2 | y), superfluous: shape 3.47, texture 3.47, hue 1.39, x 2.08, y 3.47, size 3.47, "
        "rotation 3.47, background_hue 3.47, background_texture 3.47",
    )


def test_nothing_is_known_of_ordinary_views() -> None:
    assert known_metrics(load("shapes")) == []
    assert describe_known(load("shapes")) == ()


@pytest.mark.parametrize(("shared", "said"), [("('hue', 'x')", "3.47 nats"), ("()", "0.00 nats")])
def test_of_noisy_views_a_bound_is_said_and_nothing_is_kept(shared: str, said: str) -> None:
    noisy = load("factor_shapes", [f"views.factors={{'mode': 'rendered', 'shared': {shared}, 'noise': 0.1}}"])
    assert known_metrics(noisy) == []
    (line,) = describe_known(noisy)
    assert line.startswith(f"views: I(v1; v2) at most {said}, as they have noise; shared: ")


@pytest.mark.parametrize(("config", "shared"), [("factor_shapes", ("hue", "x")), ("shapes", ("hue", "radius"))])
def test_of_augmented_views_what_is_declared_is_said_and_nothing_is_known(config: str, shared: tuple[str, ...]) -> None:
    declared = load(config, [f"views.factors={{'mode': 'augmented', 'shared': {shared}, 'noise': 0.0}}"])
    assert known_metrics(declared) == []
    first, second = shared
    rest = "as destroyed: all other factors; nothing is known in nats"
    assert describe_known(declared) == (f"views: declared as shared: {first}, {second}; {rest}",)
