"""The oracle: exact value, gradient and Hessian of every op of the table, and where to ask.

A row of `ROWS` is the mathematical definition of an op in mpmath, written on *jets* (a value with
its first and second partials), so one line yields all three.  Cancellation is no concern: `exact`
raises the working precision until two results agree to 30 digits (Ziv's strategy), thousands of
digits if need be.  Constants of an op (0.044715 in gelu_tanh, a slope of 0.01) are the float64
numbers, since these are what the op is given.

`ulps` measures an error in units of the last place of the exact result, gradual underflow included.
Each row also names its adversarial points: subnormals, 1 +- 2**-k, ends of the range, tails down to
underflow, Muller's worst case of argument reduction, and random ones (the same in every run).
"""

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement, product

from mpmath import mp, mpf

MULLER = 6381956970095103 * 2.0**797  # lies nearer to a multiple of pi/2 than any other float64
LARGEST = 1.7976931348623157e308
SMALLEST = 5e-324
SMALLEST_NORMAL = 2.2250738585072014e-308


# ---------------------------------------------------------------- jets


class Jet:
    """A value with its partials: first[i], and second[i, j] for i <= j; absent ones are zero."""

    def __init__(self, value, first=None, second=None):
        self.value, self.first, self.second = mpf(value), first or {}, second or {}

    def chain(self, value, d, dd):
        """f(self), given f, f' and f'' at self.value."""
        return Jet(
            value,
            {i: d * a for i, a in self.first.items()},
            {
                (i, j): d * self.second.get((i, j), 0) + dd * self.first[i] * self.first[j]
                for i, j in pairs(self.first)
            },
        )

    def __add__(self, other):
        other = jet(other)
        inputs = self.first | other.first
        return Jet(
            self.value + other.value,
            {i: self.first.get(i, 0) + other.first.get(i, 0) for i in inputs},
            {ij: self.second.get(ij, 0) + other.second.get(ij, 0) for ij in pairs(inputs)},
        )

    def __mul__(self, other):
        other = jet(other)
        a, b, p, q = self.value, other.value, self.first, other.first
        inputs = p | q
        return Jet(
            a * b,
            {i: p.get(i, 0) * b + q.get(i, 0) * a for i in inputs},
            {
                (i, j): self.second.get((i, j), 0) * b
                + other.second.get((i, j), 0) * a
                + p.get(i, 0) * q.get(j, 0)
                + p.get(j, 0) * q.get(i, 0)
                for i, j in pairs(inputs)
            },
        )

    def __pow__(self, n):
        x = self.value
        return self.chain(
            x**n,
            n * x ** (n - 1) if n else mpf(0),
            n * (n - 1) * x ** (n - 2) if n not in (0, 1) else mpf(0),
        )

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + jet(other) * -1

    def __rsub__(self, other):
        return jet(other) + self * -1

    def __truediv__(self, other):
        return self * jet(other) ** -1

    def __rtruediv__(self, other):
        return jet(other) * self**-1

    __radd__, __rmul__ = __add__, __mul__


def jet(x):
    return x if isinstance(x, Jet) else Jet(x)


def pairs(inputs):
    return combinations_with_replacement(sorted(inputs), 2)


def smooth(f, d, dd):
    """An elementary function of a jet from f, f' and f'' in mpmath."""
    return lambda x: x.chain(f(x.value), d(x.value), dd(x.value))


def vanishing(f):
    """f, held at -10**5 where only its smallness counts and mpmath is slow to compute it."""
    return lambda x: f(max(x, mpf(-(10**5))))


def saturated(f):
    """f, held at +-10**5 where it has reached its limit."""
    return lambda x: f(min(max(x, mpf(-(10**5))), mpf(10**5)))


