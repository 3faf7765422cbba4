"""The compiled Value beside the Python one: the same numbers to the last bit, and the switch.

The rest of the suite runs over whichever is active; `.ci/run` runs it over each.
"""

import gc
import inspect
import itertools
import json
import math
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from rows import user_rows

import autodiff as ad
from autodiff import Value, native
from autodiff.graph import local_slopes, sweep, topological
from autodiff.modes import taped
from autodiff.op import TABLE

ROOT = Path(__file__).parent.parent
COMPILED = native.status()["value"] == "active"
compiled_only = pytest.mark.skipif(not COMPILED, reason="Value is not compiled here")

NUMBERS = [
    *(0.0, 0.5, 1.0, 2.0, 3.0, 0.3, 0.55, 0.54, 36.0, 40.0, 700.0, 710.0, 745.2, 1e-8),
    *(1e150, 1e308, 5e-324, 2.3e-308, 1e-160, 2.0**53, math.pi, math.inf),
]
EDGES = [*NUMBERS, *(-x for x in NUMBERS), math.nan]


def run(program, *arguments, switch="1", path=ROOT):
    """What a program prints, in a Python of its own; with the switch at "0", on plain Python."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=path,
        env=os.environ | {"PYTHONPATH": str(path), native.SWITCH: switch},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def bits(x):
    """A float to the last bit; every nan is one."""
    return "nan" if math.isnan(x) else x.hex()


def gradients_by_the_table(root):
    """What `backward` has to add, by the reference: graph.sweep in Python."""
    return sweep(root, 1.0, topological(root, right_first=True), local_slopes)


def check_backward(root):
    expected = gradients_by_the_table(root)
    before = {node: node.grad for node in topological(root)}
    root.backward()
    for node, grad in before.items():
        added = grad + expected[node] if node in expected else grad
        assert bits(node.grad) == bits(added), (node.op, node.args)


# ---------------------------------------------------------------- the same numbers


@pytest.mark.parametrize("name", [row.name for row in TABLE.values() if row.arity == 1])
def test_rows_of_one_operand_at_every_edge(name):
    row = TABLE[name]
    for x in EDGES:
        leaf = Value(x)
        ways = [row(leaf), getattr(leaf, name)()] if name != "alias" else [row(leaf)]
        for y in ways:
            assert bits(y.data) == bits(row.forward(x)), x
            assert (y.op, y.args, type(y)) == (name, (leaf,), Value)
            assert bits(y.point[0]) == bits(x)
            check_backward(y)


@pytest.mark.parametrize("name", [row.name for row in TABLE.values() if row.arity == 2])
def test_rows_of_two_operands_at_every_edge(name):
    row = TABLE[name]
    for x, y in itertools.product(EDGES[::2], EDGES[1::2]):
        a, b = Value(x), Value(y)
        for args in ((a, b), (a, y), (x, b)):
            z = row(*args)
            assert bits(z.data) == bits(row.forward(x, y)), (x, y)
            assert (z.op, type(z)) == (name, Value)
            assert [bits(n) for n in z.point] == [bits(x), bits(y)]
            check_backward(z)


@pytest.mark.parametrize("name", [row.name for row in TABLE.values() if row.arity is None])
@pytest.mark.parametrize("count", [1, 2, 4, 6, 20])
def test_rows_of_a_list(name, count):
    row, rng = TABLE[name], random.Random(count)
    for _ in range(20):
        numbers = [
            rng.choice(EDGES) if rng.random() < 0.2 else rng.gauss(0, 2) for _ in range(count)
        ]
        args = [Value(x) if rng.random() < 0.7 else x for x in numbers]
        if not any(isinstance(arg, Value) for arg in args):
            continue
        y = row(args)
        assert bits(y.data) == bits(row.forward(*numbers))
        assert [a if isinstance(a, Value) else bits(a) for a in y.args] == [
            a if isinstance(a, Value) else bits(a) for a in args
        ]
        check_backward(y)


RANDOM_GRAPHS = """
import json, random, sys
from contextlib import nullcontext
import autodiff as ad
from autodiff.graph import topological
from autodiff.modes import taped
from autodiff.op import TABLE

