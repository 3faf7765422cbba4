"""Grouping: nodes on the same level that do the same to operands of the same kind become one array
operation.

The level of a node is the length of the longest way up from the leaves, so nodes of one level do
not need each other. A dense layer falls out as one group of `inner` nodes that share their
operands, its gradients as one group of `total_product` whose factors form a grid; nothing here
knows what a neuron is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from operator import gt

from autodiff.program.node import SHARED, TOTAL, TOTAL_PRODUCT, Node

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

TOTALS = {TOTAL, TOTAL_PRODUCT}

# Rows over one set of operands of which the first is singled out: members of one set belong
# together.
SHARES = {"logsumexp_share", "softmax_share", "softmax_rest"}
LATE = "relu_slope"  # computed from what is kept for other reasons: cheaper than to be kept too
NUMBER = -1 << 30  # among the numbers of groups and, below 0, of axes
INPUT = -1  # the space of the rows of X, which belong to the user
MEMBERS_PER_SET = 4  # sums over different operands stay in one group unless each set has so many


class Group:
    """Nodes that one array operation computes."""

    __slots__ = ("axis", "level", "nodes", "op")

    def __init__(self, level: int, nodes: list[Node]) -> None:
        self.op = nodes[0].op
        self.axis = nodes[0].axis
        self.level = level
        self.nodes = nodes


def group(nodes: Sequence[Node]) -> list[Group]:
    """The groups of all nodes that are no leaves, in an order in which they can be computed."""
    if not nodes:
        return []
    levels = _levels(nodes)
    by_level: list[list[Node]] = [[] for _ in range(max(levels) + 1)]
    found: list[Group] = []
    # By the index of a node: its group, or minus its kind of leaf; its position among all members.
    member_of = [0] * len(levels)
    rank = [0] * len(levels)
    position = 0
    late: list[Node] = []  # the last ones of their level
    for node in nodes:
        if node.operands:
            (late if node.op == LATE else by_level[levels[node.index]]).append(node)
        else:
            member_of[node.index] = -1 - node.axis
            rank[node.index] = node.place
    for node in late:
        by_level[levels[node.index]].append(node)
    for level, there in enumerate(by_level):
        alike: dict[Any, list[Node]] = {}
        for node in there:
            key = _key(node, member_of)
            if key in alike:
                alike[key].append(node)
            else:
                alike[key] = [node]
        for members in _partners_together(alike.values()):
            for part in _split(members):
                if len(part) > 1:
                    order = [_rank_of(node, rank) for node in part]
                    if any(map(gt, order, islice(order, 1, None))):
                        part.sort(key=dict(zip(part, order, strict=True)).__getitem__)
                number = len(found)
                for node in part:
                    position += 1
                    member_of[node.index] = number
                    rank[node.index] = position
                found.append(Group(level, part))
    return found


def _levels(nodes: Sequence[Node]) -> list[int]:
    """The level of each node, by its index: as early as possible; what is shared and no total, and
    slopes of relu, as late as possible.

    So the last steps towards the gradients of all parameters are on one level, whatever layer they
    are of.
    """
    levels = [0] * (nodes[-1].index + 1)
    for node in nodes:
        level = 0
        for arg in node.operands:
            if type(arg) is not float and levels[arg.index] >= level:
                level = levels[arg.index] + 1
        levels[node.index] = level
    late = [max(levels)] * len(levels)
    for node in reversed(nodes):
        operands = node.operands
        if operands:
            i = node.index
            if (node.axis == SHARED and node.op not in TOTALS) or node.op == LATE:
                levels[i] = late[i]
            below = levels[i] - 1
            for arg in operands:
                if type(arg) is not float and late[arg.index] > below:
                    late[arg.index] = below
    return levels


def _key(node: Node, member_of: list[int]) -> Any:
    """What nodes of one group have in common."""
    op, axis, operands = node.op, node.axis, node.operands
    if op in TOTALS:
        return (op, *[member_of[x.index] for x in operands])
    if op == "inner" and axis == SHARED:
        return op, axis, len(operands)
    if op == "inner":
        half = len(operands) // 2
        there = [NUMBER if type(x) is float else member_of[x.index] for x in operands[half:]]
        return (op, axis, *map(space, operands[:half]), *there)
    if op in SHARES:
        return (op, *[x if type(x) is float else (x.index,) for x in sorted_operands(operands)])
    if len(operands) == 2:  # most of them
        x, y = operands
        return op, axis, -9 if type(x) is float else space(x), -9 if type(y) is float else space(y)
    return (op, axis, *[-9 if type(x) is float else space(x) for x in operands])


def _rank_of(node: Node, rank: list[int]) -> int:
    """Members stand in the order of what they are made of, so that columns are regular."""
    operands = node.operands
    first = operands[0]
    found = -1 if type(first) is float else rank[first.index]
    if len(operands) == 1:
        return found
    second = operands[len(operands) // 2 if node.op == "inner" else 1]
    return (found << 40) + (-1 if type(second) is float else rank[second.index])


def space(x: Any) -> int:
    """Where a number lives: with its axis, or, for inputs, with the user."""
    return SHARED if type(x) is float else INPUT if x.op == "input" else x.axis


def sorted_operands(xs: Sequence[Any]) -> list[Any]:
    """The operands of a share in an order that does not depend on which one is singled out."""
    return sorted(xs, key=lambda x: (0, x) if type(x) is float else (1, x.index))


def _partners_together(groups: Collection[list[Node]]) -> list[list[Node]]:
    """Groups over the same operands, like a function and its slope, one after the other."""
    if len(groups) == 1:
        return list(groups)
    partners: dict[Any, list[list[Node]]] = {}
    for members in groups:
        operands = members[0].operands
        key = (operands[0], len(operands))
        if key in partners:
            partners[key].append(members)
        else:
            partners[key] = [members]
    return [members for together in partners.values() for members in together]


def _split(members: list[Node]) -> list[list[Node]]:
    """Sums of products over different operands, as one part for each list of operands if that is
    worth it.
    """
    if members[0].op != "inner" or len(members) == 1:
        return [members]
    half = len(members[0].operands) // 2
    sets: dict[tuple[Any, ...], list[Node]] = {}
    for node in members:
        sets.setdefault(node.operands[half:], []).append(node)
    return list(sets.values()) if len(members) >= MEMBERS_PER_SET * len(sets) else [members]
