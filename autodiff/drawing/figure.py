"""`draw`: the picture of a Value, at three levels, in five formats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autodiff.drawing import columns, engines
from autodiff.drawing.dot import dot_text
from autodiff.drawing.fold import fold
from autodiff.drawing.network import Network, network
from autodiff.drawing.page import page
from autodiff.drawing.picture import Picture
from autodiff.drawing.svg import svg_text
from autodiff.names import extra_names
from autodiff.value import Value

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = ("named", "op", "network")
FORMATS = ("dot", "html", "pdf", "png", "svg")


class Drawing:
    """A picture that knows how to be written in several formats.

    * `source`: DOT text, for Graphviz and everything that reads it; needs no engine.
    * `svg()`: SVG text for light and dark pages.
    * `save("x.svg")`: also png, pdf, dot, html, by the ending.
    * `engine`: who places the boxes: "dot", "wasm", "own" (network level), "" when nobody can.
    * `note`: what was folded because it would have been too much, or "".

    In a notebook it shows itself.
    """

    def __init__(self, picture: Picture | Network) -> None:
        self.picture = picture
        self._svg = ""

    @property
    def note(self) -> str:
        return self.picture.note

    @property
    def engine(self) -> str:
        return "own" if isinstance(self.picture, Network) else engines.available()

    @property
    def source(self) -> str:
        if isinstance(self.picture, Network):
            return columns.dot_text(self.picture)
        return dot_text(self.picture)

    def svg(self) -> str:
        """The picture as an `<svg>` element. RuntimeError names the remedies when no engine is
        there."""
        if not self._svg:
            if isinstance(self.picture, Network):
                self._svg = columns.svg_text(self.picture)
            else:
                layout = engines.lay_out(dot_text(self.picture, words=False))
                self._svg = svg_text(self.picture, layout)
        return self._svg

    def save(self, path: "str | Path") -> "Path":
        """Write the picture in the format of the ending: svg, png, pdf, dot or html. Returns the
        path."""
        from pathlib import Path  # some milliseconds, which an import need not pay

        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind not in FORMATS:
            endings = f".{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}"
            raise ValueError(f"{path.name or str(path)!r} should end in {endings}")
        if kind in ("pdf", "png"):
            placed = isinstance(self.picture, Network)
            path.write_bytes(engines.draw_file(self.source, kind, placed=placed))
        else:
            text = self.source if kind == "dot" else self.svg()
            path.write_text(page(text) if kind == "html" else text, encoding="utf-8")
        return path

    def __repr__(self) -> str:
        count = f"{len(self.picture.boxes)} boxes, {len(self.picture.edges)} edges"
        return (
            f"<Drawing level={self.picture.level!r}, {count}{'; ' if self.note else ''}{self.note}>"
        )

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: HTML follows the notebook's theme, SVG the system's; text where nobody
        can draw."""
        try:
            svg = self.svg()
        except RuntimeError as error:
            return {"text/plain": f"{self!r}\n{error}"}
        return {"text/html": svg, "image/svg+xml": svg, "text/plain": repr(self)}


def draw(
    y: Value,
    level: str = "named",
    *,
    edges: str = "weight",
    names: Mapping[Value, str] | None = None,
) -> Drawing:
    """Draw the graph behind y.

    * "named": a box for each named Value, with its formula, value and gradient. A Value without a
      name takes that of the caller's variable; all others are folded into the Value they flow into.
    * "op": a box for every node.
    * "network": columns of neurons, for names of the form `layer.neuron.name`, such as nn gives.

    Gradients are d y / d box, computed for the picture: no `backward()` is needed, no `.grad` is
    touched. The numbers are those of this moment. More than 400 boxes are folded into neurons,
    and the `note` says so. At the network level `edges` are coloured by "weight" or by
    "gradient". `names` gives names for unnamed Values instead of the caller's variables.

    Raises ValueError when a leaf was given new data since y was computed, and for level "network"
    when no names say what a neuron is.

    >>> from autodiff.value import Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> draw((w * x).named("y"))
    <Drawing level='named', 3 boxes, 2 edges>
    """
    if level not in LEVELS:
        raise ValueError(f"level is one of {', '.join(map(repr, LEVELS))}, not {level!r}")
    if not isinstance(y, Value):
        raise TypeError(f"draw wants the Value to draw, not {type(y).__name__}")
    if edges not in ("weight", "gradient"):
        raise ValueError(f"edges are coloured by 'weight' or 'gradient', not {edges!r}")
    extra = extra_names(names)
    return Drawing(network(y, extra, edges) if level == "network" else fold(y, level, extra))
