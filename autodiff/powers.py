"""The derivatives of x**y, in range and in digits.

A derivative of x**y, n times in x and m times in y, is x**(y - n) times a polynomial in log(x). In
floating point y - n is rounded, and x**y magnifies that rounding by up to 700; x**y may leave the
normal numbers where the derivative does not; and at zero, 0 * inf has to be the limit.
"""

from math import inf, isinf, isnan, nan

from autodiff.real import TINY, log, power


def power_slope(x: float, y: float) -> float:
    """y * x**(y - 1), the derivative of x**y in x; 0 where x**0 is identically 1."""
    if y >= 1.0:
        p = power(x, y - 1.0)  # y - 1 is exact from 1 on
        if TINY <= abs(p) < inf:
            return y * p
    return _derivative(x, y, (y,))


def power_log(x: float, y: float) -> float:
    """x**y * log(x), the derivative of x**y in y; 0 where x**y is 0 or identically 1."""
    v = power(x, y)
    return v * log(x) if x > 0.0 and v >= TINY else _derivative(x, y, (1.0, 0.0), 0)


def power_bend(x: float, y: float) -> float:
    """y * (y - 1) * x**(y - 2), the second derivative of x**y in x."""
    return _derivative(x, y, (y * (y - 1.0),), 2)


def power_twist(x: float, y: float) -> float:
    """x**(y - 1) * (1 + y * log(x)), the derivative of x**y in x and y."""
    return _derivative(x, y, (y, 1.0))


def power_log_log(x: float, y: float) -> float:
    """x**y * log(x)**2, the second derivative of x**y in y."""
    return _derivative(x, y, (1.0, 0.0, 0.0), 0)


def _derivative(x: float, y: float, c: tuple[float, ...], n: int = 1) -> float:
    """x**(y - n) * (c[0] * log(x)**m + ... + c[m]), m = len(c) - 1 derivatives in y."""
    m = len(c) - 1
    if not any(c) or (m and x == y == n == 0.0):
        return 0.0  # a polynomial differentiated away; 0**y at y = 0, by convention
    if isnan(x) or isnan(y) or (x < 0.0 and (m or y % 1.0 > 0.0)):
        return nan
    if x == 0.0 or isinf(x) or isinf(y):
        p = power(x, y - n)
        if m == 0:
            return c[0] * p
        leading = next(k for k in range(m + 1) if c[k])
        return c[leading] * power(log(x), m - leading) * p if p else 0.0
    factor = c[0]
    for coefficient in c[1:]:
        factor = factor * log(x) + coefficient
    v = p = power(x, y)
    for _ in range(n):
        p /= x  # x**y / x**n: y - n would be rounded
    if TINY <= abs(v) < inf and TINY <= abs(p) < inf:
        return factor * p
    halves = [power(abs(x), y / 2.0)] * 2
    for k in range(n):
        halves[k] /= abs(x)
    if x < 0.0 and (y - n) % 2.0:
        factor = -factor
    return (factor * halves[0]) * halves[1]
