"""A graph as a linear list of statements, and a lowering as one too.

A *body* is what a function of any language has inside: parameters, statements in an order in which
each uses earlier ones only, and results. Equal statements are one. A statement's operands are
indices of earlier statements, or plain numbers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from autodiff.export.lowering import INLINED, LOWERED, square
from autodiff.graph import topological
from autodiff.op import TABLE, Op, number
from autodiff.value import Value

Operand = int | float
# Powers with an exponent that is a small number, where plain arithmetic is exact.
SPECIAL: dict[tuple[str, float], Callable[[Any], Any]] = {
    ("power", 2.0): square,
    ("power_slope", 0.0): lambda x: 0.0,
    ("power_slope", 1.0): lambda x: 1.0,
    ("power_slope", 2.0): lambda x: 2.0 * x,
}
EXACT = {"add", "sub", "mul", "neg"}  # the same to the last bit in every language
PARAMETER, CONSTANT = "parameter", "constant"


class Statement(NamedTuple):
    """One step: a row of the table or a function, and its operands."""

    op: str
    args: tuple[Operand, ...]


class Symbol:
    """An operand of a body under construction: what rows and lowerings are run on."""

    __slots__ = ("body", "index")

    def __init__(self, body: Body, index: int) -> None:
        self.body = body
        self.index = index

    @staticmethod
    def __record__(op: Op, args: Iterable[Any]) -> Symbol:
        return Symbol.__define__(op.name, tuple(args))

    @staticmethod
    def __define__(name: str, args: tuple[Any, ...]) -> Symbol:
        body = next(arg.body for arg in args if isinstance(arg, Symbol))
        return body.call(name, args)

    def __add__(self, other: Any) -> Symbol:
        return self.body.call("add", (self, other))

    def __radd__(self, other: Any) -> Symbol:
        return self.body.call("add", (other, self))

    def __sub__(self, other: Any) -> Symbol:
        return self.body.call("sub", (self, other))

    def __rsub__(self, other: Any) -> Symbol:
        return self.body.call("sub", (other, self))

    def __mul__(self, other: Any) -> Symbol:
        return self.body.call("mul", (self, other))

    def __rmul__(self, other: Any) -> Symbol:
        return self.body.call("mul", (other, self))

    def __truediv__(self, other: Any) -> Symbol:
        return self.body.call("div", (self, other))

    def __rtruediv__(self, other: Any) -> Symbol:
        return self.body.call("div", (other, self))

    def __pow__(self, other: Any) -> Symbol:
        return self.body.call("power", (self, other))

    def __rpow__(self, other: Any) -> Symbol:
        return self.body.call("power", (other, self))

    def __neg__(self) -> Symbol:
        return self.body.call("neg", (self,))

    def __abs__(self) -> Symbol:
        return self.body.call("absolute", (self,))

    def __getattr__(self, name: str) -> Any:
        op = TABLE.get(name)  # rows may be written with methods, as of Values
        if op is None:
            raise AttributeError(f"no op is called {name!r}")
        return lambda *args, **keywords: op(self, *args, **keywords)

    def _no_number(self, *_: Any) -> bool:
        raise TypeError("a decision needs where(less(a, b), x, y) here: there is no number yet")

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __float__ = _no_number


class Body:
    """Parameters, statements and results of one function."""

    def __init__(self, parameters: Sequence[str] = (), spelled: Collection[str] = ()) -> None:
        self.parameters = list(parameters)
        self.spelled = spelled  # the rows that the language says itself
        self.statements = [Statement(PARAMETER, ()) for _ in parameters]
        self.results: list[Operand] = []
        self._known: dict[Any, int] = {}
        self._named: set[int] = set()  # constants that are variables

    def call(self, name: str, args: Sequence[Any]) -> Symbol:
        """Append a statement, or several when the row is written out."""
        if name in INLINED and name not in self.spelled:
            made = LOWERED[name](*args)
            return made if isinstance(made, Symbol) else self.constant(made)
        args = [self._literal(a) for a in args]
        simpler = self._simpler(name, args)
        if simpler is not None:
            return simpler if isinstance(simpler, Symbol) else self.constant(simpler)
        operands = tuple(a.index if isinstance(a, Symbol) else float(a) for a in args)
        key = (name, tuple(a if isinstance(a, int) else a.hex() for a in operands))
        return Symbol(self, self._append(Statement(name, operands), key))

    def _literal(self, operand: Any) -> Any:
        """An operand; that of an unnamed constant is its number."""
        if not isinstance(operand, Symbol):
            return float(operand)
        statement = self.statements[operand.index]
        free = statement.op == CONSTANT and operand.index not in self._named
        return statement.args[0] if free else operand

    def _simpler(self, name: str, args: list[Any]) -> Any:
        """What a call comes to without a statement, where not a bit of any result changes."""
        if name in EXACT and all(type(a) is float for a in args):
            return TABLE[name].forward(*args)
        if name == "where" and type(args[0]) is float:
            return args[1] if args[0] else args[2]
        if name == "mul" and 1.0 in (a for a in args if type(a) is float):
            return args[1] if type(args[0]) is float else args[0]
        special = SPECIAL.get((name, args[-1])) if type(args[-1]) is float else None
        return special(args[0]) if special else None

    def constant(self, number: float, owner: Any = None) -> Symbol:
        """A number as a statement; that of a named leaf is its own even where numbers are equal."""
        key = (CONSTANT, number.hex(), owner)
        index = self._append(Statement(CONSTANT, (number,)), key)
        if owner is not None:
            self._named.add(index)
        return Symbol(self, index)

    def _append(self, statement: Statement, key: Any) -> int:
        if key not in self._known:
            self._known[key] = len(self.statements)
            self.statements.append(statement)
        return self._known[key]

    def finish(self, results: Sequence[Any]) -> dict[int, int]:
        """Set the results and drop what none of them needs; return where the others are now."""
        wanted = [r.index if isinstance(r, Symbol) else float(r) for r in results]
        alive = {*range(len(self.parameters)), *(r for r in wanted if type(r) is int)}
        for index in range(len(self.statements) - 1, -1, -1):
            if index in alive:
                alive.update(a for a in self.statements[index].args if type(a) is int)
        moved = {old: new for new, old in enumerate(sorted(alive))}
        self.statements = [
            Statement(s.op, tuple(moved[a] if type(a) is int else a for a in s.args))
            for s in map(self.statements.__getitem__, moved)
        ]
        self.results = [moved[r] if type(r) is int else r for r in wanted]
        return moved

    def unused(self) -> list[int]:
        """The parameters that no statement and no result needs."""
        operands = [a for s in self.statements for a in s.args] + self.results
        used = {a for a in operands if type(a) is int}
        return [i for i in range(len(self.parameters)) if i not in used]

    def functions(self) -> list[tuple[str, int]]:
        """(name, number of operands) of all that is called here and not spelled by the language."""
        calls = {
            (s.op, len(s.args)): None
            for s in self.statements
            if s.op not in (PARAMETER, CONSTANT) and s.op not in self.spelled
        }
        return list(calls)


def graph_body(
    roots: Sequence[Value | float], inputs: Sequence[Value], spelled: Collection[str]
) -> tuple[Body, dict[Value, int]]:
    """The statements of a graph, with the roots as results, and where each of its Values is."""
    body = Body([""] * len(inputs), spelled)
    place: dict[Value, Symbol] = {x: Symbol(body, i) for i, x in enumerate(inputs)}
    values = [root for root in roots if isinstance(root, Value)]
    for node in topological(*values, stop=place):
        if node in place:
            continue
        if not node.args:
            place[node] = body.constant(number(node.data), node if node.name else None)
        else:
            place[node] = body.call(
                node.op, [place[a] if isinstance(a, Value) else a for a in node.args]
            )
    moved = body.finish([place[r] if isinstance(r, Value) else r for r in roots])
    return body, {node: moved[s.index] for node, s in place.items() if s.index in moved}


def function_body(name: str, arity: int, spelled: Collection[str]) -> Body:
    """The statements of a row or a lowering that the language does not spell itself.

    Raises ValueError for a row of the user's that has no formula and is no plain arithmetic.
    """
    definition = LOWERED.get(name)
    op = TABLE.get(name)
    if definition is None and op is not None:
        definition = op.formula or op.forward
    assert definition is not None, name
    body = Body(_parameters(definition, arity), spelled)
    symbols = [Symbol(body, i) for i in range(arity)]
    try:
        result = definition(*symbols)
    except (TypeError, AttributeError) as error:
        raise ValueError(
            f"{name} cannot be exported: its forward is plain Python ({error}); give its Op a "
            "formula=... in op vocabulary (+ - * and functions of the table)"
        ) from error
    body.finish([result])
    return body


def _parameters(definition: Callable[..., Any], arity: int) -> list[str]:
    """The definition's own names for its operands; x1, x2, ... for a list of them."""
    try:
        found = list(inspect.signature(definition).parameters.values())
    except (TypeError, ValueError):
        found = []
    if len(found) == arity and all(p.kind is p.POSITIONAL_OR_KEYWORD for p in found):
        return [p.name for p in found]
    return [f"x{i}" for i in range(1, arity + 1)]


def needed(body: Body) -> dict[tuple[str, int], Body]:
    """Every function behind a body, those it calls before itself."""
    ready: dict[tuple[str, int], Body] = {}
    begun: dict[tuple[str, int], Body] = {}
    waiting = body.functions()[::-1]
    while waiting:
        key = waiting[-1]
        if key not in begun:
            begun[key] = function_body(*key, body.spelled)
            waiting += [f for f in begun[key].functions()[::-1] if f not in begun]
        else:
            ready.setdefault(waiting.pop(), begun[key])
    return ready
