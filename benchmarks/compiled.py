"""Compiled programs beside tensor libraries: training steps and compile times, in one process.

Three works, each trained by gradient descent in float64 on one thread:

* xor: MLP(2, [2, 1]) sigmoid, half squared error, 4 rows
* moons: MLP(2, [16, 16, 1]) relu, hinge loss and L2 penalty as in micrograd's demo, 100 rows
* digits: MLP(64, [32, 10]) sigmoid, softmax cross-entropy, scikit-learn's 1797 digits; full batch,
  and epochs of minibatches of 32

All contestants start from the same parameters. Their first losses are compared with the eager
engine's before any clock runs (1e-12), and those of the steps that follow with one another's.

Rounds are interleaved in random order. The clock is the processor time of the process, all threads
together, so that other programs do not count. Machines drift all the same, so the ratio that is
shown is the median of the ratios within a round; beside it the ratio of the fastest rounds. A peer
that is not installed is left out with a note.

    python benchmarks/compiled.py [--works xor moons digits] [--rounds 15] [--nodes 10000 100000]
        [--sets] [--markdown]

`--sets` adds the narrower instruction sets of this machine; `--markdown` prints what was asked for
beside what was measured, as rows of a table.
"""

import argparse
import gc
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
sys.path.insert(0, str(Path(__file__).parent.parent))

import compiled_casadi
import compiled_ours
import numpy as np
from compiled_peers import PEERS, jax_scan, jax_scan_epoch
from works import WORKS, Work, batches_of, eager, plain_loop

import autodiff as ad
from autodiff import native
from autodiff.backends import available

CLOCK = time.process_time
BATCH = 32
ROUND = 0.01  # seconds that a contestant has in a round, unless one call takes longer
SLOW = 4.0  # seconds that a contestant may take in all, three rounds apart

# What is to be shown: work, ours, peer, and how many times as long the peer is to take at least.
ASKED = [
    ("moons", "native step()", "torch nn + SGD", 40),
    ("moons", "native step()", "torch lean", 30),
    ("moons", "native step()", "jax jit", 12),
    ("moons", "native run(100)", "jax scan", 2.5),
    ("moons", "native step()", "numpy by hand", 10),
    ("moons", "native step()", "casadi SX C code", 8),
    ("xor", "native step()", "torch nn + SGD", 500),
    ("xor", "native step()", "casadi SX", 10),
    ("xor", "native run(1000)", "torch nn + SGD", 1000),
    ("xor", "native run(1000)", "jax scan", 4),
    ("digits", "native step()", "torch nn + SGD", 1.5),
    ("digits, minibatches", "native epoch", "torch nn + SGD", 20),
    ("digits, minibatches", "native epoch", "torch lean", 12),
    ("digits, minibatches", "native epoch", "jax scan", 1.7),
    ("digits, minibatches", "native epoch", "numpy by hand", 4),
    ("moons", "native plain loop, run(100)", "native run(100)", 1 / 1.3),
    ("moons", "numpy step()", "torch nn + SGD", 5),
    ("moons", "numpy step()", "numpy by hand", 1),
    ("digits", "numpy step()", "numpy by hand", 1 / 1.1),
    ("moons", "numpy plain loop, run(100)", "numpy run(100)", 1 / 1.5),
]


@dataclass
class Contestant:
    """`call` makes `steps` steps, or an epoch, and returns the losses before them (one as such)."""

    call: Callable[[], Any]
    steps: int = 1
    count: int = 0  # calls in a round
    times: list[float] = field(default_factory=list)  # seconds for a step, one for each round

    def losses(self, wanted: int) -> Any:
        """The first losses."""
        found: list[float] = []
        while len(found) < wanted:
            found += np.atleast_1d(self.call()).tolist()
        return np.array(found[:wanted])

    def measure(self) -> None:
        if not self.count:
            self.count = max(1, round(ROUND / max(self._seconds(3 if self.is_fast() else 1), 1e-7)))
        self.times.append(self._seconds(self.count) / self.steps)

    def is_fast(self) -> bool:
        return self._seconds(1) < ROUND

    def _seconds(self, count: int) -> float:
        call = self.call
        start = CLOCK()
        for _ in repeat(None, count):
            call()
        return (CLOCK() - start) / count

    @property
    def spent(self) -> float:
        return sum(self.times) * self.steps * self.count


