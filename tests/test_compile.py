"""Compiled programs against the eager engine: the same numbers at every edge, in mixed batches, for
random graphs and for networks; gradients too."""

import math
import pickle
import random
import sys
import threading

import numpy as np
import pytest
from ready import every_backend
from rows import user_rows
from test_edges import DEAD_THEN_ALIVE, EDGES, ELSEWHERE, agrees, leaves, record

import autodiff as ad
import nn
from autodiff.graph import topological
from autodiff.op import TABLE, lookup

every_edge = pytest.mark.parametrize(("expression", "point", "value", "gradients"), EDGES)


def mixed(point):
    """A batch whose rows are the point between others."""
    others = [other[: len(point)] for other in ELSEWHERE.values()]
    return np.array([*others, point, *others], dtype=float), len(others)


@every_backend
@every_edge
def test_value_at_the_edge(expression, point, value, gradients, backend):
    inputs = leaves((0.5, 0.75)[: len(point)])
    program = ad.compile(record(expression, inputs), inputs, backend=backend)
    batch, row = mixed(point)
    assert agrees(program(batch)[row], value)
    assert agrees(program(*point), value)


@every_backend
@every_edge
def test_gradient_at_the_edge_in_a_mixed_batch(expression, point, value, gradients, backend):
    inputs = leaves((0.5, 0.75)[: len(point)])
    slopes = ad.grad(record(expression, inputs), inputs)
    behind = {node for slope in slopes for node in topological(slope)}
    used = [i for i, x in enumerate(inputs) if x in behind]  # x - y has a constant gradient
    program = ad.compile(slopes, [inputs[i] for i in used], backend=backend)
    batch, row = mixed(point)
    found = program(batch[:, used])[row] if used else program()
    for got, gradient in zip(found, gradients, strict=True):
        assert agrees(got, gradient), f"{got} {gradient}"


@every_backend
@every_edge
def test_gradient_by_parameters_at_the_edge(expression, point, value, gradients, backend):
    parameters = leaves((0.5, 0.75)[: len(point)])
    program = ad.compile(record(expression, parameters), parameters=parameters, backend=backend)
    got, slopes = program.value_and_grad(params=point)
    assert agrees(got, value)
    for slope, gradient in zip(slopes, gradients, strict=True):
        assert agrees(slope, gradient), f"{slope} {gradient}"


@every_backend
@every_edge
def test_gradient_by_parameters_at_the_edge_in_a_mixed_batch(
    expression, point, value, gradients, backend
):
    """The row of the edge adds its own gradient to that of the ordinary rows."""
    inputs = [ad.Value(number) for number in (0.5, 0.75)[: len(point)]]
    shifts = [ad.Value(0.0) for _ in inputs]
    moved = [(x + s).named(n) for x, s, n in zip(inputs, shifts, "xy", strict=False)]
    y = record(expression, moved)
    program = ad.compile(y, inputs, parameters=shifts, backend=backend)

    def gradient(row):
        for x, number in zip(inputs, row, strict=True):
            x.data = number
        y.forward()
        ad.zero_grad(shifts)
        y.backward()
        return np.array([s.grad for s in shifts])

    ordinary = [row[: len(point)] for row in [(0.5, 0.75), (1.75, 1.25), (3.0, 0.5)]]
    ordinary = [row for row in ordinary if np.isfinite(gradient(row)).all()]
    rows = np.array([*ordinary, point, *ordinary])
    with np.errstate(invalid="ignore"):
        expected = sum(map(gradient, rows.tolist()))
    _, got = program.value_and_grad(rows, reduce="sum")
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-14)


