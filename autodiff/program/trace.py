"""From a recorded graph to nodes: inputs vary from row to row, parameters are shared, all else is
constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autodiff import native
from autodiff.graph import check_recorded, topological
from autodiff.names import describe
from autodiff.op import number
from autodiff.program.lanes import Lanes, long_sums
from autodiff.program.node import Builder, Node
from autodiff.value import Value

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


def trace(
    outputs: Sequence[Value], leaves: Mapping[Value, Node], builder: Builder
) -> tuple[list[Any], list[list[float]]]:
    """A Node (or a float, where nothing varies) for each output; and the numbers of the lanes.

    `leaves` are the Values that stand for something. Lanes are looked for where no input varies.
    Raises ValueError, with the name, when a Value was given new data since the outputs were
    computed.
    """
    if all(leaf.op == "parameter" for leaf in leaves.values()):
        order, sums = long_sums(outputs, leaves)
        lanes = Lanes(sums)
        if lanes.sums:
            order = lanes.needed(outputs, order)
            return _in_order(order, outputs, leaves, builder, lanes), lanes.leaves
    return recorded(outputs, leaves, builder), []


@native.fast_pass
def recorded(outputs: Sequence[Value], leaves: Mapping[Value, Node], builder: Builder) -> list[Any]:
    """The same without lanes: each Value behind the outputs is recorded by itself."""
    order = topological(*outputs)
    behind = set(order)
    for x, leaf in leaves.items():
        if leaf.op == "input" and x not in behind:
            raise ValueError(f"no output depends on the input {describe(x)}")
    return _in_order(order, outputs, leaves, builder, None)


def _in_order(
    order: list[Value],
    outputs: Sequence[Value],
    leaves: Mapping[Value, Node],
    builder: Builder,
    lanes: Lanes | None,
) -> list[Any]:
    made: dict[Value, Any] = dict(leaves)
    record = builder.record
    checked = False
    for node in order:
        if node in made:
            continue
        if lanes is not None and node in lanes.sums:
            made[node] = lanes.record(node, builder, made)
            continue
        operands: tuple[Any, ...] = node.operands
        if not operands:
            made[node] = number(node.data)
            continue
        args = tuple([a if type(a) is float else made[a] for a in operands])
        now = tuple([a if type(a) is float else a.data for a in operands])
        if node.point != now and not checked:  # or a nan, which is not itself
            check_recorded(*outputs)
            checked = True
        result = made[node] = record(node.op, args)
        if node.name and type(result) is Node and not result.name and result.operands:
            result.name = node.name
    return [made[output] for output in outputs]
