"""Clipping: gradients that are too long are cut back before a step.

E.backward()
clip_norm(model.parameters(), 1.0)
optimizer.step()
"""

import math
from collections.abc import Iterable
from typing import Any

import autodiff as ad
from nn.leaves import as_values


def gradient_norm(parameters: Iterable[ad.Value]) -> float:
    """The length of the gradient: sqrt of the sum of the squared `.grad`, without overflow."""
    return math.hypot(*(p.grad for p in as_values(parameters)))


def clip_norm(parameters: Iterable[ad.Value], limit: float) -> float:
    """Shorten the gradient to `limit` if it is longer, keeping its direction; return the old norm.

    >>> w, v = ad.values("w v", [1.0, 1.0])
    >>> (3 * w + 4 * v).backward()
    >>> clip_norm([w, v], 1.0), w.grad, v.grad
    (5.0, 0.6000000000000001, 0.8)

    A gradient that is not finite has no direction, and stays. Raises ValueError unless the limit is
    positive.
    """
    parameters = as_values(parameters)
    norm = gradient_norm(parameters)
    if checked_limit(limit) < norm < math.inf:
        scale = limit / norm
        for p in parameters:
            p.grad *= scale
    return norm


def clip_value(parameters: Iterable[ad.Value], limit: float) -> None:
    """Cut every `.grad` to between -limit and limit. Raises ValueError for a limit <= 0."""
    checked_limit(limit)
    for p in as_values(parameters):
        p.grad = max(-limit, min(limit, p.grad)) if p.grad == p.grad else p.grad


def checked_limit(limit: Any) -> float:
    number = ad.Value(limit).data
    if not number > 0.0:
        raise ValueError(f"the limit of a gradient is positive, not {number:g}")
    return number
