"""The derivatives of hypot and atan2, scaled so that x**2 + y**2 neither overflows nor vanishes."""

import math
from math import copysign, inf, isinf, isnan, nan


def hypot_slope(x: float, y: float) -> float:
    """x / hypot(x, y); 0 at the origin (minimum norm), +-1 at x = +-inf."""
    h = math.hypot(x, y)
    if 1e-290 < h < inf:
        return x / h
    if isinf(x) or isinf(y):
        if math.isfinite(x):
            return 0.0
        return copysign(1.0, x) if math.isfinite(y) else nan
    scale = 2.0**600 if h < 1.0 else 2.0**-600
    return x * scale / math.hypot(x * scale, y * scale) if h else 0.0


def _scaled(x: float, y: float) -> tuple[float, float, int]:
    """x and y, finite and not both 0, over 2**exponent: the larger one is in [1/2, 1)."""
    exponent = math.frexp(max(abs(x), abs(y)))[1]
    return math.ldexp(x, -exponent), math.ldexp(y, -exponent), exponent


def _ldexp(x: float, exponent: int) -> float:
    try:
        return math.ldexp(x, exponent)
    except OverflowError:
        return copysign(inf, x)


def atan2_slope(x: float, y: float) -> float:
    """x / (x**2 + y**2) without overflow; nan at the origin, 0 at infinity."""
    size = max(abs(x), abs(y))
    if 1e-140 < size < 1e140:
        return x / (x * x + y * y)
    if isnan(x) or isnan(y) or size == 0.0 or abs(x) == abs(y) == inf:
        return nan
    if size == inf:
        return copysign(0.0, x)
    a, b, exponent = _scaled(x, y)
    mantissa, own = math.frexp(x)  # a may have underflowed
    return _ldexp(mantissa / (a * a + b * b), own - 2 * exponent)


def atan2_bend(x: float, y: float) -> float:
    """(y**2 - x**2) / (x**2 + y**2)**2, the derivative of atan2_slope in x."""
    size = max(abs(x), abs(y))
    if isnan(x) or isnan(y) or size == 0.0 or abs(x) == abs(y) == inf:
        return nan
    if size == inf:
        return 0.0
    a, b, exponent = _scaled(x, y)
    square = a * a + b * b
    return _ldexp(((b - a) / square) * ((b + a) / square), -2 * exponent)
