"""Each pass on its own: what it recognises, and what it leaves alone."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from rows import user_rows

import autodiff as ad
import nn
from autodiff.op import TABLE
from autodiff.program.allocate import Column, Step, allocate
from autodiff.program.differentiate import gradients
from autodiff.program.given import listed, rows_of_inputs
from autodiff.program.grid import grid
from autodiff.program.group import group
from autodiff.program.lower import lower
from autodiff.program.node import ROWS, SHARED, Builder, Node, behind
from autodiff.program.phases import AFTER, BEFORE, DURING, FEWEST, MEMORY, phases, slices
from autodiff.program.recording import Recording
from autodiff.program.show import _bytes
from autodiff.program.sums import raise_sums
from autodiff.program.tape import Tape
from autodiff.program.trace import trace


@pytest.fixture
def builder():
    return Builder()


def leaves(builder, shared=3, varying=3):
    ps = [builder.leaf("parameter", i, SHARED, f"p{i}") for i in range(shared)]
    xs = [builder.leaf("input", i, ROWS, f"x{i}") for i in range(varying)]
    return ps, xs


def text(x):
    """A node in a few characters, to compare shapes."""
    if type(x) is float:
        return f"{x:g}"
    if not x.operands:
        return x.name or x.op
    return f"{x.op}({', '.join(map(text, x.operands))})"


# ---------------------------------------------------------------- nodes and simplifications


def test_equal_nodes_are_one(builder):
    (p, q, _), (x, _, _) = leaves(builder)
    assert p * x + q is p * x + q
    assert p * x is not x * p
    assert x * 0.0 is x * 0.0
    assert x * 0.0 is not x * -0.0


def test_what_is_simpler_and_the_same(builder):
    _, (x, y, _) = leaves(builder)
    assert x * 1.0 is x and 1.0 * x is x and x / 1.0 is x  # noqa: PT018
    negative = -x
    assert -negative is x
    assert text(x * -1.0) == "neg(x0)"
    assert text(x + -y) == "sub(x0, x1)"
    assert text(x - -y) == "add(x0, x1)"
    assert ad.alias(x) is x
    assert ad.where(1.0, x, y) is x
    assert text(x**2.0) == "square(x0)"
    assert ad.exp(2.0) * x is math.exp(2.0) * x


def test_what_looks_simpler_and_is_not_the_same(builder):
    _, (x, *_) = leaves(builder)
    for node, same in [
        (x - x, "sub(x0, x0)"),
        (x * 0.0, "mul(x0, 0)"),
        (x / x, "div(x0, x0)"),
        (x + 0.0, "add(x0, 0)"),
        (x**0.5, "power(x0, 0.5)"),
        (ad.exp(ad.log(x)), "exp(log(x0))"),
    ]:
        assert text(node) == same


def test_a_node_has_no_number(builder):
    _, (x, *_) = leaves(builder)
    for ask in (lambda: x > 0, lambda: bool(x), lambda: float(x), lambda: max(x, x)):
        with pytest.raises(TypeError, match=r"ad\.where"):
            ask()


def test_gates_are_left_out_on_request():
    for gated in (True, False):
        builder = Builder(gated)
        _, (x, y, _) = leaves(builder)
        node = ad.gate(x, y)
        assert (node is y, builder.dropped) == (not gated, not gated)


# ---------------------------------------------------------------- sums of products


def test_a_neuron_is_one_sum_of_products(builder):
    (p, q, b), (x, y, _) = leaves(builder)
    [z] = raise_sums([p * x + q * y + b])
    assert text(z) == "inner(p0, p1, p2, x0, x1, 1)"


def test_signs_go_into_factors(builder):
    (p, q, b), (x, y, _) = leaves(builder)
    [z] = raise_sums([b - (p * x - y * q)])
    assert text(z) == "inner(p2, neg(p0), p1, 1, x0, x1)"


def test_what_others_use_is_not_computed_twice(builder):
    (p, q, b), (x, y, _) = leaves(builder)
    product = p * x
    z, other = raise_sums([product + q * y + b, ad.exp(product)])
    assert text(z) == "inner(1, p1, p2, mul(p0, x0), x1, 1)"
    assert text(other) == "exp(mul(p0, x0))"


def test_shared_sums_stay_out_of_varying_ones(builder):
    ps, (x, *_) = leaves(builder)
    penalty = ps[0] * ps[0] + ps[1] * ps[1] + ps[2] * ps[2]
    [z] = raise_sums([x + penalty])
    assert text(z) == "add(x0, inner(p0, p1, p2, p0, p1, p2))"


def test_short_sums_stay_plain(builder):
    _, (x, y, z) = leaves(builder)
    assert text(raise_sums([x + y + z])[0]) == "add(add(x0, x1), x2)"
    assert text(raise_sums([1.0 - x * y])[0]) == "sub(1, mul(x0, x1))"


# ---------------------------------------------------------------- the chain rule over axes


def test_what_leaves_an_axis_is_added_up(builder):
    (p, _, b), (x, *_) = leaves(builder)
    y = builder.total(p * x + b, ROWS)
    slopes = gradients(y, [p, b])
    assert [text(s) for s in slopes] == ["total(x0)", "size"]


def test_products_are_added_up_as_products(builder):
    (p, _, b), (x, *_) = leaves(builder)
    y = builder.total(ad.tanh(p * x + b), ROWS)
    dp, db = gradients(y, [p, b])
    assert text(dp) == "total_product(tanh_slope(add(mul(p0, x0), p2)), x0)"
    assert text(db) == "total(tanh_slope(add(mul(p0, x0), p2)))"


# ---------------------------------------------------------------- lowering


def test_formulas_and_vocabulary_become_known_rows(builder):
    _, (x, *_) = leaves(builder)
    row = TABLE["square"]
    assert text(lower([ad.square(x)], {"mul"})[0]) == "mul(x0, x0)"
    assert row.forward(3.0) == 9.0
    assert text(lower([ad.sin(x)], set())[0]) == "sin(x0)"  # math.sin wants a number


def test_what_is_lowered_keeps_its_name(builder):
    _, (x, *_) = leaves(builder)
    y = ad.square(x)
    y.name = "y"
    [lowered] = lower([y], {"mul"})
    assert (text(lowered), lowered.name) == ("mul(x0, x0)", "y")
    with user_rows():
        ad.Op("itself", lambda x: x, (1.0,))
        y = builder.record("itself", (x,))
        y.name = "y"
        assert lower([y], {"mul"}) == [x]
    assert x.name == "x0"  # nor does it take the name of another node


# ---------------------------------------------------------------- groups and slots


def layout_of(model_sizes=(3, [4, 2]), gradient=True):
    model = nn.MLP(*model_sizes, activation="tanh")
    xs = ad.values(f"x1:{model_sizes[0] + 1}", [0.1] * model_sizes[0])
    loss = nn.half_squared_error(model(xs), [0.5] * model_sizes[1][-1])
    program = ad.compile(loss, xs, parameters=model.parameters())
    return program, program.layout("gradients" if gradient else "values")


def test_a_layer_is_one_step_forward_and_one_back():
    _, layout = layout_of()
    sizes = [(step.op, len(step.out.slots)) for step in layout.steps]
    assert sizes.count(("inner", 4)) == 1
    assert sizes.count(("tanh", 4)) == 1
    assert sizes.count(("total_product", 12)) == 1
    assert sizes.count(("total_product", 8)) == 1
    wide, wider = (layout_of((3, [n, n]))[1] for n in (12, 40))
    assert len(wide.steps) == len(wider.steps)


def test_every_step_reads_what_has_been_written():
    program, layout = layout_of()
    written = {(-1, i) for i in range(len(program.inputs))}
    written |= {(SHARED, i) for i in range(len(program.parameters))}
    written |= {(SHARED, slot) for slot, _ in layout.constants}
    written |= {(SHARED, slot) for slot in layout.sizes.values()}
    for step in layout.steps:
        for column in step.columns:
            assert written.issuperset((column.space, slot) for slot in column.slots), step.op
        written.update((step.out.space, slot) for slot in step.out.slots)
    assert written.issuperset(place for place in layout.outputs if type(place) is tuple)


def test_gradients_lie_side_by_side():
    _, layout = layout_of()
    slots = [slot for _, slot in layout.outputs[1:]]
    assert slots == list(range(slots[0], slots[0] + len(slots)))


def network(activation, sizes, loss, target):
    model = nn.MLP(3, sizes, activation=activation, output="linear")
    xs = ad.values("x1:4", [0.1, 0.2, 0.3])
    return loss(model(xs), target), xs, model.parameters()


def samples_in_lanes():
    model = nn.MLP(2, [4, 1], activation="tanh")
    losses = [nn.half_squared_error(model([0.1 * k, 1 - 0.2 * k]), [0.3 * k]) for k in range(8)]
    penalty = 0.01 * ad.sum([p * p for p in model.parameters()])
    return sum(losses) / 8 + penalty, [], model.parameters()


@pytest.mark.parametrize(
    ("made", "steps", "numbers", "jumps"),
    [
        (lambda: network("tanh", [6, 6, 2], nn.half_squared_error, [0.5, 0.1]), 29, (169, 53), 65),
        (lambda: network("relu", [6, 5], nn.cross_entropy, 2), 23, (122, 28), 62),
        (samples_in_lanes, 28, (113, 27), 1),
    ],
    ids=["tanh", "softmax", "lanes"],
)
def test_layouts_stay_as_small_and_as_regular_as_they_are(made, steps, numbers, jumps):
    """Fewer would be welcome: how many steps, how many numbers are kept, shared and of each row,
    and how often the next operand of a column does not lie beside the one before.
    """
    loss, inputs, parameters = made()
    program = ad.compile(loss, inputs, parameters=parameters, backend="numpy")
    layout = program.layout("gradients")
    assert len(layout.steps) <= steps
    assert all(
        rows <= most for (_, rows), most in zip(sorted(layout.rows.items()), numbers, strict=True)
    )
    columns = [column.slots for step in layout.steps for column in step.columns]
    assert sum(b - a not in (0, 1) for slots in columns for a, b in pairwise(slots)) <= jumps


def test_rows_are_used_again(builder):
    _, (x, *_) = leaves(builder)
    for _ in range(100):
        x = ad.sin(x)
    nodes = behind([x])
    assert allocate(nodes, group(nodes), [x], 0).rows[ROWS] <= 3


def test_independent_sums_are_grouped_by_their_operands(builder):
    ps, xs = leaves(builder, shared=32, varying=8)
    towers = []
    for i in range(8):
        half = xs[:4] if i < 4 else xs[4:]
        towers.append(ad.dot(ps[4 * i : 4 * i + 4], half))
    assert sorted(len(g.nodes) for g in group(behind(towers))) == [4, 4]


@pytest.mark.parametrize("axis", range(13))
def test_numbers_are_no_axis(builder, axis):
    """What has a number for an operand is not grouped with what has a node there, of any axis."""
    x, y = (builder.leaf("lane", i, axis) for i in range(2))
    for number, node in ((x * 2.0, x * y), (2.0 * x, y * x)):
        assert [len(g.nodes) for g in group(behind([number, node]))] == [1, 1]


def test_what_comes_from_a_leaf_is_not_grouped_with_what_comes_from_the_first_group(builder):
    (p, q, b), (x, y, _) = leaves(builder)
    first, other = ad.sin(x), ad.sin(y)
    sums = [builder.record("inner", (p, q, left, other)) for left in (first, b)]
    assert [(g.op, len(g.nodes)) for g in group(behind(sums))] == [
        ("sin", 2), ("inner", 1), ("inner", 1),
    ]  # fmt: skip


def test_grids_are_seen():
    """Products of all of two sets, in whatever order; and what only counts as many."""

    def step(pairs):
        columns = [Column(ROWS, [pair[i] for pair in pairs]) for i in (0, 1)]
        return Step("mul", ROWS, Column(ROWS, [10 + i for i in range(len(pairs))]), columns, ())

    pairs = [(a, b) for a in (5, 3) for b in (1, 2, 4)]
    assert grid(step(pairs)) == ([5, 3], [1, 2, 4], [10, 11, 12, 13, 14, 15])
    mixed = [pairs[i] for i in (0, 4, 2, 5, 1, 3)]
    assert grid(step(mixed)) == ([5, 3], [1, 2, 4], [10, 14, 12, 15, 11, 13])
    assert grid(step(pairs[:-1])) is None
    assert grid(step([*pairs[:-1], pairs[1]])) is None
    assert grid(step([*pairs, pairs[1]])) is None


# ---------------------------------------------------------------- phases


def test_phases_of_a_loss_with_a_penalty():
    w, x = ad.values("w x", [0.5, 2.0])
    program = ad.compile((w * x) ** 2 + ad.exp(w), x, parameters=w)
    layout = program.layout("gradients")
    found, sliceable = phases(layout.steps)
    assert sliceable
    assert set(found) == {BEFORE, DURING, AFTER}
    by_op = {step.op: phase for step, phase in zip(layout.steps, found, strict=True)}
    assert (by_op["exp"], by_op["square"]) == (BEFORE, DURING)


def test_slices_cover_all_rows_evenly():
    for n in (0, 1, 100, 1000, 12345):
        parts = slices(n, 5000)
        assert [i for part in parts for i in range(n)[part]] == list(range(n))
        lengths = [part.stop - part.start for part in parts]
        assert max(lengths) - min(lengths) <= 1
        assert max(lengths) <= FEWEST
    assert len(slices(0, 50)) == len(slices(8000, 50)) == 1
    assert len(slices(12345, 50)) == 2  # 8000 rows of 50 numbers suit a cache
    assert len(slices(1000, MEMORY)) == 1000


# ---------------------------------------------------------------- trace, lanes and tape


UNARY = [op.name for op in TABLE.values() if op.arity == 1 and op is not ad.alias]


@pytest.mark.parametrize("name", UNARY)
def test_what_a_method_gives_has_no_number_either(name):
    with pytest.raises(TypeError, match=r"ad\.where"):
        ad.compile(lambda x: x if getattr(x, name)() > 0 else -x, "x")


def everything(x, y):
    """All that can be written with two Values: signs either way round, and every method."""
    signs = [
        x + y,
        x - y,
        x * y,
        x / y,
        x**y,
        3 + x,
        3 - x,
        3 * x,
        3 / x,
        3**x,
        -x,
        abs(x),
        sum([x]),
    ]
    ops = [op for op in TABLE.values() if op.arity in (1, 2) and op is not ad.alias]
    methods = [getattr(x, op.name)(*[y] * (op.arity - 1)) for op in ops]
    return [
        *signs,
        *methods,
        x.clamp(low=y, high=2.0),
        x.leaky_relu(slope=0.5),
        x.alias("z"),
    ]


def test_functions_are_traced_as_they_are_written():
    x, y = 1.5, 0.25
    expected = [value.data for value in everything(ad.Value(x), ad.Value(y))]
    assert ad.compile(everything, "x y")(x, y) == pytest.approx(expected, rel=1e-14, nan_ok=True)


def test_one_node_with_old_numbers_is_refused():
    w = ad.Value(0.5, "w")
    y = ad.exp(w)
    w.data = 1.0
    with pytest.raises(ValueError, match="w changed"):
        traced([y], [w])


def test_what_depends_on_nothing_has_no_gradient():
    program = ad.compile(ad.exp(ad.Value(0.0)), parameters=ad.values("w b", [0.5, 0.1]))
    value, gradient = program.value_and_grad()
    assert (value, gradient.tolist()) == (1.0, [0.0, 0.0])


def test_a_named_constant_is_a_number():
    w = ad.Value(0.5, "w")
    c = ad.square(ad.Value(3.0)).named("c")
    assert text(traced([c * w], [w])[0][0]) == "mul(9, w)"
    same = ad.alias(w).named("same")
    assert text(traced([same * 2.0], [w])[0][0]) == "mul(w, 2)"


def traced(outputs, parameters):
    builder = Builder()
    places = {p: builder.leaf("parameter", i, SHARED, p.name) for i, p in enumerate(parameters)}
    return trace(outputs, places, builder)


def test_equal_terms_become_lanes():
    w, b = ad.values("w b", [0.5, 0.1])
    total = sum((w * x + b - 2 * x) ** 2 for x in [0.1, 0.2, 0.3, 0.4]) / 4
    [node], numbers = traced([total], [w, b])
    assert node.op == "div"
    assert node.operands[0].op == "total"
    assert numbers == [[0.1, 0.2, 0.3, 0.4], [0.2, 0.4, 0.6, 0.8]]


def test_equal_numbers_stay_constants_and_shared_work_is_done_once():
    w = ad.Value(0.5, "w")
    common = ad.exp(w)
    total = ad.sum([(common * x) ** 2.0 for x in [1.0, 2.0, 3.0, 4.0, 5.0]])
    [node], numbers = traced([total], [w])
    assert text(node) == "total(square(mul(exp(w), lane)))"
    assert numbers == [[1.0, 2.0, 3.0, 4.0, 5.0]]


def test_differences_keep_their_sign():
    w = ad.Value(0.5, "w")
    total = ad.exp(w)
    for x in [1.0, 2.0, 3.0, 4.0]:
        total = total - ad.log(w * x)
    [node], _ = traced([total], [w])
    assert text(node) == "sub(exp(w), total(log(mul(w, lane))))"
    assert ad.compile(total, parameters=w)() == pytest.approx(total.data, rel=1e-15)


def test_two_different_terms_are_enough_for_lanes():
    w = ad.Value(0.5, "w")
    one, two = ad.exp(w * 1.0), ad.exp(w * 2.0)
    [node], numbers = traced([ad.sum([one, two, one, two])], [w])
    assert (text(node), numbers) == ("total(exp(mul(w, lane)))", [[1.0, 2.0, 1.0, 2.0]])
    [node], numbers = traced([ad.sum([one] * 4)], [w])
    assert (node.op, numbers) == ("inner", [])


def test_equal_terms_without_numbers_are_counted():
    """Recorded one by one, by a loop that uses no number of its own."""
    w = ad.Value(0.5, "w")
    total = ad.exp(w)
    for _ in range(4):
        total = total - ad.log(w)
    [node], numbers = traced([total], [w])
    assert (text(node), numbers) == ("sub(exp(w), mul(log(w), 4))", [])
    chosen = ad.sum([ad.where(1.0, w, w * k) for k in (1.0, 2.0, 3.0, 4.0)])
    constant = ad.sum([ad.where(1.0, 2.0, w * k) for k in (1.0, 2.0, 3.0, 4.0)])
    for result in (total, total * ad.exp(chosen), chosen + constant):
        value, [slope] = ad.compile(result, parameters=w).value_and_grad()
        assert (value, slope) == pytest.approx((result.data, ad.grad(result, w).data), rel=1e-14)


@pytest.mark.parametrize("place", [0, 3])
def test_a_term_of_the_first_shape_is_no_number(place):
    w = ad.Value(0.5, "w")
    terms = [ad.Value(x) * w for x in (1.5, 2.5, 3.5)]
    terms.insert(place, ad.exp(ad.Value(1.0)) * w)
    total = ad.sum(terms)
    value, slopes = ad.compile(total, parameters=w).value_and_grad()
    assert value == pytest.approx(total.data, rel=1e-15)
    assert slopes == pytest.approx([7.5 + math.e], rel=1e-15)


def test_a_parameter_among_numbers_is_no_number():
    w = ad.Value(0.5, "w")
    total = ad.sum([w * w, *[w * k for k in (2.0, 3.0, 4.0, 5.0)]])
    assert ad.compile(total, parameters=w).value_and_grad() == (7.25, [15.0])


def test_lanes_that_share_inner_nodes_share_them():
    w = ad.Value(0.5, "w")
    terms = []
    for x in [1.0, 2.0, 3.0, 4.0]:
        h = ad.tanh(w * x)
        terms.append(h * h + h)
    [node], _ = traced([ad.sum(terms)], [w])
    assert sum(n.op == "tanh" for n in behind([node])) == 1


def test_a_tape_gives_its_nodes_back(builder):
    (p, q, _), (x, y, _) = leaves(builder)
    outputs = [ad.gate(x, p * x + q * y + 0.5), builder.total(x * y, ROWS), 2.0]
    _, loaded, parameters = Tape(outputs).load(gated=True, n_parameters=3)
    assert [text(z) for z in loaded] == [text(z) for z in outputs]
    assert len(parameters) == 3
    _, loaded, _ = Tape(outputs).load(gated=False, n_parameters=3)
    assert text(loaded[0]).startswith("add")


# ---------------------------------------------------------------- how it prints


def test_a_program_of_rows_prints():
    w, x = ad.values("w x", [0.5, 0.1])
    y = (w * x).named("z") ** 2 + w.exp()
    lines = """
