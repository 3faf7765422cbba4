"""The lane interpreter runs programs: the numbers of the table, on every instruction set.

A program whose outputs are all of its nodes shows every number that it computed. Each of them is
held against the row of the table at the operands as the program had them, so errors do not add up
and bounds stay those of one row.
"""

import math
import pickle
import random
import threading
from functools import reduce

import numpy as np
import pytest
from bounds import SLOPES, allowed
from hypothesis import given, settings, strategies as st
from ready import SETS, every_set, held_to, native_only

import autodiff as ad
from autodiff.graph import topological
from autodiff.op import TABLE
from autodiff.program.allocate import Layout
from autodiff.program.group import INPUT
from autodiff.program.node import ROWS, SHARED, TOTAL
from autodiff.program.steps import Column, Step

pytestmark = native_only
if SETS:
    from autodiff.backends.native_backend import Runner

BATCHES = (0, 1, 3, 7, 8, 9, 100, 1000)
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 40.0, -745.0, 710.0, 1e308, -1e-308, 5e-324]
EDGES += [math.inf, -math.inf, math.nan]
ELEMENTWISE = [name for name, row in TABLE.items() if name == row.name and row.arity]
OF_LISTS = [name for name, row in TABLE.items() if name == row.name and not row.arity]
SUMS = {"add", "sub", "sum", "inner", "neg"}


def drawn(rng):
    return rng.choice(EDGES) if rng.random() < 0.15 else rng.gauss(0.0, 2.0)


def graph(names, rng, leaves):
    """Nodes made by these rows, one after the other, of leaves, nodes and numbers."""
    nodes = list(leaves)
    for name in names:
        row = TABLE[name]
        count = row.arity or 2 * rng.randrange(1, 5)
        args = [rng.choice(nodes) if rng.random() < 0.9 else drawn(rng) for _ in range(count)]
        args[0] = rng.choice(nodes)
        nodes.append(row(*args) if row.arity else row(args))
    return [node for node in topological(*nodes[len(leaves) :]) if node.args]


class Columns:
    """The numbers of each node in each row, as the program computed them."""

    def __init__(self, nodes, xs, ps, X, results):
        self.numbers = {x: X[:, i] for i, x in enumerate(xs)}
        self.numbers |= {p: np.full(len(X), p.data) for p in ps}
        self.numbers |= {node: results[:, i] for i, node in enumerate(nodes)}
        self.sizes = {}

    def of(self, x):
        return self.numbers[x] if isinstance(x, ad.Value) else np.full(len(results_of(self)), x)

    def size(self, x):
        """How large the terms are that x is the sum of: their order is not the recorded one."""
        if not isinstance(x, ad.Value) or x.op not in SUMS:
            return np.abs(self.of(x))
        if x not in self.sizes:
            if x.op == "inner":
                half = len(x.args) // 2
                pairs = zip(x.args[:half], x.args[half:], strict=True)
                terms = [self.size(a) * self.size(b) for a, b in pairs]
            else:
                terms = [self.size(a) for a in x.args]
            self.sizes[x] = reduce(np.add, terms)
        return self.sizes[x]


def results_of(columns):
    return next(iter(columns.numbers.values()))


def near(name, point, computed, expected, size):
    """Whether a result is that of the row, within the bounds of its value on either side."""
    if math.isnan(expected) or math.isnan(computed):
        return math.isnan(expected) == math.isnan(computed)
    if computed == expected:
        return True
    if name in SUMS or name == "mul":
        return not abs(computed - expected) > 16.0 * math.ulp(min(size, 1e308))
    if math.isinf(expected) or math.isinf(computed):  # the last finite numbers are near inf
        finite = expected if math.isinf(computed) else computed
        return abs(finite) > 1.797e308 and finite * (computed + expected) > 0
    limit, scale = allowed(name, SLOPES.get(name, 0), "", point)
    unit = math.ulp(max(abs(expected), abs(computed), min(float(scale), 1e308)))
    return abs(computed - expected) <= 2.0 * limit * unit


def differences(nodes, xs, ps, X, results):
    """The nodes whose number is not that of their row."""
    columns = Columns(nodes, xs, ps, X, results)
    rows = sorted({*range(min(len(X), 12)), *range(max(0, len(X) - 12), len(X))})
    with np.errstate(all="ignore"):
        for node in nodes:
            found = columns.of(node)
            sizes = columns.size(node) if node.op in SUMS else np.abs(found)
            args = [columns.of(x) for x in node.args]
            for r in rows:
                point = tuple(float(x[r]) for x in args)
                expected = TABLE[node.op].forward(*point)
                if node.op in SUMS and not math.isfinite(sizes[r]) and not math.isfinite(expected):
                    continue  # whether infinities meet depends on the order
                if not near(node.op, point, float(found[r]), expected, float(sizes[r])):
                    yield node.op, point, float(found[r]), expected


