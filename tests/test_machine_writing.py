"""The text of a Machine, read back: segments, and the instructions that do its steps."""

import pickle
import random
from array import array
from collections import Counter, namedtuple
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
from ready import every_set, held_to, native_only

import autodiff as ad
import nn
from autodiff.program.allocate import Layout
from autodiff.program.group import INPUT
from autodiff.program.node import ROWS, SHARED, TOTAL_PRODUCT
from autodiff.program.steps import Column, Packed, Step, packed

pytestmark = native_only
native_backend = pytest.importorskip("autodiff.backends.native_backend")

Instruction = namedtuple("Instruction", "kind place terms option out columns")
PAIR, SHARE, ALL_SHARES, INNER_MATRIX, INNER_TERMS, TOTAL_PAIRS, TOTAL_GRID = 1, 3, 4, 5, 6, 9, 10
ADDS, BIAS, WITH_SUM, RELU_LAST, TIMES, SLOPE, PRODUCT = 1, 2, 4, 8, 16, 32, 64


def text_of(layout, n_inputs=0, lanes=(), n_parameters=0):
    """What a Machine is given."""
    with mock.patch.object(native_backend, "machine") as machine:
        native_backend.made(layout, n_inputs, lanes, n_parameters)
    [call] = machine.Machine.call_args_list
    return call.args[0].tolist()


def segments_of(text):
    """(axis, instructions) of each segment."""
    numbers = iter(text)

    def take(n):
        return [next(numbers) for _ in range(n)]

    def column(chosen=False):
        return Column(None if chosen else next(numbers), take(next(numbers)))

    n_axes = take(5)[0]
    take(3 * n_axes)
    take(2 * next(numbers))
    n_steps, n_columns, n_segments = take(3)
    found = []
    for _ in range(n_segments):
        axis, n = take(2)
        instructions = []
        for _ in range(n):
            kind, place, members, terms, option, count = take(6)
            chosen = -1
            if kind in (SHARE, ALL_SHARES):
                chosen = count - 1 - bool(option & WITH_SUM)
            out = column()
            columns = [column(i == chosen) for i in range(count)]
            assert len(out.slots) == members
            instructions.append(Instruction(kind, place, terms, option, out, columns))
        found.append((axis, instructions))
    assert next(numbers, None) is None
    all_of_them = [it for _, part in found for it in part]
    assert n_steps == len(all_of_them)
    assert n_columns == sum(len(it.columns) for it in all_of_them)
    return found


def instructions_of(outputs, inputs, parameters, kind="gradients"):
    program = ad.compile(outputs, inputs, parameters=parameters, backend="native")
    text = text_of(program.layout(kind), len(inputs), program._leaves, len(parameters))
    return [it for _, part in segments_of(text) for it in part]


# ---------------------------------------------------------------- segments


def programs():
    """Of a loss over rows with a penalty, and of a plain loop over its samples."""
    w, b, x, t = ad.values("w b x t", [0.5, 0.1, 2.0, 1.0])
    loss = (ad.tanh(w * x + b) - t) ** 2 + 0.1 * ad.exp(w) * b
    yield ad.compile(loss, [x, t], parameters=[w, b])
    total = sum((ad.tanh(w * k + b) - k) ** 2 for k in (0.1, 0.2, 0.3, 0.4)) / 4 + w.exp()
    yield ad.compile(ad.log(total) * total, [], parameters=[w, b])


def text_of_program(program):
    return text_of(
        program.layout("gradients"), len(program.inputs), program._leaves, len(program.parameters)
    )


def test_segments_run_what_is_read_before_what_reads_it():
    apart = mock.patch.dict(native_backend.THEN, clear=True)
    with apart, mock.patch.dict(native_backend.JOINTS, clear=True):
        for program in programs():
            found = segments_of(text_of_program(program))
            steps = list(program.layout("gradients").steps)
            axes = [axis for axis, _ in found]
            assert all(a != b for a, b in pairwise(axes))
            assert len(found) > len(set(axes))  # something waits for a sum
            for each in set(axes):
                order = [it.out.slots for axis, part in found if axis == each for it in part]
                assert order == [step.out.slots for step in steps if step.axis == each]
            missing = Counter(
                slot for step in steps if not step.out.space for slot in step.out.slots
            )
            for axis, part in found:
                written = Counter()
                for it in part:
                    for column in it.columns:
                        assert column.space or not any(missing[s] for s in column.slots)
                    if it.out.space == SHARED:
                        written += Counter(it.out.slots)
                    if axis == SHARED:
                        missing -= written
                        written = Counter()
                missing -= written
            assert not missing


