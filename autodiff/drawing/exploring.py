"""`explore`: one offline HTML file that steps through the passes of a graph and lets it be moved.

Python places the boxes, writes the formulas as data and exports the code that recomputes the graph;
the page (`explore.html`, `.css`, `.js`) only shows. It loads nothing and needs no server.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from autodiff.drawing.lettering import in_markup, plain
from autodiff.drawing.marked import Formulas
from autodiff.drawing.pagetext import page_text
from autodiff.drawing.placing import Placed
from autodiff.drawing.waypoints import Waypoints
from autodiff.names import extra_names, find_all
from autodiff.op import number
from autodiff.value import Value

if TYPE_CHECKING:
    from pathlib import Path

RATE = 0.5
HEIGHT = 760  # of the frame in a notebook, in pixels
# What is trained where nobody says so: leaves called like weights and biases, or else all.
_WEIGHT = re.compile(
    r"(?:w|b|W|B|weights?|bias(?:es)?|theta|θ)(?:\d[\w,]*|_[\w,]+)?(?:\^?\(\w+\))?"
)


class Exploration:
    """A page that steps through a graph. In a notebook it shows itself, in a frame of its own.

    * `html`: the text of the page.
    * `save("page.html")`: writes it and returns the path.
    * `note`: what was folded, or why the page cannot recompute; or "".
    """

    def __init__(self, html: str, note: str, title: str) -> None:
        self.html = html
        self.note = note
        self.title = title

    def save(self, path: "str | Path") -> "Path":
        """Write the page to a .html file. Returns the path."""
        from pathlib import Path

        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(
                f"{path.name or str(path)!r} should end in .html: explore makes a page"
            )
        path.write_text(self.html, encoding="utf-8")
        return path

    def __repr__(self) -> str:
        size = f"{len(self.html.encode()) / 1000:.0f} kB"
        return f"<Exploration {self.title}, {size}{'; ' if self.note else ''}{self.note}>"

    def _repr_html_(self) -> str:
        """For notebooks: a sandbox that may run its own script and nothing else."""
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{in_markup(self.html)}" '
            f'title="{in_markup(self.title)}" width="100%" height="{HEIGHT}" '
            'style="border:0"></iframe>'
        )


def explore(
    y: Value,
    path: "str | Path | None" = None,
    *,
    weights: Iterable[Value | str] | None = None,
    rate: float = RATE,
    names: Mapping[Value, str] | None = None,
) -> Exploration:
    """Make a page that steps forward and backward through the graph behind y.

    On it, every box can be asked for its derivation, every leaf can be moved, and gradient steps of
    `rate` can be taken; `weights` (Values or names) are what a step moves: by default the leaves
    called like weights and biases, or all. Saved to `path` if one is given.

    Boxes are the named Values; one without a name takes that of the caller's variable, or `names`.
    More than 400 boxes are folded into a picture that does not step.

    Raises ValueError when a leaf was given new data since y was computed or a weight is unknown,
    RuntimeError when no engine can place the boxes.
    """
    if not isinstance(y, Value):
        raise TypeError(f"explore wants the Value to explore, not {type(y).__name__}")
    extra = extra_names(names)
    chosen = None if weights is None else find_all([y], weights, extra)
    data, code = page_data(y, extra, chosen, number(rate))
    title = f"Gradients of {data['boxes'][data['root']]['title'] or 'y'}"
    page = Exploration(page_text(data, code, title), data["note"] or data["why"], title)
    if path is not None:
        page.save(path)
    return page


def page_data(
    y: Value, extra: Mapping[Value, str], weights: list[Value] | None = None, rate: float = RATE
) -> tuple[dict[str, Any], str]:
    """Everything that a page shows, as plain data, and the JavaScript that recomputes it."""
    graph = Waypoints(y, extra)
    placed = Placed(graph.picture)
    leaves = set(graph.leaves)
    trained = set(_trained(graph) if weights is None else weights)
    if trained - leaves and graph.stepping:
        odd = next(w for w in trained if w not in leaves)
        raise ValueError(f"{odd.name or 'a weight'} is no leaf of this graph: a step moves leaves")
    index = {box.node: i for i, box in enumerate(graph.boxes) if box.node is not None}
    ids = {box.node: box.id for box in graph.boxes if box.node is not None}
    formulas = Formulas(graph.names, ids) if graph.stepping else None
    boxes = placed.boxes()
    for box, about in zip(graph.boxes, boxes, strict=True):
        about |= {"number": box.number, "gradient": box.gradient}
        if formulas is None or box.node is None:
            continue
        about |= {"name": formulas.name(box.node), "leaf": box.node in leaves}
        if box.node in leaves:
            about["trained"] = box.node in trained
        else:
            about["definition"] = formulas.definition(box.node)
            about["output"] = graph.outputs.get(box.node)
    pairs = []
    for pair in graph.pairs if formulas else ():
        assert formulas is not None
        start = pair.slope.data if isinstance(pair.slope, Value) else pair.slope
        pairs.append({
            "upper": index[pair.upper], "lower": index[pair.lower],
            "slope": graph.source(pair.slope), "start": start,
            "formula": formulas.slope(*pair[:3]), **({"selects": True} if pair.selects else {}),
        })  # fmt: skip
    picture = graph.picture
    return {
        "root": index[y],
        "stepping": graph.stepping,
        "live": bool(graph.code),
        "why": plain(graph.why),
        "rate": rate,
        "width": round(placed.layout.width, 1),
        "height": round(placed.layout.height, 1),
        "caption": picture.caption,
        "note": picture.note,
        "boxes": boxes,
        "pairs": pairs,
        "edges": placed.edges(),
        "clusters": placed.clusters(),
    }, graph.code


def _trained(graph: Waypoints) -> list[Value]:
    """The leaves called like weights and biases, or all of them."""
    called = [
        leaf
        for leaf in graph.leaves
        if _WEIGHT.fullmatch(graph.names.get(leaf, "").partition("#")[0].rpartition(".")[2])
    ]
    return called or graph.leaves
