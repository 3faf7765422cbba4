"""Every op of the table against mpmath: no digit is lost, anywhere.

An error is counted in ulps of the exact result: a value may be off by 4, a gradient by 8, a second
derivative by 32, at every point where the exact result is a float64, from subnormal numbers to the
ends of the range.  `EXCEPTIONS` names the few places that are excused, and why; `CANCELLATIONS` the
results that cross zero as the difference of two terms, and there no formula in float64 can do
better than a few ulps of a term.  A row that is added to the table needs a row of the oracle too.

A slope row (`sigmoid_slope`) is the derivative of another row, so its value counts as a gradient
and its gradient as a second derivative.
"""

import math
from typing import NamedTuple

import pytest
from mpmath import mp, mpf
from oracle import MULLER, ROWS, at_precision, exact, pairs, representable, ulps

import autodiff as ad
from autodiff import ops
from autodiff.graph import topological
from autodiff.op import TABLE

# The rows of the package, without those that other tests register.
NAMES = [name for name, op in TABLE.items() if getattr(ops, name, None) is op]

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


EXCEPTIONS = {
    (name, order): Excuse(limit, at_muller, "libm reduces this argument with too few digits of pi")
    for (name, order, limit) in [
        ("cos", VALUE, 8),
        ("sin", GRADIENT, 8),
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


def record(row, name, point):
    """y and the inputs that vary, recorded at a point; the others stay plain numbers."""
    inputs = [ad.Value(number) for number in point[: row.varying]]
    operands = [*inputs, *point[row.varying :]]
    op = TABLE[name]
    return (op(operands) if row.takes_list else op(*operands)), inputs


def measure(row, name, point):
    """(order, which, computed, exact) for each number that this op has at this point."""
    value, first, second = exact(row, point)
    order = SLOPES.get(name, 0)
    y, inputs = record(row, name, point)
    y.backward()
    yield order, "", y.data, value
    for i, leaf in enumerate(inputs):
        yield order + 1, i, leaf.grad, first[i]
    if order == 0:
        slopes = ad.grad(y, inputs)
        for i, j in pairs(range(len(inputs))):
            yield SECOND, (i, j), ad.grad(slopes[i], inputs[j]).data, second[i, j]


def ordinary(row, point):
    """Whether a point is of everyday size, and not next to a pole at 1."""
    return all(0.2 <= abs(x) <= 5 and abs(abs(x) - 1) > 0.05 for x in point[: row.varying])


def complaints(name, count, seed=0):
    row = ROWS[name]
    for point in row.sample(count, seed):
        for order, which, computed, number in measure(row, name, point):
            if order <= SECOND and representable(number):
                limit, scale = allowed(name, order, which, point)
                error = ulps(computed, number, scale)
                if error > limit:
                    what = f"{WORDS[order]} {which} of {name}{point}"
                    text = f"{computed!r}, exact {mp.nstr(number, 20)}, {error:.3g} ulp"
                    yield error, f"{what}: {text}"


def report(found):
    found = sorted(found, reverse=True)
    lines = [text for _, text in found[:12]]
    return f"{len(found)} numbers are off, the worst:\n" + "\n".join(lines)


@pytest.mark.parametrize("name", [name for name in NAMES if name in ROWS])
def test_value_gradient_and_second_derivative(name):
    found = list(complaints(name, count=4))
    assert not found, report(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("name", [name for name in NAMES if name in ROWS])
def test_campaign(name, seed):
    found = list(complaints(name, count=100, seed=seed))
    assert not found, report(found)


@pytest.mark.parametrize("name", [name for name in SLOPES if name in TABLE])
def test_third_derivative_at_ordinary_points(name):
    """What lies behind the second derivative is right as well, if not to the last digits."""
    row = ROWS[name]
    for point in row.sample(count=4):
        if not ordinary(row, point):
            continue
        exact_second = exact(row, point)[2]
        y, inputs = record(row, name, point)
        slopes = ad.grad(y, inputs)
        for i, j in pairs(range(len(inputs))):
            computed, number = ad.grad(slopes[i], inputs[j]).data, exact_second[i, j]
            if not mp.isnan(number):
                assert computed == pytest.approx(float(number), rel=1e-9, abs=1e-12), (point, i, j)


SATURATING = "tanh sigmoid softplus logsigmoid silu gelu gelu_tanh erf erfc softsign atan".split()


@pytest.mark.parametrize("name", SATURATING)
@pytest.mark.parametrize("x", [40.0, 1e3, 1e75, 1e200, 1.7e308, -1e3, -1e155, -1.7e308])
def test_far_out_no_derivative_is_nan(name, x):
    """The limit is reached with no 0 * inf on the way; the fourth as far as x**4 is finite."""
    leaf = ad.Value(x)
    for order in range(5 if abs(x) < 1e76 else 3):
        assert math.isfinite(ad.derivative(TABLE[name](leaf), leaf, order=order).data), order


@pytest.mark.parametrize("x", [0.0, 0.1, 0.5, 0.56, 1.0, -2.5, 8.0, -20.0, 100.0])
def test_tanh_to_the_eighth_derivative(x):
    """High derivatives stay accurate, and their graphs stay small."""
    leaf = ad.Value(x)
    eighth = ad.derivative(ad.tanh(leaf), leaf, order=8)
    with mp.workdps(300):
        expected, size = (float(tanh_derivative(mpf(x), order)) for order in (8, 7))
    assert eighth.data == pytest.approx(expected, rel=1e-10, abs=1e-10 * abs(size))
    assert len(topological(eighth)) < 5000


def tanh_derivative(x, order):
    """The derivative of tanh in closed form: a polynomial in t = tanh(x), since t' = 1 - t**2."""
    polynomial = [0, 1]  # coefficients of 1, t, t**2, ...
    for _ in range(order):
        slope = [k * c for k, c in enumerate(polynomial)][1:]
        polynomial = [
            (slope[k] if k < len(slope) else 0) - (slope[k - 2] if k >= 2 else 0)
            for k in range(len(slope) + 2)
        ]
    t = mp.tanh(x)
    return sum(c * t**k for k, c in enumerate(polynomial))


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE[name].formula])
def test_the_formula_of_a_row_is_its_function(name):
    """What a composed row is printed as, it also is: at ordinary points the two agree."""
    op, row = TABLE[name], ROWS[name]
    for point in row.sample(count=4):
        if ordinary(row, point):
            number = op.forward(*point)
            assert op.formula(*point) == pytest.approx(number, rel=1e-11, abs=1e-13), point


@pytest.mark.parametrize("name", ROWS)
def test_the_oracle_agrees_with_finite_differences(name):
    """The partials of the oracle itself: central differences of its value and first partials."""
    row = ROWS[name]
    points = [point for point in row.sample(40) if ordinary(row, point) and point[0] > 0]
    point = points[0]
    _, first, second = exact(row, point)
    with mp.workdps(100):
        h = mpf(10) ** -25

        def differences(i):
            """Of the value and of the first partials, along input i."""
            ahead, behind = (
                at_precision(row, [x + step * (k == i) for k, x in enumerate(map(mpf, point))], 100)
                for step in (h, -h)
            )
            return [(a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True)]

        for i in range(row.varying):
            slope, *bends = differences(i)
            expected = [slope, *bends[: row.varying]]
            found = [first[i], *(second[min(i, j), max(i, j)] for j in range(row.varying))]
            for number, quotient in zip(found, expected, strict=True):
                assert mp.isnan(number) or mp.almosteq(number, quotient, 1e-25, 1e-25)


def test_every_op_has_an_oracle_row():
    """A new row of the table is a new row here: the definition in mpmath and its points."""
    assert set(NAMES) <= set(ROWS), f"no oracle row for {sorted(set(NAMES) - set(ROWS))}"
    assert {name for name, _ in EXCEPTIONS | CANCELLATIONS} | set(SLOPES) <= set(ROWS)