def test_a_segment_stops_at_the_first_step_that_waits():
    """Though its last one could run."""

    def step(op, axis, out, *columns):
        return Step(op, axis, Column(*out), [Column(*column) for column in columns], ())

    x, total = (ROWS, [0]), (SHARED, [0])
    layout = Layout()
    layout.rows = {SHARED: 2, ROWS: 3}
    layout.steps = [
        step("total", ROWS, total, x),
        step("exp", SHARED, (SHARED, [1]), total),
        step("mul", ROWS, (ROWS, [1]), x, (SHARED, [1])),
        step("neg", ROWS, (ROWS, [2]), x),
    ]
    found = [(axis, len(part)) for axis, part in segments_of(text_of(layout))]
    assert found == [(ROWS, 1), (SHARED, 1), (ROWS, 2)]


def test_steps_that_wait_for_each_other_are_refused():
    layout = next(programs()).layout("gradients")
    steps = list(layout.steps)
    reading = [step for step in steps if step.axis == SHARED and step.out.space == SHARED]
    layout.steps = [*reading[::-1], *(step for step in steps if step not in reading)]
    with pytest.raises(ValueError, match="wait for each other"):
        text_of(layout, 2, (), 2)


# ---------------------------------------------------------------- instructions


def test_a_dense_layer_is_a_matrix_with_its_bias_and_a_grid_of_gradients():
    model = nn.MLP(3, [4, 2], activation="tanh", seed=0)
    xs = ad.values("x1:4", [0.1, 0.2, 0.3])
    loss = nn.half_squared_error(model(xs), [0.5, 0.25])
    found = instructions_of(loss, xs, model.parameters())
    kinds = Counter(it.kind for it in found)
    layers = [it for it in found if it.kind == INNER_MATRIX and it.option == BIAS]
    assert [(len(it.out.slots), it.terms, len(it.columns)) for it in layers] == [
        (4, 3, 3),
        (2, 4, 3),
    ]
    assert all(len(it.columns[1].slots) == it.terms for it in layers)  # shared by all members
    grids = [it for it in found if it.kind == TOTAL_GRID]
    assert [len(it.out.slots) for it in grids] == [12]
    assert [len(it.out.slots) for it in found if it.kind == TOTAL_PAIRS] == [8]  # 2 by 4: too few
    assert kinds[PAIR] == 2


def test_a_function_and_its_slope_are_one_instruction():
    w, x = ad.values("w x", [0.5, 2.0])
    found = instructions_of(ad.sigmoid(w * x), [x], [w])
    [pair] = [it for it in found if it.kind == PAIR]
    assert native_backend.machine.PAIRS[pair.place] == ("sigmoid", "sigmoid_slope")
    assert [column.space for column in (pair.out, *pair.columns)] == [ROWS] * 3
    found = instructions_of(ad.sigmoid(w), [], [w])  # what is shared is no lane
    assert not [it for it in found if it.kind == PAIR]


def test_shares_are_one_instruction_with_their_sum():
    xs, w = ad.values("x1:5", [0.5, 1.0, -1.0, 2.0]), ad.Value(0.5, "w")
    zs = [w * x for x in xs]
    found = instructions_of(ad.logsumexp(zs) - zs[2], xs, [w])
    [shares] = [it for it in found if it.kind in (SHARE, ALL_SHARES)]
    assert (shares.kind, shares.option) == (ALL_SHARES, WITH_SUM)
    assert len(shares.columns) == 4 + 2
    assert sorted(shares.columns[4].slots) == [0, 1, 2, 3]
    assert len(shares.columns[5].slots) == 1  # the sum


def by_hand(lefts, rights, outs):
    layout = Layout()
    layout.rows = {SHARED: 64, ROWS: 8}
    columns = [Column(ROWS, lefts), Column(INPUT, rights)]
    layout.steps = [Step(TOTAL_PRODUCT, ROWS, Column(SHARED, outs), columns, ())]
    [(_, [it])] = segments_of(text_of(layout, 8))
    return it.kind, it.out.slots, *[column.slots for column in it.columns]


