"""What a picture consists of, before anyone decides where it goes: boxes, edges and a few words.

`fold` makes one from a graph; `dot`, `svg` and `network` put it on paper.
"""

from typing import NamedTuple

from autodiff.value import Value


class Box(NamedTuple):
    """One box: a leaf, a computed Value, one op, a group of Values, or a constant (plain small
    text)."""

    id: str  # n0, n1, ...: ours, never a name
    kind: str  # "leaf" | "computed" | "op" | "group" | "constant"
    title: str
    formula: str  # what it was computed from
    number: float | None  # None for a group of leaves
    gradient: float | None  # d y / d box, None for a constant
    cluster: tuple[str, ...] = ()  # the path of its name, outermost first
    size: int = 1  # how many nodes of the graph it stands for
    node: Value | None = None


class Edge(NamedTuple):
    """One use of a box by another, or several when there are too many to show."""

    id: str  # e0, e1, ...
    tail: str
    head: str
    flow: float  # the gradient that arrives at the tail along this edge
    uses: int = 1


class Picture(NamedTuple):
    """Boxes in topological order, edges in the order of operands."""

    level: str
    boxes: list[Box]
    edges: list[Edge]
    caption: str  # what ∂ and the colours mean here
    note: str = ""  # what was folded, if it was not asked for
