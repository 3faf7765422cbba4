"""A scalar autograd engine that shows its work.

    import autodiff as ad

    w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
    out = (w * x + b).sigmoid().named("out")
    out.backward()
    print(ad.derive(out, w))

See README.md for a tour and docs/derivations.md for a walk.
"""

from __future__ import annotations

import builtins as _builtins
from importlib import import_module as _import_module

from autodiff import ops as _ops
from autodiff.calculus import derivative, grad, hessian, hvp, jacobian, jvp
from autodiff.modes import no_record, strict
from autodiff.names import name_all, values
from autodiff.op import TABLE as _TABLE, Op, lookup as _lookup, meant as _meant
from autodiff.value import Value, zero_grad

__version__ = "0.1.0"

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    from autodiff.backends import compile as compile
    from autodiff.backends.cached import compile_cached as compile_cached
    from autodiff.checks import check_gradient as check_gradient, first_nonfinite as first_nonfinite
    from autodiff.drawing import draw as draw, explore as explore
    from autodiff.export import export as export
    from autodiff.expression import parse as parse, parse_lines as parse_lines
    from autodiff.formula import (
        check_formula as check_formula,
        derive as derive,
        explain_step as explain_step,
    )
    from autodiff.ops import *  # noqa: F403
    from autodiff.program import Program as Program
    from autodiff.syntax import ParseError as ParseError

# Loaded when first used, for the same reason.
_LATER = {
    "ParseError": "autodiff.syntax",
    "Program": "autodiff.program",
    "check_formula": "autodiff.formula",
    "check_gradient": "autodiff.checks",
    "compile": "autodiff.backends",
    "compile_cached": "autodiff.backends.cached",
    "derive": "autodiff.formula",
    "draw": "autodiff.drawing",
    "explain_step": "autodiff.formula",
    "explore": "autodiff.drawing",
    "export": "autodiff.export",
    "first_nonfinite": "autodiff.checks",
    "parse": "autodiff.expression",
    "parse_lines": "autodiff.expression",
}

_functions: dict[str, Any] = {name: op for op in _TABLE.values() for name in (op.name, *op.aliases)}
_functions |= {"dot": _ops.dot, "softmax": _ops.softmax}
globals().update(_functions)


def __getattr__(name: str) -> Any:
    if name in _LATER:
        globals()[name] = found = getattr(_import_module(_LATER[name]), name)
        return found
    try:
        return _lookup(name)  # a row that the user added
    except KeyError as error:
        known = dict.fromkeys([*_LATER, *_functions, *__all__])
        near = "" if name.startswith("_") else _meant(name, known)
        hint = f"; {near}" if near else ""
        raise AttributeError(f"module 'autodiff' has no attribute {name!r}{hint}") from error


__all__ = [
    "Op",
    "Value",
    "derivative",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "name_all",
    "no_record",
    "strict",
    "values",
    "zero_grad",
    *(name for name in (*_LATER, *_functions) if not hasattr(_builtins, name)),
]