EDGES = (0.0, -0.0, 1.0, 710.0, 1e308, 5e-324, float("inf"), float("nan"))
MODES = {1: ad.strict, 2: ad.no_record}
rows = [row for row in TABLE.values() if row.name != "alias"]
found = []

def hexed(x):
    return "nan" if x != x else x.hex()

def graph(seed):
    rng = random.Random(seed)
    def number():
        return rng.choice(EDGES) if seed % 3 == 0 and rng.random() < 0.1 else rng.gauss(0, 2)
    nodes = [ad.Value(number()) for _ in range(4)]
    def operand():
        return rng.choice(nodes) if rng.random() < 0.8 else rng.choice((number(), 2, 0, True))
    for _ in range(rng.randrange(1, 60)):
        x, y = rng.choice(nodes), operand()
        if rng.random() < 0.5:
            made = rng.choice((lambda: x + y, lambda: y - x, lambda: x * y, lambda: y / x,
                               lambda: -x, lambda: abs(x), lambda: x ** 2, lambda: y * x,
                               lambda: sum([x, y, x]), lambda: x.relu(), lambda: x.tanh()))()
        else:
            row = rng.choice(rows)
            many = row.arity is None
            others = [operand() for _ in range(rng.choice((1, 3)) if many else row.arity - 1)]
            made = row([x, *others]) if many else row(x, *others)
        nodes.append(made)
    return nodes

for seed in range(int(sys.argv[1])):
    with MODES.get(seed % 10, nullcontext)():
        try:
            nodes = graph(seed)
            nodes[-1].backward()
            nodes[0].data = 0.25
            nodes[-1].forward()
            nodes[-1].backward()
        except FloatingPointError as error:
            found.append(str(error))
    for node in topological(*nodes):
        found.append([node.op, hexed(node.data), hexed(node.grad), [hexed(x) for x in node.point]])
