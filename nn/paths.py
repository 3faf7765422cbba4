"""Paths of a gradient: the factors that the chain rule multiplies on the way from E to a weight.

    dE/dw = sum over all paths of the product of the local derivatives along it

Of all paths the strongest is looked at, the one with the largest product.
"""

import math
from typing import NamedTuple

import autodiff as ad
from nn.labels import short

# The largest that the slope of an activation can be.
STEEPEST = {
    "sigmoid": 0.25,
    "tanh": 1.0,
    "softsign": 1.0,
    "relu": 1.0,
    "leaky_relu": 1.0,
    "elu": 1.0,
    "softplus": 1.0,
    "logsigmoid": 1.0,
    "sin": 1.0,
    "cos": 1.0,
    "atan": 1.0,
}
WORDS = "no one two three four five six seven eight nine ten eleven twelve".split()


class Factor(NamedTuple):
    """d node / d argument along a path; `given` is the argument's number."""

    op: str
    name: str  # of the argument, or of the other operand of a product
    slope: float
    given: float


def local_slopes(node: ad.Value) -> list[tuple[ad.Value, float]]:
    """Each argument that is a Value, with d node / d argument, at the present numbers."""
    op = getattr(ad, node.op)
    leaves = [ad.Value(a.data) if isinstance(a, ad.Value) else a for a in node.args]
    again = op(leaves) if op.arity is None else op(*leaves)
    again.backward()
    return [
        (arg, leaf.grad)
        for arg, leaf in zip(node.args, leaves, strict=True)
        if isinstance(arg, ad.Value) and isinstance(leaf, ad.Value)
    ]


def strongest_path(E: ad.Value, w: ad.Value) -> list[Factor] | None:
    """The factors from E down to w along the path with the largest product; None without a path.

    A product that is 0 counts as smaller than any other.
    """
    best: dict[ad.Value, tuple[float, ad.Value | None, Factor | None]] = {w: (0.0, None, None)}
    for node in _in_order(E):
        if node is w or not any(arg in best for arg in node.args if isinstance(arg, ad.Value)):
            continue
        for arg, slope in local_slopes(node):
            if arg in best:
                size = best[arg][0] + (math.log(abs(slope)) if slope else -math.inf)
                if node not in best or size > best[node][0]:
                    factor = Factor(node.op, _called(node, arg), slope, arg.data)
                    best[node] = (size, arg, factor)
    if E not in best:
        return None
    path = []
    at: ad.Value | None = E
    while at is not None:
        _, at, step = best[at]
        if step is not None:
            path.append(step)
    return path


def _in_order(E: ad.Value) -> list[ad.Value]:
    """Every Value behind E, arguments before their users."""
    order: list[ad.Value] = []
    seen = {E}
    waiting = [(E, iter(E.args))]
    while waiting:
        node, arguments = waiting[-1]
        for arg in arguments:
            if isinstance(arg, ad.Value) and arg not in seen:
                seen.add(arg)
                waiting.append((arg, iter(arg.args)))
                break
        else:
            order.append(node)
            waiting.pop()
    return order


def _called(node: ad.Value, arg: ad.Value) -> str:
    """What a factor is called: the other operand of a product, else the argument."""
    if node.op == "mul":
        others = [a for a in node.args if a is not arg and isinstance(a, ad.Value)]
        return short(others[0]) if others else ""
    return short(arg)


def slopes_in_words(slopes: list[tuple[str, float]]) -> str:
    """ "six slopes, each at most 1/4: at most 2.4e-4, and here 1.3e-5", of (op, slope) pairs."""
    bounded = [(STEEPEST[op], slope) for op, slope in slopes if op in STEEPEST]
    if not bounded:
        return ""
    count = WORDS[len(bounded)] if len(bounded) < len(WORDS) else str(len(bounded))
    most = math.prod(bound for bound, _ in bounded)
    here = number(math.prod(abs(slope) for _, slope in bounded))
    bounds = {bound for bound, _ in bounded}
    if len(bounded) == 1:
        return f"one slope, at most {fraction(most)}: here {here}"
    if len(bounds) > 1:
        each = "at most " + " or ".join(fraction(b) for b in sorted(bounds))
    else:
        each = f"each at most {fraction(bounds.pop())}"
    return f"{count} slopes, {each}: at most {number(most)}, and here {here}"


def fraction(x: float) -> str:
    return "1/4" if x == 0.25 else f"{x:g}"


def number(x: float) -> str:
    """Two digits: 2.4e-4, 0.012, 1.2e5."""
    text = f"{x:.2g}" if x == 0.0 or abs(x) >= 1e-3 else f"{x:.1e}".replace(".0e", "e")
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text
