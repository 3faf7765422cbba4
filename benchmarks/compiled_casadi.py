"""casadi as a peer of `compiled.py`: the loss of one row in SX, mapped over the rows.

A step takes the parameters as a vector and returns them moved, and the loss. It runs in casadi's
virtual machine, or as the C code that casadi writes, compiled and loaded as an external function.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
from works import PENALTY, Work, arrays


def function_of(work: Work) -> tuple[Any, Any, Any]:
    """casadi, the step as a Function of the parameters, and the parameters."""
    import casadi as ca

    W, B = arrays(work.model)
    start = np.concatenate([a.ravel(order="F") for a in W + B])
    inputs, targets = work.X.shape[1], work.T.shape[1]
    x, t, p = ca.SX.sym("x", inputs), ca.SX.sym("t", targets), ca.SX.sym("p", len(start))
    cuts = np.cumsum([0, *(a.size for a in W + B)])
    parts = [p[int(i) : int(j)] for i, j in pairwise(cuts)]
    weights = [ca.reshape(q, *w.shape) for q, w in zip(parts, W, strict=False)]
    out = x
    for i, (w, b) in enumerate(zip(weights, parts[len(W) :], strict=True)):
        out = ca.mtimes(w.T, out) + b
        if work.name == "moons":
            out = ca.fmax(out, 0) if i < len(W) - 1 else out
        elif work.name == "xor" or i < len(W) - 1:
            out = 1 / (1 + ca.exp(-out))
    if work.name == "xor":
        loss = 0.5 * (t - out) ** 2
    elif work.name == "moons":
        loss = ca.fmax(1 - t * out, 0)
    else:
        top = ca.mmax(out)
        loss = top + ca.log(ca.sum1(ca.exp(out - top))) - ca.dot(t, out)
    row = ca.Function("row", [p, x, t], [loss, ca.gradient(loss, p)])
    n = len(work.X)
    all_rows = row.map("rows", "serial", n, [0], [0, 1])  # p is shared, the results are added up
    q = ca.MX.sym("q", len(start))
    total, slope = all_rows(q, ca.DM(work.X.T), ca.DM(work.T.T))
    total, slope = total / n, slope / n
    if work.name == "moons":
        total, slope = total + PENALTY * ca.sumsqr(q), slope + 2 * PENALTY * q
    return ca, ca.Function("step", [q], [q - work.rate * slope, total]), start


def stepping(function: Any, state: Any) -> Callable[[], float]:
    """Called in the usual way."""

    def step() -> float:
        nonlocal state
        state, loss = function(state)
        return float(loss)

    return step


def buffered(function: Any, start: Any) -> Callable[[], float]:
    """Called on memory of ours, which costs less than the usual way."""
    state, moved, loss = start.copy(), start.copy(), np.zeros(1)
    buffer, evaluate = function.buffer()
    buffer.set_arg(0, memoryview(state))
    buffer.set_res(0, memoryview(moved))
    buffer.set_res(1, memoryview(loss))

    def step() -> float:
        evaluate()
        state[:] = moved
        return float(loss[0])

    step.kept = buffer  # type: ignore[attr-defined]
    return step


def contestants(work: Work) -> dict[str, Callable[[], float]]:
    ca, function, start = function_of(work)
    found = {"casadi SX": stepping(function, ca.DM(start))}
    if which("gcc") is None:
        print("  casadi SX C code: left out, there is no gcc")
        return found
    with tempfile.TemporaryDirectory() as folder:
        generator = ca.CodeGenerator("step.c")
        generator.add(function)
        generator.generate(folder + "/")
        library = Path(folder, "step.so")
        begun = time.perf_counter()
        options = ["-O3", "-march=native", "-shared", "-fPIC"]
        subprocess.run(["gcc", *options, "-o", library, library.with_suffix(".c")], check=True)
        print(f"  casadi SX C code: compiled by gcc in {time.perf_counter() - begun:.1f} s")
        compiled = ca.external("step", str(library))
        found["casadi SX C code"] = stepping(compiled, ca.DM(start))
        found["casadi SX C code, own buffers"] = buffered(compiled, start)
    return found
