"""A Value is a number that remembers how it was computed, and can therefore be differentiated.

Arithmetic on Values records a graph: each node keeps its operation, its arguments in order, and the
point, the numbers its arguments had at that moment. The chain rule (`autodiff.graph.sweep`) then
walks the graph backwards once. No node knows its users, so a graph is freed when its root goes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from operator import add

from autodiff import graph, native, ops
from autodiff.modes import MODES, TAPE, created
from autodiff.op import Op, each_of, follow, legible, number

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


def operators(op: Op) -> tuple[Callable[[Any, Any], Value], Callable[[Any, Any], Value]]:
    """The two methods behind an infix sign: x op y, and y op x for a number on the left."""

    def operator(self: Value, other: Any) -> Value:
        x, y = self.data, other.data if isinstance(other, Value) else other
        if type(x) is float and type(y) is float:  # nearly always
            return _node(op, (self, other), (x, y))
        return record(op, (self, other))

    def reflected(self: Value, other: Any) -> Value:
        return record(op, (other, self))

    return operator, reflected


@native.fast  # puts a C type in its place where that is built; the rules are those of this class
class Value:
    """A number in a computation graph.

    * `data`: the number, a float64; leaves may be given new data before `root.forward()`.
    * `grad`: what `backward()` calls have added up so far, d root / d this; starts at 0.0.
    * `name`: a dotted path or empty. A named Value is a waypoint of formulas and drawings.
    * `op`, `args`: the op that made it and its operands; `""` and `()` for a leaf.

    Every op of the table is a method: `x.sigmoid()`, `x.exp()`, `x.log()`. `==` compares
    identities, so Values can be dict keys; `<` and `>` compare the numbers.

    >>> w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-1.0, "b")
    >>> out = (w * x + b).sigmoid().named("out")
    >>> out.backward()
    >>> out, w
    (Value(out=0.5, grad=1), Value(w=0.5, grad=0.5))

    Raises TypeError for anything but a real number, OverflowError beyond float64.
    """

    __slots__ = ("__weakref__", "data", "grad", "name", "op", "operands", "point")
    __array_ufunc__ = None  # NumPy scalars and arrays leave the operators to us

    data: float
    grad: float
    name: str
    op: str
    point: tuple[float, ...]
    operands: tuple[Value | float, ...]

    def __init__(self, data: Any, name: str = "") -> None:
        self.data = number(data)
        self.grad = 0.0
        self.name = self.op = ""
        self.operands = self.point = ()
        if name:
            self.named(name)

    @property
    def args(self) -> tuple[Value | float, ...]:
        """The operands in order: Values, or plain numbers for constants. A graph never changes."""
        return self.operands

    # ------------------------------------------------------------ names

    def named(self, name: str) -> Value:
        """Give this Value a name and return it. A second, different name is a ValueError."""
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"a name is a text that is not empty, not {name!r}")
        if self.name not in ("", name):
            raise ValueError(
                f"this Value is called {self.name!r} already; for a second name {name!r} "
                f"of the same number use .alias({name!r})"
            )
        self.name = name
        return self

    def alias(self, name: str) -> Value:
        """The same number under a second name: an identity node, whose factor 1 is not printed."""
        return record(ops.alias, [self]).named(name)

    def __repr__(self) -> str:
        grad = f", grad={self.grad:.5g}" if self.grad else ""
        name = f"{legible(self.name)}=" if self.name else ""
        return f"{type(self).__name__}({name}{self.data:.5g}{grad})"

    def formula(self) -> str:
        """What it was computed from, down to the named Values: `w·x + b`."""
        from autodiff.formula import formula_text

        return formula_text(self)

    def latex(self) -> str:
        """The formula as LaTeX for math mode."""
        from autodiff.formula import formula_latex

        return formula_latex(self)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    # ------------------------------------------------------------ recording

    @staticmethod
    def __record__(op: Op, args: tuple[Any, ...]) -> Value:
        """What a row of the table does with Values among its operands: it records."""
        return record(op, args)

    __add__, _radd = operators(ops.add)
    __sub__, __rsub__ = operators(ops.sub)
    __mul__, __rmul__ = operators(ops.mul)
    __truediv__, __rtruediv__ = operators(ops.div)
    _pow, __rpow__ = operators(ops.power)

    def __radd__(self, other: Any) -> Value:
        # The builtin sum() starts from the int 0, which is no part of the user's formula.
        return self if type(other) is int and other == 0 else self._radd(other)

    def __pow__(self, y: Any, *modulus: Any) -> Value:
        return ops.power(self, y, *modulus) if modulus else self._pow(y)

    def __neg__(self) -> Value:
        return record(ops.neg, [self])

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return record(ops.absolute, [self])

    # ------------------------------------------------------------ as a number

    def __lt__(self, other: Any) -> bool:
        return self.data < _number(other)

    def __le__(self, other: Any) -> bool:
        return self.data <= _number(other)

    def __gt__(self, other: Any) -> bool:
        return self.data > _number(other)

    def __ge__(self, other: Any) -> bool:
        return self.data >= _number(other)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        raise TypeError("a Value is not a plain number; use v.exp(), ad.exp(v), or v.data")

    __int__ = __index__ = __float__

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    # ------------------------------------------------------------ the two passes

    def backward(self) -> None:
        """Add d self / d node to `.grad` of every node behind self, at the recorded point.

        All gradients change in one step at the end: an exception or Ctrl-C on the way changes none,
        and threads do not lose each other's updates. Calling it twice therefore exactly doubles.
        """
        order = graph.topological(self, right_first=True)
        if _computed_again:
            graph.check_interior(self, order)
        adjoints = graph.sweep(self, 1.0, order, graph.local_slopes)
        if "strict" in MODES.get():
            graph.refuse_nonfinite(adjoints, order)
        with _committing:
            totals = list(map(add, map(_get_grad, adjoints), adjoints.values()))
            deque(map(_set_grad, adjoints, totals), maxlen=0)  # all C: nothing can come between

    def forward(self) -> float:
        """Compute the graph again from the present data of its leaves; return the new `data`."""
        global _computed_again
        fresh = graph.evaluate(self)
        _computed_again = True
        data, points = zip(*fresh.values(), strict=True)
        changes = chain(map(_set_data, fresh, data), map(_set_point, fresh, points))
        deque(changes, maxlen=0)  # all C, as in backward
        return self.data

    # ------------------------------------------------------------ copies

    def __copy__(self) -> Value:
        from autodiff.copies import restore

        return restore([], self.data, self.grad, self.name, self.op, self.operands, self.point)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from autodiff.copies import deep_copy

        return deep_copy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        from autodiff.copies import reduce

        return reduce(self)


# ---------------------------------------------------------------- recording


def record(op: Op, args: Iterable[Any]) -> Value:
    """A new node for `op` of any operands."""
    args = tuple([a if isinstance(a, Value) else number(a) for a in args])
    return _node(op, args, tuple(map(_number, args)))


def _node(op: Op, args: tuple[Any, ...], point: tuple[float, ...]) -> Value:
    """The one place where the graph grows."""
    data = op.forward(*point)
    if type(data) is not float:  # a row of a user, that returns an int or a NumPy scalar
        data = float(data)
    node: Value = _new(Value)
    node.data = data
    node.grad = 0.0
    node.name = ""
    node.op = op.name
    node.operands, node.point = args, point
    if modes := MODES.get():
        if "strict" in modes and created(data, point):
            raise FloatingPointError(f"{graph.call_text(op, args, point)} is {data}")
        if "no_record" in modes:
            node.op, node.operands, node.point = "", (), ()
        elif "taped" in modes:
            TAPE.get().append(node)
    return node


def _number(operand: Any) -> float:
    """The number of a constant, or of a Value, whose data is made a float64 if it was not."""
    if not isinstance(operand, Value):
        return number(operand)
    operand.data = number(operand.data)
    return operand.data


def zero_grad(values: Iterable[Value] | Value) -> None:
    """Set `.grad` of each Value, or of one, to 0.0."""
    for value in each_of(Value, values, "zero_grad takes Values"):
        value.grad = 0.0


_new = object.__new__
_OWN = frozenset(dir(Value))
_committing = threading.Lock()
_computed_again = False  # whether any forward() ever ran: else no node can be older than another
_get_grad = Value.grad.__get__  # type: ignore[attr-defined, misc]
_set_grad = Value.grad.__set__  # type: ignore[attr-defined, misc]
_set_data = Value.data.__set__  # type: ignore[attr-defined, misc]
_set_point = Value.point.__set__  # type: ignore[attr-defined, misc]


def _give_method(op: Op) -> None:
    """Every row of the table with a fixed number of arguments becomes a method of Value."""
    names = {op.name, *op.aliases}
    taken = names & _OWN
    if taken and op is not ops.alias:
        raise ValueError(f"an op cannot be called {min(taken)!r}: it is an attribute of Value")
    for name in names - taken if op.arity is not None else ():
        setattr(Value, name, native.method(op, _method(op)))


def _method(op: Op) -> Any:
    def unary(self: Value) -> Value:
        x = self.data
        return _node(op, (self,), (x if type(x) is float else _number(self),))

    def of_several(self: Value, *args: Any, **keywords: Any) -> Value:
        return record(op, op.unpack((self, *args), keywords))

    method: Any = unary if op.arity == 1 else of_several
    method.__name__, method.__qualname__ = op.name, f"Value.{op.name}"
    method.__doc__ = op.__doc__
    return method


follow(_give_method)
