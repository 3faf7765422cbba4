"""The compiled passes over nodes beside the Python ones: the same tapes and the same layouts.

The Python passes run in a process of their own, with AUTODIFF_NATIVE=0. The rest of the suite runs
over whichever is active; `.ci/run` runs it over each.
"""

import gc
import math
import os
import pickle
import random
import subprocess
import sys
import threading
from array import array
from pathlib import Path

import pytest
from rows import user_rows

import autodiff as ad
import nn
from autodiff import native
from autodiff.op import TABLE
from autodiff.program.differentiate import gradients
from autodiff.program.lanes import long_sums
from autodiff.program.laying import GRADIENTS, NODES, VALUES, planned
from autodiff.program.node import ROWS, SHARED, Builder, Node
from autodiff.program.sums import raise_sums
from autodiff.program.tape import Tape

ROOT = Path(__file__).parent.parent
compiled_only = pytest.mark.skipif(
    native.status()["nodes"] != "active", reason="nodes are not compiled here"
)
CONSTANTS = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, math.inf]
ARITHMETIC = ["add", "sub", "mul", "div"]
FIXED = {name: row for name, row in TABLE.items() if row.arity in (1, 2, 3)}


def random_graph(seed):
    """An output, its inputs and its parameters; over all rows, with constants, names and sums."""
    rng = random.Random(seed)
    ps = [ad.Value(rng.uniform(0.5, 1.5), f"p{i}") for i in range(rng.choice([1, 3]))]
    xs = [ad.Value(rng.uniform(0.5, 1.5), f"x{i}") for i in range(rng.choice([0, 1, 3]))]
    nodes = ps + xs

    def some(most):
        return [rng.choice(nodes) for _ in range(rng.randrange(1, most))]

    def operand():
        return rng.choice(nodes) if rng.random() < 0.85 else rng.choice(CONSTANTS)

    def arithmetic():
        return TABLE[rng.choice(ARITHMETIC)](rng.choice(nodes), operand())

    def any_row():
        row = FIXED[rng.choice(sorted(FIXED))]
        return row(rng.choice(nodes), *[operand() for _ in range(row.arity - 1)])

    def dot():
        xs = some(6)
        return ad.dot(xs, [operand() for _ in xs])

    def products():
        return sum(x * operand() for x in some(6)) - rng.choice(nodes) * operand()

    made = [
        *[arithmetic] * 6,
        *[any_row] * 4,
        dot,
        products,
        lambda: sum(some(12)),
        lambda: ad.logsumexp(some(5)),
        lambda: rng.choice(ad.softmax(some(5))),
        lambda: -rng.choice(nodes),
    ]
    for i in range(rng.choice([3, 10, 40, 150])):
        node = rng.choice(made)()
        if isinstance(node, ad.Value):
            if rng.random() < 0.1 and not node.name:
                node.name = f"n{i}"
            nodes.append(node)
    y = sum(nodes[-4:-1], nodes[-1] * 1.0)
    needed = set(ad.graph.topological(y))
    return y, [x for x in xs if x in needed], ps


def works():
    """Names, outputs, inputs and parameters."""
    for seed in range(120):
        yield f"random {seed}", *random_graph(seed)
    xs = ad.values("x1:4", [0.1, 0.2, 0.3])
    for activation in ("relu", "sigmoid", "tanh", "gelu", "leaky_relu"):
        model = nn.MLP(3, [5, 4, 2], activation=activation, output="linear")
        for i, p in enumerate(model.parameters()):
            p.data = math.sin(i + 1.0)  # the same in each process
        logits = model(xs)
        yield activation, ad.logsumexp(logits) - logits[0], xs, model.parameters()
    rows = [[math.sin(i), math.cos(i), math.sin(2.0 * i)] for i in range(20)]
    losses = [(model(row)[0] - 0.5) ** 2 for row in rows]
    decay = 1e-3 * sum(p * p for p in model.parameters())
    yield "loop", sum(losses) * (1 / 20) + decay, [], model.parameters()
    x = ad.Value(1.0, "x")
    deep = x
    for _ in range(5000):
        deep = deep * 1.0001 + 0.5 * deep.sin()
    yield "deep", deep * ad.Value(2.0, "w"), [x], ["w"]