def test_products_are_a_grid_if_all_pairs_are_there():
    lefts, rights = [4, 4, 4, 3, 3, 3, 2, 2, 2], [6, 5, 7, 5, 6, 7, 7, 6, 5]
    outs = [10, 12, 13, 14, 11, 9, 8, 7, 6]
    grid = [10, 12, 13, 11, 14, 9, 7, 6, 8]
    assert by_hand(lefts, rights, outs) == (TOTAL_GRID, grid, [4, 3, 2], [6, 5, 7])
    twice = [6, 6, 7, 5, 6, 7, 7, 6, 5]
    assert by_hand(lefts, twice, outs) == (TOTAL_PAIRS, outs, lefts, twice)
    fewer = [column[:-1] for column in (lefts, rights, outs)]
    assert by_hand(*fewer) == (TOTAL_PAIRS, fewer[2], *fewer[:2])
    few = [4, 4, 3, 3], [6, 5, 5, 6], [10, 12, 14, 11]
    assert by_hand(*few) == (TOTAL_PAIRS, few[2], *few[:2])


def test_the_right_factors_of_a_grid_fill_vectors():
    lefts, rights = list(range(8)), [1, 2, 3]
    pairs = [(a, b) for a in lefts for b in rights]
    outs = list(range(40, 64))
    turned = [outs[a * 3 + b - 1] for b in rights for a in lefts]
    found = by_hand([a for a, _ in pairs], [b for _, b in pairs], outs)
    assert found == (TOTAL_GRID, turned, rights, lefts)
    there = by_hand([b for _, b in pairs], [a for a, _ in pairs], outs)
    assert there == (TOTAL_GRID, turned, rights, lefts)


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_joint_instructions_change_no_bit(activation):
    rng = random.Random(0)
    model = nn.MLP(3, [8, 5], activation=activation, seed=1)
    xs = ad.values("x1:4", [0.5, 1.0, -1.0])
    loss = nn.cross_entropy(model(xs), 2)
    X = np.array([[rng.gauss(0, 1) for _ in xs] for _ in range(37)])

    def numbers():
        program = ad.compile(loss, xs, parameters=model.parameters(), backend="native")
        value, gradient = program.value_and_grad(X)
        return value, gradient.tobytes()

    joined = numbers()
    with mock.patch.dict(native_backend.JOINTS, clear=True):
        assert numbers() == joined


# ---------------------------------------------------------------- what is done to results at once


def small(activation="relu"):
    model = nn.MLP(2, [4, 3, 1], activation=activation, output="linear", seed=0)
    xs, t = ad.values("x1:3", [0.1, 0.2]), ad.Value(1.0, "t")
    return model, [*xs, t], ad.exp(model(xs)) + t


def names_of(found):
    rows = native_backend.machine.ROWS
    return [rows[it.place] for it in found if it.kind == 0]


def test_relu_is_taken_of_sums_and_its_slope_times_what_comes_back():
    model, inputs, loss = small()
    found = instructions_of(loss, inputs, model.parameters())
    matrices = [it for it in found if it.kind == INNER_MATRIX]
    assert [it.option for it in matrices] == [
        BIAS | RELU_LAST,
        BIAS | RELU_LAST,
        BIAS,
        TIMES | SLOPE | PRODUCT,  # one row times the weights of the last layer
        TIMES | SLOPE,
    ]
    first, second, _, third, fourth = matrices
    assert third.terms == 1
    # the slopes are taken of what relu gave, and nothing of it is kept besides
    assert third.columns[-1].slots == second.out.slots
    assert fourth.columns[-1].slots == first.out.slots
    assert not {"relu", "relu_slope"} & set(names_of(found))


def test_other_slopes_are_factors():
    model, inputs, loss = small("tanh")
    found = instructions_of(loss, inputs, model.parameters())
    options = [it.option for it in found if it.kind == INNER_MATRIX]
    assert options == [BIAS, BIAS, BIAS, TIMES | PRODUCT, TIMES]
    slopes = [it.columns[1].slots for it in found if it.kind == PAIR]
    factors = [it.columns[-1].slots for it in found if it.option & TIMES]
    assert slopes == factors[::-1]


