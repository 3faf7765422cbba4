"""Lowerings of the activation functions, their slopes, and the error function.

See `autodiff.activations` for what each form is good for; here it stands in op vocabulary.
"""

from __future__ import annotations

from math import inf, nan
from typing import Any

from autodiff import ops
from autodiff.activations import (
    DENSITY_AT_0,
    DENSITY_TAIL,
    K_TAIL,
    SQRT_TWO_PI,
    TWO_OVER_SQRT_PI,
    C,
    K,
)
from autodiff.export.lowering import (
    lowered,
    maximum,
    minimum,
    product_tail,
    sum_tail,
)
from autodiff.fits import LARGE, MIDDLE, MIDDLE_AT_0, ONE_OVER_SQRT_PI, SMALL
from autodiff.ops import absolute, div, equal, exp, expm1, less, less_equal, log1p, tanh, where

# ---------------------------------------------------------------- the rectifier family


@lowered
def relu(x: Any) -> Any:
    return where(less_equal(x, 0.0), 0.0, x)


@lowered
def relu_slope(x: Any) -> Any:
    return where(less(0.0, x), 1.0, where(less_equal(x, 0.0), 0.0, nan))


@lowered
def leaky_relu(x: Any, slope: Any) -> Any:
    return where(less(0.0, x), x, slope * x)


@lowered
def leaky_relu_slope(x: Any, slope: Any) -> Any:
    return where(less(0.0, x), 1.0, where(less_equal(x, 0.0), slope, nan))


@lowered
def elu(x: Any, alpha: Any) -> Any:
    return where(less(0.0, x), x, alpha * expm1(x))


@lowered
def elu_slope(x: Any, alpha: Any) -> Any:
    kink = minimum(maximum(alpha, 0.0), 1.0)
    return where(equal(x, 0.0), kink, where(less(0.0, x), 1.0, alpha * exp(x)))


# ---------------------------------------------------------------- the logistic family


@lowered
def sigmoid(x: Any) -> Any:
    e = exp(-absolute(x))
    return where(less_equal(0.0, x), div(1.0, 1.0 + e), div(e, 1.0 + e))


@lowered
def sigmoid_slope(x: Any) -> Any:
    e = exp(-absolute(x))
    return div(e, (1.0 + e) * (1.0 + e))


@lowered
def sigmoid_bend(x: Any) -> Any:
    return -tanh(0.5 * x)


@lowered
def softplus(x: Any) -> Any:
    return where(less(0.0, x), x, 0.0) + log1p(exp(-absolute(x)))


@lowered
def logsigmoid(x: Any) -> Any:
    return -softplus(-x)


@lowered
def silu(x: Any) -> Any:
    half = exp(0.5 * x)
    tail = where(equal(half, 0.0), -0.0, (x * half) * half)
    return where(less_equal(x, -700.0), tail, x * sigmoid(x))


@lowered
def silu_slope(x: Any) -> Any:
    e, half = exp(-absolute(x)), exp(0.5 * x)
    tail = where(equal(half, 0.0), 0.0, ((1.0 + x) * half) * half)
    far = where(less(x, 0.0), tail, 1.0)
    right = div(1.0 + x * div(e, 1.0 + e), 1.0 + e)
    left = ((1.0 + x) + e) * div(e, (1.0 + e) * (1.0 + e))
    return where(less(700.0, absolute(x)), far, where(less_equal(0.0, x), right, left))


@lowered
def silu_curvature(x: Any) -> Any:
    size = absolute(x)
    half = exp(-0.5 * size)
    far = where(equal(half, 0.0), 0.0, ((2.0 - size) * half) * half)
    return where(less(700.0, size), far, sigmoid_slope(x) * (2.0 - x * tanh(0.5 * x)))


@lowered
def softsign(x: Any) -> Any:
    far = where(less(0.0, x), 1.0, -1.0)
    return where(equal(absolute(x), inf), far, div(x, 1.0 + absolute(x)))


# ---------------------------------------------------------------- the Gaussian family


@lowered
def bell(x: Any, exponent: Any, factor: Any, correction: Any) -> Any:
    """factor * (1 + correction) * exp(-exponent * x**2), in two halves where it underflows."""
    power, change = exponent * (x * x), correction - exponent * product_tail(x, x)
    weight, half = exp(-power), exp(-0.5 * power)
    whole, halves = factor * (weight + weight * change), (factor * half) * (half + half * change)
    return where(less(60.0, absolute(x)), 0.0, where(less(power, 600.0), whole, halves))


@lowered
def gauss(x: Any) -> Any:
    return bell(x, 1.0, 1.0, 0.0)


@lowered
def normal_density(x: Any) -> Any:
    return bell(x, 0.5, 1.0 / SQRT_TWO_PI, 0.0)


def polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """Horner's rule."""
    total: Any = coefficients[0]
    for c in coefficients[1:]:
        total = total * x + c
    return total


def ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    numerator, denominator = (polynomial(p, x) for p in polynomials)
    return div(numerator, denominator)


@lowered
def erf_near(x: Any) -> Any:
    """erf(x) for |x| <= 0.46875."""
    return x * ratio(SMALL, x * x)


@lowered
def erfc_middle(x: Any) -> Any:
    """erfc(x) from 0.46875 to 4; what the two sums round off is fed back."""
    t = div(x - 1.734375, x + 4.0)
    change = t * polynomial(MIDDLE, t)
    scaled, size = MIDDLE_AT_0 + change, x + 0.5
    lost = div((MIDDLE_AT_0 - scaled) + change, scaled) - div(0.5 - (size - x), size)
    return bell(x, 1.0, div(scaled, size), lost)


