"""Native kernels on each instruction set, beside the NumPy backend: nanoseconds per number.

The kernels are compiled here for each width that the machine has and run on 1024 numbers, the
first operand in [-8, 8], the others in [0.5, 2.5]; rows of many operands get four. Rounds are
interleaved and medians of the fastest passes shown.

    python benchmarks/kernels.py [names ...] [--rounds 5] [--flags "-O2 -ffp-contract=off"]
"""

import argparse
import math
import random
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from autodiff.backends.kernels import FUNCTIONS, PAIRS, UFUNCS
from autodiff.op import TABLE

HERE = Path(__file__).parent
WIDTHS = {
    "avx512": ["-mavx512f", "-mavx512dq"],
    "avx2": ["-mavx2"],
    "baseline": [],
    "plain": ["-DLANES=1"],
}
HOT = (
    "exp expm1 log log1p tanh tanh_slope tanh+tanh_slope sigmoid sigmoid_slope "
    "sigmoid+sigmoid_slope softplus relu relu+relu_slope gelu silu power"
).split()
NUMBERS = 1024


def compiled(directory: Path, flags: list[str]) -> dict[str, Path]:
    """The programs that this machine can run."""
    found = {}
    for width, own in WIDTHS.items():
        program = directory / width
        source = ["-I", HERE.parent / "autodiff" / "native", HERE / "kernels.c"]
        made = subprocess.run(["cc", *flags, *own, *source, "-o", program, "-lm"])
        if made.returncode == 0 and subprocess.run([program], capture_output=True).returncode == 0:
            found[width] = program
    return found


def native(program: Path) -> dict[str, float]:
    lines = subprocess.run([program], capture_output=True, encoding="utf-8", check=True).stdout
    return {name: float(ns) for name, ns in map(str.split, lines.splitlines())}


def with_numpy(name: str) -> float:
    """The kernel of the NumPy backend, nan where there is none of the same operands."""
    chance = random.Random(0)
    x = np.array([chance.uniform(-8, 8) for _ in range(NUMBERS)])
    y, z = (np.array([chance.uniform(0.5, 2.5) for _ in range(NUMBERS)]) for _ in range(2))
    out, slope = np.empty(NUMBERS), np.empty(NUMBERS)
    first, _, second = name.partition("+")
    operands = (x, y, z)[: TABLE[first].arity or 0]
    if second and (first, second) in PAIRS:
        run = partial(PAIRS[first, second], x, out, slope)
    elif not second and operands and name in UFUNCS:
        run = partial(UFUNCS[name], *operands, out=out)
    elif not second and operands and name in FUNCTIONS:
        run = partial(FUNCTIONS[name], *operands)
    else:
        return math.nan
    best = math.inf
    with np.errstate(all="ignore"):
        for _ in range(40):
            start = time.perf_counter()
            run()
            best = min(best, time.perf_counter() - start)
    return 1e9 * best / NUMBERS


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("names", nargs="*", default=HOT)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--flags", default="-O2 -ffp-contract=off")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        programs = compiled(Path(directory), given.flags.split())
        runs: dict[str, list[dict[str, float]]] = {width: [] for width in [*programs, "numpy"]}
        for _ in range(given.rounds):
            for width, program in programs.items():
                runs[width].append(native(program))
            runs["numpy"].append({name: with_numpy(name) for name in given.names})
    print(f"{'ns per number':24}" + "".join(f"{width:>10}" for width in runs))
    for name in given.names:
        cells = [median(round[name] for round in rounds) for rounds in runs.values()]
        print(f"{name:24}" + "".join(f"{cell:10.2f}" for cell in cells))


if __name__ == "__main__":
    main()
