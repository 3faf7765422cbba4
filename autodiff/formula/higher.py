"""Derivatives of second and higher order: each line is the derivative of the line above."""

from typing import Any

from autodiff.calculus import derivative
from autodiff.formula.closing import finite_difference
from autodiff.formula.derivation import Derived
from autodiff.formula.figures import Figures
from autodiff.formula.page import Block, Formula, Line, Page, Partial, Remark, Words
from autodiff.formula.reading import Reader
from autodiff.formula.task import with_value
from autodiff.formula.terms import flipped
from autodiff.value import Value


def higher_order(
    y: Value, xs: list[Value], order: int, reader: Reader, figures: Figures
) -> tuple[Page, list[Any]]:
    """A page with dy/dx, d2y/dx2, ... up to `order` for each x, each checked by a finite
    difference."""
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order counts derivatives: 1, 2, ..., not {order!r}")
    label = reader.labels
    many = len(xs) > 1
    title = Words(f"Derivatives of {label[y]}") if many else Partial(label[y], label[xs[0]], order)
    page = Page(title, f"order {order}")
    derived = []
    for x in xs:
        page.items.append(Block([Line(Formula(reader.definition(y)), Partial(label[y], "", 0))]))
        lower = y
        for n in range(1, order + 1):
            upper = derivative(lower, x)
            formula = flipped(reader.expression(upper))
            left = Partial(label[y], label[x], n)
            page.items.append(Block(with_value(figures, formula, upper.data, left)))
            below, lower = lower, upper
        difference = finite_difference(below, x)
        check = f"checked: finite difference of order {order - 1} {figures.text(difference)}"
        page.items.append(Remark(check.replace("-", "−")))
        derived.append(
            Derived(label[x], "order", formula, lower.data, lower.data, difference, None, ())
        )
    return page, derived
