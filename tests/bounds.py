"""How many ulps each op may be off, and the exceptions, named one by one.

A value may be off by 4, a gradient by 8, a second derivative by 32, at every point where the exact
result is a float64.  `EXCEPTIONS` names the few places that are excused, and why; `CANCELLATIONS`
the results that cross zero as the difference of two terms, and there no formula in float64 can do
better than a few ulps of a term.  docs/accuracy.md lists both.

A slope row (`sigmoid_slope`) is the derivative of another row, so its value counts as a gradient
and its gradient as a second derivative.
"""

from typing import NamedTuple

from mpmath import mp, mpf
from oracle import MULLER, representable, ulps

VALUE, GRADIENT, SECOND = range(3)
LIMITS = {VALUE: 4, GRADIENT: 8, SECOND: 32}
WORDS = {VALUE: "value", GRADIENT: "gradient", SECOND: "second derivative"}

# How many derivatives a slope row stands for.
SLOPES = {
    **dict.fromkeys("sqrt_slope log_slope log10_slope hypot_slope atan2_slope".split(), 1),
    **dict.fromkeys("asin_slope atan_slope asinh_slope acosh_slope atanh_slope".split(), 1),
    **dict.fromkeys("tanh_slope gauss normal_density sigmoid_slope sigmoid_bend".split(), 1),
    **dict.fromkeys("silu_slope gelu_slope gelu_tanh_slope elu_slope".split(), 1),
    **dict.fromkeys("power_slope power_log logsumexp_share softmax_rest".split(), 1),
    **dict.fromkeys("silu_curvature gelu_curvature gelu_tanh_curvature".split(), 2),
    **dict.fromkeys("power_bend power_twist power_log_log atan2_bend".split(), 2),
}


class Excuse(NamedTuple):
    """More ulps than `LIMITS`, at some points."""

    limit: float
    at: object
    reason: str


def at_muller(x):
    return abs(x) == MULLER


TOO_NEAR = "only at Muller's number 6381956970095103 * 2**797, where libm lacks digits of pi"

EXCEPTIONS = {
    (name, order): Excuse(limit, at_muller, TOO_NEAR)
    for (name, order, limit) in [
        ("cos", VALUE, 8),
        ("tan", VALUE, 16),
        ("tan", GRADIENT, 32),
        ("tan", SECOND, 48),
    ]
}


def shares(xs):
    """The shares of softmax."""
    weights = [mp.exp(mpf(x) - max(xs)) for x in xs]
    return [weight / mp.fsum(weights) for weight in weights]


def share_term(which, *xs):
    """One of the terms of p (1 - p) - 2 p**2 (1 - p), or of p q - 2 p q q."""
    p, (i, j) = shares(xs), which
    return p[0] * ((1 - p[0]) if i == j == 0 else p[j] if 0 in which or i == j else 0)


def logistic(x):
    return 1 / (1 + mp.exp(-x)) if x > -1000 else mpf(0)


def silu_term(which, x):
    return 2 * logistic(x) * logistic(-x)


def gelu_tanh_argument(x):
    return 2 * mp.sqrt(2 / mp.pi) * (x + 0.044715 * mpf(x) ** 3)


def gelu_tanh_term(which, x):
    v = gelu_tanh_argument(x)
    return 2 * logistic(v) * logistic(-v) * 1.6 * (1 + 3 * 0.044715 * mpf(x) ** 2)


def power_term(which, x, y):
    return mpf(x) ** (mpf(y) - 1) if x > 0 else 0


CANCELLATIONS = {
    # (op, order): one of the two terms, for which partial, at which point
    ("logaddexp", VALUE): lambda which, *xs: abs(max(xs)),
    ("logsumexp", VALUE): lambda which, *xs: abs(max(xs)),
    ("softmax_share", SECOND): share_term,
    ("silu", GRADIENT): lambda which, x: logistic(x),
    ("silu", SECOND): silu_term,
    ("gelu", GRADIENT): lambda which, x: mp.ncdf(x) if abs(x) < 50 else 0,
    ("gelu_tanh", GRADIENT): lambda which, x: logistic(gelu_tanh_argument(x)),
    ("gelu_tanh", SECOND): gelu_tanh_term,
    ("power", SECOND): lambda which, x, y: power_term(which, x, y) if which == (0, 1) else 0,
}
CANCELLATIONS |= {
    ("gelu_slope", GRADIENT): CANCELLATIONS["gelu", GRADIENT],
    ("silu_slope", GRADIENT): CANCELLATIONS["silu", GRADIENT],
    ("silu_slope", SECOND): silu_term,
    ("silu_curvature", SECOND): silu_term,
    ("gelu_tanh_slope", GRADIENT): CANCELLATIONS["gelu_tanh", GRADIENT],
    ("gelu_tanh_slope", SECOND): gelu_tanh_term,
    ("gelu_tanh_curvature", SECOND): gelu_tanh_term,
    ("power_slope", SECOND): lambda which, x, y: power_term(which, x, y) if which == 1 else 0,
    ("power_log", SECOND): lambda which, x, y: power_term(which, x, y) if which == 0 else 0,
    ("power_twist", SECOND): power_term,
}


def allowed(name, order, which, point):
    """(the ulps allowed to an op at a point, the smallest number whose ulp counts)."""
    excuse, term = EXCEPTIONS.get((name, order)), CANCELLATIONS.get((name, order))
    limit = excuse.limit if excuse and excuse.at(*point) else LIMITS[order]
    return limit, term(which, *point) if term else 0


def complaint(name, point, order, which, computed, number):
    """[(error, text)] of one measured number that is off by more than is allowed, else []."""
    if order > SECOND or not representable(number):
        return []
    limit, scale = allowed(name, order, which, point)
    error = ulps(computed, number, scale)
    if error <= limit:
        return []
    what = f"{WORDS[order]} {which} of {name}{point}"
    return [(error, f"{what}: {computed!r}, exact {mp.nstr(number, 20)}, {error:.3g} ulp")]
