"""erf and erfc on arrays, within 4 ulp (docs/accuracy.md has the measured errors).

Near zero and from 4 on W. J. Cody's rational approximations (Math. Comp. 23, 1969); in between
a constant and a small polynomial, whose rounding errors count for little.

Also the exact product (`two_product`) that squares an argument without losing its tail.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

np: Any = import_module("numpy")  # this module is imported by the NumPy backend alone

# Numerators and denominators, highest power first: erf(x)/x in x**2 up to 0.46875, and
# x exp(x**2) erfc(x) in 1/x**2 from 4 on.
SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
     3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip
# (x + 0.5) exp(x**2) erfc(x) between the two, in t = (x - 1.734375) / (x + 4): the interpolation in
# 17 Chebyshev nodes, computed with 60 digits; it is off by 1.4e-18 at most. The constant stands
# apart.
MIDDLE = (
    1.665833111385292e-4, -5.066097939757962e-4, -6.2067194536067e-4, 2.980603285616257e-3,
    4.109805614998711e-4, -1.593970745894269e-2, 2.3516644294262246e-2, 4.1584245508668224e-2,
    -2.5429410910088923e-1, 6.14140010236826e-1, -9.894631851213918e-1, 1.1771720827077843e0,
    -1.052966389701418e0, 6.761822740902094e-1, -2.4479512322173555e-1, -5.4752967108460296e-2,
)  # fmt: skip
MIDDLE_AT_0 = 6.413381075049835e-1
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
