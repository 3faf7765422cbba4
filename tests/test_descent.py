"""Steps of descent that a backend makes by itself: the numbers of NumPy, whatever is given."""

import gc
import math
import random
import threading
import tracemalloc
import weakref
from contextlib import suppress

import numpy as np
import pytest
from ready import BACKENDS, SETS, every_backend, every_set, held_to, native_only

import autodiff as ad
import nn


def loss(seed=0):
    """A small network, its inputs and its parameters."""
    rng = random.Random(seed)
    model = nn.MLP(2, [5, 3, 1], activation="tanh", seed=seed)
    x, y, t = ad.values("x y t", [rng.gauss(0, 1) for _ in range(3)])
    return (model([x, y]) - t) ** 2 + 0.01 * ad.dot([x, y], [x, y]), [x, y, t], model.parameters()


def programs(made=loss):
    E, xs, ps = made()
    return [ad.compile(E, xs, parameters=ps, backend=b) for b in ("native", "numpy")]


def samples(rows, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, 3))


def close(a, b, tolerance=1e-12):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


ROWS = (1, 2, 7, 8, 9, 100, 5000)


@native_only
@every_set
@pytest.mark.parametrize("rows", ROWS)
def test_steps_over_all_rows(rows, instructions):
    with held_to(instructions):
        native, plain = programs()
        X = samples(rows)
        steps = native.bind(X, rate=0.05)
        beside = plain.bind(X, rate=0.05)
        close(steps.run(7), beside.run(7))
        close([steps.step() for _ in range(5)], [beside.step() for _ in range(5)])
        close(native.step(X, rate=0.05), plain.step(X, rate=0.05))
        close(native.parameters, plain.parameters)


@native_only
@every_set
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("batch", [1, 3, 8, 32, 10_000])
def test_an_epoch_of_batches(rows, batch, instructions):
    if batch == 1 and rows > 100:
        rows = 150  # one step for each row takes its time on NumPy
    rng = np.random.default_rng(batch)
    X = samples(rows)
    orders = [None, rng.permutation(rows), rng.integers(0, rows, size=rows + 5)]  # with repeats
    with held_to(instructions):
        native, plain = programs()
        for order in orders:
            mine = native.epoch(X, rate=0.01, batch=batch, order=order)
            theirs = plain.epoch(X, rate=0.01, batch=batch, order=order)
            assert len(mine) == math.ceil((rows if order is None else len(order)) / batch)
            close(mine, theirs)
            close(native.parameters, plain.parameters)
        again = native.bind(X, rate=0.01)
        close(again.epoch(batch, orders[1]), plain.bind(X, rate=0.01).epoch(batch, orders[1]))
        close(native.parameters, plain.parameters)


def arranged(X):
    """The same rows, lying otherwise in memory."""
    wide = np.zeros((2 * len(X), 6))
    wide[::2, 1:4] = X
    records = np.zeros(len(X), dtype=[("tag", "i1"), ("x", "f8", 3)])
    records["x"] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    shifted = np.frombuffer(b"-" + X.tobytes(), dtype=np.float64, offset=1).reshape(X.shape)
    return {
        "Fortran order": np.asfortranarray(X),
        "negative strides": np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
        "a slice": wide[::2, 1:4],
        "a field of records": records["x"],
        "not aligned": shifted,
        "read only": read_only,
        "lists": X.tolist(),
        "big endian": X.astype(">f8"),
    }


@every_backend
@pytest.mark.parametrize("how", arranged(samples(3)))
def test_rows_that_lie_otherwise(how, backend):
    E, xs, ps = loss()
    X = samples(21)
    given = arranged(X)[how]
    program, beside = (ad.compile(E, xs, parameters=ps, backend=backend) for _ in range(2))
    order = np.random.default_rng(1).permutation(21)
    for one, rows in ((program, given), (beside, X)):
        start = one.parameters.copy()
        one.results = [one(rows), *one.value_and_grad(rows), one.run(rows, rate=0.1, steps=3)]
        one.results += [one.epoch(rows, rate=0.1, batch=4), one.bind(rows, rate=0.1).step()]
        one.results += [one.epoch(rows, rate=0.1, batch=4, order=order[::-1])]
        assert not np.array_equal(start, one.parameters)
    same = close if backend == "numpy" else np.testing.assert_array_equal  # BLAS sees the order
    for mine, theirs in zip(program.results, beside.results, strict=True):
        same(mine, theirs)
    same(program.parameters, beside.parameters)


