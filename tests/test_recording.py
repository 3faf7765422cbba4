"""Recordings of cached losses, and what is done with whole lists of Values in each of their calls:
by C, where it is, the same as by Python.
"""

import gc
import math
import random
import sys

import numpy as np
import pytest
from rows import user_rows

import autodiff as ad
from autodiff import Value, native
from autodiff.backends import recorded_loss
from autodiff.backends.caching import add_to_grads, numbers_of, slopes_of
from autodiff.modes import taped
from autodiff.op import TABLE
from autodiff.program.recording import NUMBER, PARAMETER, Recording, arrays_of

compiled_only = pytest.mark.skipif(
    {native.status()[part] for part in ("value", "nodes")} != {"active"},
    reason="recordings are not read by C here",
)
ROWS = [row for _, row in sorted(TABLE.items())]


def loss_of(parameters, seed, wiring):
    """A graph whose ops `seed` chooses, and `wiring` what their operands are, of the same kinds."""
    ops, rng = random.Random(seed), random.Random(wiring)
    made = [parameters[0] + parameters[1]]

    def operand():
        sort = ops.randrange(5)
        if sort < 2:
            return rng.choice(made)
        if sort < 4:
            return rng.choice(parameters)
        return rng.choice([-0.0, 1.0, 2.5, Value(2.5), math.nan, math.inf])

    for _ in range(ops.choice([1, 5, 60])):
        row = ops.choice(ROWS)
        n = ops.choice([1, 2, 3, 40]) * 2 if row.arity is None else row.arity
        operands = [operand() for _ in range(n - 1)]
        first = rng.choice(made)
        result = row([first, *operands]) if row.arity is None else row(first, *operands)
        made.append(ops.choice(result) if isinstance(result, list) else result)
    return ops.choice(made)


def recorded(parameters, function):
    """The arguments of `arrays_of`."""
    with taped() as nodes:
        root = function()
    return root, nodes, {p: i for i, p in enumerate(parameters)}


def as_arrays(found):
    """Those that `arrays_of` makes, without the key, and which numbers are one Value."""
    _, root, *arrays = found
    kinds = (np.int32, np.int32, np.float64, np.uint64)
    links, rows, numbers, identities = map(np.frombuffer, arrays, kinds)
    alike = np.unique(identities, return_inverse=True)[1]
    first = np.unique(alike, return_index=True)[1][alike]  # the first that is the same Value
    return root, links.tolist(), rows.tolist(), numbers.tobytes(), first.tolist()


@compiled_only
def test_c_reads_what_python_reads():
    parameters = [Value(0.5 + 0.1 * i) for i in range(6)]
    keys = {}, {}
    for seed in range(60):
        for wiring in range(3):
            given = recorded(parameters, lambda s=seed, w=wiring: loss_of(parameters, s, w))
            found, wanted = arrays_of(*given), arrays_of.__wrapped__(*given)
            assert (found is None) == (wanted is None)
            if found is None:  # the root is no node of this recording
                continue
            assert isinstance(found[2], bytes)
            assert as_arrays(found) == as_arrays(wanted)
            for known, key in zip(keys, (found[0], wanted[0]), strict=True):
                known.setdefault(key, []).append((seed, wiring))
    assert list(keys[0].values()) == list(keys[1].values())
    assert len(keys[0]) > 50
    assert max(map(len, keys[0].values())) >= 3


def test_what_a_recording_says():
    w, b = ad.values("w b", [0.5, -0.2])
    given = Value(3.0)
    root, nodes, index = recorded([w, b], lambda: ad.sum([w * given, b * 2.0, given, w]).exp())
    found = Recording.of(root, nodes, index)
    assert found.root == 3
    assert found.links.tolist() == [
        *(PARAMETER, NUMBER, PARAMETER, NUMBER),
        *(0, 1, NUMBER, PARAMETER),
        2,
    ]
    assert found.lengths().tolist() == [2, 2, 4, 1]
    assert found.rows.tolist() == [0, 1, 0]
    assert found.numbers.tolist() == [3.0, 2.0, 3.0]
    assert found.identities[0] == found.identities[2] != found.identities[1]


def test_keys_tell_all_but_the_operands_apart():
    w, b, c = ad.values("w b c", [0.5, -0.2, 1.5])
    wide = [w, b, c] * 30

    def key(function):
        return Recording.of(*recorded([w, b, c], function)).key

    one = [
        lambda: w * 2.0 + b,
        lambda: c * Value(3.0) + c,
    ]
    others = [
        lambda: b + w * 2.0,  # the same ops between other kinds of operands
        lambda: w * b + b,
        lambda: w * 2.0 - b,
        lambda: (w * 2.0 + b) * 1.0,
        lambda: [w * 2.0, w + b][1],
        lambda: [w * 2.0 + b, w * 2.0][0],
        lambda: [w * 2.0 + b, w * 2.0][1],
        *(lambda n=n: ad.sum(wide[:n]) for n in (3, 4, 31, 32, 33, 64, 65)),
        *(lambda n=n: ad.sum([*wide[:n], 1.0, *wide[n:]]) for n in (0, 31, 32, 33, 63, 64, 90)),
    ]
    assert len({key(f) for f in one}) == 1
    assert len({key(f) for f in one + others}) == 1 + len(others)


