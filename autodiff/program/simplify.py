"""Simplifications that change no value, made while nodes are built.

Each rule has the operands of one op and returns something simpler of the same value, or None.
Allowed are x*1, -(-x), x + -y, names for the same number, choices by a constant, powers that are
squares or reciprocals, and the slope of relu at what relu gave, which is kept anyhow. What looks
simpler and is not the same in floating point stays: x - x, 0*x, x/x, x + 0. Equal nodes and
constants are merged by the builder, dead ones never leave it.
"""

from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    from autodiff.program.node import Builder


def _add(_: Builder, x: Any, y: Any) -> Any:
    if type(y) is not float and y.op == "neg":
        return x - y.operands[0]
    return y - x.operands[0] if type(x) is not float and x.op == "neg" else None


def _sub(_: Builder, x: Any, y: Any) -> Any:
    return x + y.operands[0] if type(y) is not float and y.op == "neg" else None


def _mul(_: Builder, x: Any, y: Any) -> Any:
    if type(y) is float:
        return x if y == 1.0 else -x if y == -1.0 else None
    if type(x) is float:
        return y if x == 1.0 else -y if x == -1.0 else None
    return None


def _div(_: Builder, x: Any, y: Any) -> Any:
    return x if type(y) is float and y == 1.0 else None


def _neg(_: Builder, x: Any) -> Any:
    return x.operands[0] if type(x) is not float and x.op == "neg" else None


def _alias(_: Builder, x: Any) -> Any:
    return x


def _where(_: Builder, condition: Any, a: Any, b: Any) -> Any:
    return (a if condition else b) if type(condition) is float else None


def _gate(home: Builder, condition: Any, x: Any) -> Any:
    if type(condition) is float:
        return x if condition else 0.0
    if home.gated:
        return None
    home.dropped = True
    return x


def _power(home: Builder, x: Any, y: Any) -> Any:
    if type(x) is float or type(y) is not float:
        return None
    if y == 1.0:
        return x
    return home.record({2.0: "square", -1.0: "reciprocal"}[y], (x,)) if y in (2.0, -1.0) else None


def _power_slope(_: Builder, x: Any, y: Any) -> Any:
    if type(x) is float or type(y) is not float:
        return None
    return {0.0: 0.0, 1.0: 1.0}[y] if y in (0.0, 1.0) else 2.0 * x if y == 2.0 else None


def _relu_slope(home: Builder, x: Any) -> Any:
    output = None if type(x) is float else home.known("relu", (x,))
    return None if output is None else home.record("relu_slope", (output,))


def _sum(home: Builder, *xs: Any) -> Any:
    return home.record("inner", xs + (1.0,) * len(xs))


# Rules of the other ops only concern constants.
ALWAYS = {"add", "sub", "neg", "alias", "gate", "sum", "relu_slope"}
RULES: dict[str, Callable[..., Any]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "neg": _neg,
    "alias": _alias,
    "where": _where,
    "gate": _gate,
    "power": _power,
    "power_slope": _power_slope,
    "relu_slope": _relu_slope,
    "sum": _sum,
}