def test_one_number_for_all_rows():
    """An array with steps of 0 from row to row."""
    E, xs, ps = loss()
    X = np.broadcast_to(samples(1), (50, 3))
    for backend in BACKENDS:
        program = ad.compile(E, xs, parameters=ps, backend=backend)
        close(program(X), np.full(50, program(X[:1])[0]))
        close(program.value_and_grad(X)[1], program.value_and_grad(X[:1])[1])


@every_backend
def test_without_inputs_a_step_follows_the_gradient_of_the_value(backend):
    w = ad.Value(3.0, "w")
    program = ad.compile((w - 1.0) ** 2, parameters=w, backend=backend)
    assert program.run(rate=0.25, steps=2).tolist() == [4.0, 1.0]
    assert program.parameters.tolist() == [1.5]


@every_backend
def test_numbers_of_now(backend):
    """A bound step reads X and the parameters when it is made, and writes the parameters."""
    w, x = ad.values("w x", [1.0, 0.0])
    program = ad.compile((w - x) ** 2, x, parameters=w, backend=backend)
    X = np.zeros((1, 1))
    bound = program.bind(X, rate=0.25)
    assert (bound.step(), program.parameters.tolist()) == (1.0, [0.5])
    X[:] = 1.0
    assert (bound.step(), program.parameters.tolist()) == (0.25, [0.75])
    array = program.parameters
    program.parameters[0] = 2.0
    assert (bound.step(), program.parameters.tolist()) == (1.0, [1.5])
    program.parameters = [3.0]  # goes into the array that is there
    assert program.parameters is array
    assert (bound.step(), bound.run(1)[0], array.tolist()) == (4.0, 1.0, [1.5])
    for wrong in ([1.0, 2.0], 1.0, [[1.0]]):
        with pytest.raises(ValueError, match="1 parameters are wanted"):
            program.parameters = wrong
    assert array.tolist() == [1.5]


@every_backend
def test_parameters_given_anyhow(backend):
    E, xs, ps = loss()
    program = ad.compile(E, xs, parameters=ps, backend=backend)
    numbers = np.random.default_rng(0).normal(size=len(ps))
    X = samples(5)
    expected = program(X, parameters=numbers)
    apart = np.zeros((len(ps), 2))
    apart[:, 1] = numbers
    for given in (apart[:, 1], numbers[::-1].copy()[::-1], numbers.tolist(), tuple(numbers)):
        assert np.array_equal(program(X, parameters=given), expected)
        assert program.value_and_grad(X, params=given)[0] == program.value_and_grad(X, numbers)[0]


# ---------------------------------------------------------------- steps that are not finite


def gated(constant=0.0):
    """Its slope at x <= 0 needs a gate: log has none there, and where does not take it."""
    w, b, x = ad.values("w b x", [1.0, 0.5, 1.0])
    y = ad.where(ad.less(0.0, x), ad.log(x * w), constant) + b * x
    return y * y, [x], [w, b]


@every_backend
def test_steps_that_need_a_gate(backend):
    E, xs, ps = gated()
    program = ad.compile(E, xs, parameters=ps, backend=backend)
    plain = ad.compile(E, xs, parameters=ps, backend="numpy")
    alive, dead = np.array([0.5, 1.0, 2.0]), np.array([-1.0, 0.0, 2.0])
    rows = np.concatenate([dead, alive, alive, dead, alive, dead[:2]])[:, None]
    close(program.run(dead, rate=0.01, steps=4), plain.run(dead, rate=0.01, steps=4))
    close(program.bind(dead, rate=0.01).step(), plain.bind(dead, rate=0.01).step())
    order = np.arange(len(rows))[::-1]
    for given in (None, order):
        mine = program.epoch(rows, rate=0.01, batch=3, order=given)
        assert np.isfinite(mine).all()
        close(mine, plain.epoch(rows, rate=0.01, batch=3, order=given))
        close(program.parameters, plain.parameters)