@every_backend
@pytest.mark.parametrize("case", DEAD_THEN_ALIVE.values(), ids=DEAD_THEN_ALIVE)
def test_a_dead_branch_contributes_nothing_to_a_sum_over_rows(case, backend):
    """w*x at w = 1: each row's d/dw is its own x times its own slope; the dead one adds 0."""
    expression, dead, alive, slope_alive = case
    w, u = ad.Value(1.0, "w"), ad.Value(0.5, "u")
    y = record(expression, [(w + u).named("x")])
    program = ad.compile(y, u, parameters=w, backend=backend)
    _, [both] = program.value_and_grad(np.array([dead - 1, alive - 1]), reduce="sum")
    _, [one] = program.value_and_grad(np.array([dead - 1]), reduce="sum")
    assert both == pytest.approx(one + slope_alive, rel=1e-13)
    assert math.isfinite(both)


@pytest.mark.parametrize("product", [lambda a, b: a * b, lambda a, b: a * a + 0 * b])
def test_the_gradient_of_a_product_over_rows(product):
    w, v, x = ad.values("w v x", [2.0, 3.0, 0.5])
    y = product(x + w, x + v)
    program = ad.compile(y, x, parameters=[w, v])
    value, slopes = program.value_and_grad(np.array([1.0, 2.0]), reduce="sum")
    total = 0.0
    for x.data in (1.0, 2.0):
        total += y.forward()
        y.backward()
    assert value == total
    assert slopes.tolist() == [w.grad, v.grad]


@every_backend
def test_a_live_zero_times_infinity_stays_nan(backend):
    w, u = ad.values("w u", [1.0, 0.5])
    program = ad.compile(ad.sqrt(w * u) ** 2, u, parameters=w, backend=backend)
    assert math.isnan(program.value_and_grad(np.array([0.0, 1.0]))[1][0])


# ---------------------------------------------------------------- random graphs

UNARY = (
    "neg square exp log1p sin tanh sigmoid softplus relu abs sqrt gelu silu elu softsign".split()
)
BINARY = "add sub mul div maximum minimum hypot less logaddexp".split()


def random_graph(rng, inputs, size):
    """A scalar over the inputs; numbers stay small, kinks and dead branches occur."""
    nodes = list(inputs)
    for _ in range(size):
        kind = rng.random()
        a, b, c = (rng.choice(nodes[-12:] + inputs) for _ in range(3))
        if kind < 0.35:
            nodes.append(TABLE[rng.choice(BINARY)](a, b) if rng.random() < 0.8 else 0.5 * a - b)
        elif kind < 0.7:
            op = lookup(rng.choice(UNARY))
            nodes.append(op(ad.tanh(a)) if op.arity == 1 else op(ad.tanh(a), 0.7))
        elif kind < 0.8:
            nodes.append(ad.where(ad.less(a, b), b, c))
        elif kind < 0.9:
            nodes.append(ad.dot([a, b, c], [c, 0.3, a]) + rng.uniform(-1, 1))
        else:
            nodes.append(rng.choice(ad.softmax([a, b, c])) + ad.logsumexp([b, c, -1.5]))
    return ad.tanh(ad.sum(nodes[-6:]))


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed):
    rng = random.Random(seed)
    inputs = ad.values("x1 x2 x3 p1 p2", [rng.uniform(-1, 1) for _ in range(5)])
    y = random_graph(rng, inputs, 5 + seed)
    wanted = set(topological(y))
    xs = [x for x in inputs[:3] if x in wanted]
    ps = inputs[3:]
    program = ad.compile(y, xs, parameters=ps)
    X = np.array([[rng.uniform(-1, 1) for _ in xs] for _ in range(7)])
    values, total, slopes = program(X), 0.0, np.zeros(2)
    for row, value in zip(X.tolist(), values, strict=True):
        for x, number in zip(xs, row, strict=True):
            x.data = number
        assert value == pytest.approx(y.forward(), rel=1e-12, abs=1e-13, nan_ok=True)
        ad.zero_grad(ps)
        y.backward()
        total += y.data
        slopes += [p.grad for p in ps]
    got, got_slopes = program.value_and_grad(X, reduce="sum")
    assert got == pytest.approx(total, rel=1e-12, abs=1e-13, nan_ok=True)
    size = max(1.0, float(np.abs(slopes[np.isfinite(slopes)]).max(initial=0.0)))
    np.testing.assert_allclose(got_slopes, slopes, rtol=1e-10, atol=1e-11 * size)


