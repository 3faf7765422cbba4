"""Every op of the table against mpmath: no digit is lost, anywhere.

An error is counted in ulps of the exact result, at every point where that is a float64, from
subnormal numbers to the ends of the range; `bounds.py` says how many are allowed.  A row that is
added to the table needs a row of the oracle too.
"""

import math
from pathlib import Path

import pytest
from bounds import CANCELLATIONS, EXCEPTIONS, SECOND, SLOPES, complaint
from mpmath import mp, mpf
from oracle import ROWS, at_precision, exact, pairs

import autodiff as ad
from autodiff import ops
from autodiff.graph import topological
from autodiff.op import TABLE

# The rows of the package, without those that other tests register.
NAMES = [name for name, op in TABLE.items() if getattr(ops, name, None) is op]


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
        for number in measure(row, name, point):
            yield from complaint(name, point, *number)


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


def test_the_page_names_every_exception():
    page = (Path(__file__).parent.parent / "docs" / "accuracy.md").read_text(encoding="utf-8")
    part = page.partition("## Exceptions")[2].partition("\n## ")[0]
    named = {name for name, _ in EXCEPTIONS | CANCELLATIONS if name not in SLOPES}
    assert all(f"`{name}`" in part for name in named)
    assert all(f"up to {excuse.limit} ulp" in part for excuse in EXCEPTIONS.values())