exp = smooth(*3 * [vanishing(mp.exp)])
log = smooth(mp.log, lambda x: 1 / x, lambda x: -1 / x**2)
log1p = smooth(mp.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2)
sin = smooth(mp.sin, mp.cos, lambda x: -mp.sin(x))
cos = smooth(mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x))
tan = smooth(mp.tan, lambda x: mp.sec(x) ** 2, lambda x: 2 * mp.tan(x) * mp.sec(x) ** 2)
sinh = smooth(mp.sinh, mp.cosh, mp.sinh)
cosh = smooth(mp.cosh, mp.sinh, mp.cosh)
tanh = smooth(
    saturated(mp.tanh),
    saturated(lambda x: mp.sech(x) ** 2),
    saturated(lambda x: -2 * mp.tanh(x) * mp.sech(x) ** 2),
)
sqrt = smooth(mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * x * mp.sqrt(x)))
expm1 = smooth(*map(vanishing, (mp.expm1, mp.exp, mp.exp)))
atan = smooth(mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2)
asin = smooth(mp.asin, lambda x: 1 / mp.sqrt(1 - x * x), lambda x: x / mp.sqrt(1 - x * x) ** 3)
asinh = smooth(mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / mp.sqrt(1 + x * x) ** 3)
acosh = smooth(mp.acosh, lambda x: 1 / mp.sqrt(x * x - 1), lambda x: -x / mp.sqrt(x * x - 1) ** 3)
atanh = smooth(mp.atanh, lambda x: 1 / (1 - x * x), lambda x: 2 * x / (1 - x * x) ** 2)


def bell(x):
    return 2 / mp.sqrt(mp.pi) * vanishing(mp.exp)(-x * x)


erf = smooth(mp.erf, bell, lambda x: -2 * x * bell(x))
erfc = smooth(
    lambda x: mp.erfc(min(max(x, -1000), 1000)), lambda x: -bell(x), lambda x: 2 * x * bell(x)
)


def cbrt(x):
    r = mp.cbrt(x.value) if x.value > 0 else -mp.cbrt(-x.value)
    return x.chain(r, 1 / (3 * r**2), -2 / (9 * r**5))


def power(x, y):
    """x**y of two inputs; below zero the exponent is an integer and nothing is known beside it."""
    x, y = x.value, y.value
    if x < 0 and y == mp.floor(y):
        y, log_x = int(y), mp.nan
    else:
        log_x = mp.log(x)
    return Jet(
        x**y,
        {0: y * x ** (y - 1), 1: x**y * log_x},
        {
            (0, 0): y * (y - 1) * x ** (y - 2),
            (0, 1): x ** (y - 1) * (1 + y * log_x),
            (1, 1): x**y * log_x**2,
        },
    )


def atan2(y, x):
    if abs(y.value) <= abs(x.value):
        turn = 0 if x.value > 0 else mp.pi if y.value >= 0 else -mp.pi
        return atan(y / x) + turn
    return (mp.pi if y.value > 0 else -mp.pi) / 2 - atan(x / y)


def sigmoid(x):
    return 1 / (1 + exp(-x)) if x.value > 0 else exp(x) / (1 + exp(x))


def softplus(x):
    return log1p(exp(x)) if x.value < 0 else x + log1p(exp(-x))


def logsumexp(xs):
    top = max(xs, key=lambda x: x.value)
    return top + log1p(total(exp(x - top) for x in xs if x is not top))


def softmax(xs):
    top = max(xs, key=lambda x: x.value)
    weights = [exp(x - top) for x in xs]
    return weights[0] / total(weights)


def positive_power(x, y):
    return exp(y * log(x))


def normal(x):
    """The normal distribution function."""
    return erfc(-x * (1 / mp.sqrt(2))) * 0.5


def normal_density(x):
    return exp(-x * x * 0.5) * (1 / mp.sqrt(2 * mp.pi))


def silu_slope(x):
    return sigmoid(x) * (1 + x * sigmoid(-x))


def gelu_tanh_derivative(x, order):
    """x * sigmoid(v) and its first two derivatives, v = 2 sqrt(2/pi) (x + 0.044715 x**3)."""
    c, k = mpf(0.044715), 2 * mp.sqrt(2 / mp.pi)
    v, dv, ddv = (x + c * x * x * x) * k, (1 + 3 * c * x * x) * k, 6 * c * x * k
    s, slope = sigmoid(v), sigmoid(v) * sigmoid(-v)
    return (
        x * s,
        s + x * slope * dv,
        slope * (2 * dv + x * ddv - x * dv * dv * tanh(v * 0.5)),
    )[order]


def total(xs):
    return sum(xs, start=Jet(0))


# ---------------------------------------------------------------- points

