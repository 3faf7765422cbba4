"""A traced program as plain lists: what a Program keeps, pickles and loads into a builder for each
use.
"""

from __future__ import annotations

from collections.abc import Sequence

from autodiff.program.node import SHARED, Builder, Node, behind, rebuilt

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


class Tape:
    """The nodes behind some outputs, arguments before users; operands are places on the tape or
    floats.
    """

    def __init__(self, outputs: Sequence[Any]) -> None:
        nodes = behind(outputs)
        where = [0] * (1 + max((node.index for node in nodes), default=0))
        for i, node in enumerate(nodes):
            where[node.index] = i
        self.ops = [node.op for node in nodes]
        self.operands: list[tuple[Any, ...]] = [
            tuple([x if type(x) is float else where[x.index] for x in node.operands])
            for node in nodes
        ]
        self.axes = [node.axis for node in nodes]
        self.places = [node.place for node in nodes]
        self.names = {i: node.name for i, node in enumerate(nodes) if node.name}
        self.outputs: list[Any] = [x if type(x) is float else where[x.index] for x in outputs]

    def load(self, gated: bool, n_parameters: int) -> tuple[Builder, list[Any], list[Node]]:
        """A builder with these nodes in it, the outputs, and all parameters."""
        builder = Builder(gated)
        parameters = [builder.leaf("parameter", i, SHARED) for i in range(n_parameters)]
        made: list[Any] = []
        node = _new(Node)  # what `rebuilt` wants to see of a node
        for i, (op, operands) in enumerate(zip(self.ops, self.operands, strict=True)):
            name = self.names.get(i, "")
            if operands:
                args = tuple([x if type(x) is float else made[x] for x in operands])
                node.op, node.place = op, self.places[i]
                found = rebuilt(builder, node, args)
            else:
                found = builder.leaf(op, self.places[i], self.axes[i], name)
            if name and type(found) is Node and not found.name:
                found.name = name
            made.append(found)
        return builder, [x if type(x) is float else made[x] for x in self.outputs], parameters

    def decides_by_gates(self) -> bool:
        """Whether a comparison depends on a gate: then a nan that it holds back may not show."""
        marked: set[int] = set()
        for i, (op, operands) in enumerate(zip(self.ops, self.operands, strict=True)):
            behind = any(type(x) is int and x in marked for x in operands)
            if behind and op in COMPARISONS:
                return True
            if behind or op == "gate":
                marked.add(i)
        return False


COMPARISONS = {"less", "less_equal", "equal"}
_new = object.__new__