program of x; parameters w; 9 statements; 8 shared numbers, 3 rows of X; 64 bytes and 24 bytes for each row of X
  t1[1] = w * x                                                   # each X: z
  t2[1] = square(t1)                                              # each X
  t3[1] = exp(w)                                                  # shared
  t4[1] = 2 * t1                                                  # each X
  t5[1] = t2 + t3                                                 # each X
  t6[1] = numbers * t3                                            # shared
  t7[1] = sum over X of t4 * x                                    # shared
  t8[1] = sum over X of t5                                        # shared
  t9[1] = t6 + t7                                                 # shared"""  # noqa: E501
    assert str(ad.compile(y, x, parameters=[w], backend="numpy")) == lines[1:]


def test_a_program_of_lanes_prints():
    w, b = ad.values("w b", [0.5, 0.1])
    total = sum((ad.tanh(w * k) - k) ** 2 for k in (0.1, 0.2, 0.3, 0.4)) / 4 + b
    lines = """
program of no inputs; parameters w .. b; 12 statements; 9 shared numbers, 6 rows of lanes 1; 264 bytes
  t1[1] = w * numbers                                             # each lanes 1
  t2[1] = tanh(t1)                                                # each lanes 1
  t3[1] = tanh_slope(t1)                                          # each lanes 1
  t4[1] = t2 - numbers                                            # each lanes 1
  t5[1] = square(t4)                                              # each lanes 1
  t6[1] = 2 * t4                                                  # each lanes 1
  t7[1] = sum over lanes 1 of t5                                  # shared
  t8[1] = 0.25 * t6                                               # each lanes 1
  t9[1] = t7 / 4                                                  # shared
  t10[1] = t8 * t3                                                # each lanes 1
  t11[1] = t9 + b                                                 # shared
  t12[1] = sum over lanes 1 of t10 * numbers                      # shared"""  # noqa: E501
    assert str(ad.compile(total, parameters=[w, b], backend="numpy")) == lines[1:]


