"""Copies and pickles: flat, whatever the depth, and true to identity."""

import copy
import io
import math
import pickle
import threading
import time
import weakref

import pytest
from rows import user_rows

import autodiff as ad
from autodiff import Value
from autodiff.graph import topological

WAYS = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {p}": lambda x, p=p: pickle.loads(pickle.dumps(x, p))
        for p in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "pickle in Python": lambda x: pickle._loads(pickle._dumps(x)),
}
each_way = pytest.mark.parametrize("duplicate", WAYS.values(), ids=WAYS)


def chain(length, start=None):
    x = Value(1.0, "x") if start is None else start
    y = x
    for _ in range(length):
        y = y + 1.0
    return x, y


def fields(node):
    return node.data, node.grad, node.name, node.op, node.point


# ---------------------------------------------------------------- what a copy is


@each_way
def test_a_copy_has_every_field(duplicate):
    x = Value(0.5, "x")
    y = ad.maximum((x * 2.0).named("hidden.h1"), x.sigmoid()) + ad.logsumexp([x, 1.0, x])
    y.backward()
    twin = duplicate(y)
    for mine, its in zip(topological(y), topological(twin), strict=True):
        assert mine is not its
        assert fields(mine) == fields(its)
        assert type(its.args) is tuple
    assert repr(twin) == repr(y)


@each_way
def test_nan_infinity_and_the_sign_of_zero_are_copied(duplicate):
    values = [Value(math.nan), Value(-math.inf), Value(-0.0)]
    values[2].grad = math.inf
    nan, infinity, zero = duplicate(values)
    assert math.isnan(nan.data)
    assert (infinity.data, math.copysign(1.0, zero.data), zero.grad) == (-math.inf, -1.0, math.inf)


@each_way
def test_roots_and_leaves_copied_together_stay_connected(duplicate):
    w, x = Value(0.5, "w"), Value(2.0, "x")
    hidden = (w * x).tanh()
    loss = hidden * hidden + w
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]):
        copied = duplicate([[loss, w, hidden, x][i] for i in order])
        loss2, w2, hidden2, x2 = (copied[order.index(i)] for i in range(4))
        assert topological(loss2) == topological(loss2, w2, hidden2, x2)
        assert loss2.args[1] is w2
        assert loss2.args[0].args == (hidden2, hidden2)
        loss2.backward()
        assert (w.grad, x.grad, loss.grad) == (0.0, 0.0, 0.0)
        assert w2.grad == pytest.approx(ad.grad(loss, w).data)
        w2.data = 3.0
        assert loss2.forward() != loss.data
        assert w.data == 0.5
        assert loss.forward() == loss.data


@each_way
def test_two_roots_that_share_nodes_share_them_in_the_copy(duplicate):
    x = Value(2.0)
    shared = x.exp()
    a, b = shared * 2.0, shared + x
    a2, b2 = duplicate((a, b))
    assert a2.args[0] is b2.args[0]
    assert b2.args[1] is a2.args[0].args[0]
    found = duplicate({"a": a, "more": [b, {"x": x}]})
    assert found["more"][1]["x"] is found["more"][0].args[1]
    assert found["a"].args[0] is found["more"][0].args[0]


@each_way
def test_one_value_in_two_places_is_one_value(duplicate):
    x = Value(2.0)
    first, second = duplicate([x, x])
    assert first is second


@each_way
def test_values_as_keys_and_members_are_found_again(duplicate):
    x = Value(2.0)
    table, key = duplicate(({x: "x"}, x))
    assert table[key] == "x"


@each_way
def test_a_copy_of_a_copy(duplicate):
    x = Value(2.0, "x")
    y = duplicate(duplicate(x * x))
    y.backward()
    assert y.args[0].grad == 4.0


@each_way
def test_gradient_graphs_are_copied_with_their_leaves(duplicate):
    x = Value(0.5, "x")
    y = ad.where(ad.less(0.0, x), x.log(), x.exp())
    slope = ad.grad(y, x)
    slope2, x2 = duplicate([slope, x])
    x2.data = -1.0
    assert slope2.forward() == pytest.approx(math.exp(-1.0))
    assert slope.data == 2.0


def test_a_shallow_copy_is_another_node_over_the_same_arguments():
    x = Value(2.0, "x")
    y = (x * x).named("y")
    y.grad = 5.0
    twin = copy.copy(y)
    assert twin is not y
    assert fields(twin) == fields(y)
    assert twin.args[0] is x
    twin.backward()
    assert (x.grad, y.grad, twin.grad) == (4.0, 5.0, 6.0)
    leaf = copy.copy(x)
    leaf.data = 7.0
    assert x.data == 2.0


def test_a_user_row_is_found_again_by_its_name():
    with user_rows():
        ad.Op("cube", lambda x: x * x * x, [lambda out, x: 3.0 * ad.square(x)])
        x, y = pickle.loads(pickle.dumps([x := Value(2.0), x.cube()]))
        y.backward()
        assert x.grad == 12.0


# ---------------------------------------------------------------- depth and size


