"""Folding further than names: neurons, layers, families of names, and what is nearest to the root.

A picture of thousands of boxes cannot be read and takes Graphviz minutes. So boxes of one name path
(`hidden.h1`) become one box, with the leaves that only they use; if those are still too many, boxes of one
layer; then leaves whose names differ in their number only (`w1 .. w999`); at last, all but the boxes
nearest to the root. The picture says what was folded.
"""

from collections.abc import Callable
from typing import Any

from autodiff.drawing.fold import MOST, Folded, caption, edges_of
from autodiff.drawing.lettering import plain
from autodiff.drawing.picture import Box, Picture
from autodiff.value import Value

Groups = dict[Value, Any]  # of each box: what it is shown as; itself, or a title that others share


def grouped(graph: Folded) -> Picture:
    """A picture of at most `MOST` boxes."""
    groups: Groups = {head: head for head in graph.heads()}
    word = ""
    for name, rung in _LADDER:
        groups = rung(graph, groups)
        if len(set(groups.values())) < len(groups):
            word = name
        if len(set(groups.values())) <= MOST:
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
    boxes = []
    for group, heads in members.items():
        computed = [head for head in heads if head.op]
        shown = computed[-1] if computed else heads[-1] if len(heads) == 1 else None
        boxes.append(
            Box(
                ids[group],
                "group" if not isinstance(group, Value) else "computed" if group.op else "leaf",
                plain(graph.names.get(group, "") if isinstance(group, Value) else group),
                f"{sizes[group]:,} values" + (f", last {_label(graph, shown)}" if shown else "")
                if not isinstance(group, Value)
                else "",
                shown and float(shown.data),
                shown and graph.gradient(shown),
                clusters[heads[-1]][:1] if word == "neurons" else (),
                sizes[group],
                shown,
            )
        )
    uses = [
        (ids[groups[tail]], ids[groups[head]], flow)
        for tail, head, flow in graph.flows()
        if groups[tail] != groups[head]
    ]
    ops = sum(1 for node in graph.order if node.op)
    count = sum(1 for box in boxes if box.kind == "group")
    note = f"{ops:,} ops folded into {count:,} {word}; level='op' to force"
    return Picture("folded", boxes, edges_of(uses, parallel=1), caption(graph), note)


def neurons(graph: Folded, groups: Groups) -> Groups:
    """Boxes of one name path, and the leaves that only one of them uses."""
    clusters = graph.clusters()
    found = {h: ".".join(clusters[h]) if clusters[h] else g for h, g in groups.items()}
    return _with_leaves(graph, found)


def _layers(graph: Folded, groups: Groups) -> Groups:
    clusters = graph.clusters()
    return _with_leaves(graph, {h: clusters[h][0] if clusters[h] else g for h, g in groups.items()})


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


def _label(graph: Folded, node: Value) -> str:
    return plain(graph.names.get(node, "")) or "without a name"


_LADDER: tuple[tuple[str, Callable[[Folded, Groups], Groups]], ...] = (
    ("neurons", neurons),
    ("layers", _layers),
    ("families of names", _families),
    ("boxes", _nearest),
)