def test_each_kind_of_term_has_lanes_of_its_own():
    w = ad.Value(0.5, "w")
    terms = [f(w * k) for f, n in ((ad.tanh, 5), (ad.exp, 6)) for k in range(1, n)]
    shown = str(ad.compile(ad.sum(terms), parameters=w, backend="numpy"))
    assert "4 rows of lanes 1, 3 rows of lanes 2; " in shown


def test_a_program_prints_names_as_short_as_they_are_unique():
    w, v, x = (ad.Value(0.5, name) for name in ("hidden.h1.w", "output.o1.w", "x"))
    E = ((w * x).tanh().named("hidden.h1.out") * v).named("E")
    text = str(ad.compile(E, x, parameters=[w, v], backend="numpy"))
    assert text.startswith("program of x; parameters h1.w .. o1.w; ")
    assert "  t1[1] = h1.w * x " in text
    assert "# each X: out\n" in text


def test_many_operands_and_bytes_are_abridged():
    xs = ad.values("x1:7", [0.1] * 6)
    text = str(ad.compile([ad.logsumexp(xs[:5]), ad.logsumexp(xs)], xs, backend="numpy"))
    assert "logsumexp(x1, x2, x3, x4, x5) " in text
    assert "logsumexp(x1, x2, ..., x6) " in text
    for count, said in [(999, "999 bytes"), (1000, "1 kB"), (1_000_000, "1 MB"), (2.5e9, "2.5 GB")]:
        assert _bytes(count) == said


