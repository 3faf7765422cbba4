"""Eager graphs beside micrograd: build, backpropagate and free, in one process.

Both engines replay the same list of operations (+ - * / and relu, every node used, many shared) in
interleaved rounds. With the garbage collector on, a round makes some graphs one after the other,
as training does, and the collector comes when it likes: an engine that leaves cycles behind pays
for them. With the collector off a round is one graph. The clock is the processor time of the
thread, so that other programs do not count; machines drift all the same, so the ratios of one run
are what counts, not its times. Also: how the time for an operation grows with the graph, memory per
node, and what `import autodiff` costs. With AUTODIFF_NATIVE=0 in the environment the engine runs in
Python alone.

    python benchmarks/eager.py [--n 1000 10000 100000 1000000] [--rounds 7] [--json figures.json]

Needs micrograd from PyPI beside this package; without it only our own figures are taken.
"""

import argparse
import gc
import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from autodiff import Value, native

LEAVES = 64
ROUND = 100_000  # operations in a round with the collector on, and at least three graphs
PEER_LIMIT = 100_000  # micrograd recurses once per level of the graph and keeps about 1 kB per node
ADD, SUBTRACT, MULTIPLY, DIVIDE, RELU = range(5)
WEIGHTS = (30, 20, 25, 10, 15)

Step = tuple[int, int, int]  # operation, first operand, second operand: numbers of earlier nodes
Engine = Callable[[float], Any]