def columns(step):
    return [(column.space, column.slots) for column in (step.out, *step.columns)]


def laid_out(program):
    """All that a Program keeps and makes, as plain text: it shows -0.0, and the order of dicts."""
    tape = program._tape
    found = [(tape.ops, list(tape.nodes()), tape.numbers, tape.names, tape.outputs)]
    found.append(program._leaves)
    for kind in (VALUES, GRADIENTS, NODES):
        for gated in (False, True):
            it = program.layout(kind, gated)
            steps = [(step.op, step.axis, step.title, columns(step)) for step in it.steps]
            rest = it.constants, it.sizes, it.rows, it.lanes, it.outputs
            found.append((steps, rest, program._layouts[kind, gated][1]))
    return [repr(each) for each in found]


def all_layouts():
    with user_rows():
        return {
            name: laid_out(ad.compile(y, xs, parameters=ps, backend="numpy"))
            for name, y, xs, ps in works()
        }


@compiled_only
def test_tapes_and_layouts_are_those_of_the_python_passes():
    child = subprocess.run(
        [sys.executable, __file__],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "AUTODIFF_NATIVE": "0", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )
    expected, found = pickle.loads(child.stdout), all_layouts()
    assert found.keys() == expected.keys()
    for name in expected:
        assert found[name] == expected[name], name


@compiled_only
@pytest.mark.parametrize("seed", range(20))
def test_each_pass_by_itself(seed):
    """The compiled passes and the Python ones over the same compiled nodes."""
    y, xs, ps = random_graph(seed)
    program = ad.compile(y, xs, parameters=ps, backend="numpy")

    def result(gradients, raise_sums, planned):
        builder, [y], parameters = program._tape.load(False, len(ps))
        if type(y) is float:
            return None
        total = y if y.axis == SHARED else builder.total(y, ROWS)
        outputs = raise_sums([total, *gradients(total, parameters)])
        layout, ops = planned(outputs, len(ps))
        nodes = [(x.op, x.operands, x.axis, x.place, x.name) for x in builder.nodes]
        return repr(nodes), ops, [columns(step) for step in layout.steps]

    each = (gradients, raise_sums, planned)
    assert result(*each) == result(*(of.__wrapped__ for of in each))


# ---------------------------------------------------------------- nodes as objects


def random_sums(rng, parameters):
    """Outputs: sums of terms of few shapes, added up from either side, some inside others."""
    shared = [parameters[0] * parameters[1], ad.Value(2.0)]
    made = []

    def term():
        x = rng.choice(CONSTANTS)
        return rng.choice(
            [
                lambda: parameters[0] * x,
                lambda: (parameters[1] * x - parameters[0]).tanh(),
                lambda: rng.choice([*parameters, *shared]),
                lambda: ad.Value(x),
                lambda: x,
                lambda: rng.choice(made) if made else shared[0] * x,
                lambda: ad.dot([x, parameters[0]], [parameters[1], x]),
            ]
        )()

    for _ in range(rng.choice([1, 4, 8])):
        total = shared[0] * 1.0
        for _ in range(rng.choice([3, 12, 30])):
            x = term()
            total = rng.choice([lambda t, x: t + x, lambda t, x: x + t, lambda t, x: t - x])(
                total, x
            )
        made.append(rng.choice([total, ad.sum([total, *(term() for _ in range(6))])]))
    return [made[-1], rng.choice(made)]


@compiled_only
def test_long_sums_are_those_that_python_finds():
    lanes = shaped = 0
    for seed in range(200):
        rng = random.Random(seed)
        parameters = ad.values("a b c", [0.5, -1.5, 2.0])
        given = dict.fromkeys(parameters)
        roots = random_sums(rng, parameters)
        order, sums = long_sums(roots, given)
        wanted_order, wanted = long_sums.__wrapped__(roots, given)
        assert order == [node for node in wanted_order if node not in given]
        assert list(sums) == list(wanted)
        numbers, wanted_numbers = {}, {}
        for head, terms in sums.items():
            lanes += 1
            for (sign, x, shape), (its_sign, y, its_shape) in zip(terms, wanted[head], strict=True):
                assert sign == its_sign
                assert x is y or (math.copysign(1.0, x) == math.copysign(1.0, y) and x == y)
                assert numbers.setdefault(shape, its_shape) == its_shape
                assert wanted_numbers.setdefault(its_shape, shape) == shape
                assert (shape > 0) - (shape < 0) == (its_shape > 0) - (its_shape < 0)
                shaped += shape > 0
    assert lanes > 200
    assert shaped > 1000


