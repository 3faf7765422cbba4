"""The table, row by row: every test here loops over it, so that a new row is tested by existing.

Accuracy is tested in test_accuracy.py, the edges in test_edges.py; here it is that a row hangs
together: number, method, function, partials and textbook formula say the same.
"""

import itertools
import math
import operator
import random
import re
from fractions import Fraction

import numpy as np
import pytest

import autodiff as ad
from autodiff import Value
from autodiff.op import TABLE
from autodiff.value import record

# Ordinary points; of each the row takes as many numbers as it has arguments.
POINTS = [
    (0.3, 0.6, 0.9, 0.45),
    (1.7, 0.4, 2.1, -0.8),
    (-0.8, 1.3, 1.5, 0.7),
    (2.5, 3.5, 4.5, 0.2),
    (0.9, -0.7, 0.4, 1.1),
    (-1.6, -0.2, 1.2, 2.3),
]
ROWS = list(TABLE.values())
FIXED = [op for op in ROWS if op.arity is not None]
LISTS = [op for op in ROWS if op.arity is None]
COMPOSED = [op for op in ROWS if op.formula]
every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
fixed_row = pytest.mark.parametrize("op", FIXED, ids=lambda op: op.name)
list_row = pytest.mark.parametrize("op", LISTS, ids=lambda op: op.name)


def points(op):
    """Ordinary points of the domain, each a tuple of floats."""
    counts = [op.arity] if op.arity is not None else [2, 4]
    found = [point[:n] for n in counts for point in POINTS if math.isfinite(op.forward(*point[:n]))]
    assert found, f"{op.name} needs an ordinary point"
    return found


def call(op, operands):
    return op(*operands) if op.arity is not None else op(list(operands))


def partials(op, out, operands):
    return [p(out, *operands) if callable(p) else p or 0.0 for p in op.partials] or op.all_partials(
        out, *operands
    )


def data(x):
    return x.data if isinstance(x, Value) else float(x)


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


# ---------------------------------------------------------------- numbers and Values


@every_row
def test_values_and_numbers_give_the_same_number(op):
    for point in points(op):
        expected = op.forward(*point)
        assert type(expected) is float
        y = call(op, point)
        assert type(y) is float
        assert y == expected
        leaves = [Value(x) for x in point]
        y = call(op, leaves)
        assert type(y) is Value
        assert (y.data, y.op, y.args) == (expected, op.name, tuple(leaves))
        for which in itertools.product([False, True], repeat=len(point)):
            mixed = [Value(x) if is_value else x for x, is_value in zip(point, which, strict=True)]
            y = call(op, mixed)
            assert type(y) is (Value if any(which) else float)
            assert data(y) == expected


@every_row
@pytest.mark.parametrize("integers", [(1, 2, 3, 4), (0, 1, 2, 3), (-3, 2, 1, 0), (2, 2, 2, 2)])
def test_integers_bools_and_numpy_numbers_are_floats(op, integers):
    integers = integers[: op.arity]
    expected = op.forward(*map(float, integers))
    for kind in (int, Fraction, np.float64, np.int64, np.float32, np.array):
        numbers = [kind(i) for i in integers]
        y = call(op, numbers)
        assert type(y) is float
        assert same(y, expected)
        y = call(op, [Value(x) for x in numbers])
        assert type(y.data) is float
        assert same(y.data, expected)
        y = call(op, [Value(integers[0]), *numbers[1:]])
        assert same(y.data, expected)
        assert all(type(arg) in (float, Value) for arg in y.args)


@every_row
def test_no_number_raises(op):
    extremes = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e308, -1e308, math.inf, -math.inf, math.nan, 710.0)
    counts = [op.arity] if op.arity is not None else [2, 4]
    for n in counts:
        choices = itertools.product(extremes[: 11 if n < 3 else 4], repeat=n)
        if n >= 3:
            choices = itertools.chain(choices, ([x] * n for x in extremes))
        for point in choices:
            out = op.forward(*point)
            assert type(out) is float
            for slope in partials(op, out, point):
                assert isinstance(slope, float)


