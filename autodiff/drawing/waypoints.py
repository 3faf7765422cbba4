"""A graph made ready to be stepped through: its boxes, and how each one moves the next.

Between two neighbouring boxes there is one local derivative, recorded as a Value by the one chain
rule (`autodiff.calculus`). It is read twice: as a formula, and as code. So what a page shows, and
what it computes when a leaf is moved, cannot differ.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from autodiff.calculus import gradients
from autodiff.drawing.fold import Folded, all_names, fold
from autodiff.drawing.picture import Box, Picture
from autodiff.export import export
from autodiff.formula.symbols import free_name
from autodiff.graph import topological
from autodiff.modes import recording
from autodiff.op import TABLE
from autodiff.value import Value

LARGEST = 20_000  # nodes, up to which a page carries the code that recomputes them
FUNCTION = "recompute"


class Pair(NamedTuple):
    """How one box moves another: d upper / d lower."""

    upper: Value
    lower: Value
    slope: Value | float
    selects: bool  # nothing flows where it is zero, not even 0 times infinity


class Waypoints:
    """The boxes of the named level, in topological order, and the pairs among them.

    * `picture`: the boxes with formulas and numbers; when it had to be folded (`stepping` is
      False) there are no pairs.
    * `names`: a label for every box, `y` for a root without one.
    * `code`: JavaScript of a function of the leaves, returning `outputs`; or "" and `why`.
    """

    def __init__(self, y: Value, extra: Mapping[Value, str]) -> None:
        self.root = y
        self.picture: Picture = fold(y, "named", extra)
        self.stepping = self.picture.level == "named"
        graph = Folded(y, extra)
        self.paths = graph.paths
        self.size = len(graph.order)
        self.boxes: list[Box] = self.picture.boxes
        self.values = [box.node for box in self.boxes if box.node is not None]
        heads = graph.heads() if self.stepping else []
        self.names = all_names(graph, heads)
        self.names.setdefault(y, free_name("y", self.names.values()))
        with recording():
            self.pairs = [pair for head in heads for pair in _pairs(head, set(heads))]
        self.leaves = [head for head in heads if not head.args]
        self.outputs: dict[Value, int] = {}
        self.code, self.why = self._exported() if self.stepping else ("", self.picture.note)

    def _exported(self) -> tuple[str, str]:
        """The code, and why there is none."""
        slopes = [pair.slope for pair in self.pairs if isinstance(pair.slope, Value)]
        wanted = dict.fromkeys([*(v for v in self.values if v.args), *slopes])
        outputs = [value for value in wanted if value not in self.leaves]
        if not outputs:
            return "", "there is nothing to compute"
        if len(topological(*outputs)) > LARGEST:
            return "", f"{self.size:,} nodes are too many for the page to recompute"
        try:
            text = export(outputs, self.leaves, "javascript", name=FUNCTION)
        except ValueError as error:  # a row of the user's that only Python can compute
            return "", str(error)
        self.outputs = {value: i for i, value in enumerate(outputs)}
        return text, ""

    def source(self, number: Value | float) -> Any:
        """Where a page finds a number: ["box", i], ["output", i], or itself when it is constant."""
        if not isinstance(number, Value):
            return number
        if number in self.outputs:
            return ["output", self.outputs[number]]
        if number in self.leaves:
            return ["box", self.values.index(number)]
        return number.data


def _pairs(head: Value, heads: set[Value]) -> list[Pair]:
    """The boxes that a box was computed from, with the local derivatives."""
    inside = topological(head, stop=heads)
    lower = [node for node in inside if node in heads and node is not head]
    mine = [node for node in inside if node.op and (node not in heads or node is head)]
    selects = any(TABLE[node.op].selects for node in mine)
    found = gradients(head, lower, stop=heads) if lower else []
    return [Pair(head, x, slope, selects) for x, slope in zip(lower, found, strict=True)]
