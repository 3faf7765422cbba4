"""`compile_cached` beside `backward()`, by the size of the graph: where programs begin to pay.

The loss is that of a dense layer on numbers that change in each call; `--row` is its activation.
Both ways take a call in turn; printed are medians, and the median of the ratios.

    python benchmarks/cached.py [--backend native] [--row gelu] [--widths 4 16 64 128 256]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import autodiff as ad


def dense(width: int, seed: int = 0) -> tuple[list[ad.Value], list[list[ad.Value]]]:
    """Weights as a list and as a matrix."""
    source = random.Random(seed)
    rows = [[ad.Value(source.gauss(0.0, 0.5)) for _ in range(width)] for _ in range(width)]
    return [w for row in rows for w in row], rows


def measured(width: int, row: str, calls: int, backend: str) -> str:
    parameters, rows = dense(width)
    source = random.Random(1)
    activation = getattr(ad, row)

    def loss(xs: list[float]) -> ad.Value:
        sums = [sum(w * x for w, x in zip(ws, xs, strict=True)) for ws in rows]
        return sum((activation(s) - 0.5) ** 2 for s in sums)

    cached = ad.compile_cached(loss, parameters, backend=backend)
    eager, through = [], []
    for _ in range(calls + 3):
        xs = [source.gauss(0.0, 1.0) for _ in range(width)]
        start = time.perf_counter()
        root = loss(xs)
        root.backward()
        wanted = root.data
        del root  # freeing it belongs to the call
        middle = time.perf_counter()
        found = cached(xs)
        end = time.perf_counter()
        assert abs(found - wanted) <= 1e-12 * abs(wanted)
        eager.append(middle - start)
        through.append(end - middle)
    eager, through = eager[3:], through[3:]  # without the calls that compile
    nodes = len(ad.graph.topological(loss(xs)))
    ratio = statistics.median(b / a for a, b in zip(eager, through, strict=True))
    how = "programs" if cached.cache_info().compiled else "eager"
    times = (f"{1e3 * statistics.median(ts):9.3f} ms" for ts in (eager, through))
    return f"{nodes:8d} nodes  {'  '.join(times)}  {ratio:5.2f}  {how}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", choices=("auto", "native", "numpy"), default="auto")
    parser.add_argument("--row", default="tanh")
    parser.add_argument("--widths", nargs="*", type=int, default=[4, 16, 64, 128, 256])
    parser.add_argument("--calls", type=int, default=60)
    options = parser.parse_args()
    print("                      backward         cached  ratio")
    for width in options.widths:
        print(measured(width, options.row, options.calls, options.backend), flush=True)


if __name__ == "__main__":
    main()
