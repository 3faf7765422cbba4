"""Gradients that are Values: against known formulas, against each other, and at other points."""

import itertools
import math
import re

import pytest
from hypothesis import given, settings, strategies as st

import autodiff as ad
from autodiff import Value
from autodiff.graph import topological
from autodiff.op import TABLE

# name: (function of Values or floats, its derivatives as functions of floats, a point)
KNOWN = {
    "x**3": (lambda x: x**3, [lambda x: 3 * x**2, lambda x: 6 * x, lambda x: 6.0], 2.0),
    "1/x": (lambda x: 1 / x, [lambda x: -1 / x**2, lambda x: 2 / x**3, lambda x: -6 / x**4], 1.7),
    "exp": (ad.exp, [math.exp] * 4, 0.7),
    "log": (ad.log, [lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3], 0.7),
    "sin": (
        ad.sin,
        [math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x), math.sin, math.cos],
        0.7,
    ),
    "sqrt": (ad.sqrt, [lambda x: 0.5 * x**-0.5, lambda x: -0.25 * x**-1.5], 1.3),
    "tanh": (
        ad.tanh,
        [
            lambda x: 1 - math.tanh(x) ** 2,
            lambda x: -2 * math.tanh(x) * (1 - math.tanh(x) ** 2),
        ],
        0.4,
    ),
    "x*log(x)": (
        lambda x: x * ad.log(x),
        [lambda x: math.log(x) + 1, lambda x: 1 / x, lambda x: -1 / x**2],
        2.5,
    ),
    "exp(-x**2) at 0": (
        lambda x: ad.exp(-(x**2)),
        [lambda x: 0.0, lambda x: -2.0, lambda x: 0.0, lambda x: 12.0],
        0.0,
    ),
    "x**0 at 0": (lambda x: x**0, [lambda x: 0.0, lambda x: 0.0], 0.0),
    "x**2 at 0": (lambda x: x**2, [lambda x: 0.0, lambda x: 2.0, lambda x: 0.0], 0.0),
    "x**5": (
        lambda x: x * x * x * x * x,
        [lambda x: 5 * x**4, lambda x: 20 * x**3, lambda x: 60 * x**2, lambda x: 120 * x],
        1.1,
    ),
    "2**x": (
        lambda x: 2**x,
        [lambda x: math.log(2) * 2**x, lambda x: math.log(2) ** 2 * 2**x],
        1.5,
    ),
    "x**x": (lambda x: x**x, [lambda x: x**x * (1 + math.log(x))], 1.5),
}


@pytest.mark.parametrize(("f", "derivatives", "point"), KNOWN.values(), ids=KNOWN)
def test_derivatives_of_known_functions(f, derivatives, point):
    x = Value(point, "x")
    y = f(x)
    assert ad.derivative(y, x, order=0) is y
    slope = y
    for order, known in enumerate(derivatives, 1):
        expected = pytest.approx(known(point), rel=1e-12, abs=1e-14)
        assert ad.derivative(y, x, order).data == expected
        slope = ad.grad(slope, x)
        assert slope.data == expected
    assert x.grad == 0.0


def test_the_eighth_derivative_of_tanh_stays_small():
    x = Value(0.3, "x")
    eighth = ad.derivative(x.tanh(), x, order=8)
    t = math.tanh(0.3)
    # d8/dx8 tanh = (1 - t2)(-40320 t7 + ...), from the recurrence p -> p' (1 - t2)
    p = [0, 1]
    for _ in range(8):
        slope = [k * c for k, c in enumerate(p)][1:]
        p = [
            (slope[k] if k < len(slope) else 0) - (slope[k - 2] if k >= 2 else 0)
            for k in range(len(slope) + 2)
        ]
    assert eighth.data == pytest.approx(sum(c * t**k for k, c in enumerate(p)), rel=1e-11)
    assert len(topological(eighth)) < 5_000


def test_a_polynomial_differentiated_away_stays_zero_at_zero():
    x = Value(0.0, "x")
    orders = [ad.derivative(ad.power(x, 2.0), x, order=n).data for n in range(7)]
    assert orders == [0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]
    assert ad.grad(TABLE["power_bend"](x, 0.0), x).data == 0.0


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0])
def test_a_recorded_exponent_is_like_a_constant_two_orders_beyond_the_polynomial(exponent):
    x, y = Value(0.0, "x"), Value(exponent, "y")
    for n in range(int(exponent) + 3):
        expected = math.factorial(n) if n == exponent else 0.0
        assert ad.derivative(x**y, x, order=n).data == expected
        assert ad.derivative(x**exponent, x, order=n).data == expected


