"""Where a page draws everything: boxes with room for any number, edges, clusters, as plain data.

On a page numbers change, so each box keeps room for the widest number, and for a gradient that is
still adding up (`∂ −0.1234 + ?`).
"""

from typing import Any

from autodiff.drawing.cards import BAR, BETWEEN, EDGE, HEIGHT, SIZE, Card, Word
from autodiff.drawing.dot import clusters, dot_text
from autodiff.drawing.engines import lay_out
from autodiff.drawing.lettering import wrap
from autodiff.drawing.picture import Box, Picture

VALUE, GRADIENT = Word("−0.12345", "value"), Word("∂ −0.12345", "gradient")
ADDING_UP = Word("∂ −0.1234 + ?", "gradient")
PEN = 1.4


class Placed:
    """A picture with places, as data for `explore.js`."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        users: dict[str, set[str]] = {}
        for edge in picture.edges:
            users.setdefault(edge.tail, set()).add(edge.head)
        self.shared = {tail for tail, heads in users.items() if len(heads) > 1}
        self.layout = lay_out(dot_text(picture, words=False, card_for=self.card))

    def card(self, box: Box) -> Card:
        """The lines of a box; the numbers stand in the last."""
        numbers = [] if box.number is None else [VALUE]
        numbers += (
            [] if box.gradient is None else [ADDING_UP if box.id in self.shared else GRADIENT]
        )
        title = [Word(part, "ink", True, SIZE + 0.5) for part in wrap(box.title, 40, 3)]
        formula = [Word(part, "ink") for part in wrap(box.formula, 30, 3)]
        if len(title) == 1 and not formula and len(box.title) <= 16:
            lines = [[*title, *numbers]]
        else:
            lines = [*([word] for word in [*title, *formula]), numbers]
        lines = [line for line in lines if line]
        widest = max(sum(w.width for w in line) + BETWEEN * (len(line) - 1) for line in lines)
        return Card(lines, widest + 2 * EDGE + BAR, HEIGHT * len(lines) + 7.0)

    def boxes(self) -> list[dict[str, Any]]:
        """For each box its place, its words, and where its two numbers stand."""
        found = []
        for box in self.picture.boxes:
            card, (x, y) = self.card(box), self.layout.nodes[box.id]
            place: dict[str, Any] = {
                "id": box.id,
                "kind": box.kind,
                "title": box.title,
                "cluster": list(box.cluster),
                "x": _short(x - card.width / 2),
                "y": _short(y - card.height / 2),
                "width": _short(card.width),
                "height": _short(card.height),
                "words": [],
            }
            for i, line in enumerate(card.lines):
                at = BAR + EDGE
                for word in line:
                    spot = [_short(at), 14.5 + HEIGHT * i]
                    if word.colour == "ink":
                        place["words"].append([*spot, word.text, word.bold])
                    else:
                        place[f"{word.colour}_at"] = spot
                    at += word.width + BETWEEN
            found.append(place)
        return found

    def edges(self) -> list[dict[str, Any]]:
        """For each edge its curve and its arrowhead."""
        found = []
        for edge in self.picture.edges:
            route = self.layout.edges.get(edge.id)
            if route:
                found.append({
                    "id": edge.id, "tail": edge.tail, "head": edge.head, "uses": edge.uses,
                    "path": route.path, "arrow": route.arrow(PEN), "middle": list(route.middle),
                })  # fmt: skip
        return found

    def clusters(self) -> list[dict[str, Any]]:
        """Neurons and layers, the outer before the inner."""
        ids = clusters(box.cluster for box in self.picture.boxes)
        return [
            {"path": list(path), "place": [_short(x) for x in self.layout.clusters[name]]}
            for path, name in ids.items()
            if name in self.layout.clusters
        ]


def _short(x: float) -> float:
    return round(x, 1)
