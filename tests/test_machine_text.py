"""Whatever numbers a Machine is given for a text: it works or says ValueError, and never crashes.

In an interpreter of its own, so that a crash is a failure of one test.
"""

import pytest
from ready import native_only

pytestmark = native_only

FUZZ = """
import random, sys
from array import array
from unittest import mock
import numpy as np
import autodiff as ad, nn
from autodiff.backends import native_backend
from autodiff.native import load

machine, rng = load("machine"), random.Random(int(sys.argv[1]))
made, Machine = [], machine.Machine
first, INTERESTING = [], [-2**31, 2**31 - 1, -1, 0, 1, 2, 3, 7, 8, 65536, 2**20, 2**30]

def noted(text, shared, lanes, wanted):
    first.append((list(text), shared, lanes))
    return Machine(text, shared, lanes, wanted)

def texts():
    "Real ones, of every kind of step."
    x, y, w, b = ad.values("x y w b", [0.5, 1.0, 0.25, 2.0])
    model = nn.MLP(2, [5, 3, 2], activation="tanh", seed=0)
    z = model([x, y])
    graphs = [
        (ad.logsumexp([*z, w, x]) + ad.softmax_share([w, b, x]) * ad.where(ad.less(x, y), w, b),
         [x, y], [w, b, *model.parameters()]),
        (ad.softmax([w, b, w * b])[0] + ad.hypot(w, b) + ad.dot([w] * 9, [b] * 9), [], [w, b]),
        (ad.sum([(w * t + b).sigmoid() * ad.clamp(w * t, 0.0, b) for t in range(9)]), [], [w, b]),
        ((ad.dot([x, y, w], [y, b, x]) + x * w).gelu(), [x, y], [w, b]),
    ]
    for loss, inputs, parameters in graphs:
        program = ad.compile(loss, inputs, parameters=parameters, backend="native")
        X = np.ones((3, len(inputs)))
        with mock.patch.object(native_backend.machine, "Machine", noted):
            program.run(*[X] if inputs else [], rate=0.1, steps=2)
            program(*[X] if inputs else [])

def attempt(text, shared, lanes, wanted):
    "Make it and run it; what is said."
    text = [(number + 2**31) % 2**32 - 2**31 for number in text]  # as int32 wraps around
    try:
        m = Machine(array("i", text), shared, lanes, wanted)
    except (ValueError, MemoryError) as error:
        return type(error).__name__
    p, inputs, outputs, varying = text[2], text[1], None, None
    if p > 10_000 or inputs > 10_000:
        return "large"
    n_axes = text[0]
    at = 5 + 3 * n_axes
    outputs = text[at]
    varying = sum(space == 1 for space in text[at + 1 : at + 1 + 2 * outputs : 2])
    if outputs > 10_000:
        return "large"
    for rows in (0, 1, 9):
        X = np.linspace(0, 1, inputs * rows).reshape(inputs, rows)
        m.run(np.ones(p), X, None, np.empty(outputs), np.empty((varying, rows)))
        if rows:
            try:
                m.descend(np.ones(p), X, None, 0.1, 2, 0, True, False, np.empty(2))
            except ValueError:
                pass
    for i in range(outputs + 1):
        try:
            m.read(i, np.empty(9))
        except (ValueError, IndexError):
            pass
    return "ran"

texts()
assert len(first) >= 6
said = {}
for round in range(int(sys.argv[2])):
    text, shared, lanes = rng.choice(first)
    text = list(text)
    if rng.random() < 0.1:
        text = [rng.choice((rng.randrange(-2**31, 2**31), rng.randrange(40)))
                for _ in range(rng.randrange(60))]
    else:
        for _ in range(rng.choice((0, 1, 1, 1, 2, 5))):
            at = rng.randrange(len(text))
            kind = rng.random()
            if kind < 0.5:
                text[at] = rng.choice((text[at] + rng.choice((-1, 1)), rng.randrange(20)))
            elif kind < 0.7:
                text[at] = rng.choice(INTERESTING)
            elif kind < 0.8:
                text[at] = rng.choice(text)
            elif kind < 0.9:
                del text[at:at + rng.randrange(1, 4)]
            else:
                text[at:at] = [rng.choice(INTERESTING) for _ in range(rng.randrange(1, 3))]
            text = text or [0]
    wanted = rng.choice(machine.INSTRUCTIONS)
    answer = attempt(text, shared, lanes, wanted)
    said[answer] = said.get(answer, 0) + 1
print(said)
assert said["ran"] > 50 and said["ValueError"] > 50
"""


@pytest.mark.parametrize("seed", range(3))
def test_texts_that_are_not_programs(seed, run_python):
    done = run_python("-c", FUZZ, str(seed), "4000")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 16))
def test_many_texts_that_are_not_programs(seed, run_python):
    done = run_python("-c", FUZZ, str(seed), "50000")
    assert done.returncode == 0, done.stdout + done.stderr


