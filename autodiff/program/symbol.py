"""Inputs without numbers: what `compile` hands to a function that it traces.

A Symbol is a Value whose number is not known, and so is everything computed from it. It records
like any Value; only where Python asks for the number, in `if x > 0`, it says what to write instead.
"""

from __future__ import annotations

from math import nan

from autodiff import ops
from autodiff.op import Op, follow, number
from autodiff.program.node import NO_NUMBER
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Symbol(Value):
    """A Value without a number."""

    __slots__ = ()

    @staticmethod
    def __record__(op: Op, args: tuple[Any, ...]) -> Value:
        node: Symbol = Symbol.__new__(Symbol)
        node.data = nan
        node.grad = 0.0
        node.name = ""
        node.op = op.name
        node.operands = tuple([a if isinstance(a, Value) else number(a) for a in args])
        node.point = tuple([a.data if isinstance(a, Value) else a for a in node.operands])
        return node

    def __radd__(self, other: Any) -> Value:
        return (
            self if type(other) is int and other == 0 else self.__record__(ops.add, (other, self))
        )

    def __neg__(self) -> Value:
        return self.__record__(ops.neg, (self,))

    def __abs__(self) -> Value:
        return self.__record__(ops.absolute, (self,))

    def _no_number(self, *_: Any) -> bool:
        name = f"{self.name}: " if self.name else ""
        raise TypeError(name + NO_NUMBER)

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _no_number


def _operator(op: Op, reflected: bool) -> Callable[[Symbol, Any], Value]:
    if reflected:
        return lambda self, other: Symbol.__record__(op, (other, self))
    return lambda self, other: Symbol.__record__(op, (self, other))


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _op = {"truediv": ops.div, "pow": ops.power}.get(_name) or getattr(ops, _name)
    setattr(Symbol, f"__{_name}__", _operator(_op, reflected=False))
    if _name != "add":
        setattr(Symbol, f"__r{_name}__", _operator(_op, reflected=True))


def _give_method(op: Op) -> None:
    """Every row of the table that Value has as a method."""
    if op is not ops.alias and op.arity is not None:
        for name in (op.name, *op.aliases):
            setattr(Symbol, name, lambda self, *args, **keywords: op(self, *args, **keywords))


follow(_give_method)
