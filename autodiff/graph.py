"""Walking a recorded graph: topological order, and the chain rule, written once.

    d root / d argument  +=  d root / d node  *  d node / d argument

`sweep` does this for anything that can be multiplied and added. Numbers flowing through it give
`backward()`; Values flowing through it give gradients that can be differentiated again
(`calculus.py`). Nothing recurses, so a graph may be a million nodes deep.

A node here is anything with `op`, `args`, `data` and `point`; an argument that is a plain float is
a constant.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from math import isfinite
from types import MappingProxyType

from autodiff.modes import MODES, created
from autodiff.op import TABLE, Op, legible, number

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


def topological(*roots: Any, stop: Container[Any] = (), right_first: bool = False) -> list[Any]:
    """Every node behind the roots, arguments before their users; nothing behind a node of `stop`.

    Left arguments come first, as one reads; `right_first` turns that round, so that the list read
    backwards, as the chain rule does, meets left arguments first again.
    """
    order: list[Any] = []
    seen: set[Any] = set()
    for root in roots:
        waiting = [root]  # a node above None has had its arguments, all above it are still to come
        while waiting:
            node = waiting.pop()
            if node is None:
                order.append(waiting.pop())
            elif node not in seen:
                seen.add(node)
                operands = node.operands
                if operands and (node not in stop or node in roots):
                    waiting += node, None
                    for arg in operands if right_first else operands[::-1]:
                        if type(arg) is not float and arg not in seen:
                            waiting.append(arg)
                else:
                    order.append(node)
    return order


def sweep(root: Any, seed: Any, order: list[Any], local: Any) -> dict[Any, Any]:
    """The chain rule: d root / d node, for every node of `order` that something flows to.

    `local(node)` gives (argument, d node / d argument) pairs; `seed` is d root / d root. Whatever
    the two are made of needs `*` and `+`.
    """
    adjoints = {root: seed}
    for node in reversed(order):
        if node.operands and node in adjoints:
            adjoint = adjoints[node]
            for arg, slope in local(node):
                if arg in adjoints:
                    adjoints[arg] += adjoint * slope
                else:
                    adjoints[arg] = adjoint * slope
    return adjoints


def local_slopes(node: Any) -> list[tuple[Any, float]]:
    """(argument, d node / d argument) as numbers, at the recorded point."""
    op, out, point = TABLE[node.op], node.data, node.point
    slopes = []
    # Unrolled for one and two operands, nearly all nodes: a call f(*point) costs as much as f.
    if op.arity == 1:
        (x,), (arg,), (only,) = point, node.operands, op.partials
        slope = only if type(only) is float or only is None else only(out, x)
        return [(arg, slope)] if slope or (slope is not None and not op.selects) else []
    if op.arity == 2:
        (x, y), (left, right), (first, second) = point, node.operands, op.partials
        if type(left) is not float and first is not None:
            slopes.append((left, first if type(first) is float else first(out, x, y)))
        if type(right) is not float and second is not None:
            slopes.append((right, second if type(second) is float else second(out, x, y)))
    else:
        partials = op.partials or op.all_partials(out, *point)
        for arg, partial in zip(node.operands, partials, strict=True):
            if type(arg) is not float and partial is not None:
                slopes.append((arg, partial if type(partial) is float else partial(out, *point)))
    if op.selects:  # a branch not taken gets nothing, not 0 times something
        return [pair for pair in slopes if pair[1]]
    return slopes


def evaluate(root: Any, given: Mapping[Any, float] = MappingProxyType({})) -> dict[Any, Any]:
    """(data, point) of every node behind `root`, computed anew; `given` puts numbers in place of
    nodes.

    The graph itself is not changed.
    """
    fresh: dict[Any, tuple[float, tuple[float, ...]]] = {}
    strict = "strict" in MODES.get()
    for node in topological(root, stop=given):
        if node in given:
            fresh[node] = given[node], node.point
        elif not node.operands:
            fresh[node] = number(node.data), ()
        else:
            op = TABLE[node.op]
            point = tuple([a if type(a) is float else fresh[a][0] for a in node.operands])
            data = float(op.forward(*point))
            if strict and created(data, point):
                raise FloatingPointError(
                    f"{call_text(op, node.operands, point, node.name)} is {data}"
                )
            fresh[node] = data, point
    return fresh


def check_recorded(*roots: Any) -> None:
    """Raise ValueError, with the name, if a Value was given new data since the roots were
    computed."""
    if roots:
        check_order(roots[0], topological(*roots))


def check_order(root: Any, order: list[Any]) -> None:
    """The same, of all nodes of `order`."""
    for node in order:
        for arg, seen in zip(node.operands, node.point, strict=True):
            if type(arg) is not float and arg.data != seen:
                _refuse_changed(arg, seen, root)


def check_interior(root: Any, order: list[Any]) -> None:
    """Raise ValueError if a node was computed again, through another root, without its users.

    New data of a leaf is no harm to `backward`, which belongs to the recorded point; but then each
    node has to belong to the same point.
    """
    for node in order:
        for arg, seen in zip(node.operands, node.point):  # noqa: B905 - speed
            if type(arg) is not float and arg.data != seen and arg.operands:
                _refuse_changed(arg, seen, root)


def _refuse_changed(arg: Any, seen: float, root: Any) -> None:
    if arg.data != arg.data and seen != seen:
        return  # nan then and now
    raise ValueError(
        f"{legible(arg.name) or 'an unnamed Value'} changed since "
        f"{legible(root.name) or 'the result'} was computed "
        f"({seen!r}, now {arg.data!r}): call {legible(root.name) or 'its'}.forward()"
    )


def refuse_nonfinite(adjoints: dict[Any, float], order: list[Any]) -> None:
    """Raise at the node where the first non-finite gradient arises."""
    for node in reversed(order):
        if node not in adjoints:
            continue
        adjoint = adjoints[node]
        if not isfinite(adjoint):  # each of its parts was
            raise FloatingPointError(
                f"the gradients that reach {node.name or 'a node'} add up to {adjoint}"
            )
        for arg, slope in local_slopes(node) if node.operands else ():
            if not isfinite(adjoint * slope):
                call = call_text(TABLE[node.op], node.operands, node.point, node.name)
                raise FloatingPointError(
                    f"the gradient of {call} with respect to {arg.name or 'its argument'} "
                    f"is {slope}, times {adjoint} from above"
                )


def call_text(op: Op, args: tuple[Any, ...], point: tuple[float, ...], name: str = "") -> str:
    names = (legible(getattr(arg, "name", "")) for arg in args)
    shown = (f"{n}{'=' if n else ''}{x!r}" for n, x in zip(names, point, strict=True))
    return f"{legible(name)}{' = ' if name else ''}{op.name}({', '.join(shown)})"
