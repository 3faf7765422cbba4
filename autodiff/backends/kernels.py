"""Which kernel runs a row of the table on NumPy arrays.

`UFUNCS[name](*arrays, out=array)`; `FUNCTIONS[name](*arrays)`; `STACKED[name](stacked arrays)` for
rows of many operands; `PAIRS` for two rows at once. A row without a kernel here runs through its
own forward, number by number.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from math import inf

from autodiff.backends.erf import erf, erfc
from autodiff.backends.formulas import (
    acosh_slope,
    asin_slope,
    asinh_slope,
    atan_slope,
    atanh_slope,
    choose,
    clamp,
    clamp_slope,
    elu,
    elu_slope,
    gate,
    gauss,
    gelu_curvature,
    gelu_slope,
    gelu_tanh,
    gelu_tanh_curvature,
    gelu_tanh_slope,
    leaky_relu,
    leaky_relu_slope,
    log_slope,
    logsigmoid,
    logsumexp,
    logsumexp_share,
    maximum,
    maximum_share,
    minimum,
    normal_cdf,
    normal_density,
    relu,
    relu_slope,
    sigmoid,
    sigmoid_bend,
    sigmoid_slope,
    sign,
    silu_curvature,
    silu_slope,
    softmax_rest,
    softmax_share,
    softplus,
    softsign,
    sqrt_slope,
    tanh_slope,
)
from autodiff.op import TABLE
from autodiff.real import LN10, TINY

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    Array = Any

np: Any = import_module("numpy")  # this module is imported by the NumPy backend alone
where = np.where


# ---------------------------------------------------------------- formulas for most points


def power_slope(x: Array, y: Array) -> Array:
    return y * where(y >= 1.0, np.power(x, y - 1.0), np.power(x, y) / x)


def power_slope_is_plain(x: Array, y: Array) -> Array:
    v = np.abs(np.power(x, where(y >= 1.0, y - 1.0, y)))
    p = where(y >= 1.0, v, v / x)
    return (v >= TINY) & (v < inf) & (p >= TINY) & (p < inf)


def hypot_slope_is_plain(x: Array, y: Array) -> Array:
    h = np.hypot(x, y)
    return (h > 1e-290) & (h < inf)


def atan2_slope_is_plain(x: Array, y: Array) -> Array:
    size = np.maximum(np.abs(x), np.abs(y))
    return (size > 1e-140) & (size < 1e140)


# The formula, and where it is in range and accurate; elsewhere the row's own forward is called.
CAREFUL: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "power_slope": (power_slope, power_slope_is_plain),
    "power_log": (
        lambda x, y: np.power(x, y) * np.log(x),
        lambda x, y: (x > 0.0) & (np.power(x, y) >= TINY),
    ),
    "hypot_slope": (lambda x, y: x / np.hypot(x, y), hypot_slope_is_plain),
    "atan2_slope": (lambda x, y: x / (x * x + y * y), atan2_slope_is_plain),
    "log10_slope": (lambda x: 1.0 / (LN10 * x), lambda x: (x > 0.0) & (x < 1e300)),
    "silu": (lambda x: x * sigmoid(x), lambda x: x > -700.0),
    "silu_slope": (silu_slope, lambda x: np.abs(x) < 700.0),
    "silu_curvature": (silu_curvature, lambda x: np.abs(x) < 700.0),
    "gelu": (lambda x: x * normal_cdf(x), lambda x: (x > -12.0) & (x < 60.0)),
    "gelu_slope": (gelu_slope, lambda x: (x > -12.0) & (x < 60.0)),
    "gelu_tanh": (gelu_tanh, lambda x: np.abs(x) < 18.0),
    "gelu_tanh_slope": (gelu_tanh_slope, lambda x: np.abs(x) < 18.0),
    "gelu_tanh_curvature": (gelu_tanh_curvature, lambda x: np.abs(x) < 18.0),
}


def careful(name: str) -> Callable[..., Array]:
    """The kernel of a row of `CAREFUL`."""
    formula, is_plain = CAREFUL[name]

    def kernel(*args: Array) -> Array:
        result = formula(*args)
        plain = is_plain(*args)
        if not plain.all():
            points = zip(*(x[~plain].tolist() for x in np.broadcast_arrays(*args)), strict=True)
            forward = TABLE[name].forward
            result[~plain] = [forward(*point) for point in points]
        return result

    return kernel


# ---------------------------------------------------------------- a function and its slope at once


def sigmoid_pair(x: Array, out: Array, slope: Array) -> None:
    if x.size and not x.min() > -700.0:
        sigmoid(x, out=out)
        slope[...] = sigmoid_slope(x)
        return
    np.negative(x, out=slope)
    np.exp(slope, out=slope)
    np.add(slope, 1.0, out=out)
    np.divide(1.0, out, out=out)
    np.multiply(slope, out, out=slope)
    np.multiply(slope, out, out=slope)


def logsumexp_pair(xs: Array, out: Array, shares: Array) -> None:
    """A sum and all its shares; the weights as in `weights`, the largest left out of the sum."""
    x = xs[:, 0]
    top = x.max(axis=0)
    d = x - top
    if d.size and not d.min() > -800.0:  # far, infinite or nan
        out[...] = logsumexp(xs)
        shares[...] = logsumexp_share(xs)[:, 0]
        return
    b = d - x
    tail = d - b
    np.subtract(x, tail, out=tail)
    np.subtract(tail, np.add(top, b, out=b), out=tail)
    np.exp(d, out=shares)
    np.multiply(shares, np.add(tail, 1.0, out=tail), out=shares)
    smaller = np.less(d, 0.0, out=d)  # 1.0 or 0.0
    rest = np.multiply(shares, smaller, out=b).sum(axis=0)
    rest += (len(x) - 1.0) - smaller.sum(axis=0)
    np.add(top, np.log1p(rest), out=out[0])
    np.divide(shares, 1.0 + rest, out=shares)


UFUNCS: dict[str, Callable[..., Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "power": np.power, "square": np.square, "reciprocal": np.reciprocal, "sqrt": np.sqrt,
    "cbrt": np.cbrt, "hypot": np.hypot, "absolute": np.absolute, "alias": np.positive,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "log2": np.log2,
    "log10": np.log10, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "less": np.less, "less_equal": np.less_equal, "equal": np.equal,
    "maximum": maximum, "minimum": minimum,
    "sigmoid": sigmoid, "relu": relu, "relu_slope": relu_slope,
}  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Array]] = {
    f.__name__: f
    for f in (
        sign, erf, erfc, log_slope, sqrt_slope, asin_slope, atan_slope, asinh_slope, acosh_slope,
        atanh_slope, tanh_slope, sigmoid_slope, sigmoid_bend, softplus, logsigmoid, softsign, elu,
        elu_slope, gauss, normal_density, gelu_curvature, leaky_relu, leaky_relu_slope, clamp,
        clamp_slope, maximum_share, gate,
    )
} | {"where": choose}  # fmt: skip
FUNCTIONS |= {name: careful(name) for name in CAREFUL}

# Of all operands stacked along the first axis; the shares give one result for each of them.
STACKED: dict[str, Callable[[Array], Array]] = {
    f.__name__: f for f in (logsumexp, softmax_share, logsumexp_share, softmax_rest)
}
STACKED["logaddexp"] = logsumexp

# Two rows of the same operands at once: kernels of (operands, first result, second result).
PAIRS: dict[tuple[str, str], Callable[..., None]] = {
    ("sigmoid", "sigmoid_slope"): sigmoid_pair,
    ("logsumexp", "logsumexp_share"): logsumexp_pair,
}

KNOWN = UFUNCS.keys() | FUNCTIONS.keys() | STACKED.keys()