@pytest.mark.parametrize("name", TABLE)
def test_every_row_on_arrays(name):
    """At random points, a row and its gradient graph have the eager numbers."""
    op, rng = TABLE[name], random.Random(name)
    arity = op.arity or 4
    inputs = ad.values(f"x1:{arity + 1}", [0.5] * arity)
    y = op(*inputs) if op.arity else op(inputs)
    X = np.array([[rng.choice([-1, 1]) * rng.uniform(0.1, 3) for _ in inputs] for _ in range(9)])
    X = np.vstack([X, np.abs(X), 0.3 * X])
    program = ad.compile(
        [y + 0.0 * ad.sum(inputs), *ad.grad(ad.exp(-y) * ad.sum(inputs), inputs)], inputs
    )
    for row, got in zip(X, program(X), strict=True):
        for x, number in zip(inputs, row.tolist(), strict=True):
            x.data = number
        z = ad.exp(-y) * ad.sum(inputs)
        y.forward()
        z.forward()
        ad.zero_grad(inputs)
        z.backward()
        assert got[0] == pytest.approx(y.data, rel=2e-15 * 16, nan_ok=True)
        expected = [x.grad for x in inputs]
        np.testing.assert_allclose(got[1:], expected, rtol=1e-12, atol=1e-13)


# ---------------------------------------------------------------- networks


def moons(rows=20):
    rng = random.Random(1)
    model = nn.MLP(2, [5, 4, 1], activation="relu", output="linear")
    X = np.array([[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(rows)])
    y = np.array([rng.choice([-1.0, 1.0]) for _ in range(rows)])
    return model, X, y


def penalty(model):
    return 1e-3 * sum(p * p for p in model.parameters())


def one_row(model):
    x = ad.values("x1 x2 y", [0.3, 0.4, 1.0])
    return ad.relu(1 - x[2] * model(x[:2])) + penalty(model), x


def plain_loop(model, X, y):
    losses = [(1 - t * model(x)).relu() for x, t in zip(X.tolist(), y.tolist(), strict=True)]
    return sum(losses) * (1.0 / len(losses)) + penalty(model)


def test_a_plain_loop_is_a_batch():
    model, X, y = moons()
    loss, inputs = one_row(model)
    ps = model.parameters()
    batch = ad.compile(loss, inputs, parameters=ps)
    total = plain_loop(model, X, y)
    loop = ad.compile(total, parameters=ps)
    assert len(loop.layout("gradients").steps) <= len(batch.layout("gradients").steps) + 3
    total.backward()
    for value, slopes in (loop.value_and_grad(), batch.value_and_grad(np.column_stack([X, y]))):
        assert value == pytest.approx(total.data, rel=1e-13)
        np.testing.assert_allclose(slopes, [p.grad for p in ps], rtol=1e-12, atol=1e-15)


def test_descent_is_the_eager_descent():
    model, X, y = moons()
    loss, inputs = one_row(model)
    ps = model.parameters()
    program = ad.compile(loss, inputs, parameters=ps)
    losses = program.run(np.column_stack([X, y]), rate=0.1, steps=15)
    for expected in losses.tolist():
        total = plain_loop(model, X, y)
        assert total.data == pytest.approx(expected, rel=1e-12)
        ad.zero_grad(ps)
        total.backward()
        for p in ps:
            p.data -= 0.1 * p.grad
    assert losses[-1] < losses[0]
    eager = [p.data for p in ps]
    program.write_back(ps)
    np.testing.assert_allclose([p.data for p in ps], eager, rtol=1e-11, atol=1e-14)
    loss.forward()
    again = ad.compile(loss, inputs, parameters=ps)
    more = again.run(np.column_stack([X, y]), rate=0.1, steps=2)
    stepped = [program.step(np.column_stack([X, y]), rate=0.1) for _ in more]
    np.testing.assert_allclose(stepped, more, rtol=1e-9)


@every_backend
def test_an_epoch_takes_its_batches_in_order(backend):
    model, X, y = moons()
    loss, inputs = one_row(model)
    rows = np.column_stack([X, y])[:11]
    order = np.random.default_rng(1).permutation(11)

    def made():
        return ad.compile(loss, inputs, parameters=model.parameters(), backend=backend)

    for asked, taken in ((None, rows), (order, rows[order]), (order.tolist()[:7], rows[order[:7]])):
        one, other = made(), made()
        values = one.epoch(rows, rate=0.1, batch=4, order=asked)
        parts = [taken[i : i + 4] for i in range(0, len(taken), 4)]
        steps = [other.step(part, rate=0.1) for part in parts]
        np.testing.assert_allclose(values, steps, rtol=1e-12)
        np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-12)


