"""A traced program as plain lists: what a Program keeps, pickles and loads into a builder for each
use.
"""

from __future__ import annotations

from collections.abc import Sequence

from autodiff import native
from autodiff.program.node import SHARED, Builder, Node, behind, rebuilt

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    Columns = tuple[
        list[str], list[tuple[Any, ...]], list[int], list[int], dict[int, str], list[Any]
    ]


class Tape:
    """The nodes behind some outputs, arguments before users; operands are places on the tape or
    floats.
    """

    def __init__(self, outputs: Sequence[Any]) -> None:
        self.ops, self.operands, self.axes, self.places, self.names, self.outputs = columns(outputs)

    def load(self, gated: bool, n_parameters: int) -> tuple[Builder, list[Any], list[Node]]:
        """A builder with these nodes in it, the outputs, and all parameters."""
        builder = Builder(gated)
        parameters = [builder.leaf("parameter", i, SHARED) for i in range(n_parameters)]
        given = self.ops, self.operands, self.axes, self.places, self.names, self.outputs
        return builder, loaded(builder, given), parameters

    def decides_by_gates(self) -> bool:
        """Whether a comparison depends on a gate: then a nan that it holds back may not show."""
        ops = set(self.ops)
        if "gate" not in ops or ops.isdisjoint(COMPARISONS):
            return False
        marked: set[int] = set()
        for i, (op, operands) in enumerate(zip(self.ops, self.operands, strict=True)):
            behind = any(type(x) is int and x in marked for x in operands)
            if behind and op in COMPARISONS:
                return True
            if behind or op == "gate":
                marked.add(i)
        return False


@native.fast_pass
def columns(outputs: Sequence[Any]) -> Columns:
    """What a tape keeps: ops, operands, axes, places, names and outputs."""
    nodes = behind(outputs)
    where = [0] * (1 + max((node.index for node in nodes), default=0))
    for i, node in enumerate(nodes):
        where[node.index] = i
    operands: list[tuple[Any, ...]] = [
        tuple([x if type(x) is float else where[x.index] for x in node.operands]) for node in nodes
    ]
    return (
        [node.op for node in nodes],
        operands,
        [node.axis for node in nodes],
        [node.place for node in nodes],
        {i: node.name for i, node in enumerate(nodes) if node.name},
        [x if type(x) is float else where[x.index] for x in outputs],
    )


@native.fast_pass
def loaded(builder: Builder, given: Columns) -> list[Any]:
    """The outputs of a tape with these columns, and what they need, in a builder."""
    ops, each, axes, places, names, outputs = given
    made: list[Any] = []
    node = _new(Node)  # what `rebuilt` wants to see of a node
    for i, (op, operands) in enumerate(zip(ops, each, strict=True)):
        name = names.get(i, "")
        if operands:
            args = tuple([x if type(x) is float else made[x] for x in operands])
            node.op, node.place = op, places[i]
            found = rebuilt(builder, node, args)
        else:
            found = builder.leaf(op, places[i], axes[i], name)
        if name and type(found) is Node and not found.name:
            found.name = name
        made.append(found)
    return [x if type(x) is float else made[x] for x in outputs]


COMPARISONS = {"less", "less_equal", "equal"}
_new = object.__new__