@pytest.mark.parametrize("order", [-1, 1.0, "1", None, 0.5])
def test_an_order_counts(order):
    x = Value(1.0)
    with pytest.raises(ValueError, match="order counts derivatives"):
        ad.derivative(x * x, x, order=order)


# ---------------------------------------------------------------- what grad gives back


def test_grad_gives_a_value_for_a_value_and_a_list_for_a_list():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    z = x * y
    assert type(ad.grad(z, x)) is Value
    for xs in ([x, y], (x, y), ["x", "y"], iter([x, y]), {x: 0, y: 0}):
        found = ad.grad(z, xs)
        assert type(found) is list
        assert [g.data for g in found] == [3.0, 2.0]
    assert ad.grad(z, []) == []
    assert [g.data for g in ad.grad(z, [x, x])] == [3.0, 3.0]


def test_what_does_not_depend_is_a_value_of_zero():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    for z in (x * 2.0, x, x * 0.0 + ad.less(y, x)):
        slope = ad.grad(z, y)
        assert type(slope) is Value
        assert slope.data == 0.0
    assert [g.data for g in ad.grad(x + 1.0, [x, y])] == [1.0, 0.0]
    assert ad.jvp(x * 2.0, [y], [1.0]).data == 0.0
    assert [[h.data for h in row] for row in ad.hessian(x + y, [x, y])] == [[0, 0], [0, 0]]
    assert [h.data for h in ad.hvp(x + y, [x, y], [1.0, 2.0])] == [0.0, 0.0]
    assert [[g.data for g in row] for row in ad.jacobian([x, y], [x, y])] == [[1, 0], [0, 1]]


def test_the_derivative_of_a_node_with_respect_to_itself_is_one():
    x = Value(2.0)
    y = x * x
    assert ad.grad(y, y).data == 1.0
    assert ad.grad(x, x).data == 1.0
    assert ad.jvp(y, [y], [5.0]).data == 5.0


def test_grad_touches_no_grad():
    x, y = Value(2.0), Value(3.0)
    z = (x * y).exp() + ad.softmax([x, y])[0]
    x.grad = 7.0
    ad.grad(z, [x, y])
    ad.hessian(z, [x, y])
    ad.hvp(z, [x, y], [1.0, 1.0])
    ad.jvp(z, [x, y], [1.0, 1.0])
    ad.jacobian([z, z], [x, y])
    ad.derivative(z, x, 3)
    assert [node.grad for node in topological(z)].count(0.0) == len(topological(z)) - 1
    assert x.grad == 7.0


def test_a_gradient_is_a_node_of_its_own():
    """Naming the gradient d(w*x)/dw does not name x."""
    w, x = Value(2.0, "w"), Value(3.0, "x")
    slope = ad.grad(w * x, w).named("dw")
    assert (slope.name, x.name, slope.data) == ("dw", "x", 3.0)
    h = (w * x).exp()
    again = ad.grad(h, h.args[0]).named("dh")  # exp is its own derivative
    assert (again.name, h.name) == ("dh", "")


def test_two_gradients_that_are_equal_can_have_two_names():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    da, db = ad.grad((a + b).square(), [a, b])
    da.named("da")
    db.named("db")
    assert (da.data, db.data, da.name, db.name) == (10.0, 10.0, "da", "db")


def test_a_gradient_can_be_backpropagated():
    x = Value(2.0)
    ad.grad(x**3, x).backward()
    assert x.grad == 12.0


def test_gradients_follow_new_data_of_the_leaves():
    x, y = Value(2.0), Value(3.0)
    z = (x * y).sin() + x.exp() / y
    first = ad.grad(z, [x, y])
    second = [h for row in ad.hessian(z, [x, y]) for h in row]
    x.data, y.data = 0.3, -1.2
    fresh = ad.grad((x * y).sin() + x.exp() / y, [x, y])
    assert [g.forward() for g in first] == [g.data for g in fresh]
    fresh = [h for row in ad.hessian((x * y).sin() + x.exp() / y, [x, y]) for h in row]
    assert [h.forward() for h in second] == [h.data for h in fresh]