@pytest.mark.parametrize(
    ("batch", "order", "error", "message"),
    [
        (0, None, ValueError, "at least 1, not 0"),
        (True, None, ValueError, "at least 1, not True"),
        (2.0, None, ValueError, "at least 1, not 2.0"),
        (4, [[0, 1]], ValueError, r"not an array of int64 \(1, 2\)"),
        (4, 3, ValueError, r"not an array of int64 \(\)"),
        (4, [0.0, 1.0], ValueError, "not an array of float64"),
        (4, [0, 5], IndexError, "asks for rows 0 to 5; X has 5 rows"),
        (4, [-1, 0], IndexError, "asks for rows -1 to 0; X has 5 rows"),
    ],
)
def test_an_epoch_refuses_what_is_no_order(batch, order, error, message):
    w, x = ad.values("w x", [0.5, 2.0])
    program = ad.compile((w * x).square(), [x], parameters=[w])
    with pytest.raises(error, match=message):
        program.epoch(np.arange(5.0)[:, None], rate=0.1, batch=batch, order=order)
    assert program.parameters.tolist() == [0.5]


def test_a_share_of_rows_at_a_time_is_the_same(monkeypatch):
    model, X, y = moons(rows=301)
    loss, inputs = one_row(model)
    rows = np.column_stack([X, y])

    def made():
        program = ad.compile(loss, inputs, parameters=model.parameters())
        return program(rows), *program.value_and_grad(rows)

    whole = made()
    monkeypatch.setattr("autodiff.program.phases.CACHE", 100)
    monkeypatch.setattr("autodiff.program.phases.FEWEST", 16)
    for got, expected in zip(made(), whole, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)


def test_terms_of_two_shapes_are_two_families():
    w, b = ad.values("w b", [0.7, -0.2])
    samples = [(0.1 * i, i % 3 == 0) for i in range(30)]
    losses = [
        -ad.log(ad.sigmoid(w * x + b)) if yes else -ad.log(1 - ad.sigmoid(w * x + b))
        for x, yes in samples
    ]
    total = sum(losses)
    program = ad.compile(total, parameters=[w, b])
    assert len(program.layout("gradients").lanes) == 2
    total.backward()
    value, slopes = program.value_and_grad()
    assert value == pytest.approx(total.data, rel=1e-13)
    assert slopes == pytest.approx([w.grad, b.grad], rel=1e-12)


@pytest.mark.parametrize("add", [lambda t, e: t + e, lambda t, e: e + t, lambda t, e: t - e])
@pytest.mark.parametrize("first", [None, 0.5])
def test_loops_add_up_in_any_way(add, first):
    """Terms that are sums themselves, from the left or the right, with a start or without."""
    w, b = ad.values("w b", [0.7, -0.2])
    total = first
    for x in range(1, 9):
        h = ad.tanh(w * (0.1 * x) + b)
        error = h * h + h
        total = error if total is None else add(total, error)
    program = ad.compile(total, parameters=[w, b])
    layout = program.layout()
    assert len(layout.lanes) == 1
    assert sum(step.op == "tanh" for step in layout.steps) <= 1 + (first is None)
    total.backward()
    value, slopes = program.value_and_grad()
    assert value == pytest.approx(total.data, rel=1e-13)
    assert slopes == pytest.approx([w.grad, b.grad], rel=1e-12)


