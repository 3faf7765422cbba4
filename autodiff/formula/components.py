"""The components of a derivation: one local derivative each, with what it follows from.

A component is d upper / d lower for two neighbouring waypoints: how `upper` is computed, the
derivative as the chain rule gives it (raw), and as one writes it (formula).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from autodiff.formula.chain import Chain, Slope, number_of
from autodiff.formula.ordering import by_hand, in_order
from autodiff.formula.page import Piece
from autodiff.formula.proofs import proof_of
from autodiff.formula.reading import Reader
from autodiff.formula.terms import (
    Name,
    Product,
    Term,
    apply,
    as_product,
    flipped,
    raised,
    rewritten,
    term,
    times,
)
from autodiff.op import TABLE
from autodiff.value import Value


@dataclass(frozen=True, slots=True)
class Component:
    """d upper / d lower and where it comes from; `raw` is empty where it says nothing new."""

    upper: str
    lower: str
    definition: Term | None  # None: left open
    raw: tuple[Term, ...]
    formula: Term
    value: float
    rule: tuple[str, Term] | None = None  # the slope of an activation: ("σ", σ·(1 − σ))
    proof: tuple[Piece, ...] = ()


class Components:
    """Makes components of a chain, each once."""

    def __init__(
        self,
        chain: Chain,
        reader: Reader,
        signs: str,
        *,
        expand: bool,
        abstract: bool,
    ) -> None:
        self.chain = chain
        self.reader = reader
        self.signs = signs
        self.expand = expand  # prove the slope of each activation
        self.abstract = abstract  # write f′(z) for it
        self._definitions: dict[Value, Term] = {}
        self._made: dict[tuple[Value, Value], Component] = {}

    def between(self, upper: Value, lower: Value, slope: Slope | None = None) -> Component:
        """The component for two neighbours (or for any two, when their derivative is given)."""
        if (upper, lower) not in self._made:
            slope = self.chain.slopes[upper][lower] if slope is None else slope
            label, value = self.reader.labels, number_of(slope)
            rule = _rule(upper, lower)
            stop = self.chain.slopes.keys()
            by_rule = in_order(self.reader.expression(slope), upper, lower, self.reader, stop)
            formula = by_hand(by_rule, upper, self.reader)
            gathered = formula != by_rule
            if self.signs == "difference":
                formula = flipped(formula)
            raw = tuple(_raw(slope, self.reader))
            raw = raw if _says_more(raw, formula) else (by_rule,) if gathered else ()
            if self.abstract and rule:
                formula, rule, raw = Name(f"f′({label[lower]})", value), None, ()
            proof = proof_of(upper, self.reader.name(lower)) if self.expand and rule else ()
            self._made[upper, lower] = Component(
                label[upper],
                label[lower],
                self._definition(upper),
                raw,
                formula,
                value,
                rule,
                proof,
            )
        return self._made[upper, lower]

    def _definition(self, upper: Value) -> Term:
        """What a waypoint was computed from; y with its named summands written out."""
        if upper not in self._definitions:
            hidden = self.chain.summands if upper is self.chain.y else ()
            self._definitions[upper] = self.reader.definition(upper, hidden)
        return self._definitions[upper]

    def left_open(self, lower: Value, value: float) -> Component:
        """d y / d lower as a symbol: a derivation that stops there."""
        label = self.reader.labels
        symbol = Name(f"∂{label[self.chain.y]}/∂{label[lower]}", value)
        return Component(label[self.chain.y], label[lower], None, (), symbol, value)


def _raw(slope: Slope, reader: Reader) -> list[Term]:
    """The factors of a derivative as the chain rule piles them up: numbers first, a -1 last."""
    numbers: list[float] = []
    factors: list[Term] = []
    stack: list[Slope] = [slope]
    while stack:
        if len(numbers) + len(factors) + len(stack) > LONGEST:
            return []  # a square of a square of ...: too long to say anything
        x = stack.pop()
        if isinstance(x, Value) and x not in reader.labels and x.op in _PILED:
            numbers += [-1.0] if x.op == "neg" else []
            stack.extend(reversed(x.args[-2:] if x.op == "mul" else x.args[-1:]))
        else:
            product = as_product(reader.expression(x))
            numbers += [product.coefficient] if product.coefficient != 1.0 else []
            factors += [raised(base, exponent) for base, exponent in product.factors]
    numbers.sort(key=lambda n: (n < 0.0, -n))
    ahead = [Product(n) for n in numbers if n > 0.0]
    return [*ahead, *_divided(factors), *(Product(n) for n in numbers if n <= 0.0)]


def _divided(factors: list[Term]) -> list[Term]:
    """The divisors below the last of the other factors, (x - a)/b, not 1/b·(x - a); below all of
    them where something is going to cancel."""
    below = [f for f in factors if isinstance(f, Product) and all(e < 0.0 for _, e in f.factors)]
    above = [f for f in factors if f not in below]
    if not above or not below:
        return factors
    if _cancels([*above, *below]):
        over, under = as_product(times(*above)), as_product(times(*below))
        return [Product(over.coefficient * under.coefficient, over.factors + under.factors)]
    return [*above[:-1], times(*above[-1:], *below)]


def _cancels(factors: Sequence[Term]) -> bool:
    """Whether the product has fewer factors than they are, as one is the inverse of another."""
    signs = {(base, exponent > 0.0) for f in factors for base, exponent in as_product(f).factors}
    return any((base, not above) in signs for base, above in signs)


LONGEST = 24  # factors of a raw derivative
_PILED = ("mul", "neg", "gate")  # rows that only multiply what comes from above


def _says_more(raw: tuple[Term, ...], formula: Term) -> bool:
    """Whether the raw factors show a step: numbers that merge, a sign that moves, what cancels."""
    numbers = [f for f in raw if isinstance(f, Product) and not f.factors]
    same = _unordered(times(*raw)) == _unordered(formula)
    moved = len(raw) > 1 and (len(numbers) > 1 or (bool(numbers) and not same))
    return moved or _cancels(raw)


def _unordered(x: Term) -> tuple[float, frozenset[tuple[Term, float]]]:
    product = as_product(x)
    return product.coefficient, frozenset(product.factors)


def _rule(upper: Value, lower: Value) -> tuple[str, Term] | None:
    """The textbook slope of a one-argument function in terms of itself: σ' = σ (1 - σ)."""
    if len(upper.args) != 1 or upper.args[0] is not lower:
        return None
    op = TABLE[upper.op]
    if op.name in ("neg", "alias", "square", "reciprocal") or not callable(op.partials[0]):
        return None
    x = Name("x", 0.0)
    called = apply(op, (x,))
    out = Name(op.spelling, 0.0)
    slope = rewritten(term(op.partials[0](out, x)), {called: out})
    return op.spelling, slope
