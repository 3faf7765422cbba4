"""Copies and pickles of graphs: flat, whatever the depth, and true to identity.

`copy.deepcopy` and `pickle` walk objects recursively and remember by identity what they have done.
Both are led here through the nodes in topological order, so that each node finds its arguments
done: roots and parameters that are copied together stay connected, and nothing recurses.
"""

import threading
from typing import Any
from weakref import WeakSet

from autodiff.graph import topological
from autodiff.value import Value

_pickling = threading.local()  # .ends: of the lists of nodes that are being written


def deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """A copy of the graph behind `root`; what `memo` has already is not looked at again."""
    for node in topological(root, stop=_Copied(memo)):
        if id(node) not in memo:
            args = tuple([memo[id(a)] if isinstance(a, Value) else a for a in node.args])
            memo[id(node)] = restore([], *_numbers(node), args, node.point)
    copy: Value = memo[id(root)]
    return copy


class _Copied:
    """The nodes that a memo of `copy.deepcopy` has."""

    def __init__(self, memo: dict[int, Any]) -> None:
        self.memo = memo

    def __contains__(self, node: object) -> bool:
        return id(node) in self.memo


def reduce(root: Value) -> tuple[Any, ...]:
    """What pickle needs: the nodes behind `root` in order, then `root` itself.

    While that list is written, its nodes reduce to themselves alone, since their arguments came
    before. The last element of the list ends this; and when pickling breaks off, the list is freed
    and its end with it.
    """
    ends: WeakSet[_End] = _pickling.__dict__.setdefault("ends", WeakSet())
    earlier: list[Any] = []
    if root.args and not any(root in end.nodes for end in ends):
        earlier = topological(root)[:-1]
        end = _End(earlier)
        ends.add(end)
        earlier.append(end)
    return restore, (earlier, *_numbers(root), root.args, root.point)


class _End:
    """Ends the list of `reduce`: pickle comes to it when the nodes are written."""

    def __init__(self, nodes: list[Any]) -> None:
        self.nodes = set(nodes)

    def __reduce__(self) -> tuple[Any, ...]:
        self.nodes.clear()
        return bool, ()


def restore(earlier: list[Any], *fields: Any) -> Value:
    """A node from its fields; `earlier` only had to be read before them."""
    node = Value.__new__(Value)
    node.data, node.grad, node.name, node.op, node.operands, node.point = fields
    return node


def _numbers(node: Value) -> tuple[float, float, str, str]:
    return node.data, node.grad, node.name, node.op