def test_a_dead_branch_in_one_lane_only():
    w = ad.Value(1.0, "w")
    total = sum(ad.where(ad.less(0, w * x), ad.log(w * x), 0.0) for x in [-1.0, 0.0, 2.0, 0.5, 0.0])
    total.backward()
    value, [slope] = ad.compile(total, parameters=w).value_and_grad()
    assert (value, slope) == pytest.approx((total.data, w.grad), rel=1e-14)
    assert slope == pytest.approx(2.0)


def test_a_recurrent_cell_uses_its_weights_again_and_again():
    u, w, b = ad.values("u w b", [0.5, -0.3, 0.1])
    xs = ad.values("x1:13", [0.1 * k for k in range(12)])
    h = ad.tanh(u * xs[0] + b)
    for x in xs[1:]:
        h = ad.tanh(u * x + w * h + b)
    h.backward()
    program = ad.compile(h, xs, parameters=[u, w, b])
    value, slopes = program.value_and_grad([x.data for x in xs])
    assert value == pytest.approx(h.data, rel=1e-14)
    assert slopes == pytest.approx([u.grad, w.grad, b.grad], rel=1e-12)


# ---------------------------------------------------------------- rows of the user


def test_a_row_in_op_vocabulary():
    with user_rows():
        ad.Op(
            "swish", lambda x: x * ad.sigmoid(x), [lambda out, x: out + ad.sigmoid(x) * (1 - out)]
        )
        x, w = ad.values("x w", [0.5, 2.0])
        y = (w * x).swish()
        y.backward()
        program = ad.compile(y, x, parameters=w)
        assert program(np.array([0.5, 0.5])) == pytest.approx([y.data] * 2, rel=1e-15)
        assert program.value_and_grad(0.5)[1] == pytest.approx([w.grad], rel=1e-15)
        assert not any(step.op == "swish" for step in program.layout().steps)


def test_a_row_of_plain_floats():
    with user_rows():
        ad.Op("cube", lambda x: math.pow(x, 3), [lambda out, x: 3 * x * x])
        x, w = ad.values("x w", [0.5, 2.0])
        y = (w * x).cube()
        y.backward()
        program = ad.compile(y, x, parameters=w)
        assert program(np.array([0.5, 0.5])) == pytest.approx([y.data] * 2)
        assert program.value_and_grad(0.5)[1] == pytest.approx([w.grad])


# ---------------------------------------------------------------- calls


def line():
    w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
    return (w * x + b).named("y"), w, x, b


def test_what_a_call_returns():
    y, w, x, b = line()
    one, two = ad.compile(y, x), ad.compile([y, x * x], x)
    assert one(2.0) == 0.0
    assert type(one(2.0)) is float
    assert one([1, 2, 4]).tolist() == [-0.5, 0.0, 1.0]
    assert two(2.0) == [0.0, 4.0]
    assert two(np.array([[1.0], [2.0]])).tolist() == [[-0.5, 1.0], [0.0, 4.0]]
    both = ad.compile(y, [x, w])
    assert both(np.array([1.0, 2.0]), 3.0).tolist() == [2.0, 5.0]
    assert both([[1.0, 3.0], [2.0, 3.0]]).tolist() == [2.0, 5.0]
    assert both([1.0, 3.0]) == 2.0
    assert one(np.empty((0, 1))).shape == (0,)
    assert ad.compile(y, parameters=[w, b])() == 0.0