# ---------------------------------------------------------------- recordings


def test_a_recording_has_its_root_among_its_nodes():
    x = ad.Value(2.0)
    y = x * x
    assert Recording.of(y, [y], {x: 0}).root == 0
    assert Recording.of(x, [y], {x: 0}) is None
    assert Recording.of(ad.Value(1.0), [y], {x: 0}) is None


# ---------------------------------------------------------------- what is given


def test_rows_are_read_where_they_lie():
    """An array of float64 is not copied; what processors cannot read there is."""
    X = np.zeros((4, 2))
    assert np.shares_memory(rows_of_inputs([X], ["x", "y"])[0], X)
    shifted = np.frombuffer(b"-" + X.tobytes(), dtype=np.float64, offset=1).reshape(X.shape)
    assert not shifted.flags.aligned
    assert rows_of_inputs([shifted], ["x", "y"])[0].flags.aligned


@pytest.mark.parametrize("kind", ["c8", "c16", "g", "U1", "S8", "M8[D]", "m8[s]", "O"])
def test_arrays_of_what_is_no_float64_are_refused(kind):
    array = np.array([["1", "2"]], dtype="U1").astype(kind)
    for given, names in ([array], ["x", "y"]), ([array[0], array[0]], ["x", "y"]):
        with pytest.raises(TypeError, match="real numbers are wanted"):
            rows_of_inputs(given, names)