# ---------------------------------------------------------------- interior nodes, names


def test_derivatives_with_respect_to_an_interior_node():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    z = (w * x).named("z")
    y = z.exp() * z
    assert ad.grad(y, z).data == pytest.approx(math.e * 2)
    assert ad.derivative(y, z, order=2).data == pytest.approx(math.e * 3)
    assert ad.hessian(y, [z])[0][0].data == pytest.approx(math.e * 3)
    assert ad.grad(y, "z").data == ad.grad(y, z).data
    y.backward()
    assert ad.grad(y, z).data == z.grad


def test_interior_nodes_and_leaves_together_are_total_derivatives():
    w = Value(2.0, "w")
    s = (w * w).named("s")
    y = s * w
    assert [g.data for g in ad.grad(y, [s, w])] == [2.0, 12.0]


def test_jvp_is_the_sum_also_for_an_interior_node_and_what_is_behind_it():
    w = Value(2.0, "w")
    s = (w * w).named("s")
    y = s * w
    expected = sum(g.data * t for g, t in zip(ad.grad(y, [s, w]), [10.0, 1.0], strict=True))
    assert ad.jvp(y, [s, w], [10.0, 1.0]).data == expected  # 10 * 2 + 1 * 12
    assert ad.jvp(y, [w, s], [1.0, 10.0]).data == expected
    assert ad.jvp(y, [w, w], [1.0, 10.0]).data == 132.0


def test_names_are_taken_wherever_a_value_is():
    w, b = Value(2.0, "output.o1.w5"), Value(3.0, "b")
    y = (w * w * b).named("y")
    assert ad.grad(y, "w5").data == ad.grad(y, "o1.w5").data == ad.grad(y, w).data == 12.0
    assert [g.data for g in ad.grad(y, ["w5", b])] == [12.0, 4.0]
    assert ad.derivative(y, "w5", order=2).data == 6.0
    assert ad.jacobian([y, w], ["w5", "b"])[1][0].data == 1.0
    assert ad.jacobian([w, b], ["w5", "b"])[1][1].data == 1.0  # each in another graph
    assert ad.hessian(y, ["w5", "b"])[0][1].data == 4.0
    assert ad.jvp(y, ["w5"], [1.0]).data == 12.0
    assert ad.hvp(y, ["w5", "b"], [1.0, 0.0])[1].data == 4.0
    for wrong in ("w6", "o2.w5", ""):
        with pytest.raises(ValueError, match="no Value here is called"):
            ad.grad(y, wrong)


def test_an_ambiguous_name_lists_the_candidates():
    a, b = Value(1.0, "h1.w"), Value(2.0, "h2.w")
    with pytest.raises(ValueError, match=r"h1\.w.*h2\.w"):
        ad.grad(a * b, "w")


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ad.grad(3.0, x),
        lambda x: ad.grad([x, x], x),
        lambda x: ad.grad(None, x),
        lambda x: ad.grad("y", x),
        lambda x: ad.grad(x * x, 3.0),
        lambda x: ad.grad(x * x, None),
        lambda x: ad.grad(x * x, [x, 3.0]),
        lambda x: ad.derivative(3.0, x),
        lambda x: ad.hessian(3.0, [x]),
        lambda x: ad.hvp(3.0, [x], [1.0]),
        lambda x: ad.jacobian([3.0], [x]),
        lambda x: ad.jvp(3.0, [x], [1.0]),
        lambda x: ad.jvp(x * x, [x], ["1"]),
        lambda x: ad.hvp(x * x, [x], ["1"]),
    ],
)
def test_what_is_no_value_is_a_type_error(call):
    with pytest.raises(TypeError):
        call(Value(1.0, "x"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ad.grad(x * x, 3.0), "not 3.0 (float): give w itself, not w.data"),
        (lambda x: ad.grad(2.0, x), "not 2.0 (float); give the result itself"),
        (lambda x: ad.grad([x], x), "(list); for a list of them use jacobian or jvp"),
        (lambda x: ad.jacobian(x, [x]), "not the one Value x; its gradient is grad(y, xs)"),
        (lambda x: ad.jacobian(3, [x]), "jacobian takes a list of numbers or Values"),
        (lambda x: ad.jvp(x, [x], 1.0), "tangents needs a list, one number for each variable"),
        (lambda x: ad.hvp(x, [x], 1.0), "the vector needs a list, one number for each variable"),
    ],
)
def test_messages_say_what_was_given_and_what_to_do(call, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        call(Value(1.0, "x"))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ad.jvp(x * x, [x], []),
        lambda x: ad.jvp(x * x, [x], [1.0, 2.0]),
        lambda x: ad.hvp(x * x, [x], []),
        lambda x: ad.hvp(x * x, [x, x], [1.0]),
    ],
)
def test_a_direction_has_one_number_for_each_variable(call):
    with pytest.raises(ValueError, match="one number for each variable"):
        call(Value(1.0, "x"))


