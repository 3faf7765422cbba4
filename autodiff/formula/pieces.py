"""The pieces of a page in type: derivatives, formulas, products and sums of them, matrices."""

from typing import Any

from autodiff.formula.chain import VIA
from autodiff.formula.figures import Figures
from autodiff.formula.layout import Layout
from autodiff.formula.page import (
    Change,
    Factors,
    Formula,
    Label,
    Matrix,
    Number,
    Page,
    Partial,
    Piece,
    Summands,
    Words,
)
from autodiff.formula.printer import Shown
from autodiff.formula.symbols import legible
from autodiff.formula.terms import Term
from autodiff.formula.typeset import BREAK, Typeset
from autodiff.op import SIGN, SUM


class Typesetter:
    """The pieces of a page in one language."""

    def __init__(self, language: type[Typeset], figures: Figures, most_terms: int | None) -> None:
        self.symbols = language(figures)
        self.numbers = language(figures, numbers=True)
        self.symbols.most_terms = self.numbers.most_terms = most_terms
        self._figures = figures

    def piece(self, piece: Piece) -> str:
        spell = self.symbols
        match piece:
            case Partial(upper=upper, lower=lower, order=order):
                return spell.partial(upper, lower, order) if order else spell.name(upper)
            case Formula():
                return self._formula(piece)[0]
            case Factors(parts=(Words(text=operator), inner)) if operator.startswith("d/d"):
                d, variable = spell.letters("d"), spell.name(operator.removeprefix("d/d"))
                return spell.large_fraction(d, d + variable) + spell.brackets(self.piece(inner))
            case Factors(parts=parts):
                if any(isinstance(p, Matrix) for p in parts):
                    return spell.gap().join(map(self.piece, parts))
                return (BREAK + spell.sign("·")).join(map(self.factor, parts))
            case Summands(parts=parts):
                first, *rest = parts
                summands = [self.piece(first), *map(self._summand, rest)]
                return (BREAK + spell.sign("+")).join(summands)
            case Number(value=value):
                return self.numbers.figure(value)[0]
            case Label(text=text, mark=mark):
                return spell.name(text, {"⁺": "+"}.get(mark, mark))
            case Words(text=text) if text.startswith(VIA):
                names = map(spell.name, text.removeprefix(VIA).split(", "))
                return spell.plain(VIA) + spell.plain(", ").join(names)
            case Words(text=text):
                return spell.words(text)
            case Matrix(rows=rows):
                return spell.matrix(self._cells(rows))
            case Change(left=left, sign=sign, right=right):
                return self.piece(left) + spell.sign(sign) + self.piece(right)
        return spell.plain(legible(self._as_text(piece)))

    def rule(self, function: str, slope: Term) -> str:
        """The slope of a function in its own terms: σ′ = σ·(1 − σ)."""
        return self.symbols.name(function, "′") + self.symbols.sign("=") + self.symbols.write(slope)

    def _cells(self, rows: tuple[tuple[Piece, ...], ...]) -> list[list[str]]:
        """The cells of a matrix, its middle left out where it is large."""
        most, dots = self.symbols.most_terms, self.symbols.DOTS

        def ends(xs: list[Any], gap: Any) -> list[Any]:
            return [*xs[: most - 2], gap, xs[-1]] if most and len(xs) > most else xs

        cells = [ends(list(map(self.piece, row)), dots) for row in rows]
        return ends(cells, [dots] * len(cells[0]))

    def value(self, x: float) -> str:
        """`= 0.5` or `≈ 0.08020`."""
        return self.relation(x) + self.numbers.figure(x)[0]

    def relation(self, x: float) -> str:
        return self.symbols.sign("=" if self._figures.exact(x) else "≈")

    def factor(self, part: Piece) -> str:
        """A piece as a factor, in brackets where it needs them."""
        text = self.piece(part)
        needs = isinstance(part, Summands) or self._signed(part)
        if isinstance(part, Formula):
            precedence = self._formula(part)[1]
            needs = needs or precedence <= SUM
        return self.symbols.brackets(text) if needs else text

    def _summand(self, part: Piece) -> str:
        text = self.piece(part)
        return self.symbols.brackets(text) if self._signed(part) else text

    def _signed(self, part: Piece) -> bool:
        if isinstance(part, Formula):
            return self._formula(part)[1] == SIGN
        return isinstance(part, Number) and part.value < 0.0

    def _formula(self, piece: Formula) -> Shown:
        return (self.numbers if piece.numbers else self.symbols).show(piece.term)

    def _as_text(self, piece: Piece) -> str:
        """A piece that this module does not know yet, as the text renderer shows it."""
        return Layout(Page(Words("")), self._figures, None).piece(piece)
