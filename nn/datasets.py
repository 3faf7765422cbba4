"""Data sets to learn from: small, drawn from an explicit seed, and the same on every machine.

    X, y = moons(200, seed=1)

Each gives rows of inputs and a target for each row: 0 or 1, the index of a class, or a number.
"""

import math
from collections.abc import Callable
from random import Random
from typing import Any

from nn.choices import checked_count
from nn.initialisers import Seed, generator

Dataset = tuple[list[list[float]], list[float]]
CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def xor() -> Dataset:
    """The four corners; 1 where just one input is 1. No straight line parts them.

    >>> xor()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0])
    """
    return _corners(lambda a, b: a != b)


def logical_and() -> Dataset:
    """The four corners; 1 where both inputs are 1."""
    return _corners(lambda a, b: bool(a and b))


def logical_or() -> Dataset:
    """The four corners; 1 where an input is 1."""
    return _corners(lambda a, b: bool(a or b))


def linear(n: int = 50, noise: float = 0.1, *, seed: Seed = 0) -> Dataset:
    """y = 2*x + 1 and Gaussian noise, x from -1 to 1: a regression with one input."""
    rng = generator(seed)
    X = [[rng.uniform(-1.0, 1.0)] for _ in _each(n)]
    return X, [2.0 * x + 1.0 + _noise(rng, noise) for [x] in X]


def sine(n: int = 50, noise: float = 0.1, *, seed: Seed = 0) -> Dataset:
    """y = sin(x) and Gaussian noise, x from -pi to pi: a regression that is no straight line."""
    rng = generator(seed)
    X = [[rng.uniform(-math.pi, math.pi)] for _ in _each(n)]
    return X, [math.sin(x) + _noise(rng, noise) for [x] in X]


def circles(n: int = 100, noise: float = 0.05, factor: float = 0.5, *, seed: Seed = 0) -> Dataset:
    """Two circles around the origin, radius 1 (class 0) and `factor` (class 1)."""

    def point(label: int, t: float) -> tuple[float, float]:
        radius = factor if label else 1.0
        return radius * math.cos(2.0 * math.pi * t), radius * math.sin(2.0 * math.pi * t)

    return _curves(n, 2, point, noise, seed)


def moons(n: int = 100, noise: float = 0.1, *, seed: Seed = 0) -> Dataset:
    """Two half circles, one opening into the other: classes 0 and 1."""

    def point(label: int, t: float) -> tuple[float, float]:
        x, y = math.cos(math.pi * t), math.sin(math.pi * t)
        return (1.0 - x, 0.5 - y) if label else (x, y)

    return _curves(n, 2, point, noise, seed)


def spiral(
    n: int = 150, noise: float = 0.05, classes: int = 2, turns: float = 0.75, *, seed: Seed = 0
) -> Dataset:
    """Arms that wind out of the origin, one for each class."""

    def point(label: int, t: float) -> tuple[float, float]:
        angle = 2.0 * math.pi * (turns * t + label / classes)
        return (0.1 + t) * math.cos(angle), (0.1 + t) * math.sin(angle)

    return _curves(n, checked_count(classes, "classes", 2), point, noise, seed)


def blobs(n: int = 150, spread: float = 0.3, classes: int = 3, *, seed: Seed = 0) -> Dataset:
    """Gaussian clouds with their centres on the unit circle, one for each class."""

    def point(label: int, t: float) -> tuple[float, float]:
        angle = 2.0 * math.pi * label / classes
        return math.cos(angle), math.sin(angle)

    return _curves(n, checked_count(classes, "classes", 2), point, spread, seed)


DATASETS: dict[str, Callable[..., Dataset]] = {
    f.__name__: f
    for f in (xor, logical_and, logical_or, linear, sine, circles, moons, spiral, blobs)
}


def _corners(truth: Callable[[float, float], bool]) -> Dataset:
    return [list(row) for row in CORNERS], [float(truth(*row)) for row in CORNERS]


def _curves(
    n: int,
    classes: int,
    point: Callable[[int, float], tuple[float, float]],
    noise: float,
    seed: Seed,
) -> Dataset:
    """n points in turn from each class, t running from 0 to 1 along it, with noise around them."""
    rng = generator(seed)
    X: list[list[float]] = []
    y = []
    for i in _each(n):
        label = i % classes
        there = point(label, (i // classes) / max((n - 1) // classes, 1))
        X.append([x + _noise(rng, noise) for x in there])
        y.append(float(label))
    return X, y


def _each(n: Any) -> range:
    return range(checked_count(n, "n, how many samples,", 1))


def _noise(rng: Random, noise: float) -> float:
    return rng.gauss(0.0, noise) if noise else 0.0