def test_what_others_read_is_kept():
    """Sums that are outputs as well, a factor that comes later, a square."""
    w, v, x, y, z = ad.values("w v x y z", [0.5, 0.25, 1.0, 2.0, 3.0])
    total = w * x + v * y + 0.5 * z
    inner = [INNER_MATRIX, INNER_TERMS]
    for outputs in (
        [ad.relu(total), total],
        [total * ad.exp(ad.relu(total))],
        [total * total],
        [ad.relu(total) + ad.exp(total)],
    ):
        found = instructions_of(outputs, [x, y, z], [w, v], "values")
        assert [it.option & ~BIAS for it in found if it.kind in inner] == [0]
    found = instructions_of([ad.relu(total)], [x, y, z], [w, v], "values")
    assert [it.option & ~BIAS for it in found if it.kind in inner] == [RELU_LAST]
    found = instructions_of([ad.exp(x) * total], [x, y, z], [w, v], "values")
    assert [it.option & ~BIAS for it in found if it.kind in inner] == [TIMES]


def drawn_layout(rng, n_steps):
    """Steps as an allocator might lay them: blocks of rows that are used again and again, no step
    writes what it reads; some blocks are outputs.
    """
    size, n_parameters, blocks = 3, 23, rng.randrange(6, 9)
    layout, steps, there = Layout(), [], []

    def rows(block):
        return Column(ROWS, list(range(block * size, block * size + size)))

    def drawn():
        if there and rng.random() < 0.9:  # what was written last more often than not
            found = rows(there[-1] if rng.random() < 0.5 else rng.choice(there))
            if rng.random() < 0.1:
                rng.shuffle(found.slots)
            elif rng.random() < 0.1:
                found.slots[0] = rows(rng.choice(there)).slots[0]
            return found
        return Column(INPUT, rng.sample(range(3), size))

    def shared(n):
        start = rng.randrange(n_parameters - n)
        return Column(SHARED, list(range(start, start + n)))

    def write(op, columns, *kept):
        reads = {slot // size for c in columns if c.space == ROWS for slot in c.slots} | set(kept)
        block = rng.choice([b for b in range(blocks) if b not in reads])
        if block in there:
            there.remove(block)
        there.append(block)
        rng.shuffle(columns)
        steps.append(Step(op, ROWS, rows(block), columns, ()))
        return block

    def weighted(*kept):
        x = drawn()
        if rng.random() < 0.4:
            return write("mul", [Column(x.space, x.slots[:1] * size), shared(size)], *kept)
        block = write("inner", [shared(size * size), Column(x.space, x.slots * size)], *kept)
        if rng.random() < 0.5:
            ones = Column(SHARED, [n_parameters] * size)
            steps.append(Step("inner_added", ROWS, rows(block), [shared(size), ones], ()))
        return block

    totals = n_parameters + 1
    while len(steps) < n_steps:
        match rng.choice(["weighted", "weighted", "mul", "relu", "relu", "neg", "total", "slope"]):
            case "weighted":
                weighted()
            case "mul":
                write("mul", [drawn(), drawn() if rng.random() < 0.8 else shared(size)])
            case "total":
                out = Column(SHARED, list(range(totals, totals + size)))
                steps.append(Step("total", ROWS, out, [drawn()], ()))
                totals += size
            case "slope":
                slope = write("relu_slope", [drawn()]) if rng.random() < 0.3 else None
                for _ in range(rng.choice((0, 0, 1, 2))):
                    write("neg", [drawn()], slope)
                back = weighted(slope)
                for _ in range(rng.choice((0, 0, 1))):
                    write("neg", [drawn()], slope, back)
                if slope is None:
                    slope = write("relu_slope", [drawn()], back)
                factor = rows(slope)
                if rng.random() < 0.1:
                    rng.shuffle(factor.slots)
                write("mul", [rows(back), factor])
            case op:
                write(op, [drawn()])
    layout.rows = {SHARED: totals, ROWS: blocks * size}
    layout.constants = [(n_parameters, 1.0)]
    layout.steps = [step for step in steps if step.columns[0].space != INPUT or step.op != "total"]
    outputs = rng.sample(there, rng.randrange(len(there) + 1))
    layout.outputs = [(ROWS, slot) for block in outputs for slot in rows(block).slots]
    layout.outputs += [(SHARED, slot) for slot in range(n_parameters + 1, totals)]
    return layout, n_parameters


@every_set
@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_read_later_it_changes_no_bit(instructions, seed):
    """Random steps, run as they stand and with all that can be done at once."""
    rng = random.Random(seed)
    options = Counter()
    for _ in range(400):
        layout, n_parameters = drawn_layout(rng, rng.choice((3, 6, 12, 24)))
        X = np.array([[rng.choice((rng.gauss(0, 1), 0.0, -0.0)) for _ in range(11)] for _ in "abc"])
        parameters = np.array([rng.choice((rng.gauss(0, 1), 0.0)) for _ in range(n_parameters)])

        def numbers(layout=layout, X=X, parameters=parameters):
            runner = native_backend.Runner(layout, 3, [], len(parameters))
            runner.run(parameters, X)
            found = [np.asarray(runner.output(i, X)) for i in range(len(layout.outputs))]
            return [np.where(np.isnan(x), np.nan, x).tobytes() for x in found]  # one nan is another

        with held_to(instructions):
            at_once = numbers()
            with mock.patch.dict(native_backend.THEN, clear=True):
                assert numbers() == at_once
        for _, part in segments_of(text_of(layout, 3, (), n_parameters)):
            options.update(it.option & ~(ADDS | BIAS) for it in part)
    wanted = RELU_LAST, TIMES, TIMES | PRODUCT, TIMES | SLOPE, TIMES | SLOPE | PRODUCT
    assert all(options[option] for option in wanted), options


@every_set
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_networks_are_the_same_to_the_last_bit(instructions, activation):
    model, inputs, loss = small(activation)
    X = np.random.default_rng(0).normal(size=(29, 3))
    lanes = sum(ad.exp(model([float(a), float(b)])) + float(t) for a, b, t in X[:9])  # a plain loop

    def numbers():
        program = ad.compile(loss, inputs, parameters=model.parameters(), backend="native")
        value, gradient = program.value_and_grad(X)
        predicted = ad.compile(model(inputs[:2]), inputs[:2], backend="native")(X[:, :2])
        plain = ad.compile(lanes, parameters=model.parameters(), backend="native")
        return value, gradient.tobytes(), predicted.tobytes(), plain.value_and_grad()[1].tobytes()

    with held_to(instructions):
        at_once = numbers()
        with mock.patch.dict(native_backend.THEN, clear=True):
            assert numbers() == at_once


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_slopes_of_relu_are_those_of_what_it_gave(backend):
    """At 0, -0.0, nan and both infinities the gradient is still the eager one."""
    w, x = ad.values("w x", [1.0, 1.0])
    program = ad.compile(ad.relu(w * x), [x], parameters=[w], backend=backend)
    for number in (0.0, -0.0, 5e-324, -5e-324, 2.0, -2.0, np.inf, -np.inf, np.nan):
        a, b = ad.Value(1.0), ad.Value(number)
        ad.relu(a * b).backward()
        _, [slope] = program.value_and_grad([[number]])
        assert np.array_equal(slope, a.grad, equal_nan=True), number


# ---------------------------------------------------------------- packed steps


def plain(steps):
    return [
        (s.op, s.axis, s.title, [(c.space, c.slots) for c in (s.out, *s.columns)]) for s in steps
    ]


def test_packing_keeps_everything():
    for program in programs():
        steps = program.layout("gradients").steps
        again = packed(list(steps))
        assert plain(again) == plain(steps)
        assert len(again) == len(steps) == len(list(again))
        assert packed(again) is again
        assert plain(pickle.loads(pickle.dumps(again))) == plain(steps)
    assert list(packed([])) == []


def test_packed_steps_that_are_damaged():
    """Each is written as it is, or refused; and what is written is a program or a ValueError."""
    rng = random.Random(1)
    said = Counter()
    for program in programs():
        layout = program.layout("gradients")
        steps = packed(layout.steps)
        for _ in range(3000):
            code = array("i", steps.code)
            for _ in range(rng.choice((1, 1, 2))):
                at = rng.randrange(len(code))
                code[at] = rng.choice((code[at] + 1, code[at] - 1, -1, 0, 2**31 - 1, -(2**31), 7))
            count = rng.choice((len(steps), len(steps), len(steps) + 1, len(steps) - 1))
            layout.steps = Packed(code.tobytes(), count, steps.ops, {})
            given = len(program.inputs), program._leaves, len(program.parameters)
            try:
                native_backend.made(layout, *given)
            except (ValueError, MemoryError) as error:
                said[type(error)] += 1
            else:
                said["made"] += 1
        layout.steps = steps
    assert said["made"] > 50
    assert said[ValueError] > 1000
    with pytest.raises(ValueError, match="no steps"):
        native_backend.nodes.text(b"123", 1, b"", b"", b"", 2, b"")
    with pytest.raises(ValueError, match="no steps"):
        native_backend.nodes.text(b"", -1, b"", b"", b"", 2, b"")
