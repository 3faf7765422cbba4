"""Compiling a graph, and the backends that run it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import nan

from autodiff import native
from autodiff.names import describe, find_all
from autodiff.op import each_of, quoted, several
from autodiff.program import Program
from autodiff.program.allocate import Layout
from autodiff.program.node import ROWS, SHARED, Builder, no_collection
from autodiff.program.sums import raise_sums
from autodiff.program.symbol import Symbol
from autodiff.program.tape import Tape
from autodiff.program.trace import trace
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

BACKENDS = ("numpy", "native")


def available() -> dict[str, str]:
    """The backends, each with what it can do here: "ready", or why not."""
    try:
        import numpy
    except ImportError as error:
        return dict.fromkeys(BACKENDS, f"NumPy is not installed ({error})")
    return {"numpy": f"ready (NumPy {numpy.__version__})", "native": _native()}


def _native() -> str:
    for part in ("machine", "nodes"):  # what runs programs, and what writes them
        if native.load(part) is None:
            return native.status()[part]
    machine: Any = native.load("machine")
    wanted = native.instructions() or machine.INSTRUCTIONS[0]
    if wanted not in machine.INSTRUCTIONS:
        return f"no {wanted} here; {native.SWITCH} is 0 or one of {', '.join(machine.INSTRUCTIONS)}"
    return f"ready ({wanted})"


def usable(backend: str) -> str:
    """That backend, or NumPy if it is not here; for "auto" the fastest."""
    if backend == "numpy" or not _native().startswith("ready"):
        return "numpy"
    return "native"


def compile(
    outputs: Any, inputs: Any = (), *, parameters: Any = (), backend: str = "auto"
) -> Program:
    """Make a `Program` of a recorded graph: the same numbers, for whole arrays of inputs.

    * `outputs`: a Value or a list of Values; or a function that makes them, which is called once
      with Values that have no number, named as `inputs` says.
    * `inputs`: leaves that vary from row to row, Values or names in the graph.
    * `parameters`: leaves that are shared and that the output can be differentiated by; their
      numbers are those of now. Every other leaf is a constant.
    * `backend`: "native", "numpy", or "auto" for the fastest that is there and knows all rows.

    Raises ValueError for an unknown name, an input that no output depends on, a leaf that is given
    twice or is computed, and a Value that got new data since the outputs were computed.
    """
    if backend not in ("auto", *BACKENDS):
        raise ValueError(f"backend is one of auto, {', '.join(BACKENDS)}, not {backend!r}")
    if backend != "auto" and not available()[backend].startswith("ready"):
        raise ValueError(f"the {backend} backend is not here: {available()[backend]}")
    if callable(outputs) and not isinstance(outputs, Value):
        inputs = [Symbol(nan, name) for name in _names(inputs)]
        outputs = outputs(*inputs)
    single = not several(outputs)
    roots: list[Value] = each_of(Value, outputs, "an output is a Value of a graph")
    if not roots:
        raise ValueError("there are no outputs to compile")
    xs, ps = (
        _leaves(roots, given, what)
        for given, what in ((inputs, "input"), (parameters, "parameter"))
    )
    for both in set(xs) & set(ps):
        raise ValueError(f"{describe(both)} is given as an input and as a parameter; choose one")
    with no_collection():
        tape, numbers = traced(roots, xs, ps)
    names = (
        [x.name or f"input {i}" for i, x in enumerate(xs)],
        [p.name or f"parameter {i}" for i, p in enumerate(ps)],
        [y.name or f"output {i}" for i, y in enumerate(roots)],
    )
    alternative = "numpy" if backend == "auto" else ""
    return Program(tape, single, names, [p.data for p in ps], numbers, usable(backend), alternative)


def traced(roots: list[Value], xs: list[Value], ps: list[Value]) -> tuple[Tape, list[list[float]]]:
    """The graph behind the roots on a tape, and the numbers of its lanes."""
    builder = Builder()
    leaves = {x: builder.leaf("input", i, ROWS, x.name) for i, x in enumerate(xs)}
    leaves |= {p: builder.leaf("parameter", i, SHARED, p.name) for i, p in enumerate(ps)}
    nodes, numbers = trace(roots, leaves, builder)
    tape = Tape(raise_sums(nodes))
    builder.clear()
    return tape, numbers


def _names(inputs: Any) -> list[str]:
    """Names for the arguments of a function: words, a list of them, or how many."""
    if isinstance(inputs, int):
        return [f"x{i}" for i in range(1, inputs + 1)]
    names = inputs.replace(",", " ").split() if isinstance(inputs, str) else inputs
    if not several(names) or not all(isinstance(name, str) for name in names):
        wanted = "the inputs of a function are names for its arguments"
        raise TypeError(f"{wanted}, not {quoted(inputs)}")
    return list(names)


def _leaves(roots: Sequence[Value], given: Any, what: str) -> list[Value]:
    """The Values that are meant, each a leaf and given once."""
    found: dict[Value, None] = {}
    for value in find_all(roots, given):
        if value.args:
            raise ValueError(f"{describe(value)} is computed ({value.op}); {what}s are leaves")
        if value in found:
            raise ValueError(f"the {what} {describe(value)} is given twice")
        found[value] = None
    return list(found)


def runner(
    backend: str, layout: Layout, n: int, n_inputs: int, lanes: Sequence[Any], n_parameters: int
) -> Any:
    """The layout on a backend, for `n` rows."""
    if backend == "native":
        from autodiff.backends import native_backend

        return native_backend.Runner(layout, n_inputs, lanes, n_parameters)
    from autodiff.backends import numpy_backend

    return numpy_backend.Runner(layout, n, n_inputs, lanes, n_parameters)


def rows_of(backend: str) -> Collection[str]:
    """The rows that a backend knows."""
    if backend == "native":
        from autodiff.backends import native_backend

        return native_backend.KNOWN
    from autodiff.backends.kernels import KNOWN

    return KNOWN
