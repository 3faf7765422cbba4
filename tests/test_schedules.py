"""Schedules: where they start, where they end, and what is no rate."""

from typing import Any

import pytest

from nn.schedules import SCHEDULES, Constant, Cosine, Linear, Step, rate_at


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (Constant(0.5), {0: 0.5, 10**6: 0.5}),
        (Step(1.0, 10), {0: 1.0, 9: 1.0, 10: 0.1, 20: 0.01}),
        (Linear(0.5, 0.1, 10), {0: 0.5, 5: 0.3, 10: 0.1, 11: 0.1}),
        (Cosine(0.5, 0.1, 10), {0: 0.5, 5: 0.3, 10: 0.1, 11: 0.1}),
        pytest.param(lambda epoch: 0.5 * 0.5**epoch, {0: 0.5, 2: 0.125}, id="a function"),
    ],
    ids=str,
)
def test_rates(schedule: Any, rates: dict[int, float]) -> None:
    assert {epoch: rate_at(schedule, epoch) for epoch in rates} == pytest.approx(rates, rel=1e-14)


def test_no_rate() -> None:
    with pytest.raises(ValueError, match=r"Constant\(rate=-1\) gives the rate -1 for epoch 3"):
        rate_at(Constant(-1), 3)
    with pytest.raises(ValueError, match="gives the rate nan"):
        rate_at(lambda epoch: float("nan"), 0)
    with pytest.raises(TypeError, match="a number is missing"):
        rate_at(lambda epoch: None, 0)  # type: ignore[arg-type, return-value]


def test_lengths_are_whole_numbers() -> None:
    for make in (lambda n: Step(1.0, n), lambda n: Linear(1, 0, n), lambda n: Cosine(1, 0, n)):
        for n in (0, -1, 2.5, True):
            with pytest.raises(ValueError, match="a whole number of epochs from 1 on"):
                make(n)


def test_schedules_by_name() -> None:
    assert list(SCHEDULES) == ["constant", "step", "linear", "cosine"]
