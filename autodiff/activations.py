"""Activation functions and their slopes as float64 functions that keep every digit.

Where the textbook formula saturates (`out*(1 - out)` is 0 from x = 37 on), overflows or cancels,
the same function is written in the small quantity e = exp(-|x|), fed the exact tail of a rounded
argument, or, where it underflows on the way, multiplied together from two halves h = exp(x/2). The
measured errors of the usual formulas and of these are in docs/accuracy.md.

`*_slope` is the first derivative, `*_curvature` the second. Limits at +-inf are those of the
function.
"""

import math
from math import copysign, erfc, isinf, isnan, nan, tanh

from autodiff.real import exp, expm1, log1p, two_product, two_sum

TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
DENSITY_AT_0, DENSITY_TAIL = 0.3989422804014327, -6.247337834861335e-17  # 1/SQRT_TWO_PI, its tail


# ---------------------------------------------------------------- the logistic family


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)


def sigmoid_slope(x: float) -> float:
    """sigmoid(x) * (1 - sigmoid(x)) = e / (1 + e)**2 with e = exp(-|x|)."""
    e = exp(-abs(x))
    return e / ((1.0 + e) * (1.0 + e))


def softplus(x: float) -> float:
    """log(1 + exp(x))."""
    return x + log1p(exp(-x)) if x > 0.0 else log1p(exp(x))


def logsigmoid(x: float) -> float:
    """log(sigmoid(x)) = -softplus(-x)."""
    return -softplus(-x)


def silu(x: float) -> float:
    """x * sigmoid(x); -0 at -inf."""
    if x > -700.0 or isnan(x):
        return x * sigmoid(x)
    half = exp(x / 2.0)
    return (x * half) * half if half else -0.0


def silu_slope(x: float) -> float:
    """sigmoid(x) * (1 + x * (1 - sigmoid(x)))."""
    if abs(x) > 700.0:
        half = exp(x / 2.0) if x < 0.0 else 0.0
        return ((1.0 + x) * half) * half if half else 1.0 if x > 0.0 else 0.0
    e = exp(-abs(x))
    if x >= 0.0:
        return (1.0 + x * (e / (1.0 + e))) / (1.0 + e)
    return ((1.0 + x) + e) * (e / ((1.0 + e) * (1.0 + e)))


def silu_curvature(x: float) -> float:
    """sigmoid'(x) * (2 - x * tanh(x / 2)), the second derivative of silu."""
    if abs(x) > 700.0:
        half = exp(-abs(x) / 2.0)
        return ((2.0 - abs(x)) * half) * half if half else 0.0
    return sigmoid_slope(x) * (2.0 - x * tanh(x / 2.0))


def softsign(x: float) -> float:
    """x / (1 + |x|); +-1 at +-inf."""
    return copysign(1.0, x) if isinf(x) else x / (1.0 + abs(x))


def elu(x: float, alpha: float) -> float:
    """x for positive x, else alpha * (exp(x) - 1)."""
    return x if x > 0.0 else alpha * expm1(x)


def elu_slope(x: float, alpha: float) -> float:
    """1 for positive x, else alpha * exp(x); at the kink the slope of smallest size."""
    if x == 0.0:
        return min(max(alpha, 0.0), 1.0)
    return 1.0 if x > 0.0 else alpha * exp(x)


# ---------------------------------------------------------------- the Gaussian family


def _bell(x: float, exponent: float, factor: float, correction: float = 0.0) -> float:
    """factor * (1 + correction) * exp(-exponent * x**2), in two halves where it underflows."""
    if abs(x) > 60.0:  # exp(-1800) is 0, and so is every polynomial times it
        return 0.0
    square, tail = two_product(x, x)
    correction -= exponent * tail
    if exponent * square < 600.0:
        weight = exp(-exponent * square)
        return factor * (weight + weight * correction)
    half = exp(-exponent * square / 2.0)
    return (factor * half) * (half + half * correction)


def gauss(x: float) -> float:
    """exp(-x**2)."""
    return _bell(x, 1.0, 1.0)


def normal_density(x: float) -> float:
    """exp(-x**2 / 2) / sqrt(2 pi)."""
    return _bell(x, 0.5, 1.0 / SQRT_TWO_PI)


def _normal_tail(x: float) -> float:
    """Phi(x) * |x| / density(x) - 1 for x < -10: the asymptotic series -1/x**2 + 3/x**4 - ..."""
    r = 1.0 / (x * x)
    total, term = 0.0, 1.0
    for odd in range(1, 35, 2):
        term *= -odd * r
        total += term
    return total


def _normal_cdf(x: float) -> float:
    """Phi(x) = erfc(-x / sqrt 2) / 2, with the rounding error of x / sqrt 2 fed back."""
    t, tail = two_product(-x, 0.7071067811865476)
    tail += x * 4.833646656726457e-17  # 0.7071... - 1/sqrt(2)
    return 0.5 * (erfc(t) - TWO_OVER_SQRT_PI * exp(-t * t) * tail)


