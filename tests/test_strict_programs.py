"""`strict()` in compiled programs: the node that creates the first nan or inf, in the words of the
eager engine, and the row."""

import math
import re
from contextlib import nullcontext

import numpy as np
import pytest
from ready import every_backend
from test_edges import EDGES, leaves, record

import autodiff as ad

ORDINARY = [(0.5, 0.75), (0.25, 0.5), (0.75, 0.25), (0.125, 0.625)]  # no edge's domain ends here


def message(f, *args, **keywords):
    """What strict mode says when f is called; "" when nothing is wrong."""
    with ad.strict():
        try:
            f(*args, **keywords)
        except FloatingPointError as error:
            return str(error)
    return ""


def recorded(expression, point):
    return record(expression, leaves(point))


def simplified(text):
    """x**2 and x**-1 are a square and a reciprocal in a program."""
    text = re.sub(r"power\((x=[^,]*), 2.0\)", r"square(\1)", text)
    return re.sub(r"power\((x=[^,]*), -1.0\)", r"reciprocal(\1)", text)


@every_backend
@pytest.mark.parametrize(("expression", "point", "value", "gradients"), EDGES)
def test_the_node_of_every_edge(expression, point, value, gradients, backend):
    expected = message(recorded, expression, point)
    inputs = leaves((0.5, 0.75)[: len(point)])
    program = ad.compile(record(expression, inputs), inputs, backend=backend)
    ordinary = [row[: len(point)] for row in ORDINARY]
    ordinary = [row for row in ordinary if not message(recorded, expression, row)]
    rows = [*ordinary, point, *ordinary, point]
    found = message(program, np.array(rows))
    assert message(program, *point) == found.replace(f"row {len(ordinary)}", "row 0")
    if any(map(math.isnan, point)):  # refused before anything is computed
        assert re.fullmatch(f"[xy] is nan in row {len(ordinary)}", found)
    elif expected:
        assert found == simplified(f"{expected} in row {len(ordinary)}")
    elif found:  # nothing is created: an infinity was given and comes out
        assert any(map(math.isinf, point))
        assert found.endswith("was given")


def log_loss(backend):
    w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
    z = (w * x + b).named("z")
    E = (-ad.log(z).named("L")).named("E")
    return ad.compile(E, x, parameters=[w, b], backend=backend)


@every_backend
def test_every_entrance_names_the_node(backend):
    program, rows = log_loss(backend), np.array([4.0, 3.0, 2.0, 1.0])
    text = "L = log(z=0.0) is -inf in row 2"
    assert message(program, rows) == text
    assert message(program.value_and_grad, rows) == text
    assert message(program.run, rows, rate=0.1, steps=3) == text
    assert message(program.step, rows, rate=0.1) == text
    assert message(program, 2.0) == "L = log(z=0.0) is -inf in row 0"
    assert program.parameters.tolist() == [0.5, -1.0]
    assert message(program, rows[:2]) == ""
    assert message(program.run, rows[:2], rate=0.01, steps=3) == ""
    assert program(rows, parameters=[0.5, -1.0])[2] == math.inf  # without strict nothing is said


@every_backend
@pytest.mark.parametrize("bound_strictly", [False, True])
def test_a_bound_step_sees_the_mode_of_its_call(backend, bound_strictly):
    """What overflows here is not what comes out: nothing but the mode says that it is looked at."""
    w, x = ad.values("w x", [1.0, 1.0])
    y = w + ad.sign(ad.exp(w * x).named("L"))
    program = ad.compile(y, x, parameters=w, backend=backend)
    X = np.array([0.0, 1.0])
    with ad.strict() if bound_strictly else nullcontext():
        step = program.bind(X, rate=0.0).step
    assert step() == 2.0
    X[1] = 1000.0
    assert step() == 2.0
    assert message(step) == "L = exp(1000.0) is inf in row 1"
    assert step() == 2.0


@every_backend
def test_what_was_given_is_named(backend):
    program = log_loss(backend)
    assert message(program, np.array([3.0, math.nan])) == "x is nan in row 1"
    assert message(program, np.array([3.0, math.inf])) == "E is -inf in row 1; x = inf was given"
    assert message(program, 3.0, parameters=[math.nan, 1.0]) == (
        "E is nan in row 0; w = nan was given"
    )


@every_backend
def test_a_node_that_no_output_shows(backend):
    """1/(1 + exp(-x)) is 0 at -800, and a branch not taken is not seen: the eager engine raises."""
    x = ad.Value(0.5, "x")
    y = 1.0 / (1.0 + ad.exp(-x))
    program = ad.compile(y, x, backend=backend)
    assert message(program, np.array([1.0, -800.0])) == "exp(800.0) is inf in row 1"
    x = ad.Value(0.5, "x")
    program = ad.compile(ad.where(ad.less(0, x), ad.log(x), 0), x, backend=backend)
    assert message(program, np.array([1.0, -1.0])) == "log(x=-1.0) is nan in row 1"


