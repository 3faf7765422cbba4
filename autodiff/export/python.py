"""Python: functions of floats that need only `math`, or of NumPy or JAX arrays.

The plain functions never raise from arithmetic, as the engine does not: where `math` would, the
engine's own total function (`autodiff.real`) is written into the text.
"""

from __future__ import annotations

import builtins
import inspect
import keyword
from math import isinf, isnan

from autodiff import real
from autodiff.export.identifiers import inert
from autodiff.export.javascript import result_text, titles_text
from autodiff.export.layout import ARITHMETIC, Language, Unit, Writer

TOTAL = (  # functions of autodiff.real
    "div power sqrt exp expm1 log log1p log2 log10 sin cos tan asin acos sinh cosh acosh atanh"
).split()
SAFE = "cbrt hypot atan atan2 tanh asinh erf erfc".split()  # math's own never raise
TWO = {"div", "power", "hypot", "atan2"}

RESERVED = frozenset(
    [
        *(*keyword.kwlist, *keyword.softkwlist, *dir(builtins)),
        *"math np jnp jax copysign inf isinf isnan nan annotations".split(),
    ]
)


def call(function: str, op: str) -> str:
    """The spelling of a row as a call."""
    return f"{function}({{}}, {{}})" if op in TWO else f"{function}({{}})"


def number(x: float) -> str:
    """The shortest decimal that reads back as the same float64; inf and nan by name."""
    return "nan" if isnan(x) else ("inf" if x > 0.0 else "-inf") if isinf(x) else repr(x)


def _function(name: str, parameters: list[str], lines: list[str], result: str) -> str:
    body = "".join(f"    {line}\n" for line in [*lines, f"return {result}"])
    return f"def {name}({', '.join(parameters)}):\n{body}"


def module(unit: Unit, language: Language, head: str, decorator: str, convert: str) -> str:
    """The whole module: imports, helpers, the function."""
    writer = Writer(language, unit)
    names, taken = writer.variables(unit.labels)
    lines, results = writer.lines(unit.body, names, taken, unit.comments)
    inputs = [names[i] for i in range(len(unit.body.parameters))]
    if convert:
        lines = [f"{name} = {convert.format(name)}" for name in inputs] + lines
    told = [f"{unit.name}({', '.join(unit.body.parameters)})", f"returns {titles_text(unit)}"]
    comment = "".join(f"# {inert(line)}\n" for line in told)
    main = _function(unit.name, inputs, lines, result_text(unit, results))
    helpers = writer.used_helpers(unit.body, *unit.functions.values())
    parts = [
        *(language.helpers[name] for name in helpers),
        *writer.functions(unit, _function),
        comment + decorator + main,
    ]
    return head + "\n\n" + "\n\n".join(parts)


def write(unit: Unit, language: Language) -> str:
    """A module that needs only `math`."""
    head = (
        '"""Exported by autodiff: float64, no dependency."""\n\n'
        "import math\nfrom math import copysign, inf, isinf, isnan, nan\n"
    )
    return module(unit, language, head, "", "")


PYTHON = Language(
    name="python",
    spellings=ARITHMETIC
    | {name: call(name, name) for name in TOTAL}
    | {name: call(f"math.{name}", name) for name in SAFE}
    | {"absolute": "abs({})"},
    choice="{1} if {0} else {2}",
    either="{} or {}",
    both="{} and {}",
    nonzero="{} != 0.0",
    truth="float({})",
    number=number,
    declare="{} = {}",
    declare_truth="{} = {}",
    comment="# {}",
    write=write,
    reserved=RESERVED,
    helpers={name: inspect.getsource(getattr(real, name)) for name in TOTAL},
)