@every_backend
def test_steps_that_are_not_finite_are_made_all_the_same(backend):
    """Without `strict` nothing is said: nan and inf go into values and parameters."""
    w, x = ad.values("w x", [1.0, 1.0])
    program = ad.compile(ad.log(w * x), x, parameters=w, backend=backend)
    values = program.epoch(np.array([1.0, 2.0, -1.0, 1.0]), rate=0.1, batch=1)
    assert np.isfinite(values[:2]).all()
    assert np.isnan(values[2:]).all()
    assert math.isfinite(program.parameters[0]) or math.isnan(program.parameters[0])
    program.parameters = [1.0]
    with ad.strict(), pytest.raises(FloatingPointError, match="log"):
        program.epoch(np.array([1.0, 2.0, -1.0, 1.0]), rate=0.1, batch=1)
    made = program.parameters[0]
    program.parameters = [1.0]
    program.epoch(np.array([1.0, 2.0]), rate=0.1, batch=1)
    assert abs(made - program.parameters[0]) < 1e-14  # the steps before are made


@every_backend
def test_huge_rates_and_numbers(backend):
    w, x = ad.values("w x", [1.0, 1.0])
    program = ad.compile((w * x) ** 2, x, parameters=w, backend=backend)
    values = program.run(np.array([1.0]), rate=1e300, steps=3)
    assert values[0] == 1.0
    assert not math.isfinite(values[2])


# ---------------------------------------------------------------- what is refused


@every_backend
def test_errors_say_what_was_given(backend):
    E, xs, ps = loss()
    program = ad.compile(E, xs, parameters=ps, backend=backend)
    X = samples(6)
    start = program.parameters.copy()
    for order in ([0, 6], [-1], [10**12]):
        with pytest.raises(IndexError, match="order asks for rows"):
            program.epoch(X, rate=0.1, batch=2, order=order)
    for order in ([0.5], [[0, 1]], ["a"]):
        with pytest.raises(ValueError, match="order lists numbers of rows"):
            program.epoch(X, rate=0.1, batch=2, order=order)
    for batch in (0, -1, True, 2.0):
        with pytest.raises(ValueError, match="batch counts the rows"):
            program.epoch(X, rate=0.1, batch=batch)
    for rows in (X[:, :2], X[:0], np.zeros((2, 3, 1))):
        with pytest.raises(ValueError, match="X has"):
            program.bind(rows, rate=0.1)
        with pytest.raises(ValueError, match="X has"):
            program.epoch(rows, rate=0.1, batch=2)
    for rate in (-0.1, math.nan, math.inf, "0.1", True):
        with pytest.raises(ValueError, match="rate is a finite number"):
            program.bind(X, rate=rate)
    for steps in (-1, 1.5):
        with pytest.raises(ValueError, match="steps counts"):
            program.run(X, rate=0.1, steps=steps)
    with pytest.raises(TypeError, match="real numbers"):
        program.epoch(X.astype(complex), rate=0.1, batch=2)
    for name, options in {
        "step": {},
        "run": {"steps": 2},
        "epoch": {"batch": 2},
        "bind": {},
    }.items():
        with pytest.raises(TypeError, match=f"{name} has no option lr=; .* is called rate="):
            getattr(program, name)(X, lr=0.1, **options)
        with pytest.raises(ValueError, match="rate is a finite number"):
            getattr(program, name)(X, rate=None, **options)
    assert np.array_equal(program.parameters, start)
    assert len(program.epoch(X, rate=0.1, batch=2, order=np.array([], dtype=int))) == 0
    outputs = ad.compile([E, E * 2.0], xs, parameters=ps, backend=backend)
    with pytest.raises(ValueError, match="one output and parameters"):
        outputs.bind(X, rate=0.1)