NEAR_ONE = [1.0, *(1 - 2.0**-k for k in (5, 10, 20, 30, 40, 53))]
NEAR_ONE += [1 + 2.0**-k for k in (5, 10, 20, 30, 40, 52)]
SMALL = [SMALLEST, 1e-310, SMALLEST_NORMAL, 1e-200, 1e-100, 1e-20, 2.0**-27, 1e-4]
MIDDLE = [0.1, 0.3, 0.54, 0.56, *NEAR_ONE, 1.5, math.pi / 2, 2.5, math.pi, 5.0, 10.0, 20.0, 37.5]
BIG = [100.0, 300.0, 700.0, 744.0, 1e4, 1e8, 1e16, 1e100, 1.3e154, 1e155, 1e200, 1e300, LARGEST]
EVERYWHERE = SMALL + MIDDLE + BIG
INSIDE = [*SMALL, 0.1, 0.3, 0.5, 0.7, *(1 - 2.0**-k for k in (2, 4, 8, 16, 20, 26, 27, 40, 52, 53))]
MIXED = [SMALLEST, 1e-200, 1e-9, 0.3, 1.0, 1 + 2.0**-52, 2.5, 30.0, 1e9, 1e155, 3e200, LARGEST]


def both_signs(numbers):
    return [sign * number for number in numbers for sign in (1.0, -1.0)]


def magnitudes(r, low, high, count):
    """Random numbers, log-uniform between low and high."""
    return [math.exp(r.uniform(math.log(low), math.log(high))) for _ in range(count)]