def gelu(x: float) -> float:
    """x * Phi(x), Phi the normal distribution function; -0 at -inf."""
    if abs(x) > 60.0:
        return x if x > 0.0 else -0.0
    tail = _normal_tail(x) + DENSITY_TAIL if x < -12.0 else 0.0
    return -_bell(x, 0.5, DENSITY_AT_0, tail) if tail else x * _normal_cdf(x)


def gelu_slope(x: float) -> float:
    """Phi(x) + x * Phi'(x)."""
    if abs(x) > 60.0:
        return 1.0 if x > 0.0 else 0.0
    if x < -12.0:
        return _bell(x, 0.5, (x - (1.0 + _normal_tail(x)) / x) / SQRT_TWO_PI)
    return _normal_cdf(x) + _bell(x, 0.5, x / SQRT_TWO_PI)


def gelu_curvature(x: float) -> float:
    """(2 - x**2) * Phi'(x), the second derivative of gelu."""
    x = abs(x)
    factor = ((1.4142135623730951 - x) - 9.667293313452913e-17) * (1.4142135623730951 + x)
    return _bell(x, 0.5, factor / SQRT_TWO_PI)


# gelu_tanh(x) = x * sigmoid(v), v = K (x + C x**3), K = 2 sqrt(2 / pi), C the float64 nearest
# 0.044715.
C = 0.044715
K, K_TAIL = 1.5957691216057308, -9.96930880911092e-17


def _gelu_tanh_argument(x: float) -> tuple[float, float]:
    """v and its tail: an error of one ulp in v = 700 would cost gelu_tanh three digits."""
    square, square_tail = two_product(x, x)
    p, p_tail = two_product(C, square)
    q, q_tail = two_sum(1.0, p)
    q_tail += p_tail + C * square_tail
    t, t_tail = two_product(K, x)
    t_tail += K_TAIL * x
    v, v_tail = two_product(t, q)
    return v, v_tail + t * q_tail + t_tail * q


def _gelu_tanh_weight(v: float, tail: float, factor: float) -> float:
    """factor * exp(-|v|), in two halves where it underflows."""
    correction = 1.0 - copysign(1.0, v) * tail
    if abs(v) < 600.0:
        return factor * (exp(-abs(v)) * correction)
    half = exp(-abs(v) / 2.0)
    return (factor * half) * (half * correction)


def gelu_tanh(x: float) -> float:
    """x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x**3))) / 2; -0 at -inf."""
    if abs(x) > 23.0:  # v > 900: saturated
        return x if x > 0.0 else -0.0
    v, tail = _gelu_tanh_argument(x)
    e = _gelu_tanh_weight(v, tail, 1.0)
    return x / (1.0 + e) if v >= 0.0 else _gelu_tanh_weight(v, tail, x / (1.0 + e))


def gelu_tanh_slope(x: float) -> float:
    """sigmoid(v) + x * sigmoid'(v) * v'."""
    if abs(x) > 23.0:
        return 1.0 if x > 0.0 else 0.0
    v, tail = _gelu_tanh_argument(x)
    dv = K * (1.0 + 3.0 * C * x * x)
    e = _gelu_tanh_weight(v, tail, 1.0)
    if v >= 0.0:
        return (1.0 + x * dv * (e / (1.0 + e))) / (1.0 + e)
    return _gelu_tanh_weight(v, tail, ((1.0 + x * dv) + e) / ((1.0 + e) * (1.0 + e)))


def gelu_tanh_curvature(x: float) -> float:
    """sigmoid'(v) * (2 v' + x v'' - x v'**2 tanh(v / 2)), the second derivative of gelu_tanh."""
    if abs(x) > 23.0:
        return 0.0
    v, tail = _gelu_tanh_argument(x)
    dv = K * (1.0 + 3.0 * C * x * x)
    e = _gelu_tanh_weight(v, tail, 1.0)
    factor = 2.0 * dv + 6.0 * K * C * x * x - x * dv * dv * tanh(v / 2.0)
    return _gelu_tanh_weight(v, tail, factor / ((1.0 + e) * (1.0 + e)))


# ---------------------------------------------------------------- the rectifier family


def relu(x: float) -> float:
    """max(0, x)."""
    return x if x > 0.0 or isnan(x) else 0.0


def relu_slope(x: float) -> float:
    """1 for positive x, else 0."""
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else nan


def leaky_relu(x: float, slope: float) -> float:
    """x for positive x, else slope * x."""
    return x if x > 0.0 else slope * x


def leaky_relu_slope(x: float, slope: float) -> float:
    """1 for positive x, else slope."""
    return 1.0 if x > 0.0 else slope if x <= 0.0 else nan


def clamp(x: float, low: float, high: float) -> float:
    """x held within [low, high]."""
    return high if x > high else low if x < low else x


def clamp_slope(x: float, low: float, high: float) -> float:
    """1 inside (low, high), 0 outside and at the bounds."""
    return nan if isnan(x) else 1.0 if low < x < high else 0.0