@fixed_row
def test_every_row_is_a_method_and_a_function(op):
    for name in (op.name, *op.aliases):
        assert getattr(ad, name) is op
        assert callable(getattr(Value, name))
        if name == "alias":
            continue  # the method takes the second name
        for point in points(op):
            y = getattr(Value(point[0]), name)(*point[1:])
            assert y.op == op.name
            assert y.data == op.forward(*point)
            y = getattr(Value(point[0]), name)(*map(Value, point[1:]))
            assert y.data == op.forward(*point)


def test_the_alias_row_gives_a_second_name():
    x = Value(3.0, "o_l")
    y = x.alias("i_r")
    assert (y.op, y.data, y.name, x.name) == ("alias", 3.0, "i_r", "o_l")
    assert ad.alias(x).name == ""


@list_row
def test_rows_of_a_list_take_any_iterable_and_nothing_else(op):
    for point in points(op):
        expected = op.forward(*point)
        assert getattr(ad, op.name) is op
        for as_list in (list, tuple, iter, np.array):
            assert op(as_list(point)) == expected
        assert op(Value(x) for x in point).data == expected
        with pytest.raises(TypeError, match=r"takes (one|a) list"):
            op(*point)
        with pytest.raises(TypeError, match=r"takes (one|a) list"):
            op(Value(point[0]))
    with pytest.raises(TypeError):
        op("12")


# ---------------------------------------------------------------- partials


@every_row
def test_partials_of_floats_are_partials_of_values(op):
    """One line serves numbers and graphs; not one bit may differ."""
    for point in points(op):
        numbers = partials(op, op.forward(*point), point)
        leaves = [Value(x) for x in point]
        slopes = partials(op, call(op, leaves), leaves)
        assert len(numbers) == len(slopes) == len(point)
        for number, slope in zip(numbers, slopes, strict=True):
            assert isinstance(number, float)
            assert same(number, data(slope))
        y = call(op, leaves)
        y.backward()
        for leaf, number, slope in zip(leaves, numbers, ad.grad(y, leaves), strict=True):
            assert leaf.grad == number
            assert slope.data == number


@every_row
def test_partials_are_finite_differences(op):
    h = 1e-6
    for point in points(op):
        numbers = partials(op, op.forward(*point), point)
        for i, number in enumerate(numbers):
            low, high = list(point), list(point)
            low[i] -= h
            high[i] += h
            difference = (op.forward(*high) - op.forward(*low)) / (2 * h)
            assert number == pytest.approx(difference, rel=1e-6, abs=1e-7), (point, i)


@every_row
def test_second_derivatives_are_finite_differences_of_first(op):
    h = 1e-6
    for point in points(op):
        leaves = [Value(x) for x in point]
        table = ad.hessian(call(op, leaves), leaves)
        for i, j in itertools.product(range(len(point)), repeat=2):
            low, high = list(point), list(point)
            low[j] -= h
            high[j] += h
            ahead, behind = (partials(op, op.forward(*p), p)[i] for p in (high, low))
            difference = (ahead - behind) / (2 * h)
            assert table[i][j].data == pytest.approx(difference, rel=1e-5, abs=1e-6), (point, i, j)


@pytest.mark.parametrize("op", COMPOSED, ids=lambda op: op.name)
def test_the_textbook_formula_is_the_function(op):
    """What is printed, and what is compiled, is what is computed, where it is well conditioned."""
    for point in points(op):
        expected = op.forward(*point)
        close = pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert data(op.formula(*point)) == close
        y = op.formula(*[Value(x) for x in point])
        assert data(y) == close
        assert isinstance(y, Value)


@pytest.mark.parametrize("op", COMPOSED, ids=lambda op: op.name)
def test_the_textbook_formula_has_the_same_derivatives(op):
    for point in points(op):
        leaves = [Value(x) for x in point]
        mine = [g.data for g in ad.grad(call(op, leaves), leaves)]
        textbook = [g.data for g in ad.grad(op.formula(*leaves), leaves)]
        assert mine == pytest.approx(textbook, rel=1e-10, abs=1e-13)


# ---------------------------------------------------------------- what a row says of itself


