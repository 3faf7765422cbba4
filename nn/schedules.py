"""Schedules: the learning rate as a function of the epoch, counted from 0.

Any function of the epoch will do, `rate=lambda epoch: 0.5 * 0.99**epoch`; these are the usual ones.
A schedule keeps nothing of its own, so training that was interrupted resumes by it exactly.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import autodiff as ad

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class Constant:
    """The same rate always."""

    rate: float

    def __call__(self, epoch: int) -> float:
        return self.rate


@dataclass(frozen=True)
class Step:
    """`rate`, times `factor` after every so many epochs.

    >>> [Step(0.8, every=2, factor=0.5)(epoch) for epoch in range(5)]
    [0.8, 0.8, 0.4, 0.4, 0.2]
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _checked_epochs(self.every, "every")

    def __call__(self, epoch: int) -> float:
        return float(self.rate * self.factor ** (epoch // self.every))


@dataclass(frozen=True)
class Linear:
    """From `start` to `end` in a straight line, `epochs` long; `end` from there on.

    >>> [Linear(1.0, 0.0, epochs=4)(epoch) for epoch in (0, 1, 4, 9)]
    [1.0, 0.75, 0.0, 0.0]
    """

    start: float
    end: float
    epochs: int

    def __post_init__(self) -> None:
        _checked_epochs(self.epochs, "epochs")

    def __call__(self, epoch: int) -> float:
        done = min(epoch / self.epochs, 1.0)
        return self.start * (1.0 - done) + self.end * done


@dataclass(frozen=True)
class Cosine:
    """From `start` to `end` along half a cosine, `epochs` long (Loshchilov and Hutter 2017).

    >>> [round(Cosine(1.0, 0.0, epochs=4)(epoch), 3) for epoch in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    start: float
    end: float
    epochs: int

    def __post_init__(self) -> None:
        _checked_epochs(self.epochs, "epochs")

    def __call__(self, epoch: int) -> float:
        done = min(epoch / self.epochs, 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1.0 + math.cos(math.pi * done))


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    kind.__name__.lower(): kind for kind in (Constant, Step, Linear, Cosine)
}


def rate_at(schedule: Schedule, epoch: int) -> float:
    """The rate in an epoch; a ValueError names the schedule that gives no rate."""
    given: Any = schedule(epoch)
    number = ad.Value(given).data
    if not 0.0 <= number < math.inf:
        raise ValueError(
            f"the schedule {schedule!r} gives the rate {number:g} for epoch {epoch}; "
            "a rate is finite and not negative"
        )
    return number


def _checked_epochs(n: Any, what: str) -> None:
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"{what} is a whole number of epochs from 1 on, not {n!r}")