def test_a_list_of_names_is_abridged_from_six_on():
    assert listed("abcde") == "a, b, c, d, e"
    assert listed([*"abcdef"]) == "a, b, c, d, ..., f"
    assert listed([]) == "none"


def test_gates_that_decide_are_seen(builder):
    _, (x, y, z) = leaves(builder)
    gate = ad.gate(x, y)
    for outputs, decides in [
        ([ad.less(gate * 2.0, z)], True),
        ([gate + ad.less(x, y)], False),
        ([gate], False),
        ([ad.less(x, y)], False),
    ]:
        assert Tape(outputs).decides_by_gates() is decides


# ---------------------------------------------------------------- kernels


@pytest.mark.parametrize("name", TABLE)
def test_kernels_are_near_the_rows(name):
    """Within a few ulps of the larger of result and terms, over the whole range of the row."""
    from autodiff.backends import kernels

    op, rng = TABLE[name], random.Random(name)
    f = kernels.UFUNCS.get(name) or kernels.FUNCTIONS.get(name)
    if f is None or name == "gate":
        pytest.skip("no kernel of its own, or of many operands")
    scales = [1e-3, 0.3, 1.0, 5.0, 15.0, 40.0, 700.0]
    points = [[rng.gauss(0, s) for _ in range(op.arity)] for s in scales for _ in range(200)]
    with np.errstate(all="ignore"):
        got = np.asarray(f(*np.array(points).T), dtype=float)
    for point, y in zip(points, got.tolist(), strict=True):
        expected = op.forward(*point)
        crossing = 1e-14 if name.startswith(("gelu", "silu")) and "_" in name else 0.0
        assert y == pytest.approx(expected, rel=8 * 2.2e-16, abs=crossing, nan_ok=True), point