def test_parameters_of_now_or_given():
    y, w, _, b = line()
    program = ad.compile(y, "x", parameters=["w", b])
    w.data = 100.0
    assert program.parameters.tolist() == [0.5, -1.0]
    assert program(2.0, parameters=[3.0, 4.0]) == 10.0
    assert program.value_and_grad(2.0, params=[3.0, 4.0])[0] == 10.0
    assert program(2.0) == 0.0


def test_programs_are_pickled():
    model, X, y = moons()
    for program, rows in (
        (ad.compile(*one_row(model), parameters=model.parameters()), [np.column_stack([X, y])]),
        (ad.compile(plain_loop(model, X, y), parameters=model.parameters()), []),
    ):
        before = program.value_and_grad(*rows)
        copy = pickle.loads(pickle.dumps(program))
        fresh = pickle.loads(
            pickle.dumps(ad.compile(*one_row(model), parameters=model.parameters()))
        )
        assert fresh.parameters.tolist() == program.parameters.tolist()
        after = copy.value_and_grad(*rows)
        assert after[0] == before[0]
        assert after[1].tolist() == before[1].tolist()


def test_a_program_says_how_much_memory_its_numbers_take():
    model, X, y = moons()
    graph = plain_loop(model, X, y)
    program = ad.compile(graph, parameters=model.parameters(), backend="numpy")
    program.value_and_grad()
    [runner] = program._runners.values()
    tables = [table.nbytes for bound in runner.bounds for table in bound.tables.values()]
    text = str(program).partition("\n")[0]
    number, unit = text.split("; ")[-1].split()
    size = float(number) * {"bytes": 1.0, "kB": 1e3}[unit]
    assert size == pytest.approx(runner.shared.nbytes + sum(tables), rel=5e-3)
    assert "for each row of X" not in text
    assert "bytes for each row of X" in str(
        ad.compile(*one_row(model), parameters=model.parameters())
    )


def test_a_statement_shows_every_kind_of_operand():
    """A column of a parameter and a result, of a number and a result."""
    w, x = ad.values("w x", [0.5, 2.0])
    text = str(ad.compile(w * 2.0 + w.sin() * 3.0 + w.exp() * x, [x], parameters=[w]))
    assert "t4[2] = w .. t1 * 2 .. 3" in text
    assert "t11[1] = dot(numbers .. t8, 2 .. t9)" in text


def test_the_head_of_a_program_counts_its_numbers():
    w, x = ad.values("w x", [0.5, 2.0])
    head = str(ad.compile((w * w).sin() * x, [x], parameters=[w])).partition("\n")[0]
    assert "; 9 shared numbers, 1 rows of X; 72 bytes and 8 bytes for each row of X" in head


def test_steps_with_one_result_are_the_eager_numbers():
    """An irregular graph: few of its steps compute more than one number."""
    rng = random.Random(3)
    x, p, q = inputs = ad.values("x p q", [0.3, 0.7, -0.4])
    nodes = list(inputs)
    for _ in range(200):
        a, b = rng.choice(nodes[-5:]), rng.choice(nodes)
        nodes.append(rng.choice([a * b, a - b, ad.tanh(a + b), ad.maximum(a, b), ad.minimum(a, b)]))
    y = ad.tanh(ad.sum(nodes[-8:]))
    for xs in ([x], []):
        program = ad.compile(y, xs, parameters=[p, q])
        X = [np.array([0.3, 0.1, -0.2])] if xs else []
        value, slopes = program.value_and_grad(*X, reduce="sum")
        total, expected = 0.0, np.zeros(2)
        for number in X[0].tolist() if xs else [0.3]:
            x.data = number
            y.forward()
            ad.zero_grad([p, q])
            y.backward()
            total += y.data
            expected += [p.grad, q.grad]
        assert value == pytest.approx(total, rel=1e-13)
        np.testing.assert_allclose(slopes, expected, rtol=1e-11, atol=1e-14)
        x.data = 0.3
        y.forward()


