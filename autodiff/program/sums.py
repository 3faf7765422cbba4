"""Sums of products: chains of + - * become one `inner` node each.

    w1*x1 + w2*x2 + b        ->    inner(w1, w2, b;  x1, x2, 1)

A chain is followed through sums, differences, minus signs and products that nobody else uses, so
nothing is computed twice. Order and rounding of a sum are not the recorded ones any more;
everything else is.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import gt

from autodiff import native
from autodiff.program.node import TOTAL_PRODUCT, Builder, Node, behind, rebuilt, users

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    Term = tuple[Any, Any]

SUMS = {"add", "sub", "inner"}
LONGER = SUMS | {"neg"}  # what a chain of more than two terms goes on with
FEW, MANY = 3, 8  # from so many terms on a sum is one node, with products among them and without


@native.fast_pass
def raise_sums(outputs: Sequence[Any]) -> list[Any]:
    """The outputs with every sum of products as one node."""
    nodes = behind(outputs)
    if not nodes:
        return list(outputs)
    builder = nodes[0].home
    count = users(nodes, outputs)
    heads, inside = _heads(nodes, count)
    fresh: list[Any] = [None] * len(builder.nodes)  # by index, as everything here
    for node in nodes:
        i, operands = node.index, node.operands
        if inside[i]:
            continue
        if i in heads:
            made = _inner(builder, heads[i], fresh)
        elif node.op == TOTAL_PRODUCT and (product := _product(builder, node, fresh)) is not None:
            made = builder.plain_total(product, node.place)  # it is needed anyhow
        else:
            made = node
            for x in operands:
                if type(x) is not float and fresh[x.index] is not x:
                    args = tuple([x if type(x) is float else fresh[x.index] for x in operands])
                    made = rebuilt(builder, node, args)
                    break
        fresh[i] = made
        if node.name and type(made) is Node and not made.name:
            made.name = node.name
    return [fresh[x.index] if type(x) is Node else x for x in outputs]


def _product(builder: Builder, total: Node, fresh: list[Any]) -> Any:
    """What adds up to a total of products, if it is computed as well."""
    product = builder.known("mul", total.operands)
    return None if product is None or product.index >= len(fresh) else fresh[product.index]


def _heads(nodes: list[Node], count: list[int]) -> tuple[dict[int, list[Term]], bytearray]:
    """The last node of each chain with the chain's terms, and which nodes go into a chain."""
    heads: dict[int, list[Term]] = {}
    inside = bytearray(len(count))
    for node in reversed(nodes):
        if node.op in SUMS and not inside[node.index] and _may_change(node, count):
            terms, absorbed = _terms(node, count)
            fewest = FEW if any(map(_is_product, terms)) else MANY
            if len(terms) >= fewest or node.op == "inner":
                heads[node.index] = terms
                for x in absorbed:
                    inside[x.index] = 1
    return heads, inside


def _may_change(head: Node, count: list[int]) -> bool:
    """Whether a chain may have more than two terms, or factors to be put in order: most have
    not, and this is quickly seen.
    """
    if head.op == "inner":
        half = len(head.operands) // 2
        ranks = list(map(_rank, head.operands))
        return any(map(gt, ranks[:half], ranks[half:]))
    for x in head.operands:
        if type(x) is not float and x.op in LONGER and count[x.index] == 1:
            return True
    return False


def _terms(head: Node, count: list[int]) -> tuple[list[Term], list[Node]]:
    """The products that a chain adds up, from left to right, and the nodes it consists of."""
    terms: list[Term] = []
    absorbed: list[Node] = []
    axis = head.axis
    stack: list[tuple[float, Any]] = [(1.0, head)]
    while stack:
        sign, x = stack.pop()
        if type(x) is float or x.axis != axis or (x is not head and count[x.index] != 1):
            terms.append((x, sign))
            continue
        op = x.op
        if op == "add" or op == "sub":
            stack.append((sign if op == "add" else -sign, x.operands[1]))
            stack.append((sign, x.operands[0]))
        elif op == "neg":
            stack.append((-sign, x.operands[0]))
        elif op == "mul":
            terms.append((x.operands[0], x.operands[1]) if sign == 1.0 else (x.operands, sign))
        elif op == "inner":
            half = len(x.operands) // 2
            for pair in zip(x.operands[:half], x.operands[half:], strict=True):
                terms.append(pair if sign == 1.0 else (pair, sign))
        else:
            terms.append((x, sign))
            continue
        if x is not head:
            absorbed.append(x)
    return terms, absorbed


def _is_product(term: Term) -> bool:
    return type(term[1]) is not float


def _rank(x: Any) -> int:
    """Shared factors stand left of varying ones, and left of constants."""
    return 1 if type(x) is float else 2 if x.axis else 0


def _inner(builder: Builder, terms: list[Term], fresh: list[Any]) -> Any:
    """The node for these terms; the sign of a term is put into one of its factors."""
    lefts, rights = [], []
    for x, y in terms:
        sign = 1.0
        if type(x) is tuple:
            (x, y), sign = x, y
        x = x if type(x) is float else fresh[x.index]
        y = y if type(y) is float else fresh[y.index]
        if sign == -1.0:
            x, y = (x, -y) if type(y) is float else (-x, y)
        if _rank(x) > _rank(y):
            x, y = y, x
        lefts.append(x)
        rights.append(y)
    return builder.record("inner", (*lefts, *rights))
