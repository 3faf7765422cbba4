"""Tidying what differentiation leaves behind: √(u)² is u, x·x^(x − 1) is x^x, (a/b)²·b is a²/b.

A definition is printed as the user wrote it; these rules are for derivatives, where nobody wrote
such factors side by side.
"""

import math
from itertools import combinations

from autodiff.formula.figures import SAME, WHOLE
from autodiff.formula.terms import (
    ONE,
    ZERO,
    Call,
    Product,
    Sum,
    Term,
    as_product,
    plus,
    raised,
    times,
)
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
            return _condition_alone(Call(op, tuple(map(reduced, args))))
        case Sum(terms=terms):
            return plus(*_choices_joined([as_product(reduced(term)) for term in terms]))
        case Product(coefficient=coefficient, factors=factors):
            tidy = times(coefficient, *(raised(reduced(base), e) for base, e in factors))
            for rule in _RULES:
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


def _sums_joined(x: Product) -> Term:
    """(a + b)·(b + a) is (a + b)², and a condition times itself is that condition."""
    first: dict[frozenset[Term], Term] = {}
    joined: list[Term] = []
    for base, exponent in x.factors:
        if isinstance(base, Sum):
            base = first.setdefault(frozenset(base.terms), base)
        joined.append(base if _is_condition(base) and exponent > 0.0 else raised(base, exponent))
    unique = [t for i, t in enumerate(joined) if not _is_condition(t) or t not in joined[:i]]
    return times(x.coefficient, *unique)


def _is_condition(x: Term) -> bool:
    """Whether a term is 1 or 0."""
    if isinstance(x, Call) and x.op.name == "where":
        return set(x.args[1:]) == {ONE, ZERO}
    return isinstance(x, Call) and x.op.name in _CONDITIONS


_CONDITIONS = ("less", "less_equal", "equal", "relu_slope", "clamp_slope")


def _condition_alone(x: Call) -> Term:
    """where(c, 1, 0) is c where that is a condition in brackets, [x > 0], or another choice."""
    if x.op.name != "where":
        return x
    condition, *values = x.args
    if isinstance(condition, Call) and condition.op.name == "where" and _is_condition(condition):
        test, one, _ = condition.args
        return Call(x.op, (test, *(values if one == ONE else reversed(values))))
    bracketed = isinstance(condition, Call) and condition.op.name in _CONDITIONS[3:]
    return condition if bracketed and values == [ONE, ZERO] else x


def _choices_joined(terms: list[Product]) -> list[Term]:
    """where(c, 1, 0)·a + where(c, 0, 1)·b is where(c, a, b)."""
    left: dict[int, Term] = dict(enumerate(terms))
    for i, j in combinations(range(len(terms)), 2):
        for first, second in ((i, j), (j, i)):
            a, b = _chosen(terms[first], (ONE, ZERO)), _chosen(terms[second], (ZERO, ONE))
            if a and b and a[0] == b[0] and left.get(i) is terms[i] and left.get(j) is terms[j]:
                left[i] = Call(TABLE["where"], (a[0], a[1], b[1]))
                del left[j]
    return list(left.values())


def _chosen(x: Product, values: tuple[Term, Term]) -> tuple[Term, Term] | None:
    """The condition, and what is multiplied, of where(condition, 1, 0)·a."""
    for base, exponent in x.factors:
        match base:
            case Call(op=op, args=(condition, *chosen)) if op.name == "where" and exponent == 1.0:
                if tuple(chosen) == values:
                    return condition, times(x, raised(base, -1.0))
    return None


def _whole(x: Product) -> Term:
    """2·a for 2.0000000000000004·a, as ln(2)/ln(2) comes out when it is computed."""
    whole = float(round(x.coefficient)) if abs(x.coefficient) < WHOLE else 0.0
    close = whole and abs(x.coefficient - whole) <= SAME * abs(whole)
    return Product(whole, x.factors) if close else x


def _length(x: Term) -> int:
    return len(x.terms) if isinstance(x, Sum) else 1


_RULES = (_quotients_opened, _sums_joined, _roots_joined, _powers_joined, _whole)
