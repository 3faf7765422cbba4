"""Writing what the terms of a sum share once, before or below the brackets."""

import math

from autodiff.formula.figures import ratio
from autodiff.formula.terms import (
    Call,
    Name,
    Product,
    Sum,
    Term,
    as_product,
    is_positive,
    plus,
    raised,
    times,
)
from autodiff.formula.text import Text


def opened(x: Term) -> Term:
    """`x` without brackets inside sums that only a number stands before: a - (b - c) is a - b + c.

    The product rule writes such brackets, nobody else.
    """
    match x:
        case Sum(terms=terms):
            return plus(*(part for term in terms for part in _summands(opened(term))))
        case Product(coefficient=coefficient, factors=factors):
            return times(coefficient, *(raised(opened(base), e) for base, e in factors))
        case Call(op=op, args=args):
            return Call(op, tuple(map(opened, args)))
        case _:
            return x


def _summands(x: Term) -> list[Term]:
    match x:
        case Product(coefficient=coefficient, factors=((Sum(terms=terms), 1.0),)):
            return [times(coefficient, term) for term in terms]
        case _:
            return [x]


def shorter(x: Term, y: Term) -> Term:
    """The one of two ways to write a term that takes fewer signs."""
    return y if len(Text().write(y)) < len(Text().write(x)) else x


def factored(x: Term) -> Term:
    """A sum whose terms share something as a product where that is what one writes; else `x`.

    That is where it is shorter, (a - b)/c for a/c - b/c, or where one term is all that they share,
    a·(1 - a) for a - a²; a polynomial stays one. No bracket is opened for it, and no fraction is
    left within a fraction.
    """
    if not isinstance(x, Sum):
        return x
    products = [as_product(each) for each in x.terms]
    shared = _shared([dict(each.factors) for each in products])
    if any(e < shared.get(base, 0.0) for p in products for base, e in p.factors if e < 0.0):
        shared = {base: exponent for base, exponent in shared.items() if exponent > 0.0}
    divided = any(e < 0.0 for p in products for _, e in p.factors)
    number = _shared_number([each.coefficient for each in products])
    if divided and not shared and ratio(number):
        return x  # a half of some fractions
    parts = _rest(products, number, shared)
    if (number == 1.0 and not shared) or any(isinstance(part, Sum) for part in parts):
        return x
    product = times(number, *(raised(base, e) for base, e in shared.items()), plus(*parts))
    alone = any(isinstance(part, Product) and not part.factors for part in parts)
    above = bool(shared) and all(exponent > 0.0 for exponent in shared.values())
    below = bool(shared) and all(exponent < 0.0 for exponent in shared.values())
    if below and len(Text().write(product)) == len(Text().write(x)):
        return product
    complement = len(parts) == 2 and any(times(-1.0, part) in shared for part in parts)
    plain = not complement and all(
        isinstance(base, Name) and e > 0.0 for p in products for base, e in p.factors
    )
    return product if above and alone and not plain else shorter(x, product)


def gathered(x: Term) -> Term:
    """`x` with what all terms of a sum have in common written once, before the brackets."""
    match x:
        case Call(op=op, args=args):
            return Call(op, tuple(map(gathered, args)))
        case Product(coefficient=coefficient, factors=factors):
            return times(coefficient, *(raised(gathered(base), e) for base, e in factors))
        case Sum(terms=terms):
            products = [as_product(each) for each in terms]
            shared = _shared([dict(each.factors) for each in products])
            if shared:
                over = [raised(base, -e) for base, e in shared.items()]
                rest = opened(plus(*(times(each, *over) for each in terms)))
                return times(*(raised(base, e) for base, e in shared.items()), gathered(rest))
            number = _shared_number([each.coefficient for each in products])
            if number != 1.0:
                return times(number, gathered(plus(*_rest(products, number, {}))))
            inside = opened(plus(*map(gathered, terms)))
            return inside if inside == x else gathered(inside)
        case _:
            return x


def _shared(products: list[dict[Term, float]]) -> dict[Term, float]:
    """The powers that are in all numerators, or in all denominators."""
    first, *others = products
    shared = {}
    for base, exponent in first.items():
        found = [exponent, *(other.get(base, 0.0) for other in others)]
        if min(found) * max(found) > 0.0:
            shared[base] = min(found, key=abs)
    return shared


def _rest(products: list[Product], number: float, shared: dict[Term, float]) -> list[Term]:
    """The terms without what they share; a minus does not stand first if another term can."""
    over = [raised(base, -e) for base, e in shared.items()]
    parts = [times(Product(p.coefficient / number, p.factors), *over) for p in products]
    if as_product(parts[0]).coefficient < 0.0:
        parts.sort(key=is_positive, reverse=True)
    return parts


def _shared_number(numbers: list[float]) -> float:
    """What divides all of them: a whole number, or the one size that all have."""
    if len({abs(n) for n in numbers}) == 1:
        found = abs(numbers[0])
    elif all(n.is_integer() for n in numbers):
        found = float(math.gcd(*map(int, numbers)))
    else:
        found = 1.0
    return -found if all(n < 0.0 for n in numbers) else found
