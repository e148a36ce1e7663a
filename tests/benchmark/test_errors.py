import pytest

from benchmark.errors import UserError, blaming_the_user, unknown


def test_a_misspelt_name_gets_the_nearest_valid_one_and_all_of_them() -> None:
    error = unknown("objective", "infonc", ["superinfo", "infonce", "mrcl"])
    assert str(error) == "unknown objective 'infonc'. Did you mean 'infonce'? Known: infonce, mrcl, superinfo."


def test_a_name_like_none_of_them_gets_no_guess() -> None:
    assert str(unknown("task", "xyz", ["voc"])) == "unknown task 'xyz'. Known: voc."


@pytest.mark.parametrize("kind", [ValueError, OSError, FileNotFoundError])
def test_a_check_that_refuses_the_users_input_becomes_one_line(kind: type[Exception]) -> None:
    with pytest.raises(UserError, match=r"^first second$"), blaming_the_user():
        raise kind("first\n   second")


@pytest.mark.parametrize("kind", [TypeError, KeyError, RuntimeError, AssertionError])
def test_our_own_bugs_are_not_blamed_on_the_user(kind: type[Exception]) -> None:
    with pytest.raises(kind), blaming_the_user():
        raise kind("ours")