# ---------------------------------------------------------------- matrices


def test_the_jacobian_of_polar_coordinates():
    r, a = Value(2.0, "r"), Value(0.7, "a")
    ys = [r * a.cos(), r * a.sin()]
    J = [[g.data for g in row] for row in ad.jacobian(ys, [r, a])]
    c, s = math.cos(0.7), math.sin(0.7)
    assert J[0] == pytest.approx([c, -2 * s])
    assert J[1] == pytest.approx([s, 2 * c])
    assert ad.jacobian([], [r]) == []
    assert ad.jacobian(ys, []) == [[], []]


def test_the_hessian_of_rosenbrock():
    x, y = Value(0.5, "x"), Value(-0.3, "y")
    f = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    H = [[h.data for h in row] for row in ad.hessian(f, [x, y])]
    assert H[0] == pytest.approx([2 - 400 * (-0.3) + 1200 * 0.25, -200.0])
    assert H[1] == pytest.approx([-200.0, 200.0])
    assert [h.data for h in ad.hvp(f, [x, y], [2.0, -1.0])] == pytest.approx(
        [2 * H[0][0] - H[0][1], 2 * H[1][0] - H[1][1]]
    )


def test_vectors_may_be_values_and_count_as_constants():
    x, v = Value(2.0, "x"), Value(5.0, "v")
    y = x**3
    assert ad.jvp(y, [x], [v]).data == 60.0
    assert ad.grad(ad.jvp(y, [x], [v]), v).data == 12.0
    assert ad.hvp(y, [x], [v])[0].data == 60.0
    assert ad.jvp(y, [x], [x]).data == 24.0
    assert ad.hvp(y, [x], [x])[0].data == 24.0  # f''(x) * x, not d(f'(x) x)/dx


def test_the_hessian_of_a_quadratic_form_is_its_matrix():
    A = [[2.0, -1.0, 0.5], [-1.0, 3.0, 0.0], [0.5, 0.0, 1.0]]
    xs = [Value(v) for v in (0.3, -0.2, 1.1)]
    f = 0.5 * sum(A[i][j] * xs[i] * xs[j] for i in range(3) for j in range(3))
    assert [[h.data for h in row] for row in ad.hessian(f, xs)] == A


def test_symmetric_entries_are_one_value():
    x, y = Value(1.0), Value(2.0)
    H = ad.hessian(x * x * y, [x, y])
    assert H[0][1] is H[1][0]


# ---------------------------------------------------------------- random graphs

