"""Lowerings of the derivatives of powers, of hypot and of atan2.

See `autodiff.powers` and `autodiff.plane`. Where those take a number apart into mantissa and
exponent, here one of two fixed powers of two scales it.
"""

from __future__ import annotations

from math import inf, nan
from typing import Any

from autodiff.export.lowering import lowered, maximum, sign
from autodiff.ops import absolute, div, equal, hypot, less, less_equal, log, power, where
from autodiff.real import TINY

SMALL, LARGE = 2.0**-600, 2.0**600


def both(a: Any, b: Any) -> Any:
    """The condition that two conditions hold."""
    return where(a, b, 0.0)


def either(a: Any, b: Any) -> Any:
    """The condition that one of two holds."""
    return where(a, 1.0, b)


def normal(x: Any) -> Any:
    """The condition that |x| is finite and not subnormal."""
    return both(less_equal(TINY, absolute(x)), less(absolute(x), inf))


# ---------------------------------------------------------------- powers


def derivative(x: Any, y: Any, c: tuple[Any, ...], n: int) -> Any:
    """x**(y - n) * (c[0] * log(x)**m + ... + c[m]), m = len(c) - 1 derivatives in y."""
    m, size = len(c) - 1, absolute(x)
    factor, edge_factor = c[0], c[0]
    for coefficient in c[1:]:
        factor = factor * log(x) + coefficient
        edge_factor = edge_factor * log(x)
    if n and m:  # the leading coefficient may be 0; there is one more
        edge_factor = where(equal(c[0], 0.0), c[1], edge_factor)

    at_edge = power(x, y - n)
    edge = edge_factor * at_edge
    if m:
        edge = where(equal(at_edge, 0.0), 0.0, edge)

    v, half = power(x, y), power(size, 0.5 * y)
    p, halves = v, [half, half]
    for k in range(n):  # x**y / x**n: y - n would be rounded
        p, halves[k] = div(p, x), div(halves[k], size)
    side = where(less(x, 0.0), power(-1.0, y - n), 1.0) if not m else 1.0
    in_halves = (factor * side * halves[0]) * halves[1]
    inside = where(both(normal(v), normal(p)), factor * p, in_halves)

    special = either(equal(x, 0.0), either(equal(size, inf), equal(absolute(y), inf)))
    whole = power(-1.0, y)  # nan where y is no whole number
    real = less_equal(0.0, x) if m else either(less_equal(0.0, x), equal(whole, whole))
    real = both(equal(x, x), both(equal(y, y), real))
    found = where(real, where(special, edge, inside), nan)
    if not m:
        return where(equal(c[0], 0.0), 0.0, found)
    return found if n else where(both(equal(x, 0.0), equal(y, 0.0)), 0.0, found)


@lowered
def power_slope(x: Any, y: Any) -> Any:
    p = power(x, y - 1.0)
    return where(both(less_equal(1.0, y), normal(p)), y * p, derivative(x, y, (y,), 1))


@lowered
def power_log(x: Any, y: Any) -> Any:
    v = power(x, y)
    simple = both(less(0.0, x), less_equal(TINY, v))
    return where(simple, v * log(x), derivative(x, y, (1.0, 0.0), 0))


@lowered
def power_bend(x: Any, y: Any) -> Any:
    return derivative(x, y, (y * (y - 1.0),), 2)


@lowered
def power_twist(x: Any, y: Any) -> Any:
    return derivative(x, y, (y, 1.0), 1)


@lowered
def power_log_log(x: Any, y: Any) -> Any:
    return derivative(x, y, (1.0, 0.0, 0.0), 0)


# ---------------------------------------------------------------- the plane


@lowered
def hypot_slope(x: Any, y: Any) -> Any:
    h = hypot(x, y)
    scale = where(less(h, 1.0), LARGE, SMALL)
    scaled = div(x * scale, hypot(x * scale, y * scale))
    at_infinity = where(
        equal(absolute(x), inf),
        where(less(absolute(y), inf), sign(x), nan),
        where(equal(x, x), 0.0, nan),
    )
    infinite = either(equal(absolute(x), inf), equal(absolute(y), inf))
    outside = where(infinite, at_infinity, where(equal(h, 0.0), 0.0, scaled))
    return where(both(less(1e-290, h), less(h, inf)), div(x, h), outside)


def _scale(x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """The larger of |x| and |y|; a power of two that brings it near 1; x and y times that."""
    size = maximum(absolute(x), absolute(y))
    scale = where(less(size, 1e-140), LARGE, where(less(1e140, size), SMALL, 1.0))
    return size, scale, x * scale, y * scale


def _one_infinite(x: Any, y: Any) -> Any:
    """0 where one of two numbers is infinite; nan where both are or one is nan."""
    finite = either(less(absolute(x), inf), less(absolute(y), inf))
    return where(both(finite, both(equal(x, x), equal(y, y))), 0.0, nan)


@lowered
def atan2_slope(x: Any, y: Any) -> Any:
    size, scale, a, b = _scale(x, y)
    return where(less(size, inf), div(a, a * a + b * b) * scale, _one_infinite(x, y))


@lowered
def atan2_bend(x: Any, y: Any) -> Any:
    size, scale, a, b = _scale(x, y)
    square = a * a + b * b
    found = div(b - a, square) * div(b + a, square)
    return where(less(size, inf), found * scale * scale, _one_infinite(x, y))
