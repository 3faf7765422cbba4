"""Data sets: as described, from their seed alone."""

import math
import random
from typing import Any

import pytest

from nn.datasets import (
    DATASETS,
    blobs,
    circles,
    linear,
    logical_and,
    logical_or,
    moons,
    sine,
    spiral,
)

DRAWN = [linear, sine, circles, moons, spiral, blobs]


def test_logic() -> None:
    assert [f()[1] for f in (logical_and, logical_or, DATASETS["xor"])] == [
        [0, 0, 0, 1],
        [0, 1, 1, 1],
        [0, 1, 1, 0],
    ]
    DATASETS["xor"]()[0][0][0] = 9.0
    assert DATASETS["xor"]()[0][0] == [0, 0]  # the user's list is the user's


@pytest.mark.parametrize("make", DRAWN)
def test_the_seed_decides(make: Any) -> None:
    random.seed(3)
    state = random.getstate()
    assert make(20, seed=1) == make(20, seed=1) == make(20, seed=random.Random(1))
    assert make(20, seed=1) != make(20, seed=2)
    assert random.getstate() == state
    X, y = make(21)
    assert len(X) == len(y) == 21
    assert all(type(x) is float for row in X for x in [*row, *y])
    with pytest.raises(ValueError, match="how many samples, is a whole number"):
        make(0)


def test_shapes_without_noise() -> None:
    for [x], t in zip(*linear(20, 0.0), strict=True):
        assert t == 2 * x + 1
    for [x], t in zip(*sine(20, 0.0), strict=True):
        assert t == math.sin(x)
    for (a, b), t in zip(*circles(20, 0.0), strict=True):
        assert math.hypot(a, b) == pytest.approx(0.5 if t else 1.0)
    for (a, b), t in zip(*moons(20, 0.0), strict=True):
        assert math.hypot(a - t, b - 0.5 * t) == pytest.approx(1.0)
        assert b >= -1e-9 if not t else b <= 0.5 + 1e-9
    X, y = spiral(30, 0.0, classes=3)
    assert sorted(set(y)) == [0, 1, 2]
    assert max(math.hypot(*row) for row in X) == pytest.approx(1.1)
    assert sorted({tuple(row) for row in blobs(9, 0.0)[0]})[-1] == (1.0, 0.0)
