"""The formulas of rows on NumPy arrays.

The same craft as in `autodiff.real` and `autodiff.activations`, with `where` in the place of `if`:
both sides are computed, and the one that is not meant may overflow unseen.
"""

from __future__ import annotations

from importlib import import_module
from math import inf, nan

from autodiff.activations import K_TAIL, SQRT_TWO_PI, TWO_OVER_SQRT_PI, C, K
from autodiff.backends.erf import erfc, two_product

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    Array = Any

np: Any = import_module("numpy")  # this module is imported by the NumPy backend alone
where = np.where


# ---------------------------------------------------------------- slopes of elementary functions


def sign(x: Array) -> Array:
    return where(x == 0.0, x, np.sign(x))


def domain(x: Array, slope: Array) -> Array:
    """A slope that is inf at the end of the domain, zero of either sign, and nan outside."""
    return where(x > 0.0, slope, where(x == 0.0, inf, nan))


def log_slope(x: Array) -> Array:
    return domain(x, 1.0 / x)


def sqrt_slope(x: Array) -> Array:
    return domain(x, 0.5 / np.sqrt(x))


def asin_slope(x: Array) -> Array:
    return 1.0 / np.sqrt((1.0 - x) * (1.0 + x))


def atan_slope(x: Array) -> Array:
    return where(np.abs(x) > 1e150, (1.0 / x) / x, 1.0 / (1.0 + x * x))


def asinh_slope(x: Array) -> Array:
    return 1.0 / np.hypot(1.0, x)


def acosh_slope(x: Array) -> Array:
    return 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0))


def atanh_slope(x: Array) -> Array:
    return where(np.abs(x) > 1.0, nan, 1.0 / ((1.0 - x) * (1.0 + x)))


def tanh_slope(x: Array) -> Array:
    e = np.exp(-2.0 * np.abs(x))
    return 4.0 * e / np.square(1.0 + e)


# ---------------------------------------------------------------- the logistic family


def sigmoid(x: Array, out: Array = None) -> Array:
    """1 / (1 + exp(-x)): no digit is lost before exp(-x) overflows."""
    if x.size and not x.min() > -700.0:
        e = np.exp(-np.abs(x))
        return np.divide(where(x >= 0.0, 1.0, e), 1.0 + e, out=out)
    e = np.negative(x, out=out)
    np.exp(e, out=e)
    np.add(e, 1.0, out=e)
    return np.divide(1.0, e, out=e)