def test_a_program_prints_its_statements():
    model, *_ = moons()
    text = str(ad.compile(*one_row(model), parameters=model.parameters()))
    assert "t1[5] = dot(w1 .. w10, x1 .. x2)" in text
    assert "sum over X of" in text
    assert len(text.splitlines()) < 50


def test_results_are_repeatable_bit_for_bit():
    model, X, y = moons(rows=200)
    rows = np.column_stack([X, y])
    runs = [
        ad.compile(*one_row(model), parameters=model.parameters()).value_and_grad(rows)
        for _ in range(3)
    ]
    assert len({(value, slopes.tobytes()) for value, slopes in runs}) == 1


def test_results_are_the_callers_own():
    program = ad.compile(line()[0], "x")
    first = program(np.array([1.0, 2.0]))
    kept = first.copy()
    program(np.array([5.0, 6.0]))
    assert first.tolist() == kept.tolist()


# ---------------------------------------------------------------- functions


def test_a_function_is_traced_without_numbers():
    w = ad.Value(3.0, "w")
    program = ad.compile(
        lambda x, y: [w * x + ad.exp(y), 1 - x, x**2, 2 / y, -x], "x y", parameters=w
    )
    assert program(2.0, 1.0) == pytest.approx([6 + math.e, -1.0, 4.0, 2.0, -2.0])
    assert ad.compile(lambda x: x.sigmoid(), 1)(0.0) == 0.5
    assert ad.compile(lambda x: 1 + x, "x")(2.0) == 3.0
    assert math.copysign(1.0, ad.compile(lambda x: sum([x]), "x")(-0.0)) == -1.0  # no 0 + x
    assert ad.compile(lambda x: ad.where(ad.less(0, x), x, -x), ["x"])(-3.0) == 3.0


@pytest.mark.parametrize(
    "function",
    [lambda x: x if x > 0 else -x, lambda x: x if 2 * x + 1 else 0 * x, lambda x: max(x, x * x)],
)
def test_a_choice_by_python_names_where(function):
    with pytest.raises(TypeError, match=r"ad\.where"):
        ad.compile(function, "x")


# ---------------------------------------------------------------- errors


def test_errors_name_what_is_wrong():
    y, w, x, b = line()
    with pytest.raises(ValueError, match="no Value here is called v"):
        ad.compile(y, "v")
    with pytest.raises(ValueError, match="no output depends on the input z"):
        ad.compile(y, [x, ad.Value(1.0, "z")])
    with pytest.raises(ValueError, match="y is computed"):
        ad.compile(y * 2, y)
    with pytest.raises(ValueError, match="w is given as an input and as a parameter"):
        ad.compile(y, [x, w], parameters=[w])
    with pytest.raises(ValueError, match="x is given twice"):
        ad.compile(y, [x, x])
    with pytest.raises(TypeError, match="an output is a Value"):
        ad.compile([y, 3.0], x)
    with pytest.raises(ValueError, match="no outputs"):
        ad.compile([], x)
    with pytest.raises(ValueError, match="backend is one of"):
        ad.compile(y, x, backend="cuda")
    b.data = 7.0
    with pytest.raises(ValueError, match="b changed since y was computed"):
        ad.compile(y, x)


