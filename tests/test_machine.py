"""The lane interpreter runs programs: the numbers of the rows of the table, on every instruction set.

A program whose outputs are all of its nodes shows every number that it computed. Each of them is
held against the row of the table at the operands as the program had them, so errors do not add up
and bounds stay those of one row.
"""

import math
import pickle
import random
from functools import reduce

import numpy as np
import pytest
from bounds import SLOPES, allowed
from hypothesis import given, settings, strategies as st
from ready import SETS, every_set, held_to, native_only

import autodiff as ad
from autodiff.graph import topological
from autodiff.op import TABLE

pytestmark = native_only

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
