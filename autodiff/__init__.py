"""A scalar autograd engine that shows its work.

    import autodiff as ad

    w, x, b = ad.values("w x b", [0.5, 2.0, -1.0])
    out = (w * x + b).sigmoid().named("out")
    out.backward()
    print(ad.derive(out, w))

See README.md for a tour and docs/tutorial.md for a walk.
"""

import builtins as _builtins

from autodiff import ops as _ops
from autodiff.calculus import derivative, grad, hessian, hvp, jacobian, jvp
from autodiff.checks import check_gradient, first_nonfinite
from autodiff.expression import ParseError, parse, parse_lines
from autodiff.formula import derive
from autodiff.modes import no_record, strict
from autodiff.names import name_all, values
from autodiff.op import TABLE as _TABLE
from autodiff.op import Op
from autodiff.value import Value, zero_grad

__version__ = "0.1.0"

_functions = {name: op for op in _TABLE.values() for name in (op.name, *op.aliases)}
_functions |= {"dot": _ops.dot, "softmax": _ops.softmax}
globals().update(_functions)

__all__ = [
    "Op",
    "ParseError",
    "Value",
    "check_gradient",
    "derivative",
    "derive",
    "first_nonfinite",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "name_all",
    "no_record",
    "parse",
    "parse_lines",
    "strict",
    "values",
    "zero_grad",
    *(name for name in _functions if not hasattr(_builtins, name)),
]