def test_nodes_are_hashed_by_identity(builder):
    assert Node.__eq__ is object.__eq__


@pytest.mark.parametrize("leaf", [1.0, math.nan])
def test_the_graph_is_compared_with_its_leaves_once(monkeypatch, leaf):
    """A nan is never equal to itself; to look at the whole graph for each would take n**2 steps."""
    looked = []
    monkeypatch.setattr("autodiff.program.trace.check_recorded", lambda *ys: looked.append(ys))
    builder = Builder()
    x = ad.Value(leaf, "x")
    y = x
    for _ in range(20):
        y = (y * x).tanh()
    made, _ = trace.__dict__.get("__wrapped__", trace)(
        [y], {x: builder.leaf("input", 0, ROWS, "x")}, builder
    )
    assert len(made) == 1
    assert len(looked) <= 1


def test_zeros_of_either_sign_are_two_numbers():
    x = ad.Value(2.0, "x")
    program = ad.compile([x * 0.0, x * -0.0], x)
    assert [math.copysign(1.0, number) for number in program(2.0)] == [1.0, -1.0]


def test_parameters_may_stand_behind_the_one_input():
    w, x, z = ad.values("w x z", [0.5, 2.0, 3.0])
    X, Z = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    one = ad.compile((w * x).sin(), x, parameters=[w])
    assert one.value_and_grad(X, [0.25])[0] == one.value_and_grad(X, params=[0.25])[0]
    assert one.value_and_grad(X, [0.25])[0] != one.value_and_grad(X)[0]
    two = ad.compile((w * x * z).sin(), [x, z], parameters=[w])
    value = np.mean(np.sin(0.5 * X * Z))
    assert two.value_and_grad(X, Z)[0] == pytest.approx(value, rel=1e-15)
