"""What is written in a box, line by line, and how large the box has to be.

    out_h1              name
    σ(sum_h1)           formula
    0.60109  ∂ 0.03684  value, gradient

A leaf takes one line. DOT text and SVG are both written from these lines, so they agree.
"""

from typing import NamedTuple

from autodiff.drawing.lettering import figure, width, wrap
from autodiff.drawing.picture import Box

SIZE = 11.0
BETWEEN = 9.0  # between the words of a line
EDGE = 8.0  # from the border to the text
BAR = 4.0  # the coloured bar at the left
HEIGHT = 15.0  # of a line


class Word(NamedTuple):
    text: str
    colour: str  # a key of the palette's themes
    bold: bool = False
    size: float = SIZE

    @property
    def width(self) -> float:
        return width(self.text, self.size, self.bold)


class Card(NamedTuple):
    """The lines of a box and its size in points."""

    lines: list[list[Word]]
    width: float
    height: float
    bare: bool = False  # no box around it


def card_of(box: Box) -> Card:
    """The card of a box."""
    if box.kind == "constant":
        word = Word(figure(box.number or 0.0), "quiet", size=10.0)
        return Card([[word]], word.width + 4.0, 14.0, bare=True)
    numbers = []
    if box.number is not None:
        numbers.append(Word(figure(box.number), "value"))
    if box.gradient is not None:
        numbers.append(Word(f"∂ {figure(box.gradient)}", "gradient"))
    title = [Word(part, "ink", True, SIZE + 0.5) for part in wrap(box.title, 60, 4)]
    formula = [Word(part, "ink") for part in wrap(box.formula, 30 if box.kind != "op" else 24, 3)]
    one_line = len(title) <= 1 and not formula and len(box.title) <= 16
    if one_line:
        lines = [[*title, *numbers]]
    elif box.kind == "op" and len(title) + len(formula) <= 2:
        lines = [[*title, *formula], numbers]
    else:
        lines = [*([word] for word in title), *([word] for word in formula), numbers]
    lines = [line for line in lines if line]
    widest = max(sum(w.width for w in line) + BETWEEN * (len(line) - 1) for line in lines)
    return Card(lines, widest + 2 * EDGE + BAR, HEIGHT * len(lines) + 7.0)