def real(low_tail=-750.0, high_tail=750.0, zero=True):
    """Points of the whole line; the tails are where the op leaves the representable range."""

    def points(r, count):
        core = both_signs(magnitudes(r, 1e-4, 30, count))
        tails = [r.uniform(low_tail, 0) for _ in range(count)]
        tails += [r.uniform(0, high_tail) for _ in range(count)]
        ends = [low_tail * (1 - 2.0**-k) for k in (4, 6, 8)]
        ends += [high_tail * (1 - 2.0**-k) for k in (4, 6, 8)]
        wide = both_signs(magnitudes(r, 1e-300, 1e300, count // 2))
        start = [0.0, -0.0] if zero else []
        return [(x,) for x in start + both_signs(EVERYWHERE) + core + tails + ends + wide]

    return points


def circle(r, count):
    """The whole line, Muller's number and its relatives, near and far multiples of pi/2."""
    quarters = [k * math.pi / 2 for k in (1, 2, 3, 4, 7, 100, 1001, 12345678)]
    far = both_signs(magnitudes(r, 1e3, 1e22, count))
    points = both_signs([MULLER, MULLER / 2, 1e22, *quarters]) + far
    return real()(r, count) + [(x,) for x in points]


def positive(r, count):
    near_one = [1 + sign * 2.0**-k for k in (3, 6, 10, 30, 40, 52) for sign in (1, -1)]
    numbers = magnitudes(r, 1e-4, 30, 2 * count) + magnitudes(r, 1e-320, 1e308, count)
    return [(x,) for x in EVERYWHERE + near_one + numbers]


def inside(r, count):
    """The open interval (-1, 1)."""
    numbers = [r.uniform(-1, 1) for _ in range(count)]
    near_one = both_signs([1 - x for x in magnitudes(r, 1e-15, 0.1, count)])
    return [(x,) for x in both_signs(INSIDE) + near_one + numbers]


def above_one(r, count):
    near_one = [1 + 2.0**-k for k in (1, 3, 8, 16, 26, 27, 40, 50, 51, 52)]
    numbers = [1 + x for x in magnitudes(r, 1e-12, 30, 2 * count)]
    return [(x,) for x in [x for x in EVERYWHERE if x > 1] + near_one + numbers]


def above_minus_one(r, count):
    return [(x,) for x in [-x for x in INSIDE] + [x for (x,) in positive(r, count)]]


def plane(r, count):
    """Pairs of every mixture of size and sign, near and exact ties, scaled pairs, random ones."""
    mixed = list(product(both_signs(MIXED), both_signs(MIXED)))
    numbers = r.sample(mixed, min(len(mixed), 2 * count + 20))
    for scale in (1e-320, 1e-300, 1e-200, 1e-160, 1.0, 1e150, 1e200, 1e307):
        numbers += [(3 * scale, 4 * scale), (-scale, scale * (1 + 2.0**-40))]
    for _ in range(2 * count):
        numbers.append((r.gauss(0, 3), r.gauss(0, 3)))
        numbers.append(tuple(both_signs(magnitudes(r, 1e-300, 1e300, 2))[:3:2]))
    return numbers


def untied(r, count):
    return [(x, y) for x, y in plane(r, count) if x != y]


def exponents(r, count):
    """(x, y) for x**y: results over the whole range, subnormal ones included."""
    numbers = [(x, y) for x in (0.5, 2.0, 1 + 2.0**-52, 3.7) for y in (2.0, -1.0, 0.5, 3.0, -2.5)]
    numbers += [(x, y) for x in (-0.5, -2.0, -3.7) for y in (1.0, 2.0, 3.0, -1.0, -2.0, 7.0)]
    numbers += [(x, y) for x in (SMALLEST, 1e-310, 1e-300, 1e300) for y in (0.5, -0.5, 1.0, 1.01)]
    numbers += [(x, 2.0) for x in (1e-170, 1e-162, 1e-160, 1e-150, 1e150, 1e154, 1e200, 1e-310)]
    for _ in range(2 * count):
        x = math.exp(r.gauss(0, 3))
        if abs(math.log(x)) > 1e-3:
            numbers.append((x, r.uniform(-740, 740) / math.log(x)))  # tails
        numbers.append((x, r.uniform(-4, 4)))  # everyday
    return numbers


def triples(r, count):
    """Three numbers for logsumexp and softmax: spread out, close together, dominated."""
    numbers = [(0.0, 0.0, 0.0), (1e-300, -800.0, 1e-310), (1000.0, 1000.0, 999.0), (1e308, 1, 2)]
    numbers += [(-740.0, 0.0, 1.0), (40.0, 0.0, 1.0), (-40.0, 0.0, 1.0), (-1e308, 1e308, 0.0)]
    for spread in (0.1, 1, 10, 100, 700):
        for _ in range(count // 3 + 1):
            numbers.append(tuple(r.gauss(0, spread) for _ in range(3)))
            shift = r.gauss(0, 1000)
            numbers.append(tuple(shift + r.gauss(0, spread) for _ in range(3)))
    return numbers


def couples(r, count):
    """Two numbers for logaddexp."""
    return [numbers[:2] for numbers in triples(r, 2 * count)]


def choices(r, count):
    """A condition and two numbers."""
    return [(c, *pair) for pair in couples(r, count) for c in (0.0, 2.0)]


def choices_of_one(r, count):
    return [(c, x) for c, x, _ in choices(r, count)]


def fours(r, count):
    """Four positive numbers: a sum is only as accurate as the size of its terms."""
    return [tuple(magnitudes(r, 1e-3, 1e3, 4)) for _ in range(4 * count)]


def positive_exponents(r, count):
    return [(x, y) for x, y in exponents(r, count) if x > 0 and y not in (0, 1, 2)]


def with_constants(points, *constants):
    return lambda r, count: [(*point, *constants) for point in points(r, count)]


# ---------------------------------------------------------------- rows


@dataclass(frozen=True)
class Row:
    """How to ask an op: its definition on jets, its points, and how many arguments vary."""

    definition: object
    points: object
    varying: int = 1  # the arguments behind these are constants, such as the slope of leaky_relu
    takes_list: bool = False

    def sample(self, count=4, seed=0):
        """The points of this row; `count` says how many random ones of each kind."""
        return self.points(random.Random(seed), count)


ROWS = {
    "add": Row(lambda x, y: x + y, plane, 2),
    "sub": Row(lambda x, y: x - y, plane, 2),
    "mul": Row(lambda x, y: x * y, plane, 2),
    "div": Row(lambda x, y: x / y, plane, 2),
    "neg": Row(lambda x: -x, real()),
    "power": Row(power, exponents, 2),
    "absolute": Row(lambda x: x if x.value > 0 else -x, real(zero=False)),
    "sign": Row(lambda x: Jet(mp.sign(x.value)), real()),
    "square": Row(lambda x: x * x, real()),
    "reciprocal": Row(lambda x: 1 / x, real(zero=False)),
    "sqrt": Row(sqrt, positive),
    "cbrt": Row(cbrt, real(zero=False)),
    "exp": Row(exp, real()),
    "expm1": Row(expm1, real()),
    "log": Row(log, positive),
    "log1p": Row(log1p, above_minus_one),
    "log2": Row(lambda x: log(x) * (1 / mp.log(2)), positive),
    "log10": Row(lambda x: log(x) * (1 / mp.log(10)), positive),
    "sin": Row(sin, circle),
    "cos": Row(cos, circle),
    "tan": Row(tan, circle),
    "asin": Row(asin, inside),
    "acos": Row(lambda x: mp.pi / 2 - asin(x), inside),
    "atan": Row(atan, real()),
    "atan2": Row(atan2, plane, 2),
    "sinh": Row(sinh, real(-711, 711)),
    "cosh": Row(cosh, real(-711, 711)),
    "tanh": Row(tanh, real(-375, 375)),
    "asinh": Row(asinh, real()),
    "acosh": Row(acosh, above_one),
    "atanh": Row(atanh, inside),
    "hypot": Row(lambda x, y: sqrt(x * x + y * y), plane, 2),
    "sigmoid": Row(sigmoid, real()),
    "logsigmoid": Row(lambda x: -softplus(-x), real()),
    "softplus": Row(softplus, real()),
    "softsign": Row(lambda x: x / (1 + (x if x.value > 0 else -x)), real(zero=False)),
    "silu": Row(lambda x: x * sigmoid(x), real()),
    "gelu": Row(lambda x: x * normal(x), real(-38.6, 38.6)),
    "gelu_tanh": Row(lambda x: gelu_tanh_derivative(x, 0), real(-21.8, 21.8)),
    "erf": Row(erf, real(-27.3, 27.3)),
    "erfc": Row(erfc, real(-27.3, 27.3)),
    "relu": Row(lambda x: x if x.value > 0 else Jet(0), real()),
    "leaky_relu": Row(
        lambda x, slope: x if x.value > 0 else slope * x, with_constants(real(), 0.01)
    ),
    "elu": Row(
        lambda x, alpha: x if x.value > 0 else alpha * expm1(x), with_constants(real(), 1.0)
    ),
    "maximum": Row(lambda x, y: x if x.value > y.value else y, untied, 2),
    "minimum": Row(lambda x, y: x if x.value < y.value else y, untied, 2),
    "clamp": Row(
        lambda *xs: sorted(xs, key=lambda x: x.value)[1],
        with_constants(real(), 0.0, 6.0),
    ),
    "less": Row(lambda x, y: Jet(x.value < y.value), untied, 2),
    "less_equal": Row(lambda x, y: Jet(x.value <= y.value), untied, 2),
    "equal": Row(lambda x, y: Jet(x.value == y.value), untied, 2),
    "where": Row(lambda c, a, b: a if c.value else b, choices, 3),
    "gate": Row(lambda c, x: x if c.value else Jet(0), choices_of_one, 2),
    "alias": Row(lambda x: x, real()),
    "sum": Row(total, fours, 4, takes_list=True),
    "inner": Row(lambda xys: xys[0] * xys[2] + xys[1] * xys[3], fours, 4, takes_list=True),
    "logaddexp": Row(lambda x, y: logsumexp([x, y]), couples, 2),
    "logsumexp": Row(logsumexp, triples, 3, takes_list=True),
    # The slopes: rows that are partials of the rows above.
    "power_slope": Row(lambda x, y: y * positive_power(x, y - 1), positive_exponents, 2),
    "power_log": Row(lambda x, y: positive_power(x, y) * log(x), positive_exponents, 2),
    "power_bend": Row(lambda x, y: y * (y - 1) * positive_power(x, y - 2), positive_exponents, 2),
    "power_twist": Row(
        lambda x, y: positive_power(x, y - 1) * (1 + y * log(x)), positive_exponents, 2
    ),
    "power_log_log": Row(
        lambda x, y: positive_power(x, y) * log(x) * log(x), positive_exponents, 2
    ),
    "log10_slope": Row(lambda x: 1 / (x * mp.log(10)), positive),
    "atan2_bend": Row(lambda x, y: (y - x) * (y + x) * (x * x + y * y) ** -2, plane, 2),
    "sqrt_slope": Row(lambda x: 1 / (2 * sqrt(x)), positive),
    "log_slope": Row(lambda x: 1 / x, positive),
    "hypot_slope": Row(lambda x, y: x / sqrt(x * x + y * y), plane, 2),
    "atan2_slope": Row(lambda x, y: x / (x * x + y * y), plane, 2),
    "asin_slope": Row(lambda x: 1 / sqrt(1 - x * x), inside),
    "atan_slope": Row(lambda x: 1 / (1 + x * x), real()),
    "tanh_slope": Row(lambda x: 4 * sigmoid(2 * x) * sigmoid(-2 * x), real(-375, 375)),
    "asinh_slope": Row(lambda x: 1 / sqrt(1 + x * x), real()),
    "acosh_slope": Row(lambda x: 1 / sqrt(x * x - 1), above_one),
    "atanh_slope": Row(lambda x: 1 / (1 - x * x), inside),
    "gauss": Row(lambda x: exp(-x * x), real(-27.3, 27.3)),
    "normal_density": Row(normal_density, real(-38.6, 38.6)),
    "sigmoid_slope": Row(lambda x: sigmoid(x) * sigmoid(-x), real()),
    "sigmoid_bend": Row(lambda x: -tanh(x * 0.5), real()),
    "silu_slope": Row(silu_slope, real()),
    "silu_curvature": Row(lambda x: sigmoid(x) * sigmoid(-x) * (2 - x * tanh(x * 0.5)), real()),
    "gelu_slope": Row(lambda x: normal(x) + x * normal_density(x), real(-38.6, 38.6)),
    "gelu_curvature": Row(lambda x: (2 - x * x) * normal_density(x), real(-38.6, 38.6)),
    "gelu_tanh_slope": Row(lambda x: gelu_tanh_derivative(x, 1), real(-21.8, 21.8)),
    "gelu_tanh_curvature": Row(lambda x: gelu_tanh_derivative(x, 2), real(-21.8, 21.8)),
    "elu_slope": Row(
        lambda x, alpha: Jet(1) if x.value > 0 else alpha * exp(x), with_constants(real(), 1.0)
    ),
    "relu_slope": Row(lambda x: Jet(x.value > 0), real()),
    "leaky_relu_slope": Row(
        lambda x, slope: Jet(1) if x.value > 0 else slope, with_constants(real(), 0.25), 2
    ),
    "maximum_share": Row(lambda x, y: Jet(x.value > y.value), untied, 2),
    "clamp_slope": Row(
        lambda x, low, high: Jet(low.value < x.value < high.value),
        with_constants(real(), 0.0, 6.0),
    ),
    "softmax_share": Row(softmax, triples, 3, takes_list=True),
    "logsumexp_share": Row(softmax, triples, 3, takes_list=True),
    "softmax_rest": Row(lambda xs: 1 - softmax(xs), triples, 3, takes_list=True),
}


# ---------------------------------------------------------------- exact results and errors

PRECISIONS = (50, 100, 200, 400, 1000, 2000, 4000)


def at_precision(row, point, digits):
    with mp.workdps(digits):
        inputs = [
            Jet(x, {i: mpf(1)} if i < row.varying else {}) for i, x in enumerate(map(mpf, point))
        ]
        out = row.definition(inputs) if row.takes_list else row.definition(*inputs)
        first = [+mpf(out.first.get(i, 0)) for i in range(row.varying)]
        second = {ij: +mpf(out.second.get(ij, 0)) for ij in pairs(range(row.varying))}
        return [+out.value, *first, *second.values()]


@lru_cache(maxsize=2**15)  # the eager engine and each backend ask for the same ones
def exact(row, point):
    """(value, [first partials], {(i, j): second partials}), to 30 digits; nan: undefined."""
    before = None
    for digits in PRECISIONS:
        try:
            result = at_precision(row, point, digits)
        except ZeroDivisionError:  # digits are still missing
            result = None
        if before and result and all(map(settled, before, result, [digits] * len(result))):
            break
        before = result
    else:
        raise ArithmeticError(f"no agreement at {PRECISIONS[-1]} digits: {point}")
    n = row.varying
    return result[0], result[1 : n + 1], dict(zip(pairs(range(n)), result[n + 1 :], strict=True))


def settled(a, b, digits):
    if mp.isnan(b) or mp.isinf(b):
        return mp.isnan(a) or mp.isinf(a)
    if abs(b) < mpf(10) ** -400:  # nothing, or a cancellation of everything: ask 1000 digits
        return digits >= 1000
    return abs(a - b) <= abs(b) * mpf(10) ** -30


def representable(number):
    """Whether an exact result rounds to a finite float64."""
    return mp.isfinite(number) and abs(number) < mpf(2) ** 1024 - mpf(2) ** 970


def ulps(computed, number, scale=0.0):
    """|computed - exact| in units of the last place of the exact result, or of a larger `scale`."""
    if not math.isfinite(computed):
        return math.inf
    with mp.workdps(60):
        size = max(abs(number), scale)
        exponent = mp.frexp(size)[1] if size else -1074
        return float(abs(mpf(computed) - number) / mpf(2) ** max(exponent - 53, -1074))
