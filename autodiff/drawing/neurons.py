"""Finding the network in a graph: which neurons there are, in what columns, and which weights
join them.

A neuron is what shares a dotted path: `hidden.h1.sum_h1` and `hidden.h1.out_h1` are h1 of layer
hidden. The factor that a neuron multiplies another one's output with is the weight of the edge
between them. Which leaf of `i1*w1` is the input, and which the weight, is inferred: a weight has
the path of its neuron, or feeds fewer neurons than an input does, or is called w.
"""

from collections.abc import Mapping
from typing import NamedTuple

from autodiff.drawing.fold import Folded, cluster_of
from autodiff.drawing.lettering import plain
from autodiff.value import Value

Pair = tuple[Value | float, Value | float | None]  # what comes in, and what it is multiplied with


class Cell(NamedTuple):
    """An input, a neuron or the result; its numbers are means where several samples share it."""

    key: str
    kind: str  # "input" | "neuron" | "result"
    title: str
    layer: str
    number: float
    gradient: float
    samples: int
    biases: tuple[Value, ...] = ()


class Link(NamedTuple):
    """An edge between two cells, and its weight if it has one."""

    tail: str
    head: str
    weight: Value | float | None


class Wiring:
    """The cells of a graph in columns, and their links."""

    def __init__(self, y: Value, extra: Mapping[Value, str]) -> None:
        self.graph = graph = Folded(y, extra)
        self.paths = {node: cluster_of(path) for node, path in graph.paths.items()}
        heads = graph.heads()
        self.neurons = {".".join(self.paths[h]) for h in heads if h.op and self.paths.get(h)}
        if not self.neurons:
            raise ValueError(
                "no neurons here: level='network' needs names of the form layer.neuron.name, "
                "such as hidden.h1.out, which nn.MLP gives; draw(y) shows every named Value"
            )
        self.cell: dict[Value, str] = {}
        self._place(heads)
        self.feeds: dict[Value, set[str]] = {}
        for node in graph.order:
            for arg in node.args:
                if isinstance(arg, Value) and not arg.op:
                    self.feeds.setdefault(arg, set()).add(self.cell[graph.home[node]])
        self.links, self.biases = self._links()
        self.columns = self._columns()

    def _place(self, heads: list[Value]) -> None:
        """The cell of every box: its neuron, the result, or itself."""
        after: set[Value] = set()  # what neurons flow into
        for node in self.graph.order:
            head = self.graph.home[node]
            if self._neuron(head) or not after.isdisjoint(node.args):
                after |= {node, head}
        for head in heads:
            name = self.graph.paths.get(head, "") or self.graph.names.get(head, "")
            outside = head in after or head is self.graph.root
            self.cell[head] = self._neuron(head) or ("" if outside else f"\n{name or id(head)}")

    def _neuron(self, head: Value) -> str:
        key = ".".join(self.paths.get(head, ()))
        return key if key in self.neurons else ""

    def _links(self) -> tuple[dict[tuple[str, str], Link], dict[str, list[Value]]]:
        links: dict[tuple[str, str], Link] = {}
        biases: dict[str, list[Value]] = {}
        for node in self.graph.order:
            here = self.cell[self.graph.home[node]]
            for pair in _pairs(node):
                comes, weight = self._sorted(pair, here)
                if not isinstance(comes, Value) or node.op == "alias":
                    continue
                comes = _behind_alias(comes)
                tail = self.cell[self.graph.home[comes]]
                if weight is None and not comes.op and here in self.neurons:
                    if comes not in biases.setdefault(here, []):
                        biases[here].append(comes)
                elif tail != here and (comes.op or here in self.neurons):
                    known = links.get((tail, here))
                    if known is None or known.weight is None:
                        links[tail, here] = Link(tail, here, weight)
        return links, biases

    def _sorted(self, pair: Pair, here: str) -> Pair:
        """The pair with what comes in first; both may be leaves."""
        one, other = pair
        if other is None or not isinstance(one, Value):
            return (one, other) if other is None else (other, one)
        if not isinstance(other, Value):
            return one, other
        if one.op or other.op:  # a leaf that a computed Value is multiplied with is its weight
            comes, weight = (one, other) if one.op else (other, one)
            return comes, None if weight.op else weight
        return (other, one) if self._weighs(one, here) > self._weighs(other, here) else (one, other)

    def _weighs(self, leaf: Value, here: str) -> tuple[bool, int, bool]:
        """How much a leaf looks like a weight."""
        name = self.graph.names.get(leaf, "w").rpartition(".")[2]
        return self._neuron(leaf) == here, -len(self.feeds.get(leaf, ())), name[:1] in "wW"

    def _columns(self) -> list[list[Cell]]:
        """Inputs, layers, result: from left to right by the longest way from an input."""
        first: dict[str, int] = {}
        for i, node in enumerate(self.graph.order):
            if self.graph.home[node].op:
                first.setdefault(self.cell[self.graph.home[node]], i)
        depth: dict[str, int] = {}
        for tail, head in self.links:
            if head in first and first.get(tail, -1) < first[head]:  # not back over samples
                depth[head] = max(depth.get(head, 1), depth.setdefault(tail, 0) + 1)
        for key in first:
            depth.setdefault(key, 1 if key in self.neurons else 0)
        of_layer: dict[str, int] = {}
        for key in self.neurons:
            layer = _layer(key)
            of_layer[layer] = max(of_layer.get(layer, 0), depth.get(key, 1))
        for key in self.neurons:
            depth[key] = of_layer[_layer(key)] if _layer(key) else depth.get(key, 1)
        if "" in depth:
            depth[""] = 1 + max(d for key, d in depth.items() if key)
        members: dict[str, list[Value]] = {}
        for box in self.graph.heads():
            members.setdefault(self.cell[box], []).append(box)
        columns: dict[int, list[Cell]] = {}
        for key, heads in members.items():
            if key in depth:
                columns.setdefault(depth[key], []).append(self._cell(key, heads))
        return [sorted(columns[d], key=_natural) for d in sorted(columns)]

    def _cell(self, key: str, heads: list[Value]) -> Cell:
        graph = self.graph
        shown = graph.root if key == "" else ([h for h in heads if h.op] or heads)[-1]
        name = graph.paths.get(shown)
        same = [h for h in heads if name and graph.paths.get(h) == name] or [shown]
        kind = "neuron" if key in self.neurons else "input" if key else "result"
        title = key.rpartition(".")[2] if kind == "neuron" else plain(graph.names.get(same[0], ""))
        return Cell(
            key,
            kind,
            title or ("y" if kind == "result" else "input"),
            _layer(key) if kind == "neuron" else "",
            sum(float(h.data) for h in same) / len(same),
            sum(graph.gradient(h) for h in same),
            len(same),
            tuple(self.biases.get(key, ())),
        )


def _behind_alias(signal: Value) -> Value:
    """The same signal, under the first of its names."""
    while signal.op == "alias" and isinstance(signal.args[0], Value):
        signal = signal.args[0]
    return signal


def _pairs(node: Value) -> list[Pair]:
    """What a node takes in: factors in pairs, everything else alone."""
    args = node.args
    if node.op == "mul":
        return [(args[0], args[1])]
    if node.op == "inner":
        half = len(args) // 2
        return list(zip(args[:half], args[half:], strict=True))
    return [(arg, None) for arg in args]


def _layer(key: str) -> str:
    return key.rpartition(".")[0]


def _natural(cell: Cell) -> tuple[object, ...]:
    """h2 before h10: digits count as numbers."""
    parts: list[object] = []
    word, number = "", ""
    for character in f"{cell.title} ":
        if character.isascii() and character.isdigit():
            number += character
            continue
        if number:
            parts += [word, int(number[:18])]
            word = number = ""
        word += character
    return (cell.layer, *parts, word)
