"""Every edge of the table tests/data/edges.csv, four ways.

A kink, a pole, a tie, an infinity or a nan has one agreed value and one agreed gradient, and it is
the same whichever way the gradient is asked for: by `backward()`, by a gradient graph recorded at
the point, by a graph recorded somewhere else and re-evaluated there, and by `backward()` after
`forward()`.  The last two hold only if no decision of the recorded point is baked into a graph.
"""

import math
from pathlib import Path

import pytest

import autodiff as ad

COLUMNS = ("id", "expression", "point", "value", "gradients")


def read_edges():
    for line in (Path(__file__).parent / "data" / "edges.csv").read_text().splitlines():
        if line and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("|")]
            assert len(cells) == len(COLUMNS), line
            name, expression, point, value, gradients = cells
            yield pytest.param(
                expression,
                tuple(float(number) for number in point.split(",")),
                value,
                gradients.split(","),
                id=name,
            )


EDGES = list(read_edges())

# Where the graphs that are re-evaluated at an edge were recorded: an ordinary point, one outside
# most domains, the point of most kinks and ties, and one where everything is nan.
ELSEWHERE = {
    "ordinary": (0.5, 0.75),
    "outside": (-2.0, -3.0),
    "kink": (0.0, 0.0),
    "large": (2000.0, 1000.0),
    "nan": (math.nan, math.nan),
}

every_edge = pytest.mark.parametrize(("expression", "point", "value", "gradients"), EDGES)
every_start = pytest.mark.parametrize("start", ELSEWHERE.values(), ids=ELSEWHERE)


def leaves(point):
    return [ad.Value(number, name) for number, name in zip(point, "xyz", strict=False)]


def record(expression, inputs):
    """The graph of an expression of the table.  The table is ours: `eval` is safe here."""
    return eval(expression, {"ad": ad, **{leaf.name: leaf for leaf in inputs}})


def agrees(actual, expected):
    """Whether a float is the number written in the table (see the head of the table)."""
    number = float(expected)
    if math.isnan(number):
        return math.isnan(actual)
    if number == 0.0 and expected.strip()[0] in "+-":
        return actual == 0.0 and math.copysign(1.0, actual) == math.copysign(1.0, number)
    if number == 0.0 or math.isinf(number):
        return actual == number
    return math.isclose(actual, number, rel_tol=1e-3)


def check(what, actual, expected):
    assert agrees(actual, expected), f"{what}: {actual!r}, the table says {expected.strip()}"


def move(inputs, point):
    for leaf, number in zip(inputs, point, strict=True):
        leaf.data = number


@every_edge
def test_backward_at_the_edge(expression, point, value, gradients):
    inputs = leaves(point)
    y = record(expression, inputs)
    check("value", y.data, value)
    y.backward()
    for leaf, gradient in zip(inputs, gradients, strict=True):
        check(f"gradient for {leaf.name}", leaf.grad, gradient)


@every_edge
def test_plain_floats_give_the_same_value(expression, point, value, gradients):
    # `x**y` and `1/x` of floats are Python's own; only the functions of the package are ours.
    if "ad." not in expression:
        pytest.skip("plain Python arithmetic")
    try:
        y = eval(expression, {"ad": ad, "x": point[0], "y": point[-1]})
    except (ZeroDivisionError, OverflowError):
        pytest.skip("plain Python arithmetic raises here")
    assert type(y) is float
    check("value", y, value)


@every_edge
def test_gradient_graph_recorded_at_the_edge(expression, point, value, gradients):
    inputs = leaves(point)
    for leaf, slope, gradient in zip(
        inputs, ad.grad(record(expression, inputs), inputs), gradients, strict=True
    ):
        check(f"gradient for {leaf.name}", slope.data, gradient)


@every_start
@every_edge
def test_gradient_graph_recorded_elsewhere(expression, point, value, gradients, start):
    inputs = leaves(start[: len(point)])
    slopes = ad.grad(record(expression, inputs), inputs)
    move(inputs, point)
    for leaf, slope, gradient in zip(inputs, slopes, gradients, strict=True):
        slope.forward()
        check(f"gradient for {leaf.name}", slope.data, gradient)


