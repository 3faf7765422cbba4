"""Lowering: rows that a backend does not know are run on nodes and become rows that it knows.

A row written in op vocabulary runs on anything; its forward is tried first, since it is the
accurate one, then its textbook formula if it has one. A row whose forward is made of `math.*` or
chooses by `if` stays: the backend then calls it number by number. Differentiation comes before, so
the partials are the row's own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from autodiff.op import TABLE
from autodiff.program.node import TOTAL, TOTAL_PRODUCT, Node, behind, rebuilt

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

ALWAYS = frozenset((TOTAL, TOTAL_PRODUCT, "inner", ""))


def lower(outputs: Sequence[Any], known: Collection[str]) -> list[Any]:
    """The outputs over rows that are `known`, as far as that goes."""
    roots = [x for x in outputs if type(x) is Node]
    if not roots or roots[0].home.ops().difference(ALWAYS).issubset(known):
        return list(outputs)
    nodes = behind(outputs)
    fresh: dict[Node, Any] = {}
    for node in nodes:
        args = tuple([a if type(a) is float else fresh[a] for a in node.operands])
        if not args:
            fresh[node] = node
        elif node.op in known or node.op in ALWAYS:
            fresh[node] = rebuilt(node.home, node, args)
        else:
            fresh[node] = _run(node, args)
        if node.name and type(fresh[node]) is Node and not fresh[node].name:
            fresh[node].name = node.name
    return [fresh[x] if type(x) is Node else x for x in outputs]


def _run(node: Node, args: tuple[Any, ...]) -> Any:
    op = TABLE[node.op]
    try:
        found = op.forward(*args)
        if type(found) in (Node, float):
            return found
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        pass  # it wants numbers
    return node.home.record(node.op, args)