Contest = dict[str, Contestant]


def full_batch(work: Callable[[], Work], sets: list[str]) -> Contest:
    """Those who make steps over all rows. Each has a work of its own, since Values are moved."""
    made = compiled_ours.steps(work(), sets)
    found = {name: Contestant(*pair) for name, pair in made.items()}
    for name, peer in present(PEERS, work()):
        step, given = peer
        rows = given(work().X, work().T)
        found[name] = Contestant(lambda step=step, rows=rows: step(*rows))
    inside = work().inside
    for _, call in present({"jax scan": lambda w: jax_scan(w, inside)}, work()):
        found["jax scan"] = Contestant(call, inside)
    for _, several in present({"casadi": compiled_casadi.contestants}, work()):
        found |= {name: Contestant(step) for name, step in several.items()}
    return found


def epochs(work: Callable[[], Work], sets: list[str]) -> Contest:
    """Those who make an epoch of minibatches."""
    made = compiled_ours.epochs(work(), BATCH, sets)
    found = {name: Contestant(call) for name, call in made.items()}
    for name, (step, given) in present(PEERS, work()):
        parts = [given(X, T) for X, T in batches_of(work(), BATCH)]
        found[name] = Contestant(
            lambda step=step, parts=parts: np.array([step(*rows) for rows in parts])
        )
    for _, call in present({"jax scan": lambda w: jax_scan_epoch(w, BATCH)}, work()):
        found["jax scan"] = Contestant(call)
    return found


def present(peers: dict[str, Callable[[Work], Any]], work: Work) -> list[tuple[str, Any]]:
    """The peers that are installed and know this work."""
    found = []
    for name, peer in peers.items():
        try:
            made = peer(work)
        except ImportError as error:
            print(f"  {name}: left out, {error}")
            continue
        if made is not None:
            found.append((name, made))
    return found


def compare(contest: Contest, work: Work, batch: int) -> None:
    """The same first losses as the eager engine, and the same as one another later on."""
    step = eager(work)
    parts = batches_of(work, batch)
    by_eager = work.by_eager if not batch else 3
    expected = np.array([step(*parts[i % len(parts)]) for i in range(by_eager)])
    wanted = len(parts) if batch else min(100, work.inside)
    reference: Any = None
    for name, one in contest.items():
        slow = name in ("eager", "micrograd") and len(work.X) > 4
        found = one.losses(min(wanted, by_eager) if slow else wanted)
        both = min(len(found), by_eager)
        far = np.abs(found[:both] - expected[:both]) / np.maximum(1.0, expected[:both])
        assert far[0] <= 1e-12, (name, found[0], expected[0])
        assert far.max() <= 1e-9, (name, found[:both], expected[:both])
        if not slow:
            reference = found if reference is None else reference
            assert np.allclose(found, reference, rtol=1e-9, atol=1e-12), (name, found[-1])


def race(contest: Contest, rounds: int) -> None:
    """Interleaved rounds; who is slow sits most of them out."""
    gc.collect()
    gc.freeze()  # what the libraries made when they were loaded is not collected on our clocks
    for number in range(rounds):
        order = list(contest.values())
        random.shuffle(order)  # who follows whom matters: caches, and clocks after wide vectors
        for one in order:
            if number < 3 or one.spent < SLOW:
                one.measure()
            else:
                one.times.append(float("nan"))
    gc.unfreeze()


def ratios(ours: Contestant, peer: Contestant) -> tuple[float, float]:
    """How many times as long the peer takes: the median over rounds, and of the fastest rounds."""
    pairs = [b / a for a, b in zip(ours.times, peer.times, strict=True) if not np.isnan(a + b)]
    return median(pairs), float(np.nanmin(peer.times) / np.nanmin(ours.times))


def show(contest: Contest) -> None:
    first = next(iter(contest.values()))
    print(f"  {'':<32}{'median us':>12}{'least us':>12}{'ratio':>10}{'of least':>10}")
    for name, one in contest.items():
        ratio, least = ratios(first, one)
        middle = float(np.nanmedian(one.times))
        print(
            f"  {name:<32}{middle * 1e6:>12.2f}{np.nanmin(one.times) * 1e6:>12.2f}"
            f"{ratio:>10.2f}{least:>10.2f}"
        )


