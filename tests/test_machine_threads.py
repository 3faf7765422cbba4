"""Threads and Ctrl-C beside a program that runs compiled."""

import math
import random
import signal
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from ready import native_only

import autodiff as ad

pytestmark = native_only


def long_loss():
    """Two hundred nodes, so that a million of steps on a thousand rows takes minutes."""
    w, x = ad.values("w x", [0.5, 1.0])
    y = x
    for i in range(50):
        y = (y * w + 0.01 * i).tanh() + x * 0.1
    return ad.compile(y * y, x, parameters=w, backend="native")


ROWS = np.linspace(-1.0, 1.0, 1000)
FOREVER = 100_000


def in_threads(*functions):
    """Run them at the same time; what each returns."""
    results, errors = [None] * len(functions), []

    def call(i, f):
        try:
            results[i] = f()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    return results


def test_one_program_in_many_threads():
    program = long_loss()
    X = np.random.default_rng(0).normal(size=(6, 4000))
    expected = [program(row) for row in X]
    found = in_threads(*[lambda row=row: [program(row) for _ in range(20)] for row in X])
    for mine, answers in zip(expected, found, strict=True):
        for answer in answers:
            assert np.array_equal(mine, answer)


def test_bound_steps_of_one_program_in_many_threads():
    """No step is lost: together they fall as the same number of steps in a row."""
    program, beside = long_loss(), long_loss()
    bound, rows = program.bind(ROWS, rate=1e-3), beside.bind(ROWS, rate=1e-3)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        in_threads(*[lambda: [bound.step() for _ in range(50)]] * 4)
    finally:
        sys.setswitchinterval(before)
    rows.run(200)
    assert np.array_equal(program.parameters, beside.parameters)


def test_programs_of_their_own():
    programs = [long_loss() for _ in range(4)]
    found = in_threads(*[lambda p=p: p.run(ROWS, rate=1e-3, steps=50) for p in programs])
    for values in found[1:]:
        assert np.array_equal(found[0], values)


def test_other_threads_go_on_during_a_run():
    program, counted = long_loss(), [0]
    done = threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=count)
    thread.start()
    before = sys.getswitchinterval()
    sys.setswitchinterval(60.0)  # only who lets go of the lock lets others in
    try:
        while counted[0] < 3:
            time.sleep(0.001)
        seen = counted[0]
        program.run(ROWS, rate=1e-3, steps=2000)
        gone = counted[0] - seen
    finally:
        sys.setswitchinterval(before)
        done.set()
        thread.join()
    assert gone > 20


def interrupted(call, after=0.2):
    """Whether Ctrl-C after so many seconds ends the call with KeyboardInterrupt."""
    timer = threading.Timer(after, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        timer.join()
    return False


WAYS = {
    "run": lambda p: p.run(ROWS, rate=1e-6, steps=FOREVER),
    "epoch": lambda p: p.epoch(np.broadcast_to(0.5, 20_000_000), rate=1e-6, batch=1000),
    "value_and_grad": lambda p: p.value_and_grad(np.broadcast_to(0.5, 20_000_000)),
    "steps": lambda p: [p.bind(ROWS, rate=1e-6).step() for _ in iter(int, 1)],
    "call": lambda p: [p(ROWS) for _ in iter(int, 1)],
}


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c(way):
    program, beside = long_loss(), long_loss()
    start = program.parameters.copy()
    assert interrupted(lambda: WAYS[way](program))
    if way == "run":  # it stopped at a completed step
        bound, made = beside.bind(ROWS, rate=1e-6), 0
        while made < FOREVER and beside.parameters[0] != program.parameters[0]:
            bound.step()
            made += 1
        assert 0 < made < FOREVER
    # and nothing is broken
    program.parameters = beside.parameters = start
    assert np.array_equal(
        program.run(ROWS, rate=1e-3, steps=3), beside.run(ROWS, rate=1e-3, steps=3)
    )


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm clock here")
def test_a_signal_handler_that_runs_the_machine():
    """It comes while this very thread holds the program, and would wait for itself."""
    program = long_loss()
    bound, said = program.bind(ROWS, rate=1e-6), []

    def handler(number, frame):
        try:
            bound.step()
        except RuntimeError as error:
            said.append(str(error))

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        while not said:  # the alarm may come between two runs
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            program.run(ROWS, rate=1e-6, steps=3000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert "this program is running" in said[0]
    assert math.isfinite(bound.step())


@pytest.mark.slow
def test_large_graphs_in_many_threads():
    """A million nodes each, built, compiled, run and freed at the same time."""

    def work(seed):
        rng = random.Random(seed)
        w = x = ad.Value(0.5, "w")
        for _ in range(250_000):
            x = (x * rng.random() + 0.1).tanh() + w * 0.01
        with_graph = ad.compile(x, parameters=w, backend="native")
        value, gradient = with_graph.value_and_grad()
        x.backward()
        gone = weakref.ref(x)
        found = (value, x.data, gradient[0], w.grad)
        del x
        assert gone() is None
        return found

    for value, data, gradient, grad in in_threads(*[lambda s=s: work(s) for s in range(2)]):
        assert math.isclose(value, data, rel_tol=1e-12)
        assert math.isclose(gradient, grad, rel_tol=1e-9)
