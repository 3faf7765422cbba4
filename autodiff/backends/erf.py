"""erf and erfc on arrays: W. J. Cody's rational approximations (Math. Comp. 23, 1969).

Measured against `math.erf` and `math.erfc`: erf within 4 ulp, erfc within 6.

Also the exact product (`two_product`) that squares an argument without losing its tail.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

np: Any = import_module("numpy")  # this module is imported by the NumPy backend alone

# Numerators and denominators, highest power first: erf(x)/x in x**2 up to 0.46875, then
# exp(x**2) erfc(x) in x up to 4, then x exp(x**2) erfc(x) in 1/x**2.
SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
     3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
     6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
     1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
     3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip
ONE_OVER_SQRT_PI = 5.6418958354775628695e-1


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
    """erfc(y) for y > 0.46875; the exponential is split so that the square loses no digit."""
    y = np.where(y > 30.0, 30.0, y)  # erfc is 0 from 27 on
    r = 1.0 / np.square(np.where(y > 4.0, y, 4.0))
    large = (ONE_OVER_SQRT_PI - r * _ratio(LARGE, r)) / y
    ratio = np.where(y <= 4.0, _ratio(MIDDLE, y), large)
    steps = np.trunc(y * 16.0) / 16.0
    rest = np.exp(-(y - steps) * (y + steps)) * ratio
    half = np.exp(-0.5 * steps * steps)  # in two halves where it underflows
    return np.where(y < 26.0, np.exp(-steps * steps) * rest, half * (half * rest))


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    numerator, denominator = (_polynomial(p, x) for p in polynomials)
    return numerator / denominator


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    total = coefficients[0]
    for c in coefficients[1:]:
        total = total * x + c
    return total
