"""log(exp(x1) + exp(x2) + ...) and its slopes, the softmax shares, without overflow or lost digits.

Every sum is taken by `fsum`, whose result does not depend on the order: the shares of a list and
those taken one by one are the same to the last bit.
"""

import math
from math import isinf, isnan, nan

from autodiff.real import exp, log1p, two_sum


def _weights(xs: tuple[float, ...], top: float) -> list[float]:
    """exp(x - top) for each x, the rounding error of the difference fed back."""
    weights = []
    for x in xs:
        d, tail = two_sum(x, -top)
        weights.append(exp(d) * (1.0 + tail) if d > -800.0 else 0.0)
    return weights


def _top(xs: tuple[float, ...]) -> float:
    return nan if any(map(isnan, xs)) else max(xs, default=-math.inf)


def logsumexp(*xs: float) -> float:
    """log(exp(x1) + exp(x2) + ...); the largest term is taken out exactly. -inf for no terms."""
    top = _top(xs)
    if isinf(top) or isnan(top):
        return top
    largest = xs.index(top)
    return top + log1p(math.fsum(_weights(xs[:largest] + xs[largest + 1 :], top)))


def softmax_share(x: float, *others: float) -> float:
    """exp(x) / (exp(x) + exp(other1) + ...); nan where that is inf/inf or 0/0."""
    return softmax_shares((x, *others))[0]


def softmax_shares(xs: tuple[float, ...]) -> list[float]:
    """The softmax share of each."""
    top = _top(xs)
    if isinf(top) or isnan(top):
        return [nan] * len(xs)
    weights = _weights(xs, top)
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def softmax_rest(x: float, *others: float) -> float:
    """1 - softmax_share(x, *others), as the sum of the other shares."""
    top = _top((x, *others))
    if isinf(top) or isnan(top):
        return nan
    weights = _weights((x, *others), top)
    return math.fsum(weights[1:]) / math.fsum(weights)


def logsumexp_share(x: float, *others: float) -> float:
    """d logsumexp / dx: the softmax share, and an even split between equal infinities."""
    return logsumexp_shares((x, *others))[0]


def logsumexp_shares(xs: tuple[float, ...]) -> list[float]:
    """d logsumexp / dx for each x."""
    top = _top(xs)
    if isinf(top):
        ties = xs.count(top)
        return [(x == top) / ties for x in xs]
    return softmax_shares(xs)
