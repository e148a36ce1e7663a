import math

import pytest

from benchmark.perf.comparison import Comparison, alternate


def compared(ours: tuple[float, ...], theirs: tuple[float, ...], *, more: bool, bar: float | None = 2.0) -> Comparison:
    return Comparison("Loss", "a thing", "units", ours, theirs, "another way", more=more, bar=bar, note="make it so")


def test_a_ratio_above_one_says_that_ours_is_better_whichever_way_the_unit_goes() -> None:
    faster = compared((10.0, 30.0, 20.0), (5.0, 10.0, 5.0), more=True)
    assert faster.ratios == (2, 3, 4)
    assert faster.ratio == 3
    shorter = compared((1.0, 2.0, 8.0), (4.0, 4.0, 8.0), more=False)
    assert shorter.ratios == (4, 2, 1)
    assert shorter.ratio == 2


def test_the_ratio_is_the_median_of_ratios_not_the_ratio_of_medians() -> None:
    assert compared((1.0, 10.0, 100.0), (1.0, 1.0, 200.0), more=True).ratio == 1


def test_what_was_not_measured_has_no_ratio_and_holds_nothing() -> None:
    nothing = compared((), (), more=True)
    assert math.isnan(nothing.ratio)
    assert nothing.holds is None
    assert nothing.line() == "Loss: a thing, beside another way: not measured (make it so)"


@pytest.mark.parametrize(
    ("bar", "holds", "said"), [(2.0, True, ">= 2: held"), (2.5, False, ">= 2.5: did NOT hold"), (None, None, "units)")]
)
def test_a_claim_holds_from_its_bar_on(bar: float | None, holds: bool | None, said: str) -> None:
    found = compared((4.0,), (2.0,), more=True, bar=bar)
    assert found.holds is holds
    assert found.line().endswith(said)


@pytest.mark.parametrize(("more", "ours"), [(False, (6.0, 2.0, 4.0)), (True, (2 / 3, 2.0, 1.0))])
def test_the_ratio_of_a_cost_says_how_many_times_as_much_ours_takes(more: bool, ours: tuple[float, ...]) -> None:
    dear = Comparison("Loss", "a thing", "units", ours, (2.0, 2.0, 2.0), "another way", more=more, cost=True)
    assert dear.ratios == pytest.approx((3, 1, 2))
    assert dear.line().startswith("Loss: a thing: costs 2.00 x another way (")


def test_a_cost_has_no_bar() -> None:
    with pytest.raises(ValueError, match=r"comparison: a cost must have no bar, got 1.5 for a thing"):
        Comparison("Loss", "a thing", "s", (), (), "another way", more=False, bar=1.5, cost=True)


def test_rounds_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        _ = compared((1.0, 2.0), (1.0,), more=True).ratios


def test_arms_take_turns_in_turned_order_and_the_first_round_warms_up() -> None:
    said: list[str] = []

    def arm(name: str) -> float:
        said.append(name)
        return len(said)

    found = alternate({name: lambda name=name: arm(name) for name in "abc"}, rounds=3)  # type: ignore[misc]
    assert "".join(said) == "cba" + "abc" + "cba" + "abc"
    assert found == {"a": (4, 9, 10), "b": (5, 8, 11), "c": (6, 7, 12)}