@compiled_only
def test_long_sums_leave_nothing_behind():
    parameters = ad.values("a b c", [0.5, -1.5, 2.0])
    roots, given = random_sums(random.Random(3), parameters), dict.fromkeys(parameters)
    assert long_sums(roots, given)[1]
    objects = [*ad.graph.topological(*roots), roots, given]
    counts, blocks = list(map(sys.getrefcount, objects)), sys.getallocatedblocks()
    for _ in range(2000):
        long_sums(roots, given)
    assert list(map(sys.getrefcount, objects)) == counts
    assert sys.getallocatedblocks() - blocks < 1000


@compiled_only
def test_long_sums_of_what_was_changed_are_left_to_python():
    w, x = ad.values("w x", [0.5, 2.0])
    total = sum((w * k).tanh() * x for k in range(1, 6))
    x.data = 3.0
    with pytest.raises(ValueError, match="x changed since"):
        long_sums([total], {w: None})
    assert native.load("nodes").long_sums([total], {w: None}) is NotImplemented
    for given in ([], {}, {1.0: None}, {total: None}):
        assert native.load("nodes").long_sums([x * 2.0], given) in (NotImplemented, ([], {}))
    with pytest.raises(TypeError, match="outputs are a sequence"):
        native.load("nodes").long_sums(3, {})
    assert native.load("nodes").long_sums([3.0], {}) is NotImplemented


@compiled_only
def test_a_node_is_the_same_object_as_long_as_it_lives():
    builder = Builder()
    x = builder.leaf("input", 0, ROWS, "x")
    y = x * 2.0
    assert type(x) is Node and y.operands[0] is x and y is builder.record("mul", (x, 2.0))  # noqa: PT018
    assert builder.nodes == [x, y]
    assert {x: 1}[builder.leaf("input", 0, ROWS)] == 1
    assert y.home is builder
    assert (x.name, y.name, y.index, y.place) == ("x", "", 1, 0)
    y.name = "y"
    index = y.index
    del y
    assert builder.nodes[index].name == "y"


@compiled_only
def test_nodes_keep_their_builder_and_leave_nothing_behind():
    x = Builder().leaf("input", 0, ROWS)
    y = x + 1.0
    assert (y * x).operands == (y, x)  # the builder lives in its nodes
    assert not gc.is_tracked(x)
    x.home.clear()
    for ask in (lambda: x.op, lambda: x.operands, lambda: x.index, lambda: raise_sums([x])):
        with pytest.raises(RuntimeError, match="cleared"):
            ask()


@compiled_only
def test_equal_nodes_are_one_also_where_one_operand_has_most_of_them():
    builder = Builder()
    x, y = builder.leaf("input", 0, ROWS), builder.leaf("input", 1, ROWS)
    made = [z * float(k) for k in range(2, 20_000) for z in (x, y)]
    made += [z + w for z in made[:50] for w in made[50:100]]
    count = len(builder.nodes)
    again = [z * float(k) for k in range(2, 20_000) for z in (x, y)]
    again += [z + w for z in made[:50] for w in made[50:100]]
    assert len(builder.nodes) == count == len(set(made)) + 2
    assert all(a is b for a, b in zip(made, again, strict=True))
    planned([made[-1]], 0)  # forgets what there is
    assert (x * 2.0 is made[0], builder.known("add", (made[0], made[50]))) == (True, made[39_996])
    assert len(builder.nodes) == count


