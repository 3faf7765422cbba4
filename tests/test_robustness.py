"""What ends other engines: depth, repeated paths, interruption, threads and long use, through every
verb of the package. The engine's own cases are in test_graph.py and test_copies.py.
"""

import copy
import gc
import os
import pickle
import random
import signal
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ready import untraced

import autodiff as ad
import nn
from autodiff.export import LANGUAGES, export

Graph = tuple[ad.Value, ad.Value]  # x and y


def diamonds() -> Graph:
    """2**60 paths through 60 nodes."""
    x = ad.Value(1.0, "x")
    y = x
    for _ in range(60):
        y = y + y
    return x, y.named("y")


def curved_diamonds() -> Graph:
    """As many paths, and slopes that are nowhere constant."""
    x = ad.Value(0.1, "x")
    y = x
    for _ in range(60):
        y = (y * y + y).tanh()
    return x, y.named("y")


def chain() -> Graph:
    """Deeper than Python recurses, and every third node uses x once more."""
    x = ad.Value(0.5, "x")
    y = x
    for i in range(1_200):
        y = (y * 0.999 + 0.001).sin() if i % 3 else y + x
    return x, y.named("y")


VERBS: dict[str, Callable[[ad.Value, ad.Value], Any]] = {
    "repr": lambda x, y: repr(y),
    "derive": lambda x, y: str(ad.derive(y, x)),
    "derive paths": lambda x, y: str(ad.derive(y, x, form="paths")),
    "derive full": lambda x, y: str(ad.derive(y, x).full()),
    "latex": lambda x, y: ad.derive(y, x).latex(),
    "html": lambda x, y: ad.derive(y, x).html(),
    "check_formula": lambda x, y: str(ad.check_formula(y, x, "1")),
    "draw": lambda x, y: ad.draw(y).source,
    "draw ops": lambda x, y: ad.draw(y, "op").source,
    "explore": lambda x, y: ad.explore(y, names={}),
    "compile": lambda x, y: ad.compile(y, [], parameters=[x]).value_and_grad(),
    "compile outputs": lambda x, y: ad.compile(y, [x])([[1.0], [2.0]]),
    "grad": lambda x, y: ad.grad(y, x).data,
    "hvp": lambda x, y: ad.hvp(y, [x], [1.0]),
    "check_gradient": lambda x, y: ad.check_gradient(y, [x]),
    "first_nonfinite": lambda x, y: ad.first_nonfinite(y),
    "forward": lambda x, y: y.forward(),
    "deepcopy": lambda x, y: copy.deepcopy(y),
    "pickle": lambda x, y: pickle.loads(pickle.dumps(y)),
} | {f"export {to}": lambda x, y, to=to: export(y, [x], to=to) for to in LANGUAGES}


@pytest.mark.parametrize("graph", [diamonds, curved_diamonds, chain])
@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_walks_paths_or_recurses(verb: str, graph: Callable[[], Graph]) -> None:
    """A walk along the paths would not end before the sun does; a recursion ends at depth 1000."""
    x, y = graph()
    before = y.data
    VERBS[verb](x, y)
    assert y.data == before


def test_sixty_diamonds_are_two_to_the_sixty_in_every_gear() -> None:
    x, y = diamonds()
    program = ad.compile(y, [], parameters=[x])
    assert ad.grad(y, x).data == 2.0**60
    assert program.value_and_grad()[1].tolist() == [2.0**60]
    assert ad.derive(y, x).value == 2.0**60
    assert copy.deepcopy(y).data == 2.0**60


@pytest.mark.slow
def test_a_million_uses_of_one_value() -> None:
    x = ad.Value(1.0)
    y = ad.sum([x] * 1_000_000)
    for _ in range(1_000_000):
        y = y + x
    y.backward()
    assert x.grad == 2_000_000.0


# ---------------------------------------------------------------- interruption


