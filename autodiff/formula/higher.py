"""Derivatives of second and higher order: each line is the derivative of the line above.

A line that holds the whole of a line above it refers to it: y″ = −2·y·∂y/∂x for y = tanh(x).
"""

import math
from typing import Any

from autodiff.calculus import derivative
from autodiff.formula.chain import Chain
from autodiff.formula.closing import finite_difference
from autodiff.formula.derivation import Derived
from autodiff.formula.figures import Figures
from autodiff.formula.gathering import gathered, opened, shorter
from autodiff.formula.ordering import by_hand, in_order
from autodiff.formula.page import Block, Formula, Line, Page, Partial, Remark, Words
from autodiff.formula.reading import Reader
from autodiff.formula.reducing import reduced
from autodiff.formula.symbols import partial
from autodiff.formula.task import with_value
from autodiff.formula.terms import (
    Call,
    Name,
    Product,
    Sum,
    Term,
    as_product,
    flipped,
    plus,
    raised,
    times,
)
from autodiff.value import Value

MOST = 100  # lines are for reading


def higher_order(
    y: Value, xs: list[Value], order: int, reader: Reader, signs: str, figures: Figures
) -> tuple[Page, list[Any]]:
    """A page with dy/dx, d2y/dx2, ... up to `order` for each x, each checked by a finite
    difference."""
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order counts derivatives: 1, 2, ..., not {order!r}")
    if order > MOST:
        raise ValueError(f"a page has at most {MOST} orders, not {order}; derivative() has no page")
    label = reader.labels
    many = len(xs) > 1
    title = Words(f"Derivatives of {label[y]}") if many else Partial(label[y], label[xs[0]], order)
    page = Page(title, f"order {order}")
    definition = reader.definition(y, Chain(y, xs, label).summands)
    page.items.append(Block([Line(Formula(definition), Partial(label[y], "", 0))]))
    derived = []
    for x in xs:
        lower = y
        above: list[tuple[Name, Term]] = []  # the lines above: the symbol, and what it is
        for n in range(1, order + 1):
            upper = derivative(lower, x)
            formula = opened(in_order(reader.expression(upper), lower, x, reader))
            shown = formula
            for name, line in reversed(above):
                shown = shorter(shown, in_terms_of(line, name, shown))
            above.append((Name(partial(label[y], label[x], n), upper.data), formula))
            if n > 1:
                formula, shown = (shorter(e, reduced(gathered(e))) for e in (formula, shown))
            else:
                shown = by_hand(shown, y, reader)
            if signs == "difference":
                formula, shown = flipped(formula), flipped(shown)
            symbol = Partial(label[y], label[x], n)
            page.items.append(Block(with_value(figures, shown, upper.data, symbol)))
            below, lower = lower, upper
        difference = finite_difference(below, x)
        check = f"checked: finite difference of order {order - 1} {figures.text(difference)}"
        page.items.append(Remark(check.replace("-", "−")))
        derived.append(
            Derived(label[x], "order", formula, lower.data, lower.data, difference, None, ())
        )
    return page, derived


def in_terms_of(line: Term, name: Name, x: Term) -> Term:
    """`x` with `name` wherever `line` stands in it, or all its factors, or -line.

    In a product the name comes last: ∂y/∂x·a would look like a derivative by x·a.
    """
    if x == line:
        return name
    match x:
        case Call(op=op, args=args):
            return Call(op, tuple(in_terms_of(line, name, arg) for arg in args))
        case Sum(terms=terms):
            return plus(*(in_terms_of(line, name, term) for term in terms))
        case Product():
            pass
        case _:
            return x
    left, sought = dict(x.factors), as_product(line)
    times_in = [left.get(base, 0.0) / exponent for base, exponent in sought.factors]
    n = math.floor(min(times_in, default=0.0))  # as often as all its factors are there
    ratio = x.coefficient / sought.coefficient**n if n > 0 else 0.0
    if ratio and ratio * sought.coefficient**n == x.coefficient:
        for base, exponent in sought.factors:
            left[base] -= n * exponent
        return times(ratio, *(raised(base, e) for base, e in left.items()), raised(name, n))
    turned = {times(-1.0, term) for term in line.terms} if isinstance(line, Sum) else set()
    sign, factors, symbols = 1.0, list[Term](), list[Term]()
    for base, exponent in x.factors:
        if isinstance(base, Sum) and set(base.terms) == turned and exponent.is_integer():
            sign = -sign if exponent % 2 else sign
            symbols.append(raised(name, exponent))
        else:
            factors.append(raised(in_terms_of(line, name, base), exponent))
    return times(sign * x.coefficient, *factors, *symbols)
