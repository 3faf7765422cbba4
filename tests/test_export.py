"""One matrix: the engine = C = JavaScript = Python = NumPy = JAX, values and gradients.

At every edge of tests/data/edges.csv, for every row of the table against mpmath, and on random
graphs.  JAX flushes subnormal numbers to zero on the CPU; points with one are left out there.
"""

import math
import random

import pytest
from bounds import allowed
from languages import RUNNERS, Case, eager, ulps
from oracle import ROWS, exact, representable, ulps as ulps_of_exact
from test_accuracy import NAMES, SLOPES
from test_edges import EDGES, leaves, record

import autodiff as ad
from autodiff.graph import topological
from autodiff.op import TABLE

VALUE_ULPS, GRADIENT_ULPS = 4, 8

every_language = pytest.mark.parametrize("to", RUNNERS)


def subnormal(*numbers):
    return any(0.0 < abs(x) < 2.3e-308 for x in numbers)


def comparable(to, *numbers):
    return to != "jax" or not subnormal(*numbers)


def by_expression():
    """The edges of the table, those of one expression together."""
    groups = {}
    for edge in EDGES:
        expression, point, _, _ = edge.values
        groups.setdefault((expression, len(point)), []).append(point)
    return groups


@pytest.fixture(scope="module")
def edges():
    """Every expression of the table of edges, recorded somewhere else, and what the engine says."""
    cases = []
    for i, ((expression, count), points) in enumerate(by_expression().items()):
        inputs = leaves((0.5, 0.75)[:count])
        cases.append(Case(record(expression, inputs), inputs, points, f"edge{i}"))
    return cases, [eager(case) for case in cases], list(by_expression())


