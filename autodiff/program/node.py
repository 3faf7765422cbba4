"""The nodes of a program: what a Value is without its number, built once each.

A `Node` is an op and its operands, like a Value, but it stands for an array: it has one number for
each entry of its *axis*. Axis 0 is the shared one (a single number: parameters, constants and what
follows from them alone), axis 1 has one entry for each row of X, and each family of equal
sub-graphs that `lanes.py` finds has an axis of its own.

Nodes answer `+ - * /` and the functions of the table, so rows written in op vocabulary run on them:
partial derivatives, formulas, user rows. A plain float among the operands is a constant. Nodes
that say the same are the same object, and the simplifications of `simplify.py` are made on the way.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import copysign

from autodiff import native
from autodiff.op import TABLE, Op, number
from autodiff.program.simplify import ALWAYS, RULES

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

SHARED, ROWS = 0, 1  # the first two axes

# What only programs have, beside the rows of the table. TOTAL adds up an axis.
TOTAL, TOTAL_PRODUCT = "total", "total_product"


@native.fast_node
class Node:
    """An op and its operands, or a leaf; see the module's first lines.

    * `op`: the name of a row, or what kind of leaf it is ("input", "parameter", "lane", "size").
    * `operands`: Nodes and floats. `axis`: which axis it varies along; 0 is none.
    * `place`: for a leaf, which one of its kind; for a total, the axis that is added up.
    """

    __slots__ = ("axis", "home", "index", "name", "op", "operands", "place")

    op: str
    operands: tuple[Any, ...]  # Nodes and floats
    axis: int
    place: int
    index: int
    name: str
    home: Builder

    @staticmethod
    def __record__(op: Op, args: tuple[Any, ...]) -> Any:
        """What a row of the table does with Nodes among its operands."""
        for arg in args:
            if type(arg) is Node:
                return arg.home.record(op.name, tuple([_operand(a) for a in args]))
        raise TypeError("no Node among the operands")

    def __add__(self, other: Any) -> Any:
        return self.home.record("add", (self, _operand(other)))

    def __radd__(self, other: Any) -> Any:
        if other == 0 and type(other) is int:
            return self  # the builtin sum() starts from it
        return self.home.record("add", (_operand(other), self))

    def __sub__(self, other: Any) -> Any:
        return self.home.record("sub", (self, _operand(other)))

    def __rsub__(self, other: Any) -> Any:
        return self.home.record("sub", (_operand(other), self))

    def __mul__(self, other: Any) -> Any:
        return self.home.record("mul", (self, _operand(other)))

    def __rmul__(self, other: Any) -> Any:
        return self.home.record("mul", (_operand(other), self))

    def __truediv__(self, other: Any) -> Any:
        return self.home.record("div", (self, _operand(other)))

    def __rtruediv__(self, other: Any) -> Any:
        return self.home.record("div", (_operand(other), self))

    def __pow__(self, other: Any) -> Any:
        return self.home.record("power", (self, _operand(other)))

    def __rpow__(self, other: Any) -> Any:
        return self.home.record("power", (_operand(other), self))

    def __neg__(self) -> Any:
        return self.home.record("neg", (self,))

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Any:
        return self.home.record("absolute", (self,))

    def _no_number(self, *_: Any) -> bool:
        raise TypeError(NO_NUMBER)

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __float__ = _no_number

    def __reduce__(self) -> Any:
        raise TypeError("a Node belongs to its program; pickle the Program")

    def __repr__(self) -> str:
        return f"<{self.op} {self.name or self.index}>"


NO_NUMBER = (
    "an input has no number while a program is traced, so Python cannot choose by it; "
    "use ad.where(ad.less(a, b), then, otherwise), ad.maximum, ad.relu or ad.clamp"
)


def _operand(x: Any) -> Any:
    return x if type(x) is Node or type(x) is float else number(x)


@native.fast_node
class Builder:
    """Makes nodes, each once. `gated` keeps the rows that hold back what a dead branch would send.

    `nodes` has them all in topological order.
    """

    def __init__(self, gated: bool = True) -> None:
        self.gated = gated
        self.dropped = False  # whether a gate was left out
        self.nodes: list[Node] = []
        self._known: dict[Any, Node] = {}

    def clear(self) -> None:
        """Forget all nodes: they and their builder hold each other."""
        self.nodes.clear()
        self._known.clear()

    def leaf(self, kind: str, place: int, axis: int, name: str = "") -> Node:
        """The leaf of that kind and place."""
        key = (kind, place, axis)
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = self._node(kind, (), axis, place)
            node.name = name
        return node

    def total(self, x: Any, axis: int) -> Any:
        """The sum of x over an axis; for what does not vary along it, x times the length of the
        axis.
        """
        if type(x) is float or x.axis == SHARED:
            return x * self.leaf("size", axis, SHARED)
        if x.op == "mul":
            left, right = x.operands
            if type(left) is Node and type(right) is Node and left.axis == right.axis:
                return self.total_product(left, right, axis)
        return self.plain_total(x, axis)

    def plain_total(self, x: Node, axis: int) -> Node:
        """The sum of x over its axis, x being computed as it is."""
        key = (TOTAL, x)
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = self._node(TOTAL, (x,), SHARED, axis)
        return node

    def total_product(self, x: Node, y: Node, axis: int) -> Node:
        """The sum of x*y over the axis that both vary along."""
        key = (TOTAL_PRODUCT, x, y)
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = self._node(TOTAL_PRODUCT, (x, y), SHARED, axis)
        return node

    def known(self, op: str, args: tuple[Any, ...]) -> Node | None:
        """The node that says op(*args), if there is one."""
        return self._known.get((op, args))

    def ops(self) -> set[str]:
        """The ops of all nodes that are no leaves."""
        return {node.op for node in self.nodes if node.operands}

    def record(self, op: str, args: tuple[Any, ...]) -> Any:
        """The node that says op(*args), something simpler of the same value, or a float."""
        axis = constants = 0
        for arg in args:
            if type(arg) is float:
                constants += 1
            elif arg.axis:
                axis = arg.axis
        key: Any = (op, args)
        if constants or op in ALWAYS:
            rule = RULES.get(op)
            simpler = None if rule is None else rule(self, *args)
            if simpler is not None:
                return simpler
            if constants == len(args):
                return float(TABLE[op].forward(*args))
            if constants:  # 0.0 == -0.0, but they are not the same constant
                key = (op, args, tuple([copysign(1.0, a) for a in args if type(a) is float]))
        node = self._known.get(key)
        if node is None:  # as in _node, without the call: most nodes are made here
            node = self._known[key] = _new(Node)
            node.op = op
            node.operands = args
            node.axis = axis
            node.place = 0
            node.name = ""
            node.home = self
            node.index = len(self.nodes)
            self.nodes.append(node)
        return node

    def _node(self, op: str, operands: tuple[Any, ...], axis: int, place: int) -> Node:
        node = _new(Node)
        node.op = op
        node.operands = operands
        node.axis = axis
        node.place = place
        node.name = ""
        node.home = self
        node.index = len(self.nodes)
        self.nodes.append(node)
        return node


_new = object.__new__


@contextmanager
def no_collection() -> Iterator[None]:
    """Within this block the garbage collector waits: many nodes are made, and none is garbage
    yet.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def behind(outputs: Iterable[Any]) -> list[Node]:
    """The nodes that the outputs need, arguments before their users, in the order they were
    made.
    """
    nodes = [x for x in outputs if type(x) is Node]
    if not nodes:
        return []
    needed = bytearray(len(nodes[0].home.nodes))
    for node in nodes:
        needed[node.index] = 1
    made = nodes[0].home.nodes
    for index in range(len(made) - 1, -1, -1):
        if needed[index]:
            for arg in made[index].operands:
                if type(arg) is not float:
                    needed[arg.index] = 1
    return [node for node in made if needed[node.index]]


def users(nodes: Sequence[Node], outputs: Iterable[Any]) -> list[int]:
    """How many operands and outputs each node is, by its index."""
    count = [0] * (len(nodes[-1].home.nodes) if nodes else 0)
    for node in nodes:
        for arg in node.operands:
            if type(arg) is not float:
                count[arg.index] += 1
    for x in outputs:
        if type(x) is Node:
            count[x.index] += 1
    return count


def rebuilt(builder: Builder, node: Node, args: tuple[Any, ...]) -> Any:
    """The same node over other operands."""
    if node.op == TOTAL:
        return builder.total(args[0], node.place)
    if node.op == TOTAL_PRODUCT:
        return builder.total_product(args[0], args[1], node.place)
    return builder.record(node.op, args)
