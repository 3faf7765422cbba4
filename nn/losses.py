"""Losses: functions over the outputs of a network and what they should be.

Here are the errors of a regression; `nn.classification` has those of class labels, and `LOSSES`
is the table of all. What they name is told in `nn.pairing`. Where nothing is a Value the result is
a plain number, as for the outputs of `model.predict`.
"""

from collections.abc import Callable
from typing import Any

import autodiff as ad
from nn.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge,
)
from nn.pairing import pairs, total


def half_squared_error(outputs: Any, targets: Any, *, name: str = "E") -> Any:
    """The sum of 0.5*(target - output)**2, as seeds 000 and 003 have it.

    >>> outputs = ad.values("out_o1 out_o2", [0.73492, 0.77955])
    >>> E = half_squared_error(outputs, [0.05, 0.95])
    >>> E, E.args[0].name
    (Value(E_total=0.24908), 'E1')

    Raises ValueError unless there are as many targets as outputs.
    """
    outputs, targets = pairs(outputs, targets)
    return total([0.5 * (t - o) ** 2 for o, t in zip(outputs, targets, strict=True)], name)


def performance(outputs: Any, targets: Any, *, name: str = "P") -> Any:
    """The sum of -0.5*(d - o)**2, which text 002 *climbs*: train with `maximize=True`.

    >>> performance(ad.Value(0.5, "o"), ad.Value(1.0, "d"))
    Value(P=-0.125)

    Raises ValueError unless there are as many targets as outputs.
    """
    outputs, targets = pairs(outputs, targets)
    return total([-0.5 * (d - o) ** 2 for o, d in zip(outputs, targets, strict=True)], name)


def mse(outputs: Any, targets: Any, *, name: str = "E") -> Any:
    """The mean of (target - output)**2: mean squared error.

    Here the waypoints are the squared errors, and the result is their mean, `E_mean`.

    Raises ValueError unless there are as many targets as outputs.
    """
    outputs, targets = pairs(outputs, targets)
    squares = [(t - o) ** 2 for o, t in zip(outputs, targets, strict=True)]
    return total(squares, name, mean=True)


def mae(outputs: Any, targets: Any, *, name: str = "E") -> Any:
    """The mean of |target - output|: mean absolute error, whose slope at 0 is 0.

    Raises ValueError unless there are as many targets as outputs.
    """
    outputs, targets = pairs(outputs, targets)
    distances = [abs(t - o) for o, t in zip(outputs, targets, strict=True)]
    return total(distances, name, mean=True)


def huber(outputs: Any, targets: Any, *, delta: float = 1.0, name: str = "E") -> Any:
    """The sum of errors that are squared up to `delta` and straight beyond (Huber 1964).

    0.5*d**2 where |d| <= delta, else delta*(|d| - 0.5*delta), with d = target - output: outliers
    pull with a slope of at most delta.

    >>> huber([0.5, 0.0], [0.0, 3.0])
    2.625

    Raises ValueError unless there are as many targets as outputs and delta is positive.
    """
    if not 0.0 < ad.Value(delta).data < float("inf"):
        raise ValueError(f"delta is {delta!r}; where the error turns straight is a positive number")
    outputs, targets = pairs(outputs, targets)

    def error(d: Any) -> Any:
        distance = ad.absolute(d)
        straight = delta * (distance - 0.5 * delta)
        return ad.where(ad.less_equal(distance, delta), 0.5 * d**2, straight)

    return total([error(t - o) for o, t in zip(outputs, targets, strict=True)], name)


LOSSES: dict[str, Callable[..., Any]] = {
    loss.__name__: loss
    for loss in (
        half_squared_error,
        performance,
        mse,
        mae,
        huber,
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        cross_entropy,
        hinge,
    )
}