@untraced
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends a signal")
@pytest.mark.parametrize(
    "moments", [30, pytest.param(1_000, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_ctrl_c_inside_a_compiled_run_leaves_whole_steps(moments: int) -> None:
    """The parameters are those after some number of steps, and the program goes on from them."""
    w, b, x, t = ad.values("w b x t", [0.0, 0.0, 1.0, 1.0])
    loss = ((w * x + b).tanh() - t).square()
    X = np.linspace(-1.0, 1.0, 64).reshape(32, 2)

    def program() -> Any:
        return ad.compile(loss, [x, t], parameters=[w, b])

    reference = program()
    after = {tuple(reference.parameters): 0}
    for step in range(1, 20_001):
        reference.run(X, 1e-4, 1)
        after.setdefault(tuple(reference.parameters), step)
    chance = random.Random(moments)
    tried = interrupted = program()
    stopped = 0
    lengths = []  # what a run takes depends on the backend
    for _ in range(5):
        copied, start = copy.deepcopy(tried), time.perf_counter()
        copied.run(X, 1e-4, 2_000)
        lengths.append(time.perf_counter() - start)
    length = max(min(lengths), 2e-4)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(moments):
            interrupted = copy.deepcopy(tried)
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, length))
                    interrupted.run(X, 1e-4, 2_000)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)  # it may come as late as here
            except KeyboardInterrupt:
                stopped += 1
            done = after[tuple(interrupted.parameters)]
            interrupted.run(X, 1e-4, 3)
            assert after[tuple(interrupted.parameters)] == done + 3
    finally:
        signal.signal(signal.SIGALRM, old)
    assert stopped > moments // 3


# ---------------------------------------------------------------- threads


