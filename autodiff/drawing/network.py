"""The network level: columns of neurons, with edges for weights. Positions are plain arithmetic.

Edges are blue and dashed for negative, orange and solid for positive, wider for larger weights
(or gradients, with `edges="gradient"`). Small networks carry their numbers; in larger ones they
appear when the pointer rests on a neuron or an edge.
"""

from collections.abc import Mapping
from typing import NamedTuple

from autodiff.drawing.fold import caption
from autodiff.drawing.lettering import figure, plain
from autodiff.drawing.neurons import Cell, Link, Wiring
from autodiff.value import Value

SHOWN = 24  # neurons of one column, before the middle of it is left out
ROOMY = 8  # neurons of one column, as long as numbers are written into them
LABELLED = 24  # edges, as long as weights are written beside them


class Spot(NamedTuple):
    """Where a cell stands."""

    cell: Cell
    id: str
    x: float
    y: float


class Line(NamedTuple):
    """An edge between two spots, its weight and the number that its colour shows."""

    id: str
    tail: Spot
    head: Spot
    weight: Value | float | None
    number: float
    label: str


class Network(NamedTuple):
    """A network with places for everything."""

    level: str
    boxes: list[Spot]
    edges: list[Line]
    headings: list[tuple[float, str]]
    gaps: list[tuple[float, float, str]]  # where neurons are left out
    radius: float
    width: float
    height: float
    caption: str
    note: str


def network(y: Value, extra: Mapping[Value, str], edges: str = "weight") -> Network:
    """The network behind y. Raises ValueError when no names say what a neuron is."""
    wiring = Wiring(y, extra)
    most = max(len(column) for column in wiring.columns)
    roomy = most <= ROOMY
    radius, down, across = (36.0, 90.0, 190.0) if roomy else (11.0, 30.0, 170.0)
    if roomy and len(wiring.links) <= LABELLED:
        across += 60.0  # a label covers less than half of its edge
    if roomy and edges == "gradient":
        across += 40.0  # gradients take more digits than weights
    height = 34.0 + down * min(most, SHOWN + 1)
    spots: dict[str, Spot] = {}
    headings, gaps, left_out = [], [], 0
    for i, column in enumerate(wiring.columns):
        x = 48.0 + across * i
        shown: list[Cell | None] = list(column)
        if len(column) > SHOWN:
            shown = [*column[: SHOWN // 2], None, *column[len(column) - SHOWN // 2 :]]
            left_out += len(column) - SHOWN
        headings.append((x, column[0].layer or ("inputs" if column[0].kind == "input" else "")))
        for j, cell in enumerate(shown):
            y_place = 34.0 + (height - 34.0) / 2 + down * (j - (len(shown) - 1) / 2)
            if cell is None:
                gaps.append((x, y_place, f"⋮ {len(column) - SHOWN:,} more"))
            else:
                spots[cell.key] = Spot(cell, f"n{len(spots)}", x, y_place)
    links = [k for k in wiring.links.values() if k.tail in spots and k.head in spots]
    lines = [
        _line(wiring, spots, i, link, edges, len(links) <= LABELLED) for i, link in enumerate(links)
    ]
    samples = max(cell.samples for column in wiring.columns for cell in column)
    notes = [f"values are means of {samples} samples"] if samples > 1 else []
    if left_out:
        notes.append(f"{left_out:,} neurons left out of the middle of columns")
    said = f"{caption(wiring.graph)}. Edges by {edges}: orange +, blue and dashed −"
    wide = 96.0 + across * (len(wiring.columns) - 1)
    return Network("network", list(spots.values()), lines, headings, gaps, radius, wide, height,
                   said, "; ".join(notes))  # fmt: skip


def _line(
    wiring: Wiring, spots: dict[str, Spot], i: int, link: Link, by: str, labelled: bool
) -> Line:
    weight = link.weight
    number, label = 0.0, ""
    if isinstance(weight, Value):
        gradient = wiring.graph.gradient(weight)
        number = float(weight.data) if by == "weight" else gradient
        name = wiring.graph.names.get(weight, "").rpartition(".")[2]
        label = plain(f"{name} {'' if by == 'weight' else '∂ '}{figure(number)}".strip())
    elif weight is not None:
        number, label = (weight, figure(weight)) if by == "weight" else (0.0, "")
    return Line(
        f"e{i}", spots[link.tail], spots[link.head], weight, number, label if labelled else ""
    )