def test_errors_of_calls():
    y, w, x, b = line()
    program = ad.compile(y, [x, b], parameters=w)
    with pytest.raises(ValueError, match=r"inputs wanted: 2 \(x, b\); X has shape \(3, 3\)"):
        program(np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"inputs wanted: 2 \(x, b\); given: 3"):
        program(1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="different lengths: x 2, b 3"):
        program([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="x: real numbers are wanted"):
        program("one", 2.0)
    with pytest.raises(TypeError, match="real numbers are wanted"):
        program([[1.0, 2.0], [3.0]])
    with pytest.raises(ValueError, match=r"1 parameters are wanted \(w\)"):
        program(1.0, 2.0, parameters=[1.0, 2.0])
    with pytest.raises(ValueError, match='reduce is "mean" or "sum"'):
        program.value_and_grad(1.0, 2.0, reduce="max")
    with pytest.raises(ValueError, match="no rows"):
        program.value_and_grad(np.empty((0, 2)))
    with pytest.raises(ValueError, match="one output and parameters"):
        ad.compile(y, x).value_and_grad(1.0)
    with pytest.raises(ValueError, match="rate is a finite number"):
        program.run(1.0, 2.0, rate=-1.0, steps=1)
    with ad.strict():
        with pytest.raises(FloatingPointError, match="b is nan in row 1"):
            program(np.array([[1.0, 2.0], [1.0, math.nan]]))
        with pytest.raises(
            FloatingPointError, match=r"mul\(w=10000000000.0, x=1e\+308\) is inf in row 0"
        ):
            program(np.array([[1e308, 1e308]]), parameters=[1e10])
    assert math.isnan(program(math.nan, 1.0))


# ---------------------------------------------------------------- size


def test_a_long_chain_in_a_small_thread():
    """Nothing recurses: a chain of 20000 nodes on a stack of 256 kB under the default limit."""
    x, w = ad.values("x w", [0.5, 0.99])
    y = x
    for k in range(10_000):
        y = ad.tanh(y * w) if k % 2 else y + 0.01
    y.backward()
    found = []

    def run():
        program = ad.compile(y, x, parameters=w)
        found.extend(program.value_and_grad(0.5))
        pickle.dumps(program)

    limit = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(limit)
    assert sys.getrecursionlimit() == 1000
    assert found[0] == pytest.approx(y.data, rel=1e-12)
    assert found[1] == pytest.approx([w.grad], rel=1e-9)


def test_threads_do_not_share_results():
    program = ad.compile(line()[0], "x")
    wrong = []

    def run(start):
        for k in range(300):
            column = np.full(5, float(start + k))
            if program(column).tolist() != [0.5 * (start + k) - 1.0] * 5:
                wrong.append(start + k)

    threads = [threading.Thread(target=run, args=(1000 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_comparison_of_gradients_sees_no_dead_branch():
    """The slope of the dead log is 0, not nan; a comparison would hide which."""
    x = ad.Value(0.5, "x")
    slope = ad.grad(ad.relu(ad.where(ad.less(0, x), ad.log(x), 0)) + x, x)
    program = ad.compile(ad.where(ad.less(slope, 2.0), 1.0, -1.0) + 0 * x, x)
    assert program(np.array([0.0, 0.5, 3.0])).tolist() == [1.0, 1.0, 1.0]


def test_compiling_leaves_no_garbage():
    import gc

    y, w, x, _ = line()
    gc.disable()
    try:
        found = []
        for _ in range(4):  # what earlier tests left may take more than one pass
            ad.compile(y, x, parameters=w).value_and_grad(1.0)
            found.append(gc.collect())
        assert min(found) < 200
    finally:
        gc.enable()


def test_an_input_without_a_number_stays_one_beside_a_value():
    w = ad.Value(1.0, "w")

    def branches(x):
        return x if ad.maximum(w, x) > 0.0 else -x

    with pytest.raises(TypeError, match="where"):
        ad.compile(branches, "x")


def test_gradients_that_are_numbers_leaves_or_the_same():
    a, b, c, d, e, f = parameters = ad.values("a b c d e f", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    program = ad.compile(a + 3 * b + c * d + (e + f) ** 2, parameters=[*parameters, ad.Value(7.0)])
    value, gradient = program.value_and_grad()
    assert value == 140.0
    assert gradient.tolist() == [1.0, 3.0, 4.0, 3.0, 22.0, 22.0, 0.0]
    assert ad.compile(a + 3 * b, parameters=[a, b]).value_and_grad()[1].tolist() == [1.0, 3.0]
    gradient[:] = 0.0  # it belongs to the caller
    assert program.value_and_grad()[1][0] == 1.0