WRONG = """
import numpy as np
from array import array
from autodiff.modes import MODES, strict
from autodiff.native import load
machine = load("machine")
Machine = machine.Machine
# an axis of no rows, one parameter, whose square is output 0, and output 1 is that parameter
square = machine.ROWS.index("square")
TEXT = [1, 1, 1, 2, 0,  0, 0, -1,  2, 0, 1, 0, 0,  1, 2, 1,  0, 1,
        0, square, 1, 1, 0, 1,  0, 1, 1,  0, 1, 0]
def make(text=TEXT, shared=None, lanes=None, *more):
    return Machine(array("i", text), np.zeros(2) if shared is None else shared, lanes or [], *more)
def refused(f, *errors):
    try:
        f()
    except errors or (ValueError,):
        return
    raise AssertionError(f"nothing was refused by line {f.__code__.co_firstlineno}")
m = make()
one, X, results = np.full(1, 3.0), np.zeros((1, 4)), np.empty(2)
m.run(one, X, None, results, None)
assert results.tolist() == [9.0, 3.0]
for text in (b"", b"123", bytes(7), array("i", [1] * 9)):
    refused(lambda: Machine(text, np.zeros(2), []))
refused(lambda: Machine("text", np.zeros(2), []), TypeError)
for shared in (np.zeros(1), np.zeros(3), np.zeros((2, 1)), np.zeros(2, "f4"), np.zeros(4)[::2]):
    refused(lambda: make(TEXT, shared))
refused(lambda: make(TEXT, [0.0, 0.0]), TypeError)
for lanes in ([1], [(1, 2)], [(2, 0, None)], ["abc"]):
    refused(lambda: make(TEXT, None, lanes), TypeError)
for lanes in ([(2, 0, np.zeros(1))], [(1, 0, np.zeros(1))], [(-1, 0, np.zeros(1))]):
    refused(lambda: make(TEXT, None, lanes))
refused(lambda: make(TEXT, None, [], "AVX-1024"))
huge = [1, 1, 1, 2**31 - 1, *TEXT[4:]]
refused(lambda: make(huge))  # no memory is asked for that was not given
refused(lambda: make([2, 1, 1, 2, 0, 0, 0, -1, 2**30, 2**30, -1, *TEXT[8:]]))
refused(lambda: make([2**31 - 1, *TEXT[1:]]))
for p in (np.zeros(2), np.zeros(0), np.zeros((1, 1)), np.zeros(1, "i8"), np.zeros(1, ">f8")):
    refused(lambda: m.run(p, X, None, results, None))
    refused(lambda: m.descend(p, X, None, 0.1, 1, 0, True, True, np.empty(1)))
for x in (np.zeros((2, 4)), np.zeros(4), np.zeros((1, 4), "f4"), np.zeros((1, 4), complex)):
    refused(lambda: m.run(one, x, None, results, None))
    refused(lambda: machine.Bound(m, one, x, 0.1, True, None, MODES))
odd = np.frombuffer(bytes(12 * 4), np.dtype([("x", "f8"), ("y", "i4")]))["x"][None]
refused(lambda: m.run(one, odd, None, results, None))
for order in ([4], [-1], [2**62], [-2**63]):
    refused(lambda: m.run(one, X, np.array(order), results, None), IndexError)
    refused(lambda: m.descend(one, X, np.array(order), 0.1, 1, 1, True, True, np.empty(1)),
            IndexError)
for order in (np.zeros(1), np.zeros(1, "i4"), np.zeros((1, 1), "i8")):
    refused(lambda: m.run(one, X, order, results, None))
refused(lambda: m.run(one, X, None, np.empty(1), None))
refused(lambda: m.run(one, X, None, results, np.empty((1, 4))))
read_only = results.copy()
read_only.flags.writeable = False
refused(lambda: m.run(one, X, None, read_only, None), ValueError, BufferError)
refused(lambda: m.run(one, X, None, results), TypeError)
for steps, batch in ((2, 0), (-1, 0), (5, 1), (2, 2**63 - 1), (1, -1)):
    refused(lambda: m.descend(one, X, None, 0.1, steps, batch, True, True, np.empty(1)))
refused(lambda: m.descend(one, X[:, :0], None, 0.1, 1, 0, True, True, np.empty(1)))
refused(lambda: m.descend(one, X, None, "fast", 1, 0, True, True, np.empty(1)), TypeError)
refused(lambda: machine.Bound(m, one, X[:, :0], 0.1, True, None, MODES))
refused(lambda: machine.Bound(None, one, X, 0.1, True, None, MODES), TypeError)
refused(lambda: machine.Bound(m, one, X, 0.1, True, None, set()), TypeError)
for i in (0, 1, -1, 2**40):
    refused(lambda: m.read(i, np.empty(1)), IndexError)
refused(lambda: m.read(1.5, np.empty(1)), TypeError)
far = np.broadcast_to(0.0, (1, 2**59))  # a table for that many rows cannot be had
varying = [1, 1, 1, 2, 0,  2, 0, -1,  2, 0, 1, 1, 1,  1, 2, 1,  1, 1, 0, square, 2, 1, 0, 1,
           1, 2, 0, 1,  2, 2, 0, 0]
rows = make(varying)
refused(lambda: rows.run(one, far, None, results, np.empty((1, 0))))
out = np.empty((1, 3))
rows.run(one, np.full((1, 3), 2.0), None, results, out)
assert out.tolist() == [[4.0] * 3]
assert rows.bytes > 0
where = machine.ROWS.index("where")
refused(lambda: make([*TEXT[:19], where, *TEXT[20:]]))  # of three operands
bound = machine.Bound(m, one, X, 0.125, True, lambda: "otherwise", MODES)
assert (bound.step(), one.tolist()) == (2.25, [3.0 - 0.125 * 3.0 / 4])
with strict():
    assert bound.step() == "otherwise"
one[0] = np.inf
assert (bound.step(), one.tolist()) == ("otherwise", [np.inf])
bound = machine.Bound(m, one, X, 0.125, True, lambda: 1 / 0, MODES)
refused(bound.step, ZeroDivisionError)
refused(bound.step, ZeroDivisionError)
"""


def test_what_is_refused(run_python):
    done = run_python("-c", WRONG)
    assert done.returncode == 0, done.stdout + done.stderr