UNARY = [
    ad.sin,
    ad.tanh,
    ad.sigmoid,
    ad.softplus,
    ad.atan,
    ad.square,
    ad.gelu,
    ad.silu,
    ad.neg,
    lambda a: ad.exp(0.3 * a),
    lambda a: ad.log(2.0 + a * a),
    lambda a: (1.0 + a * a) ** 0.7,
    lambda a: a * 1.5 - 0.25,
]
BINARY = [
    ad.add,
    ad.sub,
    ad.mul,
    lambda a, b: a / (1.5 + b * b),
    lambda a, b: ad.hypot(a, 1.0 + b * b),
    lambda a, b: ad.logaddexp(a, b),
    lambda a, b: (1.0 + a * a) ** ad.tanh(b),
    lambda a, b: ad.dot([a, b, 2.0], [b, a, a]),
    lambda a, b: ad.logsumexp([a, 0.5, b, a]),
    lambda a, b: ad.softmax([a, b, 0.3])[1],
    lambda a, b: ad.atan2(a, 1.0 + b * b),
    lambda a, b: ad.sum([a, a, b]),
]
STEPS = st.lists(
    st.tuples(st.integers(0, len(UNARY) + len(BINARY) - 1), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=10,
)
POINTS = st.lists(st.floats(-1.5, 1.5).map(lambda x: round(x, 3)), min_size=2, max_size=4)


def run(steps, leaves):
    """The graph (or the number) that the steps describe; every node is kept small by a tanh."""
    nodes = list(leaves)
    for op, i, j in steps:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        new = UNARY[op](a) if op < len(UNARY) else BINARY[op - len(UNARY)](a, b)
        nodes.append(ad.tanh(0.5 * new) * 2.0)
    return ad.sum(nodes[len(leaves) :])


def close(a, b, rel=1e-9):
    scale = max(1.0, abs(a), abs(b))
    return abs(a - b) <= rel * scale


@given(STEPS, POINTS)
@settings(max_examples=120)
def test_grad_is_backward_is_jvp_is_finite_differences(steps, point):
    leaves = [Value(x) for x in point]
    y = run(steps, leaves)
    assert y.data == run(steps, point)
    slopes = ad.grad(y, leaves)
    y.backward()
    for i, (leaf, slope) in enumerate(zip(leaves, slopes, strict=True)):
        assert close(slope.data, leaf.grad, 1e-12)
        unit = [float(i == k) for k in range(len(point))]
        assert close(ad.jvp(y, leaves, unit).data, leaf.grad, 1e-12)
        h = 1e-5
        low, high = list(point), list(point)
        low[i] -= h
        high[i] += h
        difference = (run(steps, high) - run(steps, low)) / (2 * h)
        assert close(leaf.grad, difference, 1e-6)


@given(STEPS, POINTS)
@settings(max_examples=40)
def test_second_derivatives_agree_with_each_other(steps, point):
    leaves = [Value(x) for x in point]
    y = run(steps, leaves)
    n = range(len(point))
    H = [[h.data for h in row] for row in ad.hessian(y, leaves)]
    v = [0.7, -1.3, 0.4, 0.9][: len(point)]
    first = ad.grad(y, leaves)
    for i in n:
        mirrored = ad.grad(first[i], leaves)
        for j in n:
            assert H[i][j] == H[j][i]
            assert close(H[i][j], mirrored[j].data, 1e-10)  # not only copied: symmetric
    expected = [sum(H[i][j] * v[j] for j in n) for i in n]
    for i, product in enumerate(ad.hvp(y, leaves, v)):
        assert close(product.data, expected[i], 1e-9)
    for i, product in enumerate(ad.jvp(first, leaves, v)):  # forward over backward
        assert close(product.data, expected[i], 1e-9)
    for i in n:
        h = 1e-5
        low, high = [Value(x) for x in point], [Value(x) for x in point]
        low[i].data -= h
        high[i].data += h
        run(steps, low).backward()
        run(steps, high).backward()
        for j in n:
            assert close(H[i][j], (high[j].grad - low[j].grad) / (2 * h), 1e-5)


@given(STEPS, STEPS, POINTS)
@settings(max_examples=30)
def test_jvp_is_jacobian_times_vector(steps, more, point):
    leaves = [Value(x) for x in point]
    ys = [run(steps, leaves), run(more, leaves), leaves[0]]
    v = [0.7, -1.3, 0.4, 0.9][: len(point)]
    for row, product in zip(ad.jacobian(ys, leaves), ad.jvp(ys, leaves, v), strict=True):
        expected = sum(g.data * t for g, t in zip(row, v, strict=True))
        assert close(product.data, expected, 1e-11)


@given(STEPS, POINTS, POINTS)
@settings(max_examples=40)
def test_gradient_graphs_can_be_moved(steps, point, other):
    size = min(len(point), len(other))
    leaves = [Value(x) for x in point[:size]]
    y = run(steps, leaves)
    slopes = ad.grad(y, leaves)
    for leaf, number in zip(leaves, other, strict=False):
        leaf.data = number
    fresh = [Value(x) for x in other[:size]]
    run(steps, fresh).backward()
    for slope, leaf in zip(slopes, fresh, strict=True):
        assert close(slope.forward(), leaf.grad, 1e-12)


# ---------------------------------------------------------------- the other side of a branch

# name: (function, slopes at (2, 1), slopes at (1, 2)); x is larger at the first point
BRANCHES = {
    "maximum": (lambda x, y: ad.maximum(x * x, y * y), (4.0, 0.0), (0.0, 4.0)),
    "minimum": (lambda x, y: ad.minimum(x * x, y * y), (0.0, 2.0), (2.0, 0.0)),
    "where": (lambda x, y: ad.where(ad.less(y, x), x**3, y * 5), (12.0, 0.0), (0.0, 5.0)),
    "where of both": (
        lambda x, y: ad.where(ad.less(y, x), x * y, x + y),
        (1.0, 2.0),
        (1.0, 1.0),
    ),
    "relu": (lambda x, y: ad.relu(x - y) * x, (3.0, -2.0), (0.0, 0.0)),
    "leaky_relu": (lambda x, y: ad.leaky_relu(x - y, 0.5), (1.0, -1.0), (0.5, -0.5)),
    "clamp": (lambda x, y: ad.clamp(x, y, 3.0) * 2, (2.0, 0.0), (0.0, 2.0)),
    "absolute": (lambda x, y: abs(x - y), (1.0, -1.0), (-1.0, 1.0)),
    "maximum of three": (lambda x, y: ad.maximum(ad.maximum(x, y), 0), (1.0, 0.0), (0.0, 1.0)),
    "a node on both sides": (
        lambda x, y: ad.where(ad.less(y, x), x, -x) * y + ad.maximum(x, y) * x,
        (1.0 + 4.0, 2.0),
        (-2.0 + 2.0, -1.0 + 1.0),
    ),
    "a branch in a branch": (
        lambda x, y: ad.where(ad.less(y, x), ad.where(ad.less(x, 1.5), x, 3 * x), ad.relu(y) * 2),
        (3.0, 0.0),
        (0.0, 2.0),
    ),
}
each_branch = pytest.mark.parametrize(("f", "above", "below"), BRANCHES.values(), ids=BRANCHES)


@each_branch
def test_a_gradient_graph_follows_the_other_branch(f, above, below):
    for start, (moved, expected) in (
        ((2.0, 1.0), ((1.0, 2.0), below)),
        ((1.0, 2.0), ((2.0, 1.0), above)),
        ((1.0, 1.0), ((2.0, 1.0), above)),
        ((1.0, 1.0), ((1.0, 2.0), below)),
        ((math.nan, 1.0), ((1.0, 2.0), below)),
    ):
        x, y = Value(start[0]), Value(start[1])
        z = f(x, y)
        slopes = ad.grad(z, [x, y])
        directions = [ad.jvp(z, [x, y], unit) for unit in ([1.0, 0.0], [0.0, 1.0])]
        x.data, y.data = moved
        assert tuple(slope.forward() for slope in slopes) == expected
        assert tuple(slope.forward() for slope in directions) == expected
        z.forward()
        z.backward()
        assert (x.grad, y.grad) == expected


@each_branch
def test_second_derivatives_follow_the_other_branch(f, above, below):
    for start, moved in itertools.permutations([(2.0, 1.0), (1.0, 2.0)]):
        x, y = Value(start[0]), Value(start[1])
        moving = [h for row in ad.hessian(f(x, y), [x, y]) for h in row]
        x.data, y.data = moved
        fresh = [h for row in ad.hessian(f(x, y), [x, y]) for h in row]
        assert [h.forward() for h in moving] == [h.data for h in fresh]


def test_a_dead_branch_is_dead_for_every_order_and_comes_alive():
    x = Value(-1.0, "x")
    y = ad.where(ad.less(0.0, x), x.log() * x, 0.0)
    graphs = [ad.derivative(y, x, order) for order in (1, 2, 3)] + [
        ad.jvp(y, [x], [1.0]),
        ad.hvp(y, [x], [1.0])[0],
    ]
    for point, expected in (
        (-1.0, [0.0] * 5),
        (0.0, [0.0] * 5),
        (2.0, [math.log(2) + 1, 0.5, -0.25, math.log(2) + 1, 0.5]),
        (0.0, [0.0] * 5),
    ):
        x.data = point
        assert [graph.forward() for graph in graphs] == pytest.approx(expected, rel=1e-14)


def test_derivatives_of_a_constant_cost_nothing():
    x = ad.Value(2.0, "x")
    assert ad.derivative(x * x, x, order=10**12).data == 0.0
