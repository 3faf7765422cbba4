"""Lowerings of log-sum-exp and of its shares, for any number of operands.

The largest operand is taken out exactly: a running maximum leaves the *losers* behind, all operands
but one largest.
"""

from __future__ import annotations

from math import inf, nan
from typing import Any

from autodiff.export.lowering import lowered, maximum, minimum, sum_tail
from autodiff.ops import absolute, div, equal, exp, less, log1p, where


@lowered
def softmax_weight(x: Any, top: Any) -> Any:
    """exp(x - top), the rounding error of the difference fed back."""
    d = x - top
    return where(less(-800.0, d), exp(d) * (1.0 + sum_tail(x, -top)), 0.0)


def _largest(xs: tuple[Any, ...]) -> tuple[Any, list[Any]]:
    top, losers = xs[0], []
    for x in xs[1:]:
        losers.append(minimum(top, x))
        top = maximum(top, x)
    return top, losers


def _total(weights: list[Any]) -> Any:
    """The sum; from four terms on with the rounding errors added up beside it."""
    total: Any = weights[0] if weights else 0.0
    tail: Any = None
    for weight in weights[1:]:
        if len(weights) > 3:
            lost = sum_tail(total, weight)
            tail = lost if tail is None else tail + lost
        total = total + weight
    return total if tail is None else total + tail


@lowered
def logsumexp(*xs: Any) -> Any:
    top, losers = _largest(xs)
    rest = log1p(_total([softmax_weight(x, top) for x in losers]))
    return where(equal(absolute(top), inf), top, top + rest)


@lowered
def logaddexp(x: Any, y: Any) -> Any:
    return logsumexp(x, y)


@lowered
def softmax_share(*xs: Any) -> Any:
    top, _ = _largest(xs)
    weights = [softmax_weight(x, top) for x in xs]
    return where(equal(absolute(top), inf), nan, div(weights[0], _total(weights)))


@lowered
def softmax_rest(*xs: Any) -> Any:
    top, _ = _largest(xs)
    weights = [softmax_weight(x, top) for x in xs]
    return where(equal(absolute(top), inf), nan, div(_total(weights[1:]), _total(weights)))


@lowered
def logsumexp_share(*xs: Any) -> Any:
    top, _ = _largest(xs)
    ties: Any = 0.0
    for x in xs:
        ties = ties + equal(x, top)
    even = div(equal(xs[0], top), ties)
    return where(equal(absolute(top), inf), even, softmax_share(*xs))
