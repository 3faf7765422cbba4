"""Tidying what differentiation leaves behind: √(u)² is u, x·x^(x − 1) is x^x, (a/b)²·b is a²/b.

A definition is printed as the user wrote it; these rules are for derivatives, where nobody wrote
such factors side by side.
"""

import math

from autodiff.formula.figures import SAME, WHOLE
from autodiff.formula.terms import Call, Product, Sum, Term, as_product, plus, raised, times
from autodiff.op import TABLE

_KNOWN_LOGARITHMS = (2.0, 10.0)  # those with a spelling of their own, which the table uses too


def reduced(x: Term) -> Term:
    """`x` with powers of the same base, of roots and of quotients brought together."""
    match x:
        case Call(op=op, args=(Product(coefficient=number, factors=()),)) if (
            op.name == "log" and number in _KNOWN_LOGARITHMS
        ):
            return Product(math.log(number))
        case Call(op=op, args=args):
            return Call(op, tuple(map(reduced, args)))
        case Sum(terms=terms):
            return plus(*map(reduced, terms))
        case Product(coefficient=coefficient, factors=factors):
            tidy = times(coefficient, *(raised(reduced(base), e) for base, e in factors))
            for rule in (_quotients_opened, _roots_joined, _powers_joined, _whole):
                tidy = rule(as_product(tidy))
            return times(tidy)
        case _:
            return x


def _quotients_opened(x: Product) -> Term:
    """(a/b)²·b is a²/b, and (2·a)² is 4·a²; (w·x)² stays where nothing comes of opening it."""
    bases = [base for base, _ in x.factors]
    opened: list[Term] = []
    for base, exponent in x.factors:
        inside = base if isinstance(base, Product) and exponent.is_integer() else Product(1.0)
        if inside.coefficient != 1.0 or any(part in bases for part, _ in inside.factors):
            opened.append(raised(inside.coefficient, exponent))
            opened += [raised(part, e * exponent) for part, e in inside.factors]
        else:
            opened.append(raised(base, exponent))
    return times(x.coefficient, *opened)


def _roots_joined(x: Product) -> Term:
    """√(u)² is u, and u/√(u) is √(u)."""
    powers = dict(x.factors)
    joined: dict[Term, Term] = {}
    for base, exponent in x.factors:
        if isinstance(base, Call) and base.op.name == "sqrt" and exponent.is_integer():
            [u] = base.args
            beside = powers.get(u, 0.0)
            if exponent % 2.0 == 0.0 or beside * exponent < 0.0:
                total = beside + exponent / 2.0
                whole = float(math.trunc(total))
                joined[base] = times(raised(u, whole), raised(base, 2.0 * (total - whole)))
                joined[u] = Product(1.0)
    return times(x.coefficient, *(joined.get(b) or raised(b, e) for b, e in x.factors))


def _powers_joined(x: Product) -> Term:
    """x·x^(y − 1) is x^y, as the number in the exponent goes away."""
    powers = dict(x.factors)
    for base, exponent in x.factors:
        if isinstance(base, Call) and base.op.name == "power" and exponent == 1.0:
            u, y = base.args
            joined = plus(y, powers.get(u, 0.0))
            if u in powers and _length(joined) < _length(y):
                del powers[base], powers[u]
                raised_u = TABLE["power"](u, joined)
                return times(x.coefficient, *(raised(b, e) for b, e in powers.items()), raised_u)
    return x


def _whole(x: Product) -> Term:
    """2·a for 2.0000000000000004·a, as ln(2)/ln(2) comes out when it is computed."""
    whole = float(round(x.coefficient)) if abs(x.coefficient) < WHOLE else 0.0
    close = whole and abs(x.coefficient - whole) <= SAME * abs(whole)
    return Product(whole, x.factors) if close else x


def _length(x: Term) -> int:
    return len(x.terms) if isinstance(x, Sum) else 1