def test_threads_share_a_compiled_program() -> None:
    """The buffers of a program are one call's at a time: every answer is that of its own row."""
    w, x = ad.values("w x", [0.75, 1.0])
    program = ad.compile((w * x).sigmoid() * x, [x], parameters=[w])
    points = [[0.01 * i] for i in range(400)]
    wanted = [program(point) for point in points]
    slopes = [program.value_and_grad([point])[1].tolist() for point in points]
    wrong: list[int] = []

    def use(seed: int) -> None:
        order = list(range(len(points)))
        random.Random(seed).shuffle(order)
        for i in order:
            if program(points[i]) != wanted[i]:
                wrong.append(i)
            if program.value_and_grad([points[i]])[1].tolist() != slopes[i]:
                wrong.append(i)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_derive_draw_and_parse_without_each_other() -> None:
    """Nothing of one thread's graph, names or modes shows in another's."""
    failed: list[str] = []

    def use(k: int) -> None:
        for i in range(6):
            E = ad.parse(f"sigmoid(w{k}*x + {i})", **{f"w{k}": 0.5, "x": 2.0}).named(f"E{k}")
            with ad.no_record() if i % 2 else ad.strict():
                text = str(ad.derive(E, f"w{k}")) + ad.draw(E).source
            if any(f"w{other}" in text for other in range(4) if other != k) or f"w{k}" not in text:
                failed.append(text)

    threads = [threading.Thread(target=use, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


# ---------------------------------------------------------------- long use


def small(i: int) -> tuple[ad.Value, ad.Value, ad.Value]:
    """E, w and x of one neuron, with other numbers every time."""
    w, x = ad.Value(0.5 + i * 1e-9, "w"), ad.Value(2.0, "x")
    return ((w * x + 0.1).sigmoid().named("out") - 1).square().named("E"), w, x


def refused(i: int) -> None:
    with pytest.raises(ad.ParseError):
        ad.parse(f"sigmoid(w{i}*x +", w=1)


def saved(i: int, path: Path) -> None:
    nn.save(nn.MLP(2, [2, 1], seed=i), path)
    nn.load(path)


USES: dict[str, Callable[..., Any]] = {
    "parse": lambda i: ad.parse(f"sigmoid(w*x + {i})", w=1, x=2),
    "parse error": refused,
    "backward": lambda i: small(i)[0].backward(),
    "derive": lambda i: str(ad.derive(small(i)[0], "w")),
    "html": lambda i: ad.derive(small(i)[0], "w").html(),
    "latex": lambda i: ad.derive(small(i)[0], "w").latex(),
    "check_formula": lambda i: str(ad.check_formula(small(i)[0], "w", f"{i}*out")),
    "draw": lambda i: ad.draw(small(i)[0]).source,
    "explore": lambda i: ad.explore(small(i)[0], names={}),
    "export": lambda i: (lambda E, w, x: export(E, [w, x], to="c", gradient=True))(*small(i)),
    "compile": lambda i: (
        lambda E, w, x: ad.compile(E, [x], parameters=[w]).value_and_grad([[1.0]])
    )(*small(i)),
    "pickle": lambda i: pickle.loads(pickle.dumps(small(i)[0])),
    "deepcopy": lambda i: copy.deepcopy(small(i)[0]),
    "fit": lambda i: nn.fit(
        nn.MLP(2, [2, 1], seed=i), [[0, 1], [1, 0]], [0, 1], loss="mse", rate=0.1, epochs=1,
        progress=False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_repetition_keeps_nothing(use: str) -> None:
    """No Value lives on, and no memory but that of caches still filling."""
    act = USES[use]
    for i in range(6):
        act(i)
    gc.collect()
    values = sum(type(found) is ad.Value for found in gc.get_objects())
    grown = [kept_by(act, range(start, start + 20)) for start in (6, 26, 46)]
    assert sum(type(found) is ad.Value for found in gc.get_objects()) <= values
    assert min(grown) / 20 < 3_000  # once, a cache may be made


def kept_by(act: Callable[[int], Any], turns: range) -> int:
    tracemalloc.start()
    try:
        for i in turns:
            act(i)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_saving_and_loading_keeps_no_file_open(tmp_path: Path) -> None:
    saved(0, tmp_path / "m.json")
    if not Path("/proc/self/fd").exists():
        pytest.skip("open files are counted in /proc")
    before = len(os.listdir("/proc/self/fd"))
    for i in range(50):
        saved(i, tmp_path / "m.json")
    assert len(os.listdir("/proc/self/fd")) <= before
    assert [path.name for path in tmp_path.iterdir()] == ["m.json"]


@pytest.mark.slow
def test_an_evaluator_that_is_killed_again_and_again_leaves_no_process() -> None:
    from autodiff.drawing.evaluating import Evaluator

    evaluator = Evaluator(seconds=20.0)
    try:
        for _ in range(20):
            assert "graph" in evaluator.answer("a = 1\ny = 2*a")
            process = evaluator._process
            assert process is not None
            process.kill()
            deadline = time.monotonic() + 10.0
            while process.poll() is None:
                assert time.monotonic() < deadline
    finally:
        evaluator.close()
    assert evaluator._process is None


# Not ru_maxrss: a child inherits that from the process which started it, however large that was.
PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
"""
MILLION = """
import autodiff as ad
start = peak()
x = ad.Value(1.0)
y = x
for _ in range(500_000):
    y = (y + 1.0) * 1.0
y.backward()
assert x.grad == 1.0
print(peak() - start)
"""
TEXTS = """
import autodiff as ad
n = 1_000_000
for text in (
    "x" + "+x" * (n // 2 - 1), "(" * n, "(" * 100_000 + "x" + ")" * 100_000, "9**9**9**9",
    "9" * n, "a" * n, "x," * (n // 2), "max(" + "x," * (n // 2 - 4) + "x)", "-" * n, "\\0" * n,
    "sum(" + "x," * (n // 2 - 4) + "x)", "x\\n" * (n // 2), "x+1" * n, "x**" * (n // 3), "#" * n,
    "logsumexp(" + "x," * 100_000 + "x)", " " * n, "1e" + "9" * (n - 2), "\\u202e" * n,
):
    for read in (ad.parse, ad.parse_lines):
        try:
            found = read(text, x=1.0)
            if isinstance(found, ad.Value):
                found.backward()
        except ad.ParseError as error:
            assert len(str(error)) < 2_000
print(peak())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak there")
@pytest.mark.slow
@pytest.mark.parametrize(("script", "most"), [(MILLION, 400), (TEXTS, 500)])
def test_memory_is_bounded(script: str, most: int, run_python: Any) -> None:
    """Megabytes: of a chain of a million nodes with its gradients; of the largest texts."""
    done = run_python("-c", PEAK + script)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < most