def rows_of_table(contests: dict[str, Contest]) -> None:
    """What was asked for and what was measured, as Markdown."""
    print("| work | ours | against | asked | measured | fastest rounds |")
    print("|---|---|---|---|---|---|")
    for work, ours, peer, least in ASKED:
        contest = contests.get(work, {})
        asked = ("within " if least < 1 else "") + times(least, least)
        if ours not in contest or peer not in contest:
            print(f"| {work} | `{ours}` | {peer} | {asked} | not here | |")
            continue
        found = ratios(contest[ours], contest[peer])
        short = "" if found[0] >= least else " (short)"
        measured, fastest = (times(x, least) for x in found)
        print(f"| {work} | `{ours}` | {peer} | {asked} | {measured}{short} | {fastest} |")


def times(ratio: float, least: float) -> str:
    """How many times as long the peer takes, or ours where just staying near was asked."""
    shown = 1 / ratio if least < 1 else ratio
    return f"{shown:.0f}x" if shown >= 100 else f"{shown:.3g}x"


# ---------------------------------------------------------------- compiling


def compile_times(work: Work, rounds: int) -> None:
    found = []
    for _ in range(rounds):
        gc.collect()
        start = CLOCK()
        compiled_ours.program_of(work).layout("gradients")
        found.append(CLOCK() - start)
    print(f"  compiled in {median(found) * 1e3:.1f} ms (fastest {min(found) * 1e3:.1f})")
    if work.name == "moons":
        graph, parameters = plain_loop(work), work.model.parameters()
        start = CLOCK()
        ad.compile(graph, parameters=parameters).layout("gradients")
        print(f"  the plain loop of 100 samples in {CLOCK() - start:.2f} s")


def large(n: int) -> None:
    """A graph of n nodes of mixed ops: compiled, run, its gradients beside the eager ones."""
    from eager import LEAVES, build, make_steps

    leaves, steps = make_steps(n)
    root, nodes = build(ad.Value, leaves, steps)
    del nodes[LEAVES:]
    first, *parameters = nodes
    start = CLOCK()
    program = ad.compile(root, [first], parameters=parameters)
    program.layout("gradients")
    compiled = CLOCK()
    X = np.full((8, 1), first.data)
    _, slopes = program.value_and_grad(X)
    ran = CLOCK()
    program.value_and_grad(X)
    again = CLOCK()
    root.backward()
    eagerly = np.array([p.grad for p in parameters])
    error = np.abs(slopes - eagerly).max() / np.abs(eagerly).max()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun = CLOCK()
    ad.compile(root, parameters=nodes).layout("gradients")  # lanes are looked for
    without = CLOCK()
    print(
        f"  {n} nodes: compiled with gradients at {(compiled - start) / n * 1e6:.1f} us a node, "
        f"first run {ran - compiled:.2f} s, then {(again - ran) / n / 8 * 1e9:.1f} ns a node and "
        f"row, peak memory {peak:.0f} MB, largest error {error:.1e}; without inputs at "
        f"{(without - begun) / n * 1e6:.1f} us a node"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--works", nargs="*", default=list(WORKS), choices=list(WORKS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--nodes", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--sets", action="store_true", help="also the narrower instruction sets")
    parser.add_argument("--markdown", action="store_true", help="also the rows of a table")
    options = parser.parse_args()
    for what, state in {**native.status(), **available()}.items():
        print(f"{what}: {state}")
    machine = native.load("machine")
    sets = list(machine.INSTRUCTIONS[1:]) if machine and options.sets else []
    contests: dict[str, Contest] = {}
    for name in options.works:
        print(name)
        compile_times(WORKS[name](), options.rounds)
        contests[name] = full_batch(WORKS[name], sets)
        compare(contests[name], WORKS[name](), 0)
        if name == "digits":
            contests["digits, minibatches"] = epochs(WORKS[name], sets)
            compare(contests["digits, minibatches"], WORKS[name](), BATCH)
        for title, contest in contests.items():
            if title.startswith(name):
                race(contest, options.rounds)
                print(f"  {title}")
                show(contest)
    if options.markdown:
        rows_of_table(contests)
    if options.nodes:
        print("large graphs")
    for n in options.nodes:
        large(n)


if __name__ == "__main__":
    main()
