"""The terms of a derivative in the order of the terms that they come from.

The sweep meets the terms of a sum from the last to the first; whoever differentiates
x³ − 2·x² + x by hand writes 3·x² − 4·x + 1.
"""

from collections.abc import Collection

from autodiff.calculus import gradients
from autodiff.formula.reading import Reader
from autodiff.formula.terms import Sum, Term, plus, times
from autodiff.value import Value

MOST_TERMS = 64  # of a sum that is differentiated term by term


def in_order(
    formula: Term, upper: Value, lower: Value, reader: Reader, stop: Collection[Value] = ()
) -> Term:
    """`formula`, which is d upper / d lower, its terms in the order of those of `upper`."""
    terms = _terms(upper, reader)
    if not isinstance(formula, Sum) or not 1 < len(terms) <= MOST_TERMS:
        return formula
    parts = []
    for sign, node in terms:
        slope = 1.0 if node is lower else gradients(node, [lower], stop=stop)[0]
        parts.append(times(sign, reader.expression(slope)))
    ordered = plus(*parts)
    same = isinstance(ordered, Sum) and set(ordered.terms) == set(formula.terms)
    return ordered if same else formula


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
