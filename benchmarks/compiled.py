"""Compiled programs beside tensor libraries: training steps and compile times, in one process.

Three works, each trained by full-batch gradient descent in float64 on one thread:

* xor: MLP(2, [2, 1]) sigmoid, half squared error, 4 rows
* moons: MLP(2, [16, 16, 1]) relu, hinge loss and L2 penalty as in micrograd's demo, 100 rows
* digits: MLP(64, [32, 10]) sigmoid, softmax cross-entropy, scikit-learn's 1797 digits; also an
  epoch of minibatches of 32

All contestants start from the same parameters; their first losses are compared with the eager
engine before any clock runs. Rounds are interleaved and medians shown, since machines drift: only
the ratios of one run count. A peer that is not installed is left out with a note.

    python benchmarks/compiled.py [--works xor moons digits] [--rounds 15] [--nodes 10000 100000]
"""

import argparse
import gc
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from compiled_peers import PEERS, Work

import autodiff as ad
from nn import MLP

CLOCK = time.perf_counter


def xor() -> Work:
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    model = MLP(2, [2, 1])
    x1, x2, t = ad.values("x1 x2 t", [0.0, 1.0, 1.0])
    loss = (0.5 * (t - model([x1, x2])) ** 2).named("E")
    T = np.array([[0.0], [1.0], [1.0], [0.0]])
    return Work("xor", loss, [x1, x2, t], model, X, T, rate=0.5)


def moons() -> Work:
    from sklearn.datasets import make_moons

    X, y = make_moons(100, noise=0.1, random_state=0)
    model = MLP(2, [16, 16, 1], activation="relu", output="linear")
    x1, x2, t = ad.values("x1 x2 y", [0.1, 0.2, 1.0])
    hinge = ad.relu(1 - t * model([x1, x2]))
    loss = (hinge + 1e-4 * sum(p * p for p in model.parameters())).named("loss")
    return Work("moons", loss, [x1, x2, t], model, X, 2.0 * y[:, None] - 1.0, rate=0.05)


def digits() -> Work:
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    model = MLP(64, [32, 10], output="linear")
    xs = ad.values("x1:65", [0.1] * 64)
    ts = ad.values("t1:11", [1.0] + [0.0] * 9)
    logits = model(xs)
    loss = (ad.logsumexp(logits) - ad.dot(ts, logits)).named("E")
    return Work("digits", loss, xs + ts, model, X / 16.0, np.eye(10)[labels], rate=0.5)


WORKS: dict[str, Callable[[], Work]] = {"xor": xor, "moons": moons, "digits": digits}


def program_of(work: Work) -> ad.Program:
    return ad.compile(work.loss, work.inputs, parameters=work.model.parameters())


def ours(work: Work) -> Callable[[], float]:
    program = program_of(work)
    rows = np.hstack([work.X, work.T])
    return lambda: program.step(rows, rate=work.rate)


def plain_loop(work: Work) -> Callable[[], float]:
    """The same loss as one graph: a Python loop over the rows."""
    program = ad.compile(loop_graph(work), parameters=work.model.parameters())
    return lambda: program.step(rate=work.rate)


def loop_graph(work: Work) -> ad.Value:
    losses = []
    for x, [t] in zip(work.X.tolist(), work.T.tolist(), strict=True):
        score = work.model(list(map(ad.Value, x)))
        losses.append(ad.relu(1 - t * score) if work.name == "moons" else 0.5 * (t - score) ** 2)
    total = sum(losses) * (1.0 / len(losses))
    if work.name == "moons":
        total = total + 1e-4 * sum(p * p for p in work.model.parameters())
    return total


def eager_loss(work: Work) -> float:
    """The mean loss at the start, by the eager engine."""
    total = 0.0
    for row in np.hstack([work.X, work.T]).tolist():
        for leaf, number in zip(work.inputs, row, strict=True):
            leaf.data = number
        total += work.loss.forward()
    return total / len(work.X)


