"""What each row of the table is made of, written once, for every language that cannot say it.

A lowering is a function in op vocabulary: `+ - *` and calls of rows, `where` instead of `if`. It is
the same craft as `autodiff.real` and `autodiff.activations`, and a test holds each against the
row's own forward. A language spells some rows itself (C has `erf`); the others become functions of
the exported text, traced from here, and may call each other.

Handed floats, a lowering computes: `LOWERED["sigmoid"](0.0)` is 0.5. Handed operands of a class
with a method `__define__(name, args)`, such as the symbols of a body under construction, it is not
entered but recorded as a call of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import inf, nan
from typing import Any

from autodiff.ops import (
    absolute,
    div,
    equal,
    exp,
    expm1,
    hypot,
    less,
    less_equal,
    sqrt,
    tanh,
    where,
)
from autodiff.real import LN10

Function = Callable[..., Any]

LOWERED: dict[str, Function] = {}
INLINED: set[str] = set()  # too small to be functions of their own


def lowered(function: Function) -> Function:
    """Put a lowering into the table, under its own name."""
    name = function.__name__

    @wraps(function)
    def call(*args: Any) -> Any:
        for arg in args:
            define = getattr(type(arg), "__define__", None)
            if define is not None:
                return define(name, args)
        return function(*args)

    LOWERED[name] = function
    return call


def inlined(function: Function) -> Function:
    """Put a lowering into the table that is written out wherever it is used."""
    LOWERED[function.__name__] = function
    INLINED.add(function.__name__)
    return function


# ---------------------------------------------------------------- tails of rounded operations


@lowered
def sum_tail(a: Any, b: Any) -> Any:
    """The exact rounding error of a + b (Knuth)."""
    s = a + b
    t = s - a
    return (a - (s - t)) + (b - t)


@lowered
def upper_half(a: Any) -> Any:
    """The upper 26 of 53 bits (Dekker)."""
    c = 134217729.0 * a
    return c - (c - a)


@lowered
def product_tail(a: Any, b: Any) -> Any:
    """The exact rounding error of a * b (Dekker); |a|, |b| < 1e290."""
    a_high, b_high = upper_half(a), upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - a * b) + a_high * b_low + a_low * b_high) + a_low * b_low


# ---------------------------------------------------------------- arithmetic and choices


@inlined
def reciprocal(x: Any) -> Any:
    return div(1.0, x)


@lowered
def square(x: Any) -> Any:
    return x * x


@inlined
def sum(*xs: Any) -> Any:
    total: Any = 0.0
    for x in xs:
        total = total + x
    return total


@inlined
def inner(*xys: Any) -> Any:
    half = len(xys) // 2
    return sum(*(x * y for x, y in zip(xys[:half], xys[half:], strict=True)))


@inlined
def gate(condition: Any, x: Any) -> Any:
    return where(condition, x, 0.0)


@lowered
def sign(x: Any) -> Any:
    return where(less(0.0, x), 1.0, where(less(x, 0.0), -1.0, x))


@lowered
def maximum(a: Any, b: Any) -> Any:
    return where(less_equal(b, a), a, where(equal(a, a), b, a))


@lowered
def minimum(a: Any, b: Any) -> Any:
    return where(less_equal(a, b), a, where(equal(a, a), b, a))


@lowered
def maximum_share(a: Any, b: Any) -> Any:
    return where(less(b, a), 1.0, where(less(a, b), 0.0, where(equal(a, b), 0.5, nan)))


@lowered
def clamp(x: Any, low: Any, high: Any) -> Any:
    return where(less(high, x), high, where(less(x, low), low, x))


@lowered
def clamp_slope(x: Any, low: Any, high: Any) -> Any:
    return where(equal(x, x), where(less(low, x), less(x, high), 0.0), nan)


# ---------------------------------------------------------------- slopes


@lowered
def sqrt_slope(x: Any) -> Any:
    return where(less(0.0, x), div(0.5, sqrt(x)), where(equal(x, 0.0), inf, nan))


@lowered
def log_slope(x: Any) -> Any:
    return where(less(0.0, x), div(1.0, x), where(equal(x, 0.0), inf, nan))


@lowered
def log10_slope(x: Any) -> Any:
    return where(less(1e300, x), div(log_slope(x), LN10), log_slope(LN10 * x))


@lowered
def asin_slope(x: Any) -> Any:
    return div(1.0, sqrt((1.0 - x) * (1.0 + x)))


@lowered
def atan_slope(x: Any) -> Any:
    return where(less(1e150, absolute(x)), div(div(1.0, x), x), div(1.0, 1.0 + x * x))


@lowered
def asinh_slope(x: Any) -> Any:
    return div(1.0, hypot(1.0, x))


@lowered
def acosh_slope(x: Any) -> Any:
    return div(1.0, sqrt(x - 1.0) * sqrt(x + 1.0))


@lowered
def atanh_slope(x: Any) -> Any:
    return where(less_equal(absolute(x), 1.0), div(1.0, (1.0 - x) * (1.0 + x)), nan)


@lowered
def sinh(x: Any) -> Any:
    size = absolute(x)
    u, half = expm1(size), exp(0.5 * size)
    near = 0.5 * (u + div(u, u + 1.0))
    far = where(less(size, 700.0), 0.5 * exp(size) - 0.5 * exp(-size), (0.5 * half) * half)
    found = where(less(size, 1.0), near, far)
    return where(equal(x, 0.0), x, where(less(x, 0.0), -found, found))


@lowered
def cosh(x: Any) -> Any:
    size = absolute(x)
    half = exp(0.5 * size)
    return where(less(size, 700.0), 0.5 * exp(size) + 0.5 * exp(-size), (0.5 * half) * half)


@lowered
def tanh_slope(x: Any) -> Any:
    t, e = tanh(x), exp(-2.0 * absolute(x))
    return where(less(absolute(x), 0.55), 1.0 - t * t, div(4.0 * e, (1.0 + e) * (1.0 + e)))