def test_uses_are_told_apart_by_ops_neighbours_and_places():
    w = Value(0.5)

    def chain_of_ops():
        first = ad.logsumexp([-w])
        second = ad.logsumexp([-first.exp(), w, w])  # between other ops, and of another length
        return (-(-second.log()).exp()).log().exp()

    root, nodes, index = recorded([w], chain_of_ops)
    ops = ["", *[node.op for node in nodes], ""]
    around = list(zip(ops, ops[1:], ops[2:], strict=False))
    meant = [(around[i], k) for i, node in enumerate(nodes) for k in range(len(node.operands))]
    uses = Recording.of(root, nodes, index).uses().tolist()
    assert len(uses) == len(meant)
    assert len(set(uses)) == len(set(meant)) == len(set(zip(uses, meant, strict=True)))


@pytest.mark.parametrize("read", [arrays_of, getattr(arrays_of, "__wrapped__", arrays_of)])
def test_what_is_no_recording(read):
    w, b = ad.values("w b", [0.5, -0.2])
    before = w * b
    assert read(*recorded([w, b], lambda: w)) is None  # a parameter is no result
    assert read(*recorded([w, b], lambda: before)) is None
    assert read(*recorded([w, b], lambda: w * before)) is None
    assert read(*recorded([w, b], lambda: ad.sum([w, before, b]))) is None
    assert read(*recorded([w, b], lambda: Value(2.0))) is None
    assert read(*recorded([w], lambda: w * b)) is not None  # to which b is a number


def test_a_number_that_is_no_float():
    w, x = Value(0.5), Value(1.0)
    root, nodes, index = recorded([w], lambda: w * x)
    x.data = 3
    found = Recording.of(root, nodes, index)
    assert found.numbers.tolist() == [3.0]
    x.data = "three"
    with pytest.raises(TypeError):
        Recording.of(root, nodes, index)


@compiled_only
def test_a_pass_leaves_nothing_behind():
    parameters = [Value(0.5 + 0.1 * i) for i in range(6)]
    given = recorded(parameters, lambda: loss_of(parameters, 5, 5))
    older = recorded(parameters, lambda: given[0] * 2.0)
    gradient = np.zeros(6)

    def all_of_them():
        arrays_of(*given), arrays_of(*older)
        slopes_of(given[0], parameters)
        numbers_of(parameters)
        add_to_grads(parameters, gradient)

    all_of_them()
    gc.collect()
    objects = [*parameters, *given[1], given[1], given[2], gradient, None, NotImplemented]
    counts, blocks = list(map(sys.getrefcount, objects)), sys.getallocatedblocks()
    for _ in range(3000):
        all_of_them()
    assert sys.getallocatedblocks() - blocks < 1000
    now = list(map(sys.getrefcount, objects))
    assert all(abs(a - b) < 1000 for a, b in zip(now, counts, strict=True))


# ---------------------------------------------------------------- the way back


def test_slopes_are_those_of_the_reference_to_the_last_bit():
    parameters = [Value(0.5 + 0.1 * i) for i in range(6)]
    reference = getattr(slopes_of, "__wrapped__", slopes_of)
    for seed in range(60):
        root = loss_of(parameters, seed, seed)
        found, nodes, by_python = slopes_of(root, parameters)
        wanted, *counts = reference(root, parameters)
        np.testing.assert_array_equal(np.frombuffer(found), wanted)
        assert counts == [nodes, nodes]
        assert by_python <= nodes
    assert [p.grad for p in parameters] == [0.0] * 6


def test_gradients_belong_to_the_caller():
    w = Value(0.5)
    for backend in ("auto", "numpy"):
        cached = ad.compile_cached(lambda: w * w, [w], backend=backend)
        for _ in range(3):  # eager, and compiled
            gradient = cached.value_and_grad()[1]
            gradient *= 3.0
            assert gradient.tolist() == [3.0]


def test_slopes_of_a_changed_graph_are_refused():
    w, x = ad.values("w x", [0.5, 2.0])
    part = w * x
    whole = part.exp()
    w.data = 3.0
    part.forward()
    with pytest.raises(ValueError, match="changed since"):
        slopes_of(whole, [w])


