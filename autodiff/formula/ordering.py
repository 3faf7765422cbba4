"""The terms of a derivative, and their factors, in the order of those that they come from.

The sweep meets the terms of a sum from the last to the first; whoever differentiates
x³ − 2·x² + x by hand writes 3·x² − 4·x + 1. It meets the factors of a product from the last to the
first too; of m·l²·omega²/2 one writes m·l·omega².
"""

from collections.abc import Collection

from autodiff.calculus import gradients
from autodiff.formula.gathering import factored
from autodiff.formula.reading import Reader
from autodiff.formula.terms import Call, Product, Sum, Term, as_product, plus, raised, times
from autodiff.value import Value

MOST_TERMS = 64  # of a sum that is differentiated term by term


def in_order(
    formula: Term,
    upper: Value,
    lower: Value,
    reader: Reader,
    stop: Collection[Value] = (),
) -> Term:
    """`formula`, which is d upper / d lower, in the order of the terms and factors of `upper`."""
    terms = _terms(upper, reader)
    if upper in reader.labels:  # a derivative is differentiated in the order that it was printed in
        formula = _factors_in_order(formula, terms, reader)
    if not isinstance(formula, Sum) or not 1 < len(terms) <= MOST_TERMS:
        return formula
    parts = []
    for sign, node in terms:
        slope = 1.0 if node is lower else gradients(node, [lower], stop=stop)[0]
        part = times(sign, reader.expression(slope))
        parts.append(_factors_in_order(part, terms, reader) if upper in reader.labels else part)
    ordered = plus(*parts)
    same = isinstance(ordered, Sum) and set(ordered.terms) == set(formula.terms)
    return ordered if same else formula


def by_hand(formula: Term, upper: Value, reader: Reader) -> Term:
    """`formula`, a derivative of `upper`, with what its terms share before the brackets.

    A sum that the definition has as a factor stays as the user wrote it.
    """
    if not isinstance(formula, Sum):
        return formula
    written = {base for base, _ in as_product(reader.definition(upper)).factors}
    return formula if formula in written else factored(formula)


def _factors_in_order(x: Term, terms: list[tuple[float, Value]], reader: Reader) -> Term:
    """`x` with the factors that stand in a product of the definition in the order they have
    there."""
    products = x.terms if isinstance(x, Sum) else (x,)
    if len(terms) > MOST_TERMS or all(len(as_product(each).factors) < 2 for each in products):
        return x
    bases = [_places(reader.definition(node)) for _, node in terms]
    return plus(*(_sorted(as_product(each), bases) for each in products))


def _places(x: Term) -> dict[Term, int]:
    """The factors of a product, and where they stand."""
    return {_bare(base): i for i, (base, _) in enumerate(as_product(x).factors)}


def _bare(x: Term) -> Term:
    """What is raised to a power that is a Value: x of x^k, which stands for x^(k − 1) too."""
    return x.args[0] if isinstance(x, Call) and x.op.name == "power" else x


def _sorted(x: Product, definitions: list[dict[Term, int]]) -> Term:
    """The product in the order of the definition that has most of its factors; σ·(1 - σ) stays."""
    bases = [_bare(base) for base, _ in x.factors]
    sums = [base.terms for base in bases if isinstance(base, Sum)]
    paired = {base for base in bases if any(times(-1.0, base) in terms for terms in sums)}
    places = max(definitions, key=lambda known: sum(base in known for base in bases))
    slots = [i for i, base in enumerate(bases) if base in places and base not in paired]
    factors = list(x.factors)
    for slot, i in zip(slots, sorted(slots, key=lambda i: places[bases[i]]), strict=True):
        factors[slot] = x.factors[i]
    return times(x.coefficient, *(raised(base, e) for base, e in factors))


def _terms(root: Value, reader: Reader) -> list[tuple[float, Value]]:
    """What a sum adds up, from left to right, with signs; sums without a name are opened."""
    found: list[tuple[float, Value]] = []
    waiting: list[tuple[float, Value]] = [(1.0, root)]
    while waiting and len(found) <= MOST_TERMS:
        sign, node = waiting.pop()
        signs = _SIGNS.get(node.op) if node is root or node not in reader.labels else None
        if signs is None:
            found.append((sign, node))
        else:
            pairs = [(sign * signs[min(i, 1)], arg) for i, arg in enumerate(node.args)]
            waiting.extend((s, arg) for s, arg in reversed(pairs) if isinstance(arg, Value))
    return found


# Of the first operand, and of the others.
_SIGNS = {"add": (1.0, 1.0), "sum": (1.0, 1.0), "sub": (1.0, -1.0), "neg": (-1.0,)}
