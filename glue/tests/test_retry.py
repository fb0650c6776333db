from __future__ import annotations

import pytest
from conftest import Clock

from branchline.lakefs import is_worth_retrying
from branchline.retry import Patience, Transient


@pytest.mark.parametrize(
    ("status", "message", "repeatable", "unrepeatable"),
    [
        (429, "", True, True),
        (503, "", True, True),
        (500, "branch is currently locked, try again", True, True),
        (500, "internal", True, False),
        (502, "", True, False),
        (504, "", True, False),
        (400, "", False, False),
        (404, "", False, False),
        (409, "", False, False),
        (412, "", False, False),
    ],
)
def test_which_answers_may_change(status: int, message: str, repeatable: bool, unrepeatable: bool) -> None:
    assert is_worth_retrying(status, message, True) is repeatable
    assert is_worth_retrying(status, message, False) is unrepeatable


def test_delays_grow_to_a_ceiling_and_throttling_starts_slower() -> None:
    patience = Patience(random=lambda: 1.0)
    assert [patience.delay(tried, False) for tried in (1, 2, 3, 20)] == [0.2, 0.4, 0.8, 8.0]
    assert [patience.delay(tried, True) for tried in (1, 2, 20)] == [0.8, 1.6, 8.0]
    assert Patience(random=lambda: 0.0).delay(5, True) == 0


def test_the_last_failure_is_raised_and_nothing_waits_beyond_the_budget(clock: Clock) -> None:
    tried = 0

    def fail() -> None:
        nonlocal tried
        tried += 1
        raise Transient(KeyError(tried))

    with pytest.raises(KeyError) as caught:
        clock.patience(2).run(fail)
    assert caught.value.args == (tried,)
    assert tried == len(clock.slept) + 1 > 3
    assert clock.now <= 2


def test_other_errors_are_raised_at_once(clock: Clock) -> None:
    with pytest.raises(ZeroDivisionError):
        clock.patience().run(lambda: 1 // 0)
    assert clock.slept == []
