"""Folding further than names: neurons, layers, families of names, and what is nearest to the root.

A picture of thousands of boxes cannot be read and takes Graphviz minutes. So boxes of one name
path (`hidden.h1`) become one box, with the leaves that only they use; if those are still too
many, boxes of one layer; then leaves whose names differ in their number only (`w1 .. w999`); at
last, all but the boxes nearest to the root. The picture says what was folded.
"""

from collections.abc import Callable
from typing import Any

from autodiff.drawing.fold import MOST, Folded, caption, edges_of
from autodiff.drawing.lettering import plain
from autodiff.drawing.picture import Box, Picture
from autodiff.value import Value

MOST_EDGES = 600
MANY = 12  # inputs, beside a few layers

Groups = dict[Value, Any]  # of each box: what it is shown as; itself, or a title that others share


def grouped(graph: Folded) -> Picture:
    """A picture of at most `MOST` boxes."""
    groups: Groups = {head: head for head in graph.heads()}
    flows = graph.flows()
    word = ""
    for name, rung in _LADDER:
        before = len(set(groups.values()))
        groups = rung(graph, groups)
        after = len(set(groups.values()))
        word = name if after < before else word
        if after <= MOST and len({(groups[a], groups[b]) for a, b, _ in flows}) <= MOST_EDGES:
            break
    members: dict[Any, list[Value]] = {}
    for head, group in groups.items():
        members.setdefault(group, []).append(head)
    sizes: dict[Any, int] = {}
    for node in graph.order:
        group = groups[graph.owner[node]]
        sizes[group] = sizes.get(group, 0) + 1
    ids = {group: f"n{i}" for i, group in enumerate(members)}
    clusters = graph.clusters()
    boxes = [
        _box(graph, ids[group], group, heads, sizes[group], clusters[heads[-1]], word)
        for group, heads in members.items()
    ]
    uses = [
        (ids[groups[tail]], ids[groups[head]], flow)
        for tail, head, flow in flows
        if groups[tail] != groups[head]
    ]
    leaves = {box.id for box in boxes if box.kind == "leaf"}
    edges = edges_of(uses, parallel=1)
    edges = [edge._replace(uses=1) if edge.tail in leaves else edge for edge in edges]
    ops = sum(1 for node in graph.order if node.op)
    count = sum(1 for box in boxes if box.kind == "group")
    if word not in _COUNTED or not any(clusters.values()):
        word, count = "boxes", len(boxes)
    into = f"{count:,} {word if count != 1 else _COUNTED.get(word, 'box')}"
    note = f"{ops:,} ops folded into {into}; level='op' to force"
    return Picture("folded", boxes, edges, caption(graph), note)


def _box(graph: Folded, name: str, group: Any, heads: list[Value], size: int,
         cluster: tuple[str, ...], word: str) -> Box:  # fmt: skip
    """The box of one group; a neuron shows the numbers of its output."""
    shown: Value | None
    around: tuple[str, ...]
    if isinstance(group, Value):
        title, formula, shown = graph.names.get(group, ""), "", group
        kind, around = ("computed" if group.op else "leaf"), ()
    else:
        computed = [head for head in heads if head.op]
        neuron = word == "neurons" and bool(computed)
        around = cluster[:1] if neuron and len(cluster) > 1 else ()
        kind, formula = "group", f"{size:,} values"
        title = group[len(around[0]) + 1 if around else 0 :]
        shown = computed[-1] if neuron else None
        formula += f", last {plain(graph.names.get(shown, '')) or 'y'}" if shown is not None else ""
    number = None if shown is None else float(shown.data)
    gradient = None if shown is None else graph.gradient(shown)
    return Box(name, kind, plain(title), formula, number, gradient, around, size, shown)


def neurons(graph: Folded, groups: Groups) -> Groups:
    """Boxes of one name path, and the leaves that only one of them uses."""
    clusters = graph.clusters()
    found = {h: ".".join(clusters[h]) if clusters[h] else g for h, g in groups.items()}
    return _with_leaves(graph, found)


def _layers(graph: Folded, groups: Groups) -> Groups:
    """Neurons whose paths begin alike; and inputs by families, if there are many."""
    found = {h: g.partition(".")[0] if isinstance(g, str) else g for h, g in groups.items()}
    leaves = {h: g for h, g in found.items() if g is h and not h.op and h in graph.names}
    return found | _families(graph, leaves) if len(leaves) > MANY else found


def _with_leaves(graph: Folded, groups: Groups) -> Groups:
    users: dict[Value, set[Any]] = {}
    for tail, head, _ in graph.flows():
        if not tail.op and groups[tail] is tail:
            users.setdefault(tail, set()).add(groups[head])
    for leaf, into in users.items():
        if len(into) == 1 and isinstance(group := next(iter(into)), str):
            groups[leaf] = group
    return groups


def _families(graph: Folded, groups: Groups) -> Groups:
    """Boxes whose names differ in digits only; all that have no name together."""
    found = {}
    for head, group in groups.items():
        if isinstance(group, Value) and group is not graph.root:
            name = graph.names.get(head, "")
            stem = name.partition("#")[0].rstrip("0123456789_")
            group = f"{stem} …" if name else "without a name"
        found[head] = group
    return found


def _nearest(graph: Folded, groups: Groups) -> Groups:
    """The groups that come first from the root, and one for all others."""
    kept: set[Any] = set()
    for node in reversed(graph.order):
        if len(kept) < MOST - 1:
            kept.add(groups[graph.owner[node]])
    return {head: group if group in kept else "everything else" for head, group in groups.items()}


_COUNTED = {"neurons": "neuron", "layers": "layer"}
_LADDER: tuple[tuple[str, Callable[[Folded, Groups], Groups]], ...] = (
    ("neurons", neurons),
    ("layers", _layers),
    ("families of names", _families),
    ("boxes", _nearest),
)
