"""How far the native core is from what one core of this machine can do at best.

Counted, from the steps of each program: multiply-adds (any other plain operation counts as one),
exponentials, and the bytes that have to be moved at least: X once, parameters and gradient there
and back. Measured: multiply-adds a second in registers (limits.c, compiled here; a product of
matrices in NumPy where there is no C compiler), NumPy's exponential, copying of a large array, and
one sigmoid after the other. A step cannot be faster than the first two together, nor than the
bytes; that of xor waits for two sigmoids in a row, whatever else it does.

    python benchmarks/limits.py [--works xor moons digits] [--rounds 9]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from compiled_ours import bound
from works import WORKS, Work

import autodiff as ad

CLOCK = time.process_time
BATCH = 32
EXPONENTIALS = {"sigmoid": 1, "logsumexp": 1}  # for each operand; their slopes use them again
OPTIONS = ["-std=c11", "-O3", "-march=native", "-ffp-contract=fast"]


def counted(program: ad.Program, rows: int) -> Counter[str]:
    """What a step over so many rows has to do."""
    layout = program.layout("gradients")
    done: Counter[str] = Counter()
    for step in layout.steps:
        times = rows if step.axis else 1
        operands = len(step.columns) if step.op == "logsumexp" else 1
        terms = len(step.columns[0].slots) if step.op.startswith("inner") else len(step.out.slots)
        done["multiply-adds"] += times * terms * operands
        done["exponentials"] += EXPONENTIALS.get(step.op, 0) * times * terms * operands
    parameters = len(program.parameters)
    done["multiply-adds"] += parameters  # the descent
    done["bytes"] = 8 * (rows * len(program.inputs) + 4 * parameters)
    return done


def seconds(call: Callable[[], Any], least: float = 0.01) -> float:
    """For one call, from as many calls as take a while."""
    count, start = 0, CLOCK()
    while not count or CLOCK() - start < least:
        call()
        count += 1
    return (CLOCK() - start) / count


class Machine:
    """The speeds of one core, each the best of the rounds so far, in what it does a second."""

    def __init__(self, folder: str) -> None:
        self.speeds: Counter[str] = Counter()
        self.sigmoid = float("inf")  # seconds, one after the other
        program = Path(folder, "limits")
        source = Path(__file__).with_name("limits.c")
        try:
            subprocess.run(["cc", *OPTIONS, source, "-o", program, "-lm"], check=True)
            self.program: Path | None = program
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"limits.c is left out: {error}")
            self.program = None
        self.square = np.random.default_rng(0).random((512, 512))
        self.numbers = np.linspace(-8.0, 8.0, 4096)
        self.large = np.zeros(8_000_000)
        self.copy = np.empty_like(self.large)

    def measure(self) -> None:
        product = np.empty_like(self.square)
        self._keep(
            "product of matrices", 512**3, partial(np.dot, self.square, self.square, product)
        )
        self._keep("exponentials", 4096, partial(np.exp, self.numbers, np.empty(4096)))
        self._keep("bytes", 2 * self.large.nbytes, partial(np.copyto, self.copy, self.large))
        if self.program:
            answer = subprocess.run([self.program], capture_output=True, text=True, check=True)
            found = dict(line.split() for line in answer.stdout.splitlines())
            registers = float(found["multiply_adds"]) * 1e9
            self.speeds["registers"] = max(self.speeds["registers"], round(registers))
            self.sigmoid = min(self.sigmoid, float(found["sigmoid_chain"]) * 1e-9)
        names = ("registers", "product of matrices")
        self.speeds["multiply-adds"] = max(self.speeds[name] for name in names)

    def _keep(self, name: str, done: int, call: Callable[[], Any]) -> None:
        self.speeds[name] = max(self.speeds[name], round(done / seconds(call)))


def contestants(work: Work) -> list[tuple[str, Callable[[], Any], int, Counter[str], int]]:
    """Name, call, steps in a call, what a step does, and sigmoids in a row."""
    descent: Any = bound(work, "native")
    n = len(work.X)
    chain = 2 if work.name == "xor" else 0
    inside = partial(descent.run, work.inside)
    found = [(work.name, inside, work.inside, counted(descent.program, n), chain)]
    if work.name == "digits":
        epoch: Counter[str] = Counter()
        for first in range(0, n, BATCH):
            epoch += counted(descent.program, min(BATCH, n - first))
        found.append(("digits, minibatches", partial(descent.epoch, BATCH), 1, epoch, 0))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--works", nargs="*", default=list(WORKS), choices=list(WORKS))
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    all_of_them = [c for name in options.works for c in contestants(WORKS[name]())]
    times: dict[str, list[float]] = {name: [] for name, *_ in all_of_them}
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(folder)
        for _ in range(options.rounds):
            machine.measure()
            for name, call, steps, *_ in all_of_them:
                times[name].append(seconds(call) / steps)
    for name, speed in machine.speeds.items():
        print(f"{name}: {speed / 1e9:.2f} billion a second")
    print(f"one sigmoid after the other: {machine.sigmoid * 1e9:.1f} ns")
    print()
    print("| work | multiply-adds | exponentials | bytes | least possible | taken | of the limit |")
    print("|---|---|---|---|---|---|---|")
    for name, _, _, done, chain in all_of_them:
        speeds = machine.speeds
        arithmetic = sum(done[what] / speeds[what] for what in ("multiply-adds", "exponentials"))
        least = max(arithmetic, done["bytes"] / speeds["bytes"])
        if chain and machine.sigmoid < 1.0:
            least = max(least, chain * machine.sigmoid)
        taken = min(times[name])
        print(
            f"| {name} | {done['multiply-adds']:,} | {done['exponentials']:,} "
            f"| {done['bytes']:,} | {least * 1e6:.3g} us | {taken * 1e6:.3g} us "
            f"(median {median(times[name]) * 1e6:.3g}) | {least / taken:.0%} |"
        )


if __name__ == "__main__":
    main()