def sigmoid_slope(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return e / np.square(1.0 + e)


def sigmoid_bend(x: Array) -> Array:
    return -np.tanh(0.5 * x)


def softplus(x: Array) -> Array:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def logsigmoid(x: Array) -> Array:
    return -softplus(-x)


def silu_slope(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    d = 1.0 + e
    return where(x >= 0.0, (1.0 + x * (e / d)) / d, ((1.0 + x) + e) * (e / (d * d)))


def silu_curvature(x: Array) -> Array:
    return sigmoid_slope(x) * (2.0 - x * np.tanh(x / 2.0))


def softsign(x: Array) -> Array:
    return where(np.isinf(x), np.sign(x), x / (1.0 + np.abs(x)))


def elu(x: Array, alpha: Array) -> Array:
    return where(x > 0.0, x, alpha * np.expm1(x))


def elu_slope(x: Array, alpha: Array) -> Array:
    at_kink = np.minimum(np.maximum(alpha, 0.0), 1.0)
    return where(x == 0.0, at_kink, where(x > 0.0, 1.0, alpha * np.exp(x)))


# ---------------------------------------------------------------- the Gaussian family


def bell(x: Array, exponent: float, factor: Array) -> Array:
    """factor * exp(-exponent * x**2), x squared with its tail, in two halves where it
    underflows.
    """
    square, tail = two_product(x, x)
    half = np.exp(-exponent * square / 2.0)
    correction = 1.0 - exponent * tail
    halves = (factor * half) * (half * correction)
    whole = factor * (np.exp(-exponent * square) * correction)
    return where(np.abs(x) > 60.0, 0.0, where(exponent * square < 600.0, whole, halves))


def gauss(x: Array) -> Array:
    return bell(x, 1.0, 1.0)


def normal_density(x: Array) -> Array:
    return bell(x, 0.5, 1.0 / SQRT_TWO_PI)


def normal_cdf(x: Array) -> Array:
    t, tail = two_product(-x, 0.7071067811865476)
    tail = tail + x * 4.833646656726457e-17
    return 0.5 * (erfc(t) - TWO_OVER_SQRT_PI * np.exp(-t * t) * tail)


def gelu_slope(x: Array) -> Array:
    return normal_cdf(x) + bell(x, 0.5, x / SQRT_TWO_PI)


def gelu_curvature(x: Array) -> Array:
    x = np.abs(x)
    factor = ((1.4142135623730951 - x) - 9.667293313452913e-17) * (1.4142135623730951 + x)
    return bell(x, 0.5, factor / SQRT_TWO_PI)


def gelu_tanh_argument(x: Array) -> tuple[Array, Array]:
    square, square_tail = two_product(x, x)
    p, p_tail = two_product(C, square)
    q = 1.0 + p
    b = q - 1.0
    q_tail = (1.0 - (q - b)) + (p - b) + p_tail + C * square_tail
    t, t_tail = two_product(K, x)
    t_tail = t_tail + K_TAIL * x
    v, v_tail = two_product(t, q)
    return v, v_tail + t * q_tail + t_tail * q


def gelu_tanh_weight(v: Array, tail: Array) -> Array:
    return np.exp(-np.abs(v)) * (1.0 - np.copysign(1.0, v) * tail)


def gelu_tanh(x: Array) -> Array:
    v, tail = gelu_tanh_argument(x)
    e = gelu_tanh_weight(v, tail)
    return where(v >= 0.0, x, x * e) / (1.0 + e)


def gelu_tanh_slope(x: Array) -> Array:
    v, tail = gelu_tanh_argument(x)
    dv = K * (1.0 + 3.0 * C * x * x)
    e = gelu_tanh_weight(v, tail)
    d = 1.0 + e
    return where(v >= 0.0, (1.0 + x * dv * (e / d)) / d, e * (((1.0 + x * dv) + e) / (d * d)))


def gelu_tanh_curvature(x: Array) -> Array:
    v, tail = gelu_tanh_argument(x)
    dv = K * (1.0 + 3.0 * C * x * x)
    e = gelu_tanh_weight(v, tail)
    factor = 2.0 * dv + 6.0 * K * C * x * x - x * dv * dv * np.tanh(v / 2.0)
    return e * (factor / np.square(1.0 + e))


# ---------------------------------------------------------------- choices


def relu_slope(x: Array, out: Array = None) -> Array:
    return np.sign(relu(x, out=out), out=out)


def relu(x: Array, out: Array = None) -> Array:
    return np.maximum(ZERO, x, out=out)


def maximum(x: Array, y: Array, out: Array = None) -> Array:  # NumPy's own wants a keyword for out
    return np.maximum(x, y, out=out)


def minimum(x: Array, y: Array, out: Array = None) -> Array:
    return np.minimum(x, y, out=out)


ZERO = np.zeros(())


def leaky_relu(x: Array, slope: Array) -> Array:
    return where(x > 0.0, x, slope * x)


def leaky_relu_slope(x: Array, slope: Array) -> Array:
    return where(x > 0.0, 1.0, where(x <= 0.0, slope, nan))


def clamp(x: Array, low: Array, high: Array) -> Array:
    return where(x > high, high, where(x < low, low, x))


def clamp_slope(x: Array, low: Array, high: Array) -> Array:
    return where(np.isnan(x), nan, where((low < x) & (x < high), 1.0, 0.0))


def maximum_share(x: Array, y: Array) -> Array:
    return where(x > y, 1.0, where(x < y, 0.0, where(x == y, 0.5, nan)))


def choose(condition: Array, a: Array, b: Array) -> Array:
    return where(condition != 0.0, a, b)


def gate(condition: Array, x: Array) -> Array:
    return where(condition != 0.0, x, 0.0)


# ---------------------------------------------------------------- many operands, along the first
# axis


def weights(xs: Array) -> tuple[Array, Array, Array]:
    """exp(x - top) with the rounding error of the difference fed back, top, and which one it is."""
    largest = xs.argmax(axis=0)
    top = np.take_along_axis(xs, largest[None], axis=0)[0]
    d = xs - top
    b = d - xs
    tail = (xs - (d - b)) - (top + b)
    return where(d > -800.0, np.exp(d) * (1.0 + tail), 0.0), top, largest


def logsumexp(xs: Array) -> Array:
    w, top, largest = weights(xs)
    np.put_along_axis(w, largest[None], 0.0, axis=0)
    return where(np.isfinite(top), top + np.log1p(w.sum(axis=0)), top)


def softmax_share(xs: Array) -> Array:
    w, top, _ = weights(xs)
    return where(np.isfinite(top), w / w.sum(axis=0), nan)


def logsumexp_share(xs: Array) -> Array:
    w, top, _ = weights(xs)
    shares = w / w.sum(axis=0)
    if np.isfinite(top).all():
        return shares
    ties = (xs == top) / (xs == top).sum(axis=0)
    return where(np.isfinite(top), shares, where(np.isnan(top), nan, ties))


def softmax_rest(xs: Array) -> Array:
    """The sum of the other shares, for each."""
    w, top, _ = weights(xs)
    total = w.sum(axis=0)
    rest = np.stack([np.delete(w, i, axis=0).sum(axis=0) for i in range(len(w))])
    return where(np.isfinite(top), rest / total, nan)
