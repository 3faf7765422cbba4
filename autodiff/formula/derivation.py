"""A derivation as data: what each gradient is, where it comes from, and how it can be shown."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autodiff.formula.components import Component
from autodiff.formula.figures import Figures
from autodiff.formula.page import (
    Block,
    Factors,
    Formula,
    Item,
    Line,
    Page,
    Partial,
    Piece,
    Table,
    Words,
)
from autodiff.formula.showing import Showing
from autodiff.formula.terms import Term


@dataclass(frozen=True, slots=True)
class Derived:
    """One gradient of a derivation: its formula, its value as derived, and two independent
    checks."""

    label: str
    form: str
    formula: Term
    value: float
    engine: float
    difference: float
    new: float | None
    steps: tuple[Component, ...]


class Derivation(Showing):
    """A derivation as data: `str()` prints it, `.latex()`, `.html()` and `.to_dict()` write it
    elsewhere.

    * `value`: the gradient as the printed components give it (a list for a list of weights);
    * `derived`: formula, value, components and checks of each weight;
    * `page`: titles, equations and tables, before any language.
    """

    def __init__(
        self,
        page: Page,
        derived: Sequence[Derived],
        figures: Figures,
        many: bool,
        whole: Sequence[Item] | None = None,
    ) -> None:
        super().__init__(page, figures)
        self.derived = tuple(derived)
        self._many = many
        self.whole = page.items if whole is None else list(whole)  # with nothing left out

    def full(self) -> "Derivation":
        """The same derivation with nothing left out: every path, component, weight and term."""
        other = copy(self)
        other.page = Page(self.page.title, self.page.aside, self.whole)
        other.most_terms = None
        return other

    @property
    def value(self) -> Any:
        """The gradient, or the list of gradients, as the derivation gives it."""
        values = [d.value for d in self.derived]
        return values if self._many else values[0]

    def unfolded(self) -> Showing:
        """The chain of each gradient unfolded, one factor more on each line, down to the
        formula."""
        page = Page(self.page.title, "one factor a line")
        for d in self.derived:
            self._one_path(d, "unfolds")
            y = d.steps[0].upper if d.steps else d.label
            factors: list[Any] = []
            lines = []
            for i, c in enumerate(d.steps[:-1] or d.steps):
                factors.append(Partial(c.upper, c.lower))
                last = [] if c.lower == d.label else [Partial(c.lower, d.label)]
                lines.append(Line(Factors((*factors, *last)), None if i else Partial(y, d.label)))
            lines.append(Line(Factors(tuple(Formula(c.formula) for c in d.steps))))
            page.items.append(Block(lines))
        return Showing(page, self.figures)

    def compared(self) -> Showing:
        """The formulas one above the other, a column for each factor, so that shared factors
        show."""
        columns = max(len(d.steps) for d in self.derived)
        rows: list[tuple[Piece, ...]] = []
        for d in self.derived:
            self._one_path(d, "has its factors side by side")
            cells: list[Piece] = [Formula(c.formula) for c in d.steps]
            rows.append((Partial("", d.label), *cells, *[Words("")] * (columns - len(cells))))
        page = Page(self.page.title, items=[Table(("", *[""] * columns), tuple(rows))])
        return Showing(page, self.figures)

    @staticmethod
    def _one_path(d: Derived, what: str) -> None:
        """Refuse a sum over paths, whose components are not the factors of one product."""
        if any(above.lower != below.upper for above, below in pairwise(d.steps)):
            raise ValueError(
                f"only a chain {what}, and several paths lead to {d.label}: "
                "see form='paths' for each of them"
            )

    def formula_text(self) -> str:
        """The assembled formula of the first weight on one line."""
        return self.write(self.derived[0].formula)

    def to_dict(self) -> dict[str, Any]:
        """The derivation as plain data: components with their names, formulas and values."""
        return {
            "gradients": [
                {
                    "with_respect_to": d.label,
                    "form": d.form,
                    "formula": self.write(d.formula),
                    "value": d.value,
                    "backward": d.engine,
                    "finite_difference": d.difference,
                    **({} if d.new is None else {"new_value": d.new}),
                    "components": [
                        {
                            "of": c.upper,
                            "with_respect_to": c.lower,
                            "definition": self.write(c.definition) if c.definition else None,
                            "derivative": self.write(c.formula),
                            "value": c.value,
                        }
                        for c in d.steps
                    ],
                }
                for d in self.derived
            ]
        }
