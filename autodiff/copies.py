"""Copies and pickles of graphs: flat, whatever the depth, and true to identity.

`copy.deepcopy` and `pickle` walk objects recursively and remember by identity what they have done.
Both are led here through the nodes in topological order, so that each node finds its arguments
done: roots and parameters that are copied together stay connected, and nothing recurses.
"""

import threading
from typing import Any

from autodiff.graph import topological
from autodiff.value import Value

_pickling = threading.local()  # .nodes: those that an outer node is pickling one after the other


def deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """A copy of the graph behind `root`; nodes that `memo` has already are not copied again."""
    for node in topological(root):
        if id(node) not in memo:
            args = tuple([memo[id(a)] if isinstance(a, Value) else a for a in node.args])
            memo[id(node)] = restore([], *_numbers(node), args, node.point)
    copy: Value = memo[id(root)]
    return copy


def reduce(root: Value) -> tuple[Any, ...]:
    """What pickle needs: the nodes behind `root` in order, then `root` itself.

    While that list is written, its nodes reduce to themselves alone, since their arguments came
    before. The last element of the list ends this.
    """
    in_hand: set[Value] = _pickling.__dict__.setdefault("nodes", set())
    earlier: list[Any] = []
    if root.args and root not in in_hand:
        earlier = topological(root)[:-1]
        in_hand.update(earlier)
        earlier.append(_End(earlier))
    return restore, (earlier, *_numbers(root), root.args, root.point)


class _End:
    """Ends the list of `reduce`: pickle comes to it when the nodes are written."""

    def __init__(self, nodes: list[Any]) -> None:
        self.nodes = list(nodes)

    def __reduce__(self) -> tuple[Any, ...]:
        _pickling.nodes.difference_update(self.nodes)
        return bool, ()


def restore(earlier: list[Any], *fields: Any) -> Value:
    """A node from its fields; `earlier` only had to be read before them."""
    node = Value.__new__(Value)
    node.data, node.grad, node.name, node.op, node.operands, node.point = fields
    return node


def _numbers(node: Value) -> tuple[float, float, str, str]:
    return node.data, node.grad, node.name, node.op
