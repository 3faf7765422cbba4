"""A recorded graph folded into a picture that can be read.

*op*: every node is a box. *named* (the default): an unnamed op belongs to the Value it flows into,
so a box holds a formula, as on a board. An unnamed Value that flows into several boxes is a box of
its own. A picture of more than `MOST` boxes is folded further (`groups`), and says so.

Gradients are d y / d node, computed here and kept here: a picture is complete without
`backward()`, and touches no `.grad`.
"""

from collections.abc import Mapping

from autodiff.drawing.lettering import plain
from autodiff.drawing.picture import Box, Edge, Picture
from autodiff.formula import formula_text
from autodiff.graph import check_recorded, local_slopes, sweep, topological
from autodiff.names import labels
from autodiff.op import CALL, TABLE
from autodiff.value import Value

MOST = 400  # boxes that can still be taken in, and laid out in a second
PARALLEL = 3  # edges between the same two boxes, before they become one
NESTED = 4  # clusters within clusters
LONG = 60  # operands of a formula that is still written out


class Folded:
    """A graph with its gradients, names and owners: the box that each node belongs to."""

    def __init__(self, y: Value, extra: Mapping[Value, str], every: bool = False) -> None:
        check_recorded(y)
        self.root = y
        self.order: list[Value] = topological(y)
        self.names = labels([y], extra)
        self.paths = {node: node.name or extra.get(node, "") for node in self.names}
        self.adjoints: dict[Value, float] = sweep(y, 1.0, self.order, local_slopes)
        self.home = self._homes()
        self.owner = {node: node for node in self.order} if every else self.home

    def _homes(self) -> dict[Value, Value]:
        """From the root down: a Value without a name belongs to its only user, or to itself."""
        home = {node: node for node in self.names} | {self.root: self.root}
        for node in reversed(self.order):
            for arg in node.operands:
                if not isinstance(arg, Value) or arg in self.names:
                    continue
                if home.setdefault(arg, home[node]) is not home[node]:
                    home[arg] = arg
        return home

    def heads(self) -> list[Value]:
        """The Values that are boxes, in topological order."""
        return [node for node in self.order if self.owner[node] is node]

    def gradient(self, node: Value) -> float:
        return self.adjoints.get(node, 0.0)

    def flows(self) -> list[tuple[Value, Value, float]]:
        """(argument, user, gradient that arrives along this use) for every use between two
        boxes."""
        found: list[tuple[Value, Value, float]] = []
        for node in self.order:
            head = self.owner[node]
            if not any(isinstance(a, Value) and self.owner[a] is not head for a in node.args):
                continue
            slopes: dict[Value, list[float]] = {}
            for arg, slope in local_slopes(node) if node in self.adjoints else ():
                slopes.setdefault(arg, []).append(slope)
            for arg in node.args:
                if isinstance(arg, Value) and self.owner[arg] is not head:
                    several = slopes.get(arg, [0.0])
                    slope = several.pop(0) if len(several) > 1 else several[0]
                    flow = self.gradient(node) * slope
                    found.append((self.owner[arg], head, flow))
        return found

    def clusters(self) -> dict[Value, tuple[str, ...]]:
        """The path of each node: that of its name, or what the Values it flows into have in
        common."""
        found: dict[Value, tuple[str, ...]] = {}
        common: dict[Value, tuple[str, ...]] = {}
        for node in reversed(self.order):
            path = self.paths.get(node)
            found[node] = mine = cluster_of(path) if path else common.get(node, ())
            for arg in node.operands:
                if isinstance(arg, Value) and arg not in self.names:
                    common[arg] = _shared(common[arg], mine) if arg in common else mine
        return found


def cluster_of(path: str) -> tuple[str, ...]:
    """The parts of a dotted path before the last dot, as names of nested clusters."""
    parts = [plain(part) for part in path.split(".")[:-1] if part.strip()]
    return tuple([*parts[:NESTED], ".".join(parts[NESTED:])] if len(parts) > NESTED else parts)


def fold(y: Value, level: str, extra: Mapping[Value, str]) -> Picture:
    """The picture of everything behind y at level "named" or "op"."""
    from autodiff.drawing.groups import grouped

    graph = Folded(y, extra, every=level == "op")
    heads = graph.heads()
    if level != "op" and len(heads) > MOST:
        return grouped(graph)
    boxes = _op_boxes(graph) if level == "op" else _named_boxes(graph, heads)
    ids = {box.node: box.id for box in boxes if box.node is not None}
    uses = [(ids[tail], ids[head], flow) for tail, head, flow in graph.flows()]
    if level == "op":
        uses = _with_constants(graph, boxes, ids, uses)
    note = ""
    if len(boxes) > MOST:
        note = f"{len(boxes):,} boxes take long to lay out; level='named' folds them"
    unwritten = max(box.size for box in boxes)
    if unwritten > LONG:
        note = f"one box holds {unwritten:,} nodes without a name; name some, or see level='op'"
    return Picture(level, boxes, edges_of(uses), caption(graph), note)