def test_an_error_of_a_partial_comes_through():
    with user_rows():

        def partial(out, x):
            raise KeyError("here")

        row = ad.Op("odd", lambda x: x, [partial])
        w = Value(0.5)
        with pytest.raises(KeyError, match="here"):
            slopes_of(row(w), [w])


@compiled_only
def test_slopes_by_python_are_counted():
    w = Value(0.5)
    assert slopes_of(w.tanh() * 2.0, [w])[1:] == (3, 0)
    assert slopes_of(w.gelu() * w.gelu(), [w])[1:] == (4, 2)


# ---------------------------------------------------------------- numbers and gradients


def test_numbers():
    values = [Value(-0.0), Value(math.nan), Value(2.5)]
    assert np.frombuffer(numbers_of(values)).tobytes() == np.array([-0.0, math.nan, 2.5]).tobytes()
    values[2].data = 3
    assert np.frombuffer(numbers_of(values))[2] == 3.0
    values[2].data = "three"
    with pytest.raises(ValueError, match="could not convert"):
        numbers_of(values)


def test_gradients_are_added_to_all_or_to_none():
    values = [Value(1.0), Value(2.0), Value(3.0)]
    add_to_grads(values, np.array([1.0, 2.0, 3.0]))
    add_to_grads(values, np.array([0.5, math.inf, -3.0]))
    assert [v.grad for v in values] == [1.5, math.inf, 0.0]
    values[1].grad = 1  # as micrograd does it
    add_to_grads(values, np.ones(3))
    assert [v.grad for v in values] == [2.5, 2.0, 1.0]
    values[2].grad = "broken"
    with pytest.raises(TypeError):
        add_to_grads(values, np.ones(3))
    assert [v.grad for v in values] == [2.5, 2.0, "broken"]


# ---------------------------------------------------------------- which graphs are compiled


def chain(w, n):
    """The slopes of one node of three are computed in Python."""
    y = w
    for _ in range(n):
        y = ad.softsign(y) * 0.5 + w
    return y


@pytest.fixture
def least(monkeypatch):
    """Programs pay from 50 slopes of Python."""
    monkeypatch.setattr(recorded_loss, "FEWEST", 50)


@pytest.mark.usefixtures("least")
def test_small_graphs_stay_eager_until_there_was_a_large_one():
    w = Value(0.5, "w")
    cached = ad.compile_cached(lambda n: chain(w, n), [w])
    for n in (10, 10, 10):
        value, gradient = cached.value_and_grad(n)
        w.grad = 0.0
        root = chain(w, n)
        root.backward()
        assert (value, gradient.tolist()) == (root.data, [w.grad])
    assert cached.cache_info() == (0, 3, 0, 64, 0)
    for _ in range(3):  # shows it, is met first, is compiled
        cached(80)
    assert cached.cache_info() == (1, 5, 1, 64, 1)
    for _ in range(3):
        cached(10)
    assert cached.cache_info()[2:] == (2, 64, 2)
    cached.cache_clear()
    for _ in range(3):
        cached(10)
    assert cached.cache_info() == (0, 3, 0, 64, 0)


@pytest.mark.usefixtures("least")
def test_the_first_call_counts_where_its_graph_is_large():
    w = Value(0.5, "w")
    cached = ad.compile_cached(lambda: chain(w, 80), [w])
    cached(), cached()
    assert cached.cache_info()[:2] == (1, 1)
    at_once = ad.compile_cached(lambda: chain(w, 80), [w], threshold=1)
    at_once(), at_once()
    assert at_once.cache_info()[:2] == (1, 1)


@pytest.mark.usefixtures("least")
def test_a_backend_that_is_named_is_used():
    w = Value(0.5, "w")
    for backend in ("numpy", "native"):
        cached = ad.compile_cached(lambda: chain(w, 3), [w], backend=backend, threshold=1)
        cached()
        assert cached.cache_info()[:2] == (1, 0)


@pytest.mark.usefixtures("least")
def test_modes_of_small_graphs():
    w = Value(0.0, "w")
    cached = ad.compile_cached(lambda: ad.log(chain(w, 2)), [w])
    for _ in range(2):
        with ad.no_record():
            value, [slope] = cached.value_and_grad()
        assert (value, slope) == (-math.inf, math.inf)
        with ad.strict(), pytest.raises(FloatingPointError, match="log"):
            cached()
    assert w.grad == 0.0


@compiled_only
def test_what_c_takes_back_itself_stays_eager():
    w = Value(0.5, "w")

    def loss(n):
        return ad.sum([w * 0.5 for _ in range(50_000)] + [w.gelu() for _ in range(n)])

    cached = ad.compile_cached(loss, [w])
    for n in (400, 400, 400):
        cached(n)
    assert cached.cache_info()[:2] == (0, 3)
    for n in (600, 600, 600):
        cached(n)
    assert cached.cache_info()[:2] == (1, 5)
