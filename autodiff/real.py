"""IEEE-total functions of float64: what `math.*` would be if it never raised and never lost a
digit.

Python raises where IEEE 754 answers: `1/0`, `math.log(0)`, `math.exp(710)`, `(-8.0)**0.5`. The
functions here answer (inf, -inf, inf, nan), so that the table of ops can be plain arithmetic.
Beside them stand the derivatives whose textbook formula is right on paper and wrong in floating
point: `1 - tanh(x)**2` has no digit left at x = 20, `1/(1 + x*x)` overflows, `1/x` answers below
zero where log(x) has no value.

Three devices do all the work:

* the *tail* of a rounded operation (`two_sum`, `two_product`) is computed exactly and fed back;
* a *saturated* expression is written in the small quantity, e = exp(-|x|), instead of 1 - (1 - e);
* a result that underflows on the way is multiplied together from two halves, exp(x) = h*h, h =
  exp(x/2).

Floor 0 of the package: this module imports nothing but `math`.
"""

import math
from math import copysign, inf, isinf, isnan, nan, tanh

LN2 = math.log(2.0)
LN10 = math.log(10.0)
TINY = 2.2250738585072014e-308  # the smallest normal number: below it digits are lost one by one


# ---------------------------------------------------------------- tails of rounded operations


def two_sum(a: float, b: float) -> tuple[float, float]:
    """Return a + b and the exact rounding error of that sum (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_product(a: float, b: float) -> tuple[float, float]:
    """Return a * b and the exact rounding error of that product (Dekker); |a|, |b| < 1e290."""
    p = a * b
    c = 134217729.0 * a  # 2**27 + 1 splits 53 bits into two halves of 26
    a_high = c - (c - a)
    a_low = a - a_high
    c = 134217729.0 * b
    b_high = c - (c - b)
    b_low = b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


# ---------------------------------------------------------------- arithmetic and powers


def div(x: float, y: float) -> float:
    """x / y, with x/0 = +-inf and 0/0 = nan."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0.0 or isnan(x) else copysign(inf, x) * copysign(1.0, y)


def reciprocal(x: float) -> float:
    """1 / x."""
    return 1.0 / x if x else copysign(inf, x)


def power(x: float, y: float) -> float:
    """x**y as in C: 0**0 = 1, and nan instead of a complex number."""
    try:
        return math.pow(x, y)
    except ValueError:  # a pole at zero, or no real answer
        if x != 0.0:
            return nan
    except OverflowError:
        pass
    return copysign(inf, x) if math.fmod(y, 2.0) in (1.0, -1.0) else inf


def sqrt(x: float) -> float:
    """Square root; nan below zero."""
    return nan if x < 0.0 else math.sqrt(x)


def sqrt_slope(x: float) -> float:
    """1 / (2 sqrt(x)); inf at zero of either sign."""
    return 0.5 / math.sqrt(x) if x > 0.0 else inf if x == 0.0 else nan


def cbrt(x: float) -> float:
    """Cube root, real for negative x, with one Newton step in the residual r**3 - x."""
    r = math.cbrt(x)
    if not 1e-100 < abs(r) < 1e90:
        return r
    square, tail = two_product(r, r)
    cube, cube_tail = two_product(square, r)
    return r - ((cube - x) + (cube_tail + tail * r)) / (3.0 * square)


# ---------------------------------------------------------------- exponentials and logarithms


def exp(x: float) -> float:
    """e**x."""
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def expm1(x: float) -> float:
    """e**x - 1 without cancellation."""
    try:
        return math.expm1(x)
    except OverflowError:
        return inf


def log(x: float) -> float:
    """Natural logarithm; -inf at zero, nan below."""
    return math.log(x) if x > 0.0 else -inf if x == 0.0 else nan


def log_slope(x: float) -> float:
    """1 / x on the domain of log: inf at zero of either sign, nan below."""
    return 1.0 / x if x > 0.0 else inf if x == 0.0 else nan


