"""What is printed: an expression over named Values in normal form.

A `Sum` of `Product`s; a product has one numeric coefficient and factors with numeric exponents; a
factor is a `Name`, a `Call` or a sum in brackets. Signs and numbers are gathered, equal factors
become powers, equal terms are added up; nothing is expanded and nothing is reordered, so a formula
looks as the user wrote it.

Terms understand op vocabulary: a row's `formula` handed terms instead of numbers writes itself
down.
"""

from dataclasses import dataclass
from typing import Any, Union

from autodiff.op import TABLE, Op
from autodiff.real import power

Term = Union["Name", "Call", "Product", "Sum"]


class _Arithmetic:
    """`+ - *` and calls of rows between terms and numbers."""

    def __add__(self, other: Any) -> Term:
        return plus(self, other)

    def __radd__(self, other: Any) -> Term:
        return plus(other, self)

    def __sub__(self, other: Any) -> Term:
        return plus(self, times(-1.0, other))

    def __rsub__(self, other: Any) -> Term:
        return plus(other, times(-1.0, self))

    def __mul__(self, other: Any) -> Term:
        return times(self, other)

    def __rmul__(self, other: Any) -> Term:
        return times(other, self)

    def __neg__(self) -> Term:
        return times(-1.0, self)

    @staticmethod
    def __record__(op: Op, args: tuple[Any, ...]) -> Term:
        return apply(op, args)


@dataclass(frozen=True, slots=True)
class Name(_Arithmetic):
    """A named Value: its label, and its number for the substitution."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Call(_Arithmetic):
    """A row of the table that is printed as a function or an infix sign."""

    op: Op
    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Product(_Arithmetic):
    """coefficient * base**exponent * ...; without factors it is a plain number."""

    coefficient: float
    factors: tuple[tuple[Term, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Sum(_Arithmetic):
    """At least two terms, none of them a sum."""

    terms: tuple[Term, ...]


ROUNDING = 2.0**-51  # what is left of numbers that cancel, as part of one of them
ZERO, ONE = Product(0.0), Product(1.0)


def term(x: Any) -> Term:
    """`x` itself, or a plain number as a product without factors."""
    return x if isinstance(x, _Arithmetic) else Product(float(x))  # type: ignore[return-value]


def as_product(x: Term) -> Product:
    """Any term as a product."""
    return x if isinstance(x, Product) else Product(1.0, ((x, 1.0),))


def _product(coefficient: float, factors: dict[Term, float]) -> Term:
    """A product from merged factors; a bare factor is itself."""
    kept = tuple((base, exponent) for base, exponent in factors.items() if exponent)
    if coefficient == 1.0 and len(kept) == 1 and kept[0][1] == 1.0:
        return kept[0][0]
    return Product(coefficient, kept) if coefficient else ZERO


def times(*xs: Any) -> Term:
    """The product of terms or numbers; factors keep the order in which they first appear."""
    coefficient, factors = 1.0, dict[Term, float]()
    for x in map(as_product, map(term, xs)):
        coefficient *= x.coefficient
        for base, exponent in x.factors:
            factors[base] = factors.get(base, 0.0) + exponent
    return _product(coefficient, factors)


def plus(*xs: Any) -> Term:
    """The sum of terms or numbers; terms that differ only in their coefficient are added up."""
    merged: dict[frozenset[tuple[Term, float]], Product] = {}  # x·y and y·x are alike
    for x in map(term, xs):
        for part in x.terms if isinstance(x, Sum) else (x,):
            product = as_product(part)
            first = merged.setdefault(frozenset(product.factors), Product(0.0, product.factors))
            total = _added(first.coefficient, product.coefficient)
            merged[frozenset(product.factors)] = Product(total, first.factors)
    terms = [_product(p.coefficient, dict(p.factors)) for p in merged.values() if p.coefficient]
    return Sum(tuple(terms)) if len(terms) > 1 else terms[0] if terms else ZERO


def _added(a: float, b: float) -> float:
    """a + b, where a third and minus a third, computed in two ways, are nothing."""
    total = a + b
    left_behind = abs(total) <= ROUNDING * abs(a) and not (a.is_integer() and b.is_integer())
    return 0.0 if left_behind else total


def raised(x: Any, exponent: float) -> Term:
    """x to a numeric power: powers of powers are multiplied out, a product stays in brackets."""
    x = term(x)
    if isinstance(x, Product):
        if not x.factors and (x.coefficient > 0.0 or (exponent.is_integer() and x.coefficient)):
            return Product(power(x.coefficient, exponent))
        bare = x.coefficient == 1.0 and len(x.factors) == 1
        if x.factors and (bare or exponent == -1.0):
            return _product(
                power(x.coefficient, exponent), {base: e * exponent for base, e in x.factors}
            )
    return _product(1.0, {x: exponent})


def _power(x: Any, y: Any) -> Term:
    y = term(y)
    if isinstance(y, Product) and not y.factors:
        return raised(x, y.coefficient)
    return Call(TABLE["power"], (term(x), y))


def _inner(*xys: Any) -> Term:
    half = len(xys) // 2
    return plus(*(times(x, y) for x, y in zip(xys, xys[half:], strict=False)))


# Rows that become sums and products instead of calls.
_BUILD: dict[str, Any] = {
    "add": plus,
    "sub": lambda x, y: plus(x, times(-1.0, y)),
    "mul": times,
    "div": lambda x, y: times(x, raised(y, -1.0)),
    "neg": lambda x: times(-1.0, x),
    "power": _power,
    "square": lambda x: raised(x, 2.0),
    "reciprocal": lambda x: raised(x, -1.0),
    "alias": term,
    "sum": plus,
    "inner": _inner,
}


def apply(op: Op, args: tuple[Any, ...]) -> Term:
    """A row applied to terms: a sum or product, the row's textbook expression, or a call."""
    build = _BUILD.get(op.name)
    if build:
        built: Term = build(*args)
        return built
    if op.spelled_out and op.formula:
        return term(op.formula(*args))
    return Call(op, tuple(map(term, args)))


def rewritten(x: Term, known: dict[Term, Term]) -> Term:
    """`x` with every part that `known` lists replaced, inner parts first.

    This is how sigmoid(sum_o1) inside a derivative becomes out_o1, the name that the user gave it.
    """
    new: Term
    match x:
        case Call():
            new = Call(x.op, tuple(rewritten(a, known) for a in x.args))
        case Product():
            new = times(x.coefficient, *(raised(rewritten(b, known), e) for b, e in x.factors))
        case Sum():
            new = plus(*(rewritten(t, known) for t in x.terms))
        case _:
            new = x
    return known.get(new, new)


def flipped(x: Term) -> Term:
    """-(a - b)*c as (b - a)*c: the sign moves into the first difference of a negative product."""
    if not isinstance(x, Product) or x.coefficient >= 0.0:
        return x
    for i, (base, exponent) in enumerate(x.factors):
        if isinstance(base, Sum) and abs(exponent) % 2 == 1 and _is_difference(base):
            turned = Sum(tuple(times(-1.0, t) for t in sorted(base.terms, key=is_positive)))
            factors = (*x.factors[:i], (turned, exponent), *x.factors[i + 1 :])
            return _product(-x.coefficient, dict(factors))
    return x


def is_positive(x: Term) -> bool:
    """Whether a term has no minus before it."""
    return as_product(x).coefficient > 0.0


def _is_difference(x: Sum) -> bool:
    return is_positive(x.terms[0]) and not all(map(is_positive, x.terms))
