"""A derivation laid out, before any language: titles, equations in lines, tables.

Forms (`forms.py`) write pages; renderers (`layout.py`, `tex.py`, `html.py`) turn them into text,
LaTeX and HTML. A *piece* is one side of an equation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from autodiff.formula.figures import spelled
from autodiff.formula.terms import Call, Name, Product, Sum, Term


@dataclass(frozen=True, slots=True)
class Partial:
    """The symbol d upper / d lower, of first or higher order."""

    upper: str
    lower: str
    order: int = 1


@dataclass(frozen=True, slots=True)
class Formula:
    """A term; with `numbers` its names are replaced by their numbers."""

    term: Term
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Factors:
    """A product of pieces, kept apart: one per component; `tight` without spaces.

    A first part of `Words` is an operator before what it applies to: d/dx (...).
    """

    parts: tuple["Piece", ...]
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Summands:
    """A sum of pieces."""

    parts: tuple["Piece", ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number by itself."""

    value: float


@dataclass(frozen=True, slots=True)
class Label:
    """A name by itself; `mark` is put behind it (the + of a new weight)."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A weight and what is added to it or taken from it."""

    left: "Piece"
    sign: str
    right: "Piece"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of pieces; a vector has one piece a row."""

    rows: tuple[tuple["Piece", ...], ...]

    @property
    def shape(self) -> str:
        """Rows x columns."""
        return f"{len(self.rows)}×{len(self.rows[0])}"


Piece = Partial | Formula | Factors | Summands | Number | Label | Words | Change | Matrix


@dataclass(frozen=True, slots=True)
class Line:
    """`left = right`, and at the end of the line the value."""

    right: Piece
    left: Piece | None = None
    relation: str = "="
    value: float | None = None
    note: str = ""
    rule: tuple[str, Term] | None = None  # the slope of the function on the right: f′ = term


@dataclass(slots=True)
class Block:
    """Lines that belong together; `head` stands in front of the first, with its number."""

    lines: list[Line]
    number: str = ""
    head: Piece | None = None
    result: bool = False  # what the lines before it lead to


@dataclass(frozen=True, slots=True)
class Display:
    """An equation set large, derivatives as fractions."""

    left: Piece
    right: Piece
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of pieces under words."""

    header: tuple[str, ...]
    rows: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part of a page, and a remark behind it."""

    title: Piece
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence on a line of its own."""

    text: str


Item = Block | Display | Table | Heading | Remark


@dataclass(slots=True)
class Page:
    """A title, a remark beside it, and what follows."""

    title: Piece
    aside: str = ""
    items: list[Item] = field(default_factory=list)


def numbers_in(x: Term, *, constants: bool = True) -> Sequence[float]:
    """Every number that the substitution of a term shows; without those that have a spelling."""
    found: list[float] = []
    parts = [x]
    while parts:
        match parts.pop():
            case Name(value=value):
                found.append(value)
            case Call(args=args):
                parts.extend(args)
            case Sum(terms=terms):
                parts.extend(terms)
            case Product(coefficient=coefficient, factors=factors):
                if constants or not spelled(abs(coefficient)):
                    found.append(coefficient)
                parts.extend(base for base, _ in factors)
    return found