def log10_slope(x: float) -> float:
    """1 / (log(10) * x) on the domain of log10; neither the product nor 1/x may overflow."""
    return log_slope(x) / LN10 if x > 1e300 else log_slope(LN10 * x)


def log1p(x: float) -> float:
    """log(1 + x) without cancellation."""
    return math.log1p(x) if x > -1.0 else -inf if x == -1.0 else nan


def log2(x: float) -> float:
    """Logarithm to base 2."""
    return math.log2(x) if x > 0.0 else -inf if x == 0.0 else nan


def log10(x: float) -> float:
    """Logarithm to base 10."""
    return math.log10(x) if x > 0.0 else -inf if x == 0.0 else nan


# ---------------------------------------------------------------- circular and hyperbolic


def sin(x: float) -> float:
    """Sine; nan at infinity."""
    return nan if isinf(x) else math.sin(x)


def cos(x: float) -> float:
    """Cosine; nan at infinity."""
    return nan if isinf(x) else math.cos(x)


def tan(x: float) -> float:
    """Tangent; nan at infinity."""
    return nan if isinf(x) else math.tan(x)


def asin(x: float) -> float:
    """Arc sine; nan outside [-1, 1]."""
    return math.asin(x) if -1.0 <= x <= 1.0 else nan


def acos(x: float) -> float:
    """Arc cosine; nan outside [-1, 1]."""
    return math.acos(x) if -1.0 <= x <= 1.0 else nan


def asin_slope(x: float) -> float:
    """1 / sqrt(1 - x**2), factored so that x near 1 keeps its digits."""
    return reciprocal(sqrt((1.0 - x) * (1.0 + x)))


def atan_slope(x: float) -> float:
    """1 / (1 + x**2) without overflow."""
    return 1.0 / (1.0 + x * x) if not abs(x) > 1e150 else (1.0 / x) / x


def sinh(x: float) -> float:
    """Hyperbolic sine."""
    try:
        return math.sinh(x)
    except OverflowError:
        return copysign(inf, x)


def cosh(x: float) -> float:
    """Hyperbolic cosine."""
    try:
        return math.cosh(x)
    except OverflowError:
        return inf


def asinh_slope(x: float) -> float:
    """1 / sqrt(1 + x**2) without overflow."""
    return 1.0 / math.hypot(1.0, x)


def acosh(x: float) -> float:
    """Inverse hyperbolic cosine; nan below 1."""
    return math.acosh(x) if x >= 1.0 else nan


def acosh_slope(x: float) -> float:
    """1 / sqrt(x**2 - 1), factored against cancellation at 1 and overflow."""
    return reciprocal(sqrt(x - 1.0) * sqrt(x + 1.0))


def atanh(x: float) -> float:
    """Inverse hyperbolic tangent; +-inf at +-1, nan outside."""
    return math.atanh(x) if -1.0 < x < 1.0 else copysign(inf, x) if abs(x) == 1.0 else nan


def atanh_slope(x: float) -> float:
    """1 / (1 - x**2), factored; nan outside [-1, 1]."""
    return reciprocal((1.0 - x) * (1.0 + x)) if abs(x) <= 1.0 else nan


def tanh_slope(x: float) -> float:
    """1 - tanh(x)**2; from 0.55 on 4 e / (1 + e)**2 with e = exp(-2|x|)."""
    x = abs(x)
    if x < 0.55:
        t = tanh(x)
        return 1.0 - t * t
    e = exp(-2.0 * x)
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


# ---------------------------------------------------------------- choices


def sign(x: float) -> float:
    """-1, 0 (of the sign of x) or 1."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x


def maximum(a: float, b: float) -> float:
    """The larger of two numbers; nan when either is."""
    return a if a >= b or isnan(a) else b


def minimum(a: float, b: float) -> float:
    """The smaller of two numbers; nan when either is."""
    return a if a <= b or isnan(a) else b


def maximum_share(a: float, b: float) -> float:
    """What a contributes to max(a, b): 1, 0, one half in a tie, nan beside a nan."""
    return 1.0 if a > b else 0.0 if a < b else 0.5 if a == b else nan