@compiled_only
def test_compiled_parts_may_be_loaded_before_anything_is_compiled(run_python):
    program = "from autodiff import Value, compile, native; native.status();"
    done = run_python("-c", program + "x = Value(1.0); print(compile(x * x, [x])(3.0))")
    assert done.stdout == "9.0\n", done.stderr


@compiled_only
def test_what_is_no_operand_is_refused():
    builder, other = Builder(), Builder()
    x, y = builder.leaf("input", 0, ROWS), other.leaf("input", 0, ROWS)
    with pytest.raises(ValueError, match="two builders"):
        x + y
    with pytest.raises(TypeError, match="not a real number"):
        x + "1"
    with pytest.raises(TypeError):
        builder.record("add", (x, "1"))
    with pytest.raises(TypeError):
        builder.record("add", x)
    with pytest.raises(TypeError):
        Node()
    with pytest.raises(TypeError, match="pickle the Program"):
        pickle.dumps(x)


@compiled_only
def test_an_error_in_a_row_comes_through():
    def refused(out, x):
        raise LookupError("this slope is not written yet")

    with user_rows():
        row = ad.Op("half_written", lambda x: x, [refused])
        x, w = ad.values("x w", [1.0, 2.0])
        for y in (row(w * x), row(w) * x):
            program = ad.compile(y, [x], parameters=[w], backend="numpy")
            with pytest.raises(LookupError, match="not written"):
                program.layout(GRADIENTS)


@compiled_only
def test_a_row_that_took_the_name_of_another():
    x, w = ad.values("x w", [3.0, 2.0])
    for factor in (2.0, 5.0):
        with user_rows():
            row = ad.Op("scaled", lambda x, f=factor: f * x, [lambda out, x, f=factor: f * x])
            program = ad.compile(row(w * x), [x], parameters=[w], backend="numpy")
            _, slopes = program.value_and_grad([[3.0]])
            assert slopes.tolist() == [factor * 6.0 * 3.0]


@compiled_only
def test_tapes_that_are_no_tapes():
    builder = Builder()
    tape = Tape([builder.leaf("input", 0, ROWS) + 1.0])
    code = array("i", tape.code)
    for wrong, error, message in (
        ([*code[:-2], 1, code[-1]], IndexError, "before its user"),  # itself
        ([*code[:-1], -3], IndexError, "before its user"),  # a number that is not there
        (code[:-1], ValueError, "no tape"),
        ([9, *code[1:]], ValueError, "no tape"),
        ([*code[:3], -1, *code[4:]], ValueError, "no tape"),
    ):
        tape.code = array("i", wrong).tobytes()
        with pytest.raises(error, match=message):
            tape.load(True, 0)


@compiled_only
def test_threads_compile_and_differentiate_one_graph():
    y, xs, ps = random_graph(7)
    expected = laid_out(ad.compile(y, xs, parameters=ps, backend="numpy"))
    y.backward()
    slopes = [p.grad for p in ps]
    found, sums = [], []

    def compiles():
        for _ in range(20):
            found.append(laid_out(ad.compile(y, xs, parameters=ps, backend="numpy")) == expected)

    def differentiates():
        for _ in range(200):
            y.backward()
        sums.append(True)

    threads = [threading.Thread(target=f) for f in (compiles, differentiates, compiles)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 40 and sums  # noqa: PT018
    for p, slope in zip(ps, slopes, strict=True):
        if math.isfinite(slope):
            assert math.isclose(p.grad, 201 * slope, rel_tol=1e-9)


def test_a_shared_slope_under_a_shared_adjoint_is_added_up_over_the_rows():
    p, q, r, s, x = ad.values("p q r s x", [0.5, 2.0, 3.0, 4.0, 1.5])
    y = s * ad.dot([p, r], [q, x])
    program = ad.compile(y, [x], parameters=[p, q, r, s])
    value, slopes = program.value_and_grad([[1.5], [2.5]], reduce="sum")
    assert value == 4.0 * (2 * 1.0 + 3.0 * 4.0)
    assert slopes.tolist() == [2 * 4.0 * 2.0, 2 * 4.0 * 0.5, 4.0 * 4.0, 2 * 1.0 + 3.0 * 4.0]


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(all_layouts()))
