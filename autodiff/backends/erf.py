"""erf and erfc on arrays, within 4 ulp (docs/accuracy.md has the measured errors).

By the fits of `autodiff.fits`. Also the exact product (`two_product`) that squares an argument
without losing its tail.
"""

from __future__ import annotations

from importlib import import_module

from autodiff.fits import LARGE, MIDDLE, MIDDLE_AT_0, ONE_OVER_SQRT_PI, SMALL

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

np: Any = import_module("numpy")  # this module is imported by the NumPy backend alone


def two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """a * b and the exact rounding error of that product (Dekker)."""
    p = a * b
    c = 134217729.0 * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = 134217729.0 * b
    b_high = c - (c - b)
    b_low = b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def erf(x: Any) -> Any:
    y = np.abs(x)
    return np.where(y <= 0.46875, _near(x), np.copysign(1.0 - _far(y), x))


def erfc(x: Any) -> Any:
    y = np.abs(x)
    far = _far(y)
    return np.where(y <= 0.46875, 1.0 - _near(x), np.where(x < 0.0, 2.0 - far, far))


def _near(x: Any) -> Any:
    return x * _ratio(SMALL, np.where(np.abs(x) <= 0.46875, x * x, 0.0))


def _far(y: Any) -> Any:
    """erfc(y) for y > 0.46875; y is squared with its tail, so the exponential loses no digit."""
    y = np.where(y > 30.0, 30.0, y)  # erfc is 0 from 27 on
    square, tail = two_product(y, y)
    weight = np.exp(-square)
    half = np.exp(-0.5 * square)  # in two halves where it underflows
    r = 1.0 / np.square(np.where(y > 4.0, y, 4.0))
    large = (ONE_OVER_SQRT_PI - r * _ratio(LARGE, r)) / y
    whole, halves = large * (weight - weight * tail), (large * half) * (half - half * tail)
    return np.where(y <= 4.0, _middle(y, weight, tail), np.where(y < 26.0, whole, halves))


def _middle(y: Any, weight: Any, tail: Any) -> Any:
    """erfc(y) up to 4; what the two sums round off is fed back together with the tail."""
    t = (y - 1.734375) / (y + 4.0)
    change = t * _polynomial(MIDDLE, t)
    scaled, size = MIDDLE_AT_0 + change, y + 0.5
    correction = ((MIDDLE_AT_0 - scaled) + change) / scaled - (0.5 - (size - y)) / size - tail
    result = weight * scaled / size
    return result + result * correction


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    numerator, denominator = (_polynomial(p, x) for p in polynomials)
    return numerator / denominator


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    total = coefficients[0]
    for c in coefficients[1:]:
        total = total * x + c
    return total