@lowered
def erfc_far(x: Any) -> Any:
    """erfc(x) for x > 0.46875."""
    r = div(1.0, x * x)
    large = bell(x, 1.0, div(ONE_OVER_SQRT_PI - r * ratio(LARGE, r), x), 0.0)
    return where(less(x, 4.0), erfc_middle(x), large)


@lowered
def erf(x: Any) -> Any:
    far = 1.0 - erfc_far(absolute(x))
    near = less_equal(absolute(x), 0.46875)
    return where(near, erf_near(x), where(less(x, 0.0), -far, far))


@lowered
def erfc(x: Any) -> Any:
    right = where(less_equal(x, 0.46875), 1.0 - erf_near(x), erfc_far(x))
    return where(less(x, -0.46875), 2.0 - erfc_far(-x), right)


@lowered
def normal_cdf(x: Any) -> Any:
    """Phi(x) = erfc(-x / sqrt 2) / 2, with the rounding error of x / sqrt 2 fed back."""
    t = 0.7071067811865476 * -x
    tail = product_tail(-x, 0.7071067811865476) + 4.833646656726457e-17 * x
    return 0.5 * (ops.erfc(t) - TWO_OVER_SQRT_PI * exp(-(t * t)) * tail)


@lowered
def normal_tail(x: Any) -> Any:
    """Phi(x) * |x| / density(x) - 1 for x < -10: the asymptotic series -1/x**2 + 3/x**4 - ..."""
    r = div(1.0, x * x)
    total: Any = 1.0
    for odd in range(33, 1, -2):
        total = 1.0 - odd * r * total
    return -r * total


@lowered
def gelu(x: Any) -> Any:
    far = where(less(0.0, x), x, -0.0)
    left = -bell(x, 0.5, DENSITY_AT_0, normal_tail(x) + DENSITY_TAIL)
    near = where(less(x, -12.0), left, x * normal_cdf(x))
    return where(less(60.0, absolute(x)), far, near)


@lowered
def gelu_slope(x: Any) -> Any:
    far = where(less(0.0, x), 1.0, 0.0)
    left = bell(x, 0.5, div(x - div(1.0 + normal_tail(x), x), SQRT_TWO_PI), 0.0)
    middle = normal_cdf(x) + bell(x, 0.5, div(x, SQRT_TWO_PI), 0.0)
    return where(less(60.0, absolute(x)), far, where(less(x, -12.0), left, middle))


@lowered
def gelu_curvature(x: Any) -> Any:
    size = absolute(x)
    near = (1.4142135623730951 - size) - 9.667293313452913e-17
    return bell(size, 0.5, div(near * (1.4142135623730951 + size), SQRT_TWO_PI), 0.0)


@lowered
def gelu_tanh_argument(x: Any) -> Any:
    """v = K (x + C x**3)."""
    return (K * x) * (1.0 + C * (x * x))


@lowered
def gelu_tanh_tail(x: Any) -> Any:
    """What rounding takes from v: an ulp of v = 700 would cost three digits."""
    square = x * x
    p = C * square
    q, t = 1.0 + p, K * x
    q_tail = sum_tail(1.0, p) + (product_tail(C, square) + C * product_tail(x, x))
    t_tail = product_tail(K, x) + K_TAIL * x
    return product_tail(t, q) + t * q_tail + t_tail * q


@lowered
def gelu_tanh_weight(x: Any, factor: Any) -> Any:
    """factor * exp(-|v|), in two halves where it underflows."""
    v, tail = gelu_tanh_argument(x), gelu_tanh_tail(x)
    correction = 1.0 - where(less(v, 0.0), -tail, tail)
    half = exp(-0.5 * absolute(v))
    whole = factor * (exp(-absolute(v)) * correction)
    return where(less(absolute(v), 600.0), whole, (factor * half) * (half * correction))


@lowered
def gelu_tanh(x: Any) -> Any:
    share = div(x, 1.0 + gelu_tanh_weight(x, 1.0))
    near = where(less_equal(0.0, x), share, gelu_tanh_weight(x, share))
    return where(less(23.0, absolute(x)), where(less(0.0, x), x, -0.0), near)


@lowered
def gelu_tanh_slope(x: Any) -> Any:
    e = gelu_tanh_weight(x, 1.0)
    rise = x * (K * (1.0 + 3.0 * C * x * x))
    right = div(1.0 + rise * div(e, 1.0 + e), 1.0 + e)
    left = gelu_tanh_weight(x, div((1.0 + rise) + e, (1.0 + e) * (1.0 + e)))
    near = where(less_equal(0.0, x), right, left)
    return where(less(23.0, absolute(x)), where(less(0.0, x), 1.0, 0.0), near)


@lowered
def gelu_tanh_curvature(x: Any) -> Any:
    e = gelu_tanh_weight(x, 1.0)
    dv = K * (1.0 + 3.0 * C * x * x)
    factor = 2.0 * dv + 6.0 * K * C * x * x - x * dv * dv * tanh(0.5 * gelu_tanh_argument(x))
    near = gelu_tanh_weight(x, div(factor, (1.0 + e) * (1.0 + e)))
    return where(less(23.0, absolute(x)), 0.0, near)