def caption(graph: Folded) -> str:
    """What the picture shows of gradients."""
    name = plain(graph.names.get(graph.root, "")) or "y"
    return f"∂ is ∂{name}/∂(box): orange +, blue −; each decade paler, over three decades"


def edges_of(uses: list[tuple[str, str, float]], parallel: int = PARALLEL) -> list[Edge]:
    """One edge for each use; where a box is used very often by another, one for all of them."""
    together: dict[tuple[str, str], list[float]] = {}
    for tail, head, flow in uses:
        together.setdefault((tail, head), []).append(flow)
    edges: list[Edge] = []
    for (tail, head), flows in together.items():
        if len(flows) <= parallel:
            edges += [Edge(f"e{len(edges) + i}", tail, head, f) for i, f in enumerate(flows)]
        else:
            edges.append(Edge(f"e{len(edges)}", tail, head, sum(flows), len(flows)))
    return edges


def _named_boxes(graph: Folded, heads: list[Value]) -> list[Box]:
    size: dict[Value, int] = {}
    operands: dict[Value, int] = {}  # of the formula, written out as a tree: may be astronomical
    for node in graph.order:
        head = graph.owner[node]
        size[head] = size.get(head, 0) + 1
        inner = [a for a in node.args if isinstance(a, Value) and graph.owner[a] is not a]
        operands[node] = min(LONG + 1, len(node.args) + sum(operands[a] for a in inner))
    names = all_names(graph, heads)
    clusters = graph.clusters()
    boxes = []
    for i, head in enumerate(heads):
        formula = ""
        if head.op and operands[head] <= LONG:
            formula = plain(formula_text(head, {n: t for n, t in names.items() if n is not head}))
        elif head.op:
            formula = f"{size[head]:,} ops"
        kind = "computed" if head.op else "leaf"
        title = plain(names.get(head, ""))
        boxes.append(
            Box(f"n{i}", kind, title, formula, float(head.data), graph.gradient(head),
                clusters[head], size[head], head)
        )  # fmt: skip
    return boxes


def all_names(graph: Folded, heads: list[Value]) -> dict[Value, str]:
    """The labels, and v1, v2, ... for boxes without a name, so that formulas can refer to them."""
    names = dict(graph.names)
    taken = set(names.values())
    number = 0
    for head in heads:
        if head not in names and head is not graph.root:
            number += 1
            while f"v{number}" in taken:
                number += 1
            names[head] = f"v{number}"
    return names


def _op_boxes(graph: Folded) -> list[Box]:
    clusters = graph.clusters()
    return [
        Box(f"n{i}", "op" if node.op else "leaf", plain(graph.names.get(node, "")),
            plain(_call(graph, node)), float(node.data), graph.gradient(node),
            clusters[node], 1, node)
        for i, node in enumerate(graph.order)
    ]  # fmt: skip


def _call(graph: Folded, node: Value) -> str:
    """One op as it is written, with a dot for each operand that has no name."""
    if not node.op:
        return ""
    op = TABLE[node.op]
    shown = [
        graph.names.get(arg, "•") if isinstance(arg, Value) else f"{arg:g}" for arg in node.args
    ]
    sign = {"*": "·", "-": "−", "**": "^"}.get(op.spelling, op.spelling)
    if op.precedence == CALL or len(shown) > 2:
        many = [*shown[:3], "…"] if len(shown) > 4 else shown
        return f"{op.spelling or op.name}({', '.join(many)})"
    return f"{shown[0]} {sign} {shown[1]}" if len(shown) == 2 else f"{sign}{shown[0]}"


def _with_constants(
    graph: Folded, boxes: list[Box], ids: dict[Value, str], uses: list[tuple[str, str, float]]
) -> list[tuple[str, str, float]]:
    """Add a small text for every plain number among the operands, and its use."""
    heads = {box.id: box for box in boxes}
    for node in graph.order:
        for arg in node.args:
            if not isinstance(arg, Value):
                place = heads[ids[node]].cluster
                constant = Box(f"n{len(boxes)}", "constant", "", "", float(arg), None, place)
                boxes.append(constant)
                uses.append((constant.id, ids[node], 0.0))
    return uses


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return one[:same]