@every_backend
def test_a_term_of_a_sum_of_products(backend):
    """Such a sum is one operation of the program; the message has the product that overflows."""
    ws, xs = ad.values("w1:5", [1e200, 2.0, 3.0, 4.0]), ad.values("x1:5", [1.0] * 4)
    program = ad.compile(ad.dot(ws, xs) + 1.0, xs, parameters=ws, backend=backend)
    rows = np.ones((3, 4))
    rows[1, 0] = 1e200
    assert message(program, rows) == "mul(w1=1e+200, x1=1e+200) is inf in row 1"
    assert message(program, rows[::2]) == ""


@every_backend
def test_the_place_in_a_sum_of_products(backend):
    numbers = [0.9e308, 0.5e308, 1.5e308]
    ws, xs = ad.values("w1:4", numbers), ad.values("x1:4", [0.1] * 3)
    total = ws[0] * xs[0] + ws[1] * xs[1] + ws[2] * xs[2]
    program = ad.compile(total.named("z"), xs, parameters=ws, backend=backend)
    assert message(program, [1.0, 2.0, 1.0]) == "add(9e+307, 1e+308) is inf in row 0"
    assert message(program, [1.0, 1.0, 1.0]) == "z = add(1.4e+308, 1.5e+308) is inf in row 0"


@every_backend
def test_a_number_in_a_sum_of_products(backend):
    ws, x = ad.values("w1:4", [0.5, 0.1, 1e308]), ad.Value(1.0, "x")
    total = ws[0] * ws[1] + ws[1] * 3.0 + ws[2] * 4.0
    program = ad.compile(total * x, x, parameters=ws, backend=backend)
    assert message(program, [1.0]) == "mul(w3=1e+308, 4.0) is inf in row 0"


@every_backend
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_the_gradient_of_a_row(rows, backend):
    """sqrt(w*x) has a value at 0 and no slope."""
    w, x = ad.values("w x", [1.0, 2.0])
    program = ad.compile(ad.sqrt((w * x).named("u")), x, parameters=w, backend=backend)
    X = np.linspace(1.0, 2.0, rows)
    where = rows * 2 // 3
    assert message(program.value_and_grad, X) == ""
    X[where] = 0.0
    text = (
        f"the gradient of sqrt(u=0.0) with respect to u is inf, times 1.0 from above in row {where}"
    )
    assert message(program.value_and_grad, X) == text
    assert message(program.run, X, rate=0.5, steps=2) == text
    X[0], text = 0.0, text.replace(f"row {where}", "row 0")
    assert message(program.value_and_grad, X) == text
    assert program.parameters.tolist() == [1.0]
    assert message(program, X) == ""


@every_backend
def test_the_row_is_found_among_many(backend):
    program = log_loss(backend)
    X = np.linspace(3.0, 4.0, 2000)
    X[[1234, 1500]] = 2.0, 1.0
    assert message(program, X) == "L = log(z=0.0) is -inf in row 1234"


@every_backend
def test_lanes_of_a_plain_loop(backend):
    w = ad.Value(1.0, "w")
    total = ad.sum([ad.log((w * k).named("u")) for k in (1.0, 2.0, 3.0, 4.0, 5.0)])
    program = ad.compile(total, parameters=w, backend=backend)
    assert program.layout().lanes
    assert message(program) == ""
    assert message(program, parameters=[0.0]) == "log(0.0) is -inf"
    assert message(program.value_and_grad, params=[-1.0]) == "log(-1.0) is nan"
    roots = ad.sum([ad.sqrt(w * k) for k in (1.0, 2.0, 3.0, 4.0, 5.0)])
    program = ad.compile(roots, parameters=w, backend=backend)
    assert message(program.value_and_grad, params=[0.0]).startswith("the gradient of sqrt(0.0)")


@every_backend
def test_what_only_the_sum_over_rows_shows(backend):
    w, x = ad.values("w x", [1.0, 1.0])
    program = ad.compile((w * x).named("y"), x, parameters=w, backend=backend)
    rows = np.full(4, 1e308)
    assert message(program, rows) == ""
    assert message(program.value_and_grad, rows) == "y, added up over all rows, is inf"
    assert message(program.value_and_grad, rows, params=[1e-100]) == (
        "the gradient with respect to w is inf, added up over all rows"
    )
    v = ad.Value(1.0, "v")
    program = ad.compile(w * x - v * x, x, parameters=[w, v], backend=backend)
    assert message(program.value_and_grad, rows, params=[1e-100, 1e-100]) == (
        "the gradient with respect to w is inf, added up over all rows"  # the first of the two
    )


@every_backend
def test_gradient_graphs_and_modes(backend):
    """A compiled gradient is a graph like any other, and `no_record` does not matter."""
    x = ad.Value(2.0, "x")
    program = ad.compile(ad.grad(ad.sqrt(x), x), x, backend=backend)
    with ad.no_record():
        assert message(program, np.array([1.0, 0.0])) == "sqrt_slope(x=0.0) is inf in row 1"
