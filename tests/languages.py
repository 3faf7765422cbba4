"""Running exported texts: each language takes many functions at once and gives float64 back.

A `Case` is one exported function with the points to call it at.  A runner returns, for each case
and point, the flat list of numbers that the function computes; it skips the test where the language
is not installed.
"""

import json
import math
import shutil
import struct
import subprocess
import types
from dataclasses import dataclass, field

import pytest

import autodiff as ad
from autodiff.export import export
from autodiff.export.c import number as c_number
from autodiff.export.javascript import number as js_number

CFLAGS = "-O2 -ffp-contract=off -Wall -Wextra -Werror -std=c99".split()


@dataclass
class Case:
    """A scalar y of some leaves, to be exported with its gradient, and points to evaluate it at."""

    y: ad.Value
    inputs: list
    points: list
    name: str = "f"
    options: dict = field(default_factory=lambda: {"gradient": True})

    def text(self, to):
        return export(self.y, self.inputs, to, name=self.name, **self.options)


def needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def call(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def compile_c(text, directory, program="program", flags=CFLAGS):
    """The path of the program that a C text becomes."""
    (directory / f"{program}.c").write_text(text, encoding="utf-8")
    call("cc", *flags, f"{program}.c", "-o", program, "-lm", cwd=directory)
    return str(directory / program)


def run_c(cases, directory):
    needs("cc")
    parts, calls = [], []
    for case in cases:
        parts.append(case.text("c"))
        n = len(case.inputs)
        for point in case.points:
            calls.append(
                f"{{ const double in[] = {{{', '.join(map(c_number, point))}}}; double g[{n}];"
                f' printf("%a", {case.name}(in, g)); show(g, {n}); }}'
            )
    chunks = [calls[i : i + 50] for i in range(0, len(calls), 50)]
    blocks = [
        f"static void run{i}(void) {{\n" + "\n".join(chunk) + "\n}"
        for i, chunk in enumerate(chunks)
    ]
    show = (
        "#include <stdio.h>\nstatic void show(const double *g, int n)"
        ' { int i; for (i = 0; i < n; i++) printf(" %a", g[i]); printf("\\n"); }\n'
    )
    runs = "".join(f"run{i}();" for i in range(len(chunks)))
    main = f"int main(void) {{ {runs} return 0; }}\n"
    program = compile_c("\n".join([*parts, show, *blocks, main]), directory)
    lines = iter(call(program, cwd=directory).splitlines())
    return [[[float.fromhex(w) for w in next(lines).split()] for _ in c.points] for c in cases]


def run_javascript(cases, directory):
    needs("node")
    lines = []
    for case in cases:
        (directory / f"{case.name}.mjs").write_text(case.text("javascript"), encoding="utf-8")
        lines.append(f'import {{ {case.name} }} from "./{case.name}.mjs";')
    lines.append("const found = [];")
    for case in cases:
        points = [f"[{', '.join(map(js_number, point))}]" for point in case.points]
        results = f"{case.name}(...p).flat(9).map(bits)"
        lines.append(f"for (const p of [{', '.join(points)}]) found.push({results});")
    lines += [
        "function bits(x) { const v = new DataView(new ArrayBuffer(8)); v.setFloat64(0, x);"
        " return v.getBigUint64(0).toString(16).padStart(16, '0'); }",
        "console.log(JSON.stringify(found));",
    ]
    (directory / "main.mjs").write_text("\n".join(lines), encoding="utf-8")
    found = iter(json.loads(call("node", "main.mjs", cwd=directory)))
    return [
        [[struct.unpack(">d", bytes.fromhex(w))[0] for w in next(found)] for _ in case.points]
        for case in cases
    ]


def load(text, name="exported"):
    """A Python text as a module."""
    module = types.ModuleType(name)
    exec(compile(text, f"<{name}>", "exec"), vars(module))
    return module


def flat(result):
    return (
        [x for part in result for x in flat(part)] if isinstance(result, list) else [float(result)]
    )


def run_python(cases, directory, to="python"):
    functions = [vars(load(case.text(to)))[case.name] for case in cases]
    return [
        [flat(function(*point)) for point in case.points]
        for case, function in zip(cases, functions, strict=True)
    ]


def run_numpy(cases, directory):
    """All points of a case at once, as arrays."""
    import numpy as np

    return run_arrays(cases, "numpy", np)


def run_jax(cases, directory):
    pytest.importorskip("jax", reason="jax is not installed")
    import jax.numpy as jnp

    return run_arrays(cases, "jax", jnp)


def run_arrays(cases, to, np):
    found = []
    for case in cases:
        function = vars(load(case.text(to)))[case.name]
        # One shape for all cases: JAX compiles every operation once for each shape.
        points = case.points + case.points[-1:] * (-len(case.points) % 32)
        columns = [np.asarray(column, dtype=float) for column in zip(*points, strict=True)]
        value, gradient = function(*columns)
        rows = [np.broadcast_to(np.asarray(x), (len(points),)).tolist() for x in (value, *gradient)]
        found.append([list(numbers) for numbers in zip(*rows, strict=True)][: len(case.points)])
    return found


RUNNERS = {
    "c": run_c,
    "javascript": run_javascript,
    "python": run_python,
    "numpy": run_numpy,
    "jax": run_jax,
}


def eager(case):
    """What the engine itself computes at each point: value and gradient, evaluated anew."""
    slopes = ad.grad(case.y, case.inputs)
    found = []
    before = [x.data for x in case.inputs]
    for point in case.points:
        for leaf, number in zip(case.inputs, point, strict=True):
            leaf.data = number
        case.y.forward()
        found.append([case.y.data, *(slope.forward() for slope in slopes)])
    for leaf, number in zip(case.inputs, before, strict=True):
        leaf.data = number
    case.y.forward()
    return found


def ulps(a, b):
    """How far apart two numbers are, in ulps of the second; inf where only one is finite or nan."""
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
    if a == b:
        return 0.0
    return abs(a - b) / math.ulp(b) if math.isfinite(a) and math.isfinite(b) else math.inf