@pytest.mark.parametrize("way", WAYS)
def test_a_long_chain(way):
    """Of 100,000 nodes; fewer where it is only the protocol that is another."""
    duplicate, length = WAYS[way], 100_000 if way in ("deepcopy", "pickle 5") else 10_000
    x, y = chain(length)
    y.backward()
    hidden = y.args[0].args[0]
    y2, x2, hidden2 = duplicate([y, x, hidden])
    assert y2.args[0].args[0] is hidden2
    assert x2.grad == 1.0
    y2.backward()
    assert (x2.grad, x.grad) == (2.0, 1.0)
    x2.data = 5.0
    assert y2.forward() == length + 5.0
    assert y.data == length + 1.0


@each_way
def test_leaf_first_and_middle_first(duplicate):
    x, y = chain(6_000)
    middle = y
    for _ in range(3_000):
        middle = middle.args[0]
    x2, middle2, y2 = duplicate([x, middle, y])
    assert topological(y2)[0] is x2
    assert topological(y2)[3_000] is middle2


def test_a_deep_chain_in_a_thread_with_a_small_stack():
    outcome = []

    def work():
        x, y = chain(50_000)
        outcome.append(copy.deepcopy([y, x])[0].data)
        outcome.append(pickle.loads(pickle.dumps([y, x]))[0].data)

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert outcome == [50_001.0, 50_001.0]


def test_copying_many_nodes_of_one_graph_takes_the_time_of_the_graph():
    """Each node is looked at once, not once for each root that is copied."""
    x = Value(1.0)
    nodes = [x]
    for _ in range(3_000):
        nodes.append(nodes[-1] + x)
    start = time.thread_time()
    copied = copy.deepcopy(nodes)
    assert time.thread_time() - start < 1.0
    assert copied[-1].args == (copied[-2], copied[0])


def test_a_pickle_of_a_root_and_its_nodes_has_the_size_of_the_graph():
    _, y = chain(3_000)
    alone = len(pickle.dumps(y))
    assert alone < 3_000 * 200
    assert len(pickle.dumps([y, *topological(y)])) < 1.2 * alone


# ---------------------------------------------------------------- state between picklings


class FullDisk(io.RawIOBase):
    """A file that can take so many bytes, and then no more."""

    def __init__(self, room):
        self.room = room

    def writable(self):
        return True

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError("no space left on device")
        return len(data)


def abort_a_pickling(thing, room):
    with pytest.raises(OSError, match="no space"):
        pickle.dump(thing, FullDisk(room))


@pytest.mark.parametrize("first", [8_000, 7_000, 4_000, 0])
@pytest.mark.parametrize("room", [0, 70_000, 250_000])
def test_pickling_after_an_aborted_pickling(room, first):
    x, y = chain(8_000)
    nodes = topological(y)
    abort_a_pickling(y, room)
    for root in (nodes[first], y):
        again, leaf = pickle.loads(pickle.dumps([root, x]))
        assert topological(again)[0] is leaf
        assert len(topological(again)) == len(topological(root))


class Stubborn:
    """Something beside a graph that cannot be pickled."""

    def __reduce__(self):
        raise ValueError("not me")


def test_pickling_after_something_else_could_not_be_pickled():
    _, y = chain(30_000)
    middle = topological(y)[25_000]
    for thing in ([y, Stubborn()], [Stubborn(), y]):
        with pytest.raises(ValueError, match="not me"):
            pickle.dumps(thing)
    for root in (middle, y):
        assert len(topological(pickle.loads(pickle.dumps(root)))) == len(topological(root))


def test_an_aborted_pickling_keeps_no_node_alive():
    x, y = chain(30_000)
    abort_a_pickling(y, 200_000)
    root, inside, leaf = weakref.ref(y), weakref.ref(y.args[0]), weakref.ref(x)
    del y, x
    assert (root(), inside(), leaf()) == (None, None, None)


def test_a_pickling_keeps_no_node_alive():
    x, y = chain(100)
    pickle.dumps(y)
    copy.deepcopy(y)
    root, leaf = weakref.ref(y), weakref.ref(x)
    del y, x
    assert (root(), leaf()) == (None, None)


def test_a_pickling_inside_a_pickling():
    class Saver:
        """Pickles to bytes of its own while it is being pickled, as caches do."""

        def __init__(self, value):
            self.value = value

        def __reduce__(self):
            return bytes, (pickle.dumps(self.value),)

    _x, y = chain(20_000)
    middle = topological(y)[15_000]
    twin, saved = pickle.loads(pickle.dumps([y, Saver(middle)]))
    assert twin.data == y.data
    assert pickle.loads(saved).data == middle.data


def test_threads_pickle_one_graph_at_once():
    x, y = chain(3_000)
    middle = topological(y)[2_000]
    outcome = []

    def work(root):
        for _ in range(6):
            twin, leaf = pickle.loads(pickle.dumps([root, x]))
            copied, leaf2 = copy.deepcopy([root, x])
            outcome.append(
                topological(twin)[0] is leaf
                and topological(copied)[0] is leaf2
                and twin.data == copied.data == root.data
            )

    threads = [threading.Thread(target=work, args=[root]) for root in (y, middle, y, middle)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcome == [True] * 24


def test_a_memo_of_deepcopy_may_be_used_again():
    x = Value(2.0)
    y, z = x * 2.0, x * 3.0
    memo = {}
    y2, z2 = copy.deepcopy(y, memo), copy.deepcopy(z, memo)
    assert y2.args[0] is z2.args[0]