def make_steps(n: int, seed: int = 1) -> tuple[list[float], list[Step]]:
    """Leaves and `n` steps. The first operand is the oldest unused node, so that the gradient
    reaches all of them; the second is a leaf or, for sums and differences, often one of the last
    nodes. Factors below one and divisors above keep numbers and gradients of any depth small."""
    rng = random.Random(seed)
    factors = [rng.choice((-1, 1)) * rng.uniform(0.2, 0.8) for _ in range(LEAVES // 2)]
    divisors = [1 / x for x in factors]
    steps = []
    for a in range(n):
        (op,) = rng.choices(range(5), WEIGHTS)
        if op == MULTIPLY:
            b = rng.randrange(LEAVES // 2)
        elif op == DIVIDE:
            b = rng.randrange(LEAVES // 2, LEAVES)
        else:
            b = rng.randrange(LEAVES) if rng.random() < 0.6 else rng.randrange(a, a + LEAVES)
        steps.append((op, a, b))
    return factors + divisors, steps


def build(engine: Engine, leaves: list[float], steps: list[Step]) -> tuple[Any, list[Any]]:
    """The root, and every node in order."""
    nodes = [engine(x) for x in leaves]
    append = nodes.append
    for op, a, b in steps:
        if op == ADD:
            append(nodes[a] + nodes[b])
        elif op == SUBTRACT:
            append(nodes[a] - nodes[b])
        elif op == MULTIPLY:
            append(nodes[a] * nodes[b])
        elif op == DIVIDE:
            append(nodes[a] / nodes[b])
        else:
            append(nodes[a].relu())
    root = nodes[-1]
    for node in nodes[-LEAVES:-1]:  # the ones not used yet
        root = root + node
    return root, nodes


def one_round(
    engine: Engine, leaves: list[float], steps: list[Step], collector: bool
) -> list[float]:
    """Nanoseconds per step for build, backward and free. What is left when the round is over is
    collected outside the clock."""
    gc.collect()
    (gc.enable if collector else gc.disable)()
    clock = time.thread_time
    graphs = max(3, ROUND // len(steps)) if collector else 1
    spent = [0.0, 0.0, 0.0]
    for _ in range(graphs):
        times = [clock()]
        root, nodes = build(engine, leaves, steps)
        times.append(clock())
        root.backward()
        times.append(clock())
        del root, nodes
        times.append(clock())
        spent = [
            s + after - before for s, (before, after) in zip(spent, pairwise(times), strict=True)
        ]
    gc.enable()
    gc.collect()
    return [s / graphs / len(steps) * 1e9 for s in spent]


def same_gradients(engines: dict[str, Engine]) -> bool:
    """Both engines agree on the gradient of every leaf of a small graph."""
    leaves, steps = make_steps(1000)
    found = []
    for engine in engines.values():
        root, nodes = build(engine, leaves, steps)
        root.backward()
        found.append([leaf.grad for leaf in nodes[:LEAVES]])
    largest = max(abs(g) for g in found[0])
    return all(
        abs(a - b) <= 1e-9 * largest
        for other in found
        for a, b in zip(found[0], other, strict=True)
    )


def compare(engines: dict[str, Engine], sizes: list[int], rounds: int) -> list[dict[str, Any]]:
    """One row per size, collector and engine: medians over the rounds."""
    rows = []
    for n in sizes:
        leaves, steps = make_steps(n)
        racing = {name: e for name, e in engines.items() if name == "ours" or n <= PEER_LIMIT}
        count = rounds if n < 1_000_000 else min(rounds, 3)
        samples: dict[tuple[str, bool], list[list[float]]] = {
            (name, collector): [] for collector in (True, False) for name in racing
        }
        for _ in range(count):
            for name, collector in samples:
                samples[name, collector].append(one_round(racing[name], leaves, steps, collector))
        for (name, collector), taken in samples.items():
            phases = [median(column) for column in zip(*taken, strict=True)]
            peers = samples.get(("micrograd", collector), [])
            ratios = [sum(p) / sum(t) for p, t in zip(peers, taken, strict=False)]
            rows.append(
                {
                    "n": n,
                    "collector": "on" if collector else "off",
                    "engine": name,
                    "build": phases[0],
                    "backward": phases[1],
                    "free": phases[2],
                    "total": median(sum(t) for t in taken),
                    "times_micrograd": median(ratios) if ratios else None,
                }
            )
    return rows


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def bytes_per_node(n: int = 300_000) -> dict[str, float]:
    """What one node holds, by the growth of the process with its slot in the list of nodes."""
    leaves, steps = make_steps(n)
    gc.collect()
    gc.disable()
    before = resident()
    root, nodes = build(Value, leaves, steps)
    built = resident() - before
    root.backward()
    with_gradients = resident() - before
    gc.enable()
    return {"built": built / len(nodes), "with gradients": with_gradients / len(nodes)}


def import_milliseconds(rounds: int = 41) -> dict[str, float]:
    """Processor time of a bare interpreter, and of one that imports autodiff."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled once, as an installed package is
    programs = {"bare": "pass", "import": "import autodiff"}

    def spent(program: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], env=environment, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1e3

    spent(programs["import"])
    samples: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            samples[name].append(spent(program))
    added = [b - a for a, b in zip(samples["bare"], samples["import"], strict=True)]
    figures = {name: median(taken) for name, taken in samples.items()}
    least = min(samples["import"]) - min(samples["bare"])
    return figures | {"added": median(added), "least": least}


def report(figures: dict[str, Any]) -> None:
    print(f"Python {figures['python']}; Value compiled: {figures['native']['value']}")
    print("nanoseconds per operation, medians of interleaved rounds")
    print("        n   gc engine        build  backward    free    total  ratio")
    for row in figures["eager"]:
        ratio = row["times_micrograd"]
        print(
            f"{row['n']:>9} {row['collector']:>4} {row['engine']:<10} {row['build']:>8.0f} "
            f"{row['backward']:>9.0f} {row['free']:>7.0f} {row['total']:>8.0f}  "
            + (f"{ratio:.2f}x" if ratio and row["engine"] == "ours" else "")
        )
    for collector in ("on", "off"):
        own = {
            row["n"]: row["total"]
            for row in figures["eager"]
            if row["engine"] == "ours" and row["collector"] == collector
        }
        least, most = min(own), max(own)
        print(
            f"{least} -> {most}, collector {collector}: {own[most] / own[least]:.2f}x an operation"
        )
    memory, start = figures["bytes_per_node"], figures["import_ms"]
    print(f"\nbytes per node: {memory['built']:.0f}, {memory['with gradients']:.0f} with gradients")
    print(
        f"import autodiff: {start['added']:.1f} ms more than a bare interpreter "
        f"({start['import']:.1f} against {start['bare']:.1f} ms; fastest {start['least']:.1f} more)"
    )


def measure(options: argparse.Namespace) -> None:
    memory = bytes_per_node()  # first, while the heap is small
    engines: dict[str, Engine] = {"ours": Value}
    try:
        from micrograd.engine import Value as Micrograd
    except ImportError:
        print("micrograd is not installed: only our own figures\n")
    else:
        engines["micrograd"] = Micrograd
        if not same_gradients(engines):
            sys.exit("the engines disagree about the gradients: the figures would mean nothing")
    figures = {
        "python": sys.version.split()[0],
        "native": native.status(),
        "eager": compare(engines, options.n, options.rounds),
        "bytes_per_node": memory,
        "import_ms": import_milliseconds(),
    }
    report(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    # micrograd's recursion needs a deep stack; ours needs none, and gets the same thread.
    sys.setrecursionlimit(10 * PEER_LIMIT)
    threading.stack_size(512 * 2**20)
    thread = threading.Thread(target=measure, args=(options,))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