@every_backend
def test_no_error_is_worded_where_nothing_is_wrong(backend, monkeypatch):
    """Steps of small networks take microseconds, as many as a text that lists names."""
    E, xs, ps = loss()
    program = ad.compile(E, xs, parameters=ps, backend=backend)
    X, worded = samples(6), []
    expected = program.value_and_grad(X)[0]
    monkeypatch.setattr("autodiff.program.given.listed", lambda names: worded.append(names) or "")
    assert abs(program.step(X, 0.0) - expected) < 1e-15
    assert program(X).shape == (6,)
    assert not worded
    with pytest.raises(ValueError, match="X has"):
        program.step(X[:, :2], 0.0)
    assert worded == [program.inputs]


@every_backend
def test_errors_asked_of_numpy_are_not_raised_in_steps(backend):
    """`numpy.errstate` of the caller is for his own arrays."""
    w, x = ad.values("w x", [1.0, 1.0])
    program = ad.compile(ad.exp(w * x), x, parameters=w, backend=backend)
    with np.errstate(all="raise"):
        assert program.step(np.array([1000.0]), 1.0) == math.inf
    assert program.parameters[0] == -math.inf


@every_backend
def test_an_order_that_changes_meanwhile(backend):
    """It is checked and copied first, so another thread cannot lead outside of X."""
    E, xs, ps = loss()
    program = ad.compile(E, xs, parameters=ps, backend=backend)
    X, order, done = samples(64), np.arange(64).repeat(50), threading.Event()

    def disturb():
        while not done.is_set():
            order[:] = 2**60
            order[:] = 0

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(20):
            with suppress(IndexError):
                program.epoch(X, rate=1e-3, batch=64, order=order)
    finally:
        done.set()
        thread.join()
    assert np.isfinite(program.parameters).all()


# ---------------------------------------------------------------- memory


@every_backend
def test_a_program_that_knows_its_descent_is_freed(backend):
    E, xs, ps = loss()
    program = ad.compile(E, xs, parameters=ps, backend=backend)
    program.descent = program.bind(samples(3), rate=0.1)
    program.descent.step()
    gone = weakref.ref(program)
    del program
    gc.collect()
    assert gone() is None


@native_only
@pytest.mark.parametrize(("terms", "wide"), [(4, False), (100, True)])
def test_lanes_count_as_rows(terms, wide):
    """A loop over many samples has no rows of X, but wants wide vectors all the same."""
    w = ad.Value(0.5, "w")
    total = sum((ad.tanh(w * (0.1 * k)) - 0.2) ** 2 for k in range(terms))
    with held_to(None):  # whatever the environment asks for
        program = ad.compile(total, parameters=w, backend="native")
        program.run(rate=0.1, steps=1)
    [runner] = program._runners.values()
    few = "AVX2" if "AVX2" in SETS else SETS[0]
    assert runner.machine.instructions == (SETS[0] if wide else few)


@native_only
@pytest.mark.slow
def test_memory_does_not_grow():
    """Thousands of programs made, run and freed: as much memory as after the first ones."""
    E, xs, ps = loss()
    tape = ad.compile(E, xs, parameters=ps, backend="native")
    X = samples(30)
    tape.run(X, rate=0.1, steps=1)

    def some(count):
        for i in range(count):
            with held_to(SETS[i % len(SETS)]):
                tape._runners.clear()
                tape.bind(X, rate=1e-9).step()
                tape.epoch(X, rate=1e-9, batch=7)
        return resident()

    first = some(1000)
    assert some(9000) - first < 2_000_000


def resident():
    """Bytes of memory that this process has, where /proc tells, else those that Python counts."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        tracemalloc.start()
        return tracemalloc.get_traced_memory()[0]


def test_a_descent_and_its_program_say_what_they_are() -> None:
    w, x = ad.values("w x", [0.5, 0.1])
    program = ad.compile((w * x) ** 2, x, parameters=[w], backend="numpy")
    said = "<Descent at rate 0.1 of <Program of 1 input, 1 parameter, 1 output on numpy>>"
    assert repr(program.bind([[1.0], [2.0]], rate=0.1)) == said