@every_language
def test_edges(to, edges, tmp_path):
    cases, expected, expressions = edges
    wrong = []
    for case, rows, wanted, (expression, _) in zip(
        cases, RUNNERS[to](cases, tmp_path), expected, expressions, strict=True
    ):
        for point, numbers, right in zip(case.points, rows, wanted, strict=True):
            if not comparable(to, *point, *right):
                continue
            for i, (found, number) in enumerate(zip(numbers, right, strict=True)):
                if not ulps(found, number) <= (GRADIENT_ULPS if i else VALUE_ULPS):
                    wrong.append(f"{expression} at {point}: {numbers}, the engine {right}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def rows():
    """Every row of the table at points of the oracle, with the exact value and partials."""
    cases, answers = [], []
    for name in NAMES:
        row, op = ROWS[name], TABLE[name]
        by_length = {}
        for point in row.sample(2):
            by_length.setdefault(len(point), []).append(tuple(map(float, point)))
        for length, points in by_length.items():
            inputs = [ad.Value(0.5, f"x{i}") for i in range(length)]
            y = op(inputs) if row.takes_list else op(*inputs)
            cases.append(Case(y, inputs, points, f"{name}_{length}"))
            answers.append((name, [exact(row, point) for point in points]))
    return cases, answers


@every_language
def test_every_row_of_the_table(to, rows, tmp_path):
    cases, answers = rows
    wrong = []
    for case, found, (name, right) in zip(
        cases, RUNNERS[to](cases, tmp_path), answers, strict=True
    ):
        order = SLOPES.get(name, 0)
        for point, numbers, (value, first, _) in zip(case.points, found, right, strict=True):
            varying = ROWS[name].varying
            for which, computed, number in [
                ("", numbers[0], value),
                *((i, numbers[1 + i], first[i]) for i in range(varying)),
            ]:
                above = order + (which != "")
                if above > 2 or not representable(number) or not comparable(to, *point, number):
                    continue
                limit, scale = allowed(name, above, which, point)
                error = ulps_of_exact(computed, number, scale)
                if not error <= limit:
                    wrong.append((error, f"{name}{point} {which}: {computed!r}, exact {number}"))
    assert not wrong, f"{len(wrong)}\n" + "\n".join(f"{e:.3g} {t}" for e, t in sorted(wrong)[-40:])


# ---------------------------------------------------------------- random graphs

SMOOTH = (
    "add sub mul div neg power square reciprocal sqrt cbrt hypot absolute alias exp expm1 log "
    "log1p log2 log10 sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf erfc "
    "sigmoid logsigmoid softplus relu leaky_relu elu gelu gelu_tanh silu softsign where maximum "
    "minimum clamp sum inner logaddexp logsumexp softmax_share"
).split()


def random_graph(seed):
    """A graph of three leaves and ten ops, some of them named, all of ordinary size."""
    chance = random.Random(seed)
    inputs = [ad.Value(chance.uniform(-2, 2), name) for name in ("x", "w", "b")]
    nodes = [*inputs, ad.Value(chance.uniform(0.5, 1.5), "c"), ad.Value(chance.uniform(0.5, 1.5))]
    while len(nodes) < 15:
        op = TABLE[chance.choice(SMOOTH)]
        operands = [chance.choice(nodes[-6:]) for _ in range(op.arity or 4)]
        if op.name == "where":
            operands[0] = ad.less(operands[0], chance.choice(nodes))
        if chance.random() < 0.2 and len(operands) > 1:
            operands[-1] = round(chance.uniform(0.1, 3.0), 2)
        node = op(operands) if op.arity is None else op(*operands)
        if isinstance(node, ad.Value) and math.isfinite(node.data) and 1e-3 < abs(node.data) < 1e3:
            nodes.append(node.named(f"n{len(nodes)}") if chance.random() < 0.4 else node)
    y = ad.sum(nodes[-4:]) + 0.01 * ad.dot(inputs, inputs)
    points = [tuple(x.data for x in inputs)]
    points += [tuple(chance.uniform(-2, 2) for _ in inputs) for _ in range(3)]
    return Case(y, inputs, points, f"graph{seed}")


def spread(case, point, seed):
    """How far value and gradient move when every step of the engine is off by up to 4 ulp."""
    roots = [case.y, *ad.grad(case.y, case.inputs)]
    order = topological(*roots)
    largest = [0.0] * len(roots)
    runs = []
    for run in range(5):
        chance = random.Random(f"{seed} {run}")
        data = dict(zip(case.inputs, point, strict=True))
        for node in order:
            if node.args:
                operands = [data[a] if isinstance(a, ad.Value) else a for a in node.args]
                noise = 1.0 + (run > 0) * chance.uniform(-4, 4) * 2.0**-53
                data[node] = TABLE[node.op].forward(*operands) * noise
            else:
                data.setdefault(node, node.data)
        runs.append([data[root] for root in roots])
    for i in range(len(roots)):
        moves = [abs(noisy[i] - runs[0][i]) for noisy in runs[1:]]
        largest[i] = math.inf if any(map(math.isnan, moves)) else max(moves)
    return largest


GRAPHS = 60


@pytest.fixture(scope="module")
def graphs():
    cases = [random_graph(seed) for seed in range(GRAPHS)]
    spreads = [[spread(case, p, i) for i, p in enumerate(case.points)] for case in cases]
    return cases, [eager(case) for case in cases], spreads


@every_language
def test_random_graphs(to, graphs, tmp_path):
    """As close to the engine as an engine whose steps are off by a few ulp is to itself."""
    cases, expected, spreads = graphs
    wrong, close = [], 0
    found = RUNNERS[to](cases, tmp_path)
    for case, *columns in zip(cases, found, expected, spreads, strict=True):
        for point, numbers, right, moves in zip(case.points, *columns, strict=True):
            for computed, number, moved in zip(numbers, right, moves, strict=True):
                near = ulps(computed, number) <= GRADIENT_ULPS
                close += near
                if not near and not abs(computed - number) <= 4.0 * moved:
                    wrong.append(f"{case.name} at {point}: {computed!r}, the engine {number!r}")
    assert not wrong, f"{len(wrong)} of {GRAPHS * 16}\n" + "\n".join(wrong[:20])
    assert close > 0.8 * GRAPHS * 16