def contest(work: Work, rounds: int) -> None:
    """Medians of interleaved rounds, as a table."""
    contestants: dict[str, Callable[[], float]] = {}
    if work.name != "digits":
        contestants["ours, plain loop"] = plain_loop(work)
    contestants["ours, rows of X"] = ours(work)
    for name, peer in PEERS.items():
        try:
            step = peer(work)
        except ImportError as error:
            print(f"  {name}: left out, {error}")
            continue
        if step is not None:
            contestants[name] = step
    expected = eager_loss(work)
    for name, step in contestants.items():
        first = step()
        assert abs(first - expected) <= 1e-12 * max(1.0, abs(expected)), (name, first, expected)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for _ in range(rounds):
        random.shuffle(order)  # who follows whom matters: caches, and clocks after wide vectors
        for name in order:
            contestants[name]()
            times[name].append(timed(contestants[name]))
    reference = median(times["ours, rows of X"])
    for name, found in times.items():
        us = median(found) * 1e6
        print(f"  {name:<24}{us:>12.1f} us{median(found) / reference:>10.2f}x")


def timed(step: Callable[[], Any], least: float = 0.01) -> float:
    """Seconds for one call, from as many calls as take a while."""
    count, start = 0, CLOCK()
    while (now := CLOCK()) - start < least or not count:
        step()
        count += 1
    return (now - start) / max(count, 1) if count else 0.0


def minibatches(work: Work, rounds: int) -> None:
    """An epoch in minibatches of 32, ours and by hand."""
    program, rows = program_of(work), np.hstack([work.X, work.T])
    hand = PEERS["numpy by hand"]
    hands = {}
    for start in range(0, len(rows), 32):
        part = Work(
            **{**vars(work), "X": work.X[start : start + 32], "T": work.T[start : start + 32]}
        )
        hands[start] = hand(part)

    def epoch() -> None:
        for start in range(0, len(rows), 32):
            program.step(rows[start : start + 32], rate=work.rate)

    def epoch_by_hand() -> None:
        for step in hands.values():
            step()

    times: dict[str, list[float]] = {"ours": [], "numpy by hand": []}
    for _ in range(rounds):
        for name, run in (("ours", epoch), ("numpy by hand", epoch_by_hand)):
            times[name].append(timed(run))
    for name, found in times.items():
        print(f"  epoch of minibatches, {name:<16}{median(found) * 1e6:>12.1f} us")


def compile_times(work: Work, rounds: int) -> None:
    parameters = work.model.parameters()
    found = []
    for _ in range(rounds):
        gc.collect()
        start = CLOCK()
        ad.compile(work.loss, work.inputs, parameters=parameters).layout("gradients")
        found.append(CLOCK() - start)
    print(f"  compiled in {median(found) * 1e3:.1f} ms (fastest {min(found) * 1e3:.1f})")
    if work.name == "moons":
        graph = loop_graph(work)
        start = CLOCK()
        ad.compile(graph, parameters=parameters).layout("gradients")
        print(f"  the plain loop of 100 samples in {CLOCK() - start:.2f} s")


def large(n: int) -> None:
    """A graph of n nodes of mixed ops: compiled, run, its gradients beside the eager ones."""
    from eager import LEAVES, build, make_steps

    leaves, steps = make_steps(n)
    root, nodes = build(ad.Value, leaves, steps)
    first, *parameters = nodes[:LEAVES]
    del nodes
    start = CLOCK()
    program = ad.compile(root, [first], parameters=parameters)
    program.layout("gradients")
    compiled = CLOCK()
    _, slopes = program.value_and_grad(np.full((8, 1), first.data))
    ran = CLOCK()
    root.backward()
    eager = np.array([p.grad for p in parameters])
    error = np.abs(slopes - eager).max() / np.abs(eager).max()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {n} nodes: compiled with gradients at {(compiled - start) / n * 1e6:.1f} us a node, "
        f"first run {ran - compiled:.2f} s, peak memory {peak:.0f} MB, largest error {error:.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--works", nargs="*", default=list(WORKS), choices=list(WORKS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--nodes", nargs="*", type=int, default=[10_000, 100_000])
    options = parser.parse_args()
    for name in options.works:
        print(name)
        compile_times(WORKS[name](), options.rounds)
        contest(WORKS[name](), options.rounds)
        if name == "digits":
            minibatches(WORKS[name](), options.rounds)
    if options.nodes:
        print("large graphs")
    for n in options.nodes:
        large(n)


if __name__ == "__main__":
    main()
