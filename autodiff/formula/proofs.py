"""Opening up an activation: why its slope is what the rule says, line by line."""

from autodiff.formula.page import Factors, Formula, Piece, Words
from autodiff.formula.terms import ONE, Name, Product, Sum, Term, apply, plus, raised, term, times
from autodiff.op import TABLE
from autodiff.value import Value


def proof_of(upper: Value, x: Name) -> tuple[Piece, ...]:
    """The lines between `out = f(x)` and the textbook slope of f; none where f has no formula."""
    op = TABLE[upper.op]
    if op.name in _PROOFS:
        return _PROOFS[op.name](x)
    if op.formula is None:
        return ()
    return (_derivative_of(term(op.formula(x)), x),)


def _derivative_of(inner: Term, x: Name) -> Piece:
    return Factors((Words(f"d/d{x.label}"), Formula(inner)))


def _sigmoid(x: Name) -> tuple[Piece, ...]:
    """Through u = 1 + exp(-x): the six lines that every course writes."""
    e = apply(TABLE["exp"], (times(-1.0, x),))
    u = plus(1.0, e)
    over_u = raised(u, -1.0)
    return (
        _derivative_of(over_u, x),
        Factors(
            (Formula(Product(-1.0)), Formula(raised(u, -2.0)), Formula(e), Formula(Product(-1.0)))
        ),
        Factors((Formula(over_u), Formula(times(e, over_u)))),
        Factors(
            (
                Formula(over_u),
                Formula(Product(1.0, ((Sum((ONE, e, Product(-1.0))), 1.0), (u, -1.0)))),
            )
        ),
        Factors(
            (
                Formula(over_u),
                Formula(Sum((Product(1.0, ((u, 1.0), (u, -1.0))), times(-1.0, over_u)))),
            )
        ),
        Factors((Formula(over_u), Formula(plus(1.0, times(-1.0, over_u))))),
    )


def _tanh(x: Name) -> tuple[Piece, ...]:
    """Through sinh and cosh, whose slopes are each other."""
    sinh, cosh = apply(TABLE["sinh"], (x,)), apply(TABLE["cosh"], (x,))
    ratio = times(sinh, raised(cosh, -1.0))
    difference = plus(raised(cosh, 2.0), times(-1.0, raised(sinh, 2.0)))
    return (
        _derivative_of(ratio, x),
        Formula(times(difference, raised(cosh, -2.0))),
        Formula(plus(1.0, times(-1.0, raised(ratio, 2.0)))),
    )


_PROOFS = {"sigmoid": _sigmoid, "tanh": _tanh}
