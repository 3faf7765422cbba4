"""Gradients of a program, by the one chain rule (`autodiff.graph.sweep`) with Nodes flowing
through it.

The only thing that a graph of single numbers does not have: a parameter is one number and its
users are many, one for each row of X. So what arrives at a shared node from a varying one is added
up over the axis.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from autodiff import native
from autodiff.calculus import Choice, Flow
from autodiff.graph import sweep
from autodiff.op import TABLE
from autodiff.program.node import SHARED, TOTAL, TOTAL_PRODUCT, Node, behind

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


class Leaving:
    """A slope on the way from `node`, which varies along an axis, to an operand that does not."""

    __slots__ = ("node", "slope")

    def __init__(self, node: Node, slope: Any) -> None:
        self.node = node
        self.slope = slope


class AxisFlow(Flow):
    """A flow that is added up over the axis it leaves. It arrives where any entry of it does."""

    __slots__ = ()

    def __mul__(self, slope: Any) -> Flow:
        if type(slope) is Node and self.reach is None:  # most of them
            above: Any = self.adjoint
            if type(above) is Node:
                above = above.home.record("mul", (above, slope))
            else:
                above = slope if above == 1.0 else above * slope
            return AxisFlow(above)
        if type(slope) is not Leaving:
            flow = Flow.__mul__(self, slope)
            return AxisFlow(flow.adjoint, flow.reach)
        adjoint: Any = self.adjoint
        inside: Any = slope.slope
        if self.reach is None and type(inside) is Node and type(adjoint) is Node:
            home, axis = adjoint.home, slope.node.axis
            if adjoint.axis == inside.axis == axis:  # not as products first
                total: Any = home.total_product(adjoint, inside, axis)
                return AxisFlow(total)
        flow = Flow.__mul__(self, slope.slope)
        home, axis = slope.node.home, slope.node.axis
        reach = None if flow.reach is None else home.total(flow.reach, axis)
        return AxisFlow(home.total(flow.adjoint, axis), reach)

    def __add__(self, other: Flow) -> Flow:
        if self.reach is None:
            left: Any = self.adjoint
            right: Any = other.adjoint
            if type(left) is Node and type(right) is Node:
                return AxisFlow(left.home.record("add", (left, right)))
            return AxisFlow(left + right)
        flow = Flow.__add__(self, other)
        return AxisFlow(flow.adjoint, flow.reach)


def local_slopes(wanted: Collection[Node]) -> Callable[[Node], list[tuple[Node, Any]]]:
    """`local` for `sweep`: (operand, d node / d operand) as Nodes, for the operands in `wanted`."""

    def local(node: Node) -> list[tuple[Node, Any]]:
        if node.op == TOTAL:  # d(x1 + x2 + ...)/dx is 1 for every entry
            return [(x, 1.0) for x in node.operands if x in wanted]
        if node.op == TOTAL_PRODUCT:  # d(x1*y1 + x2*y2 + ...)/dx is y, entry by entry
            x, y = node.operands
            return [(arg, slope) for arg, slope in ((x, y), (y, x)) if arg in wanted]
        op = TABLE[node.op]
        axis = node.axis
        slopes: list[tuple[Node, Any]] = []
        partials = op.partials or op.all_partials(node, *node.operands)
        for arg, partial in zip(node.operands, partials, strict=True):
            if type(arg) is Node and arg in wanted and partial is not None:
                slope = partial(node, *node.operands) if callable(partial) else partial
                if op.selects and type(slope) is float:
                    if slope == 0.0:
                        continue
                elif op.selects and node.home.gated:
                    slope = Choice(slope)
                elif op.selects:
                    node.home.dropped = True
                slopes.append((arg, Leaving(node, slope) if axis != arg.axis else slope))
        return slopes

    return local


@native.fast_pass
def gradients(y: Node | float, xs: Sequence[Node]) -> list[Any]:
    """dy/dx for each x: Nodes, or floats where nothing varies. All of them are shared."""
    order = behind([y])
    wanted = set(xs)
    for node in order:  # from the leaves up: whatever an x flows into is wanted
        if not wanted.isdisjoint(node.operands):
            wanted.add(node)
    if type(y) is not Node or y not in wanted:
        return [0.0 for _ in xs]
    assert y.axis == SHARED
    path = [node for node in order if node in wanted]
    flows = sweep(y, AxisFlow(1.0), path, local_slopes(wanted))
    return [flows[x].adjoint if x in flows else 0.0 for x in xs]