@every_row
def test_every_row_says_what_it_is(op):
    assert TABLE[op.name] is op
    assert op.name.isidentifier()
    assert op.spelling
    assert op.tier == ("composed" if op.formula else "elementary")
    assert op.signature.startswith(op.name + "(")
    assert op.signature.endswith(")")
    assert op.__doc__.startswith(op.signature)
    if op.spelling == op.name or op.spelling == "σ":
        assert op.summary.endswith("."), f"{op.name} needs a sentence that says what it is"
    assert len(op.summary) <= 100


NEEDED = """
    add sub mul div neg power absolute sign exp expm1 log log1p log2 log10 sqrt cbrt square
    reciprocal sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh hypot sigmoid
    logsigmoid softplus relu leaky_relu elu gelu gelu_tanh silu softsign erf erfc maximum minimum
    clamp where less less_equal equal logaddexp logsumexp sum abs max min pow sigmoid_slope
""".split()


@pytest.mark.parametrize("name", NEEDED)
def test_the_table_has(name):
    assert ad.op.lookup(name) in ROWS
    assert getattr(ad, name) is ad.op.lookup(name)


# ---------------------------------------------------------------- operators

OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "power": operator.pow,
}
KINDS = {
    "int": int,
    "float": float,
    "bool": bool,
    "Fraction": Fraction,
    "np.float64": np.float64,
    "np.float32": np.float32,
    "np.int64": np.int64,
    "np.int8": np.int8,
    "np.bool_": np.bool_,
    "np 0-d": np.array,
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_and_their_reflections_are_the_rows(name, kind):
    apply, op = OPERATORS[name], TABLE[name]
    for number in (1, 3, 0):
        number = kind(number)
        x, plain = Value(1.5), float(number)
        for y, point, args in (
            (apply(x, number), (1.5, plain), (x, plain)),
            (apply(number, x), (plain, 1.5), (plain, x)),
        ):
            if name == "add" and kind is int and number == 0 and args[0] == 0.0:
                assert y is x  # as the builtin sum() starts
                continue
            assert type(y) is Value
            assert (y.op, y.args, y.data) == (name, args, op.forward(*point))
            x.grad = 0.0
            y.backward()
            assert x.grad == partials(op, y.data, point)[args.index(x)]


def test_operators_between_values_keep_the_order():
    a, b = Value(3.0), Value(2.0)
    for name, apply in OPERATORS.items():
        assert apply(a, b).args == (a, b)
        assert apply(b, a).args == (b, a)
        assert apply(a, b).op == name
    assert (-a).op == "neg"
    assert abs(a).op == "absolute"


def test_augmented_assignment_makes_a_new_node():
    x = y = Value(3.0)
    y += 1.0
    y *= 2.0
    assert (x.data, y.data, y.args[0].args) == (3.0, 8.0, (x, 1.0))


# ---------------------------------------------------------------- softmax and dot


def test_softmax_is_a_list_that_adds_up_to_one():
    assert ad.softmax([]) == []
    assert ad.softmax([5.0]) == [1.0]
    assert ad.softmax([1000.0, 1000.0]) == [0.5, 0.5]
    xs = [Value(x) for x in (1.0, 2.0, 3.0)]
    ps = ad.softmax(xs)
    exps = [math.exp(x.data) for x in xs]
    assert [p.data for p in ps] == pytest.approx([e / sum(exps) for e in exps], rel=1e-15)
    for i, row in enumerate(ad.jacobian(ps, xs)):
        for j, slope in enumerate(row):
            expected = ps[i].data * ((i == j) - ps[j].data)
            assert slope.data == pytest.approx(expected, rel=1e-14)
    assert all(type(p) is Value for p in ad.softmax([xs[0], 1.0]))


def test_dot_is_a_sum_of_products():
    assert ad.dot([], []) == 0.0
    assert ad.dot([1, 2], (3, 4)) == 11.0
    w = [Value(1.0), Value(2.0)]
    y = ad.dot(w, [3.0, w[0]])
    y.backward()
    assert (y.data, w[0].grad, w[1].grad) == (5.0, 5.0, 1.0)
    with pytest.raises(ValueError, match="same length, not 1 and 2"):
        ad.dot([1.0], [1.0, 2.0])


@pytest.mark.parametrize("call", [ad.logsumexp, ad.sum, ad.softmax, lambda x: ad.dot(x, [1.0])])
def test_functions_of_lists_say_that_they_want_one(call):
    for given in (3.0, ad.Value(2.0, "x"), "text"):
        with pytest.raises(TypeError, match=rf"takes a list .* not {re.escape(repr(given))}$"):
            call(given)


def test_functions_of_lists_take_one_list():
    with pytest.raises(TypeError, match=r"takes one list, logsumexp\(\[a, b\]\), not 2 operands"):
        ad.logsumexp(1.0, 2.0)


def test_functions_of_no_operands():
    assert (ad.sum([]), ad.dot([], []), ad.softmax([])) == (0.0, 0.0, [])
    assert ad.logsumexp([]) == ad.log(0.0) == -math.inf


def test_record_takes_operands_of_every_kind():
    y = record(TABLE["where"], [True, np.float64(2.0), Value(3.0)])
    assert (y.data, y.args[:2]) == (2.0, (1.0, 2.0))


def test_shares_of_many_numbers_are_those_taken_one_by_one():
    chance = random.Random(3)
    lists = [
        [chance.uniform(-50, 50) for _ in range(40)],
        [math.inf, 1.0, math.inf],
        [-math.inf] * 2,
    ]
    for xs in [*lists, [math.nan, 1.0], [1e308, -1e308], [0.0]]:
        nodes = [ad.Value(x) for x in xs]
        ad.logsumexp(nodes).backward()
        wanted = [ad.logsumexp_share([x, *xs[:i], *xs[i + 1 :]]) for i, x in enumerate(xs)]
        assert repr([node.grad for node in nodes]) == repr(wanted)
        nodes = [ad.Value(x) for x in xs]
        ad.softmax(nodes)[0].backward()
        p, *others = [ad.softmax_share([x, *xs[:i], *xs[i + 1 :]]) for i, x in enumerate(xs)]
        wanted = [p * ad.softmax_rest(xs), *[0.0 - p * other for other in others]]  # 0.0 + -0.0
        assert repr([node.grad for node in nodes]) == repr(wanted)


def test_logsumexp_of_very_many_takes_time_in_proportion():
    xs = [ad.Value(0.0) for _ in range(50_000)]
    ad.logsumexp(xs).backward()  # the square of that many would be half an hour
    assert {x.grad for x in xs} == {1 / 50_000}


# ---------------------------------------------------------------- rows that have no slope to try


@pytest.mark.parametrize(
    ("name", "compared"),
    [("less", operator.lt), ("less_equal", operator.le), ("equal", operator.eq)],
)
def test_comparisons_are_those_of_python(name, compared):
    numbers = [-math.inf, -1.0, -0.0, 0.0, 1.0, math.inf, math.nan]
    for x, y in itertools.product(numbers, repeat=2):
        assert TABLE[name].forward(x, y) == float(compared(x, y)), (x, y)


def test_a_choice_does_not_depend_on_its_condition_smoothly():
    for c, here, there in [(3.0, 1.0, 0.0), (0.0, 0.0, 1.0)]:
        leaves = [Value(c), Value(5.0), Value(7.0)]
        TABLE["where"](*leaves).backward()
        assert [leaf.grad for leaf in leaves] == [0.0, here, there]


def test_each_term_of_a_sum_counts_once():
    terms = [Value(x) for x in (1.0, -2.0, 3.5)]
    TABLE["sum"](terms).backward()
    assert [term.grad for term in terms] == [1.0, 1.0, 1.0]


def test_slopes_are_spelled_out_where_formulas_are_printed():
    """But for those that are brackets, [x > 0]."""
    slopes = [op for name, op in TABLE.items() if name.endswith(("_slope", "_bend"))]
    assert [op.name for op in slopes if op.spelled_out == ("[" in op.spelling)] == []
    assert TABLE["gate"].spelled_out  # no formula shows it
    assert not any(TABLE[name].spelled_out for name in ("sigmoid", "tanh", "exp", "where"))