def bits(array):
    return array.tobytes()


@every_set
@settings(max_examples=60)
@given(
    names=st.lists(st.sampled_from(ELEMENTWISE + OF_LISTS), min_size=1, max_size=12),
    rows=st.sampled_from(BATCHES),
    seed=st.integers(0, 2**32),
)
def test_every_node_is_its_row(instructions, names, rows, seed):
    rng = random.Random(seed)
    xs, ps = ad.values("x1:4", [drawn(rng) for _ in range(3)]), ad.values("p q", [1.5, drawn(rng)])
    nodes = graph(names, rng, [*xs, *ps])
    behind = set(topological(*nodes))
    xs, ps = ([leaf for leaf in leaves if leaf in behind] for leaves in (xs, ps))
    X = np.array([[drawn(rng) for _ in xs] for _ in range(rows)]).reshape(rows, len(xs))
    if not xs:
        X = np.empty((1, 0))
    for backend in ("native", "numpy"):
        with held_to(instructions):
            program = ad.compile(nodes, xs, parameters=ps, backend=backend)
            results = program(X) if xs else np.array([program()])
            assert results.shape == (len(X), len(nodes))
            assert not list(differences(nodes, xs, ps, X, results)), backend
            if backend == "native":
                again = pickle.loads(pickle.dumps(program))
                for one in (program, again):
                    assert bits(one(X) if xs else np.array([one()])) == bits(results)


# Rows whose slope is nowhere steep, so that errors of a whole gradient stay small.
SMOOTH = "add sub mul neg tanh sigmoid softplus sin cos atan erf gelu silu square".split()
SMOOTH += "sum inner logsumexp logaddexp softmax_share softsign".split()


def loss_by_hand(loss, xs, ps, X, scale):
    """The value over all rows and its gradient, by the eager engine."""
    total, gradient = 0.0, np.zeros(len(ps))
    for row in X:
        for leaf, number in zip(xs, row, strict=True):
            leaf.data = float(number)
        loss.forward()
        ad.zero_grad(topological(loss))
        loss.backward()
        total += loss.data * scale
        gradient += [p.grad * scale for p in ps]
    return total, gradient


@every_set
@settings(max_examples=40)
@given(
    names=st.lists(st.sampled_from(SMOOTH), min_size=1, max_size=12),
    rows=st.sampled_from(BATCHES[1:-1]),
    seed=st.integers(0, 2**32),
)
def test_gradients_over_a_batch(instructions, names, rows, seed):
    rng = random.Random(seed)
    xs = ad.values("x1:4", [0.5] * 3)
    ps = ad.values("p1:4", [rng.gauss(0, 1) for _ in range(3)])
    with held_to(instructions):
        top = ad.sum([ad.tanh(y) for y in graph(names, rng, [*xs, *ps])])
        loss = top * ad.dot(xs, ps) + ps[0]
        program = ad.compile(loss, xs, parameters=ps, backend="native")
        X = np.array([[rng.gauss(0, 1) for _ in xs] for _ in range(rows)])
        value, gradient = program.value_and_grad(X)
        assert bits(program.value_and_grad(X)[1]) == bits(gradient)
    expected, by_hand = loss_by_hand(loss, xs, ps, X, 1.0 / rows)
    size = 1e-11 * (1.0 + np.abs(by_hand).max() + abs(expected))
    np.testing.assert_allclose([value, *gradient], [expected, *by_hand], rtol=0, atol=size)


@every_set
@pytest.mark.parametrize("count", [5, 7, 8, 9, 100, 1001])
def test_lanes_of_a_plain_loop(instructions, count):
    """No inputs: the terms of a recorded sum are the lanes; one lane has a branch that is dead."""
    rng = random.Random(count)
    a, b = ad.values("a b", [0.75, -0.25])
    ts = [rng.gauss(0, 1) for _ in range(count)]
    terms = [(a * t + b).tanh() * ad.where(ad.less(0.0, a * t), ad.exp(a * t), b) for t in ts]
    losses = ad.sum([t * t for t in terms]) / count + ad.logsumexp([a, b, a * b])
    with held_to(instructions):
        program = ad.compile(losses, parameters=[a, b], backend="native")
        assert program.layout("gradients").lanes
        value, gradient = program.value_and_grad()
        values = program.run(rate=0.1, steps=20)
    losses.backward()
    np.testing.assert_allclose([value, *gradient], [losses.data, a.grad, b.grad], rtol=1e-12)
    other = ad.compile(losses, parameters=[a, b], backend="numpy")
    np.testing.assert_allclose(values, other.run(rate=0.1, steps=20), rtol=1e-12)
    np.testing.assert_allclose(program.parameters, other.parameters, rtol=1e-12)