print(json.dumps(found))
"""


@compiled_only
def test_random_graphs_are_the_same_to_the_last_bit():
    compiled, python = (json.loads(run(RANDOM_GRAPHS, "600", switch=s)) for s in ("1", "0"))
    assert len(compiled) > 10_000
    assert any(isinstance(entry, str) for entry in compiled)
    for ours, theirs in zip(compiled, python, strict=True):
        assert ours == theirs


PICKLES = """
import pickle
import autodiff as ad
x = ad.Value(0.5, "x")
y = (ad.logsumexp([x, 2.0, x * x]) / ad.clamp(x, 0, 1)).named("out") ** 2
y.backward()
print(pickle.dumps([x, y]).hex())
"""


def test_pickles_of_either_are_read_by_this_one():
    for switch in ("0", "1"):
        x, y = pickle.loads(bytes.fromhex(run(PICKLES, switch=switch)))
        assert type(x) is Value
        once = x.grad
        y.backward()
        assert (x.name, y.args[0].name, x.grad) == ("x", "out", 2.0 * once)


# ---------------------------------------------------------------- the same behaviour


def test_the_class_looks_the_same():
    assert (Value.__module__, Value.__qualname__) == ("autodiff.value", "Value")
    assert "A number in a computation graph." in Value.__doc__
    assert Value.relu.__doc__ == TABLE["relu"].__doc__
    assert Value.relu.__name__ == "relu"
    assert list(inspect.signature(Value).parameters) == ["data", "name"]


def test_an_attribute_that_is_no_slot_is_refused():
    with pytest.raises(AttributeError):
        Value(1.0).mistyped = 2.0


def test_what_is_stored_stays_what_it_is():
    """Whatever is given to `data` and `grad` comes back, until the engine makes a float of it."""
    x = Value(1.0)
    for thing in (3, "text", None, [1.0], 2.5):
        x.data = x.grad = thing
        assert x.data is thing or x.data == thing
        assert type(x.data) is type(x.grad) is type(thing)
    x.data, x.grad = 3, True
    (x * x).backward()
    assert (x.data, x.grad, type(x.data), type(x.grad)) == (3.0, 7.0, float, float)


def test_a_gradient_that_is_no_number_stops_backward_and_changes_none():
    x, w = Value(2.0), Value(3.0)
    y = x * w
    w.grad = "broken"
    with pytest.raises(TypeError):
        y.backward()
    assert (x.grad, y.grad, w.grad) == (0.0, 0.0, "broken")


def test_asides_of_a_node_go_with_it():
    """A node at the address of one that is gone has nothing of it."""
    for _ in range(100):
        x = Value(1.0, "gone")
        x.grad, x.data = 3, 5
        del x
        assert (Value(1.0).name, Value(1.0).data, Value(1.0).grad) == ("", 1.0, 0.0)


def test_a_node_in_the_memory_of_one_that_is_gone_has_nothing_of_it():
    x = Value(3.0)
    for _ in range(100):
        nodes = [(x * 2.0).named("gone") + x for _ in range(10)]
        nodes[-1].backward()
        held = [weakref.ref(node) for node in nodes]
        del nodes
        assert [ref() for ref in held] == [None] * 10
        y = -(x * 5.0)
        assert (y.name, y.data, y.grad, y.op, len(y.args)) == ("", -15.0, 0.0, "neg", 1)
        assert weakref.getweakrefcount(y) == weakref.getweakrefcount(y.args[0]) == 0


def test_a_circle_tied_by_hand_ends():
    """No recording makes one, and its numbers mean nothing; the walk comes back all the same."""
    x = Value(3.0)
    y = x * 1.0
    z = y * 1.0
    y.operands = (z, 1.0)  # all of them 3, so that nothing seems to have changed
    z.backward()
    y.operands = (x, 1.0)  # untied, so that it is freed
    z.backward()
    assert y.grad >= 1.0


def test_subclasses():
    class Noted(Value):
        def __init__(self, data, note):
            super().__init__(data)
            self.note = note

        def __mul__(self, other):
            return "mine"

    x = Noted(2.0, note="kept")
    y = x + 1.0
    assert (type(y), y.args, x.note, x * 1.0) == (Value, (x, 1.0), "kept", "mine")
    y.exp().backward()
    assert x.grad == math.exp(3.0)
    gone = weakref.ref(x)
    del x, y
    gc.collect()
    assert gone() is None


def test_a_chain_of_a_subclass_is_freed_without_recursion():
    class Mine(Value):
        __slots__ = ()

        @staticmethod
        def __record__(op, args):
            node = Mine.__new__(Mine)
            node.data, node.grad, node.name, node.op = 1.0, 0.0, "", op.name
            node.operands = tuple(args)
            node.point = (1.0,) * len(args)
            return node

    first = y = Mine(1.0)
    gone = weakref.ref(first)
    for _ in range(200_000):
        y = ad.exp(y)
    y.backward()
    assert first.grad == 1.0
    del first, y
    gc.collect()
    assert gone() is None


def test_a_long_list_of_operands_that_is_a_deep_chain_too():
    x = y = Value(1.0)
    for _ in range(100_000):
        y = ad.sum([y, 0.0, 0.0])
    y.backward()
    assert x.grad == 1.0
    gone = weakref.ref(x)
    del x, y
    assert gone() is None


def test_a_partial_that_differentiates_and_one_that_drops_nodes():
    """Python code runs inside `backward`, and walks graphs of its own over the same nodes."""
    x = Value(3.0)
    inner = x * x
    kept = [x * 2.0 for _ in range(100)]

    def partial(out, number):
        inner.backward()
        kept.clear()
        return 5.0

    with user_rows():
        ad.Op("restless", lambda number: number, [partial])
        y = (inner.restless() * inner + x.restless()) * x
        y.backward()
    # y = (9*9 + 3)*3; d y/d x = (45*6 + 9*6 + 5)*3 + 84, and twice 6 of the walks inside
    assert x.grad == (5.0 * 9.0 * 6.0 + 9.0 * 6.0 + 5.0) * 3.0 + 84.0 + 2.0 * 6.0
    assert inner.grad == (5.0 * 9.0 + 9.0) * 3.0 + 2.0


def test_threads_that_walk_one_graph_while_python_partials_run():
    with user_rows():
        ad.Op("slowly", lambda number: number, [lambda out, number: sum([0.25] * 4)])
        x = y = Value(1.0)
        for i in range(60):
            y = y.slowly() + x if i % 3 else y * 1.0
        expected = gradients_by_the_table(y)[x]
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            threads = [
                threading.Thread(target=lambda: [y.backward() for _ in range(50)]) for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
    assert x.grad == 200 * expected


# ---------------------------------------------------------------- what compiling is for


@compiled_only
def test_a_tape_is_filled_by_the_compiled_class_itself(monkeypatch):
    monkeypatch.setattr("autodiff.value._node", None)  # what the class of Python records with
    x, y = ad.values("x y", [0.5, 2.0])
    with taped() as nodes:
        made = [x + y, 2.0 * x, -x, x.tanh(), ad.logsumexp([x, y, x]), ad.where(x, y, 1.0)]
    assert len(nodes) == len(made)
    assert all(a is b for a, b in zip(nodes, made, strict=True))
    assert [node.op for node in made] == "add mul neg tanh logsumexp where".split()


@compiled_only
def test_a_node_is_small_and_the_collector_does_not_know_it():
    x = Value(2.0)
    y = x * 3.0
    assert sys.getsizeof(y) <= 96
    assert not gc.is_tracked(y)


# ---------------------------------------------------------------- the switch


ASK = """
from autodiff import Value, native
x = Value(2.0)
(x * x).backward()
print(native.status()["value"], x.grad, sep="|")
"""


def test_the_switch():
    assert run(ASK, switch="0") == "off (AUTODIFF_NATIVE=0)|4.0\n"


def test_without_the_compiled_module_python_serves():
    hidden = "import sys; sys.modules['autodiff.native.value'] = None" + ASK
    why, _, gradient = run(hidden).partition("|")
    assert why.startswith("not built")
    assert gradient == "4.0\n"


def test_status_names_every_part():
    assert list(native.status()) == list(native.PARTS)
    for part in native.PARTS:
        assert (native.load(part) is None) == (native.status()[part] != "active")


def test_a_part_is_out_of_date_when_a_file_that_it_includes_has_changed():
    sources = {path.name: path for path in (ROOT / "autodiff/native").glob("*.[ch]")}
    parts = {name: set(native.PARTS_OF.get(name, ("machine",))) for name in sources}
    assert set(native.PARTS_OF) - {f"{name}.h" for name in native.NODES} <= set(sources)
    for name, path in sources.items():
        for included in re.findall(r'#include "(\w+\.h)"', path.read_text(encoding="utf-8")):
            assert parts[name] <= parts[included], (name, included)


@pytest.mark.slow
def test_a_build_without_a_compiler_succeeds_and_says_so(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for package in ("autodiff", "nn"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    for name in ("pyproject.toml", "setup.cfg", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)],
        cwd=source,
        env=os.environ | {"CC": "no-such-compiler"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    for part in native.PARTS:
        assert f'building extension "autodiff.native.{part}" failed' in done.stdout + done.stderr
    (wheel,) = tmp_path.glob("scalar_autodiff-*.whl")
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(wheel, unpacked, "zip")
    assert run(ASK, path=unpacked).startswith("not built")