@every_start
@every_edge
def test_graph_recorded_elsewhere(expression, point, value, gradients, start):
    inputs = leaves(start[: len(point)])
    y = record(expression, inputs)
    move(inputs, point)
    y.forward()
    check("value", y.data, value)
    y.backward()
    for leaf, gradient in zip(inputs, gradients, strict=True):
        check(f"gradient for {leaf.name}", leaf.grad, gradient)


DEAD_THEN_ALIVE = {
    "where log": ("ad.where(ad.less(0, x), ad.log(x), 0)", -1.0, 2.0, 0.5),
    "where sqrt": ("ad.where(ad.less(0, x), ad.sqrt(x), 0)", 0.0, 4.0, 0.25),
    "where exp": ("ad.where(ad.less(x, 0), ad.exp(x), 1)", 1000.0, -1.0, math.exp(-1)),
    "max sqrt": ("ad.maximum(ad.sqrt(x), 1)", 0.0, 4.0, 0.25),
    "min exp": ("ad.minimum(ad.exp(x), 1)", 1000.0, -1.0, math.exp(-1)),
    "relu log": ("ad.relu(ad.log(x))", 0.0, 2.0, 0.5),
    "clamp 1/x": ("ad.clamp(1/x, -1, 1)", 0.0, 2.0, -0.25),
    "two sides": ("ad.where(ad.less(0, x), ad.log(x), ad.log(-x))", -2.0, 4.0, 0.25),
    "nested": (
        "ad.where(ad.less(0, x), ad.where(ad.less(1, x), ad.log(x - 1), ad.sqrt(x)), 0)",
        -1.0,
        3.0,
        0.5,
    ),
}


@pytest.mark.parametrize("case", DEAD_THEN_ALIVE.values(), ids=DEAD_THEN_ALIVE)
def test_a_branch_comes_alive_and_dies_again(case):
    """A gradient graph recorded where the branch is dead keeps the branch, and the reverse."""
    expression, dead, alive, slope_alive = case
    x = ad.Value(dead, "x")
    slope = ad.grad(record(expression, [x]), x)
    slope_dead = slope.data
    for point, expected in [(alive, slope_alive), (dead, slope_dead), (alive, slope_alive)]:
        x.data = point
        slope.forward()
        assert slope.data == pytest.approx(expected, rel=1e-14)
    fresh = ad.grad(record(expression, [x]), x)
    assert fresh.data == pytest.approx(slope_alive, rel=1e-14)
    x.data = dead
    fresh.forward()
    assert fresh.data == pytest.approx(slope_dead, rel=1e-14)


SECOND = {
    "where log": ("ad.where(ad.less(0, x), ad.log(x), 0)", 0.0, 0.0),
    "where sqrt": ("ad.where(ad.less(0, x), ad.sqrt(x), 0)", -1.0, 0.0),
    "max sqrt": ("ad.maximum(ad.sqrt(x), 1)", 0.0, 0.0),
    "relu log": ("ad.relu(ad.log(x))", 0.0, 0.0),
    "min exp": ("ad.minimum(ad.exp(x), 1)", 1000.0, 0.0),
    "x - x": ("x - x", math.inf, 0.0),
    "x**1": ("x**1", math.nan, 0.0),
    "x**2": ("x**2", 0.0, 2.0),
    "x**3": ("x**3", 0.0, 0.0),
    "x**0": ("x**0", 0.0, 0.0),
    "abs": ("ad.absolute(x)", 0.0, 0.0),
    "relu": ("ad.relu(x)", 0.0, 0.0),
    "sigmoid": ("ad.sigmoid(x)", math.inf, 0.0),
    "silu": ("ad.silu(x)", -math.inf, 0.0),
    "gelu": ("ad.gelu(x)", math.inf, 0.0),
    "tanh": ("ad.tanh(x)", -math.inf, 0.0),
    "softplus": ("ad.softplus(x)", 1000.0, 0.0),
}


@pytest.mark.parametrize("case", SECOND.values(), ids=SECOND)
def test_second_derivative_at_the_edge(case):
    """The structural zero and the limits at infinity hold one order further up."""
    expression, point, expected = case
    for start in (point, 0.5):
        x = ad.Value(start, "x")
        second = ad.derivative(record(expression, [x]), x, order=2)
        x.data = point
        second.forward()
        assert second.data == expected