@every_set
def test_lanes_are_read_as_well(instructions):
    """Outputs that vary along a loop come out as they are, after any other run."""
    w = ad.Value(0.5, "w")
    us = [(w * t).sin() for t in (1.0, 2.0, 4.0, 8.0, 16.0)]
    with held_to(instructions):
        program = ad.compile([*us, ad.sum(us)], parameters=w, backend="native")
        first, second = program(), program(parameters=[0.25])
    expected = [math.sin(0.5 * t) for t in (1.0, 2.0, 4.0, 8.0, 16.0)]
    np.testing.assert_allclose(first, [*expected, sum(expected)], rtol=1e-14)
    assert abs(second[0] - math.sin(0.25)) < 1e-15


@every_set
@pytest.mark.parametrize("count", [1, 9, 50_001])  # the last is more than one window
def test_rows_that_wait_for_a_total_of_rows(instructions, count):
    """What was computed along the rows before has to be there afterwards: tables are kept whole.

    x**2 less its mean; no recorded graph needs that, so the layout is written by hand.
    """
    layout, total, size, mean = Layout(), 0, 1, 2
    layout.rows, layout.sizes = {SHARED: 3, ROWS: 2}, {ROWS: size}
    layout.steps = [
        Step("square", ROWS, Column(ROWS, [0]), [Column(INPUT, [0])], ()),
        Step(TOTAL, ROWS, Column(SHARED, [total]), [Column(ROWS, [0])], ()),
        Step(
            "div", SHARED, Column(SHARED, [mean]), [Column(SHARED, [s]) for s in (total, size)], ()
        ),
        Step("sub", ROWS, Column(ROWS, [1]), [Column(ROWS, [0]), Column(SHARED, [mean])], ()),
    ]
    layout.outputs = [(ROWS, 1), (SHARED, mean), (ROWS, 0), (INPUT, 0), 0.25]
    X = np.linspace(0.5, 1.5, count)[None]
    with held_to(instructions):
        runner = Runner(layout, 1, [], 0)
        runner.run(np.empty(0), X)
    found = [runner.output(i, X) for i in range(5)]
    for number, expected in zip(found, [X[0] ** 2 - (X**2).mean(), (X**2).mean()], strict=False):
        np.testing.assert_allclose(number, expected, rtol=1e-12, atol=1e-12)
    assert (found[2] == X[0] ** 2).all()
    assert (found[3] == X[0]).all()
    assert found[4] == 0.25


@every_set
def test_a_list_longer_than_the_stack_is_wide(instructions):
    n = 100_000
    w = ad.Value(1.0, "w")
    with held_to(instructions):
        program = ad.compile(ad.logsumexp([w, *[0.0] * n]), parameters=w, backend="native")
        program.layout()
        found = []
        before = threading.stack_size(256 * 1024)
        try:
            thread = threading.Thread(target=lambda: found.append(program()))
            thread.start()
            thread.join()
        finally:
            threading.stack_size(before)
    assert abs(found[0] - math.log(n + math.e)) < 1e-11


def test_subnormals_are_alive_after_loading():
    """Arithmetic of the whole process is as before: nothing is flushed to zero."""
    x = ad.Value(5e-324, "x")
    for instructions in SETS:
        with held_to(instructions):
            program = ad.compile(x * 0.5 + x * 3.0, x, backend="native")
            assert program(np.full(9, 5e-324)).tolist() == [1.5e-323] * 9
    smallest = 2.2250738585072014e-308
    assert smallest * 0.5 > 0.0
    assert float(np.float64(smallest) / 4.0) * 4.0 == smallest
    assert math.ldexp(1.0, -1074) == 5e-324 != 0.0


def test_an_unknown_instruction_set():
    x = ad.Value(1.0, "x")
    program = ad.compile(x * 2.0, x, backend="native")
    with held_to("AVX-1024"), pytest.raises(ValueError, match="no kernels for AVX-1024"):
        program(1.0)
