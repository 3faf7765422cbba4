"""What the tests of derivations share: networks of the seeds, random graphs, terms as numbers."""

import io
from typing import Any

from hypothesis import strategies as st

import autodiff as ad
from autodiff.formula.terms import Call, Name, Product, Sum, Term
from autodiff.graph import local_slopes, sweep, topological

UNARY = ["sin", "cos", "tanh", "sigmoid", "softplus", "atan", "square", "neg", "relu", "abs", "exp"]
BINARY = ["add", "sub", "mul", "add", "mul", "maximum"]


@st.composite
def graphs(draw: st.DrawFn, most: int = 14) -> tuple[ad.Value, list[ad.Value]]:
    """A graph over a few leaves, some nodes named and some not, and the leaves it depends on."""
    numbers = st.floats(0.2, 1.5).map(lambda x: round(x, 3))
    leaves = [
        ad.Value(draw(numbers) * draw(st.sampled_from([1, -1])), name) for name in ("u", "v", "w")
    ]
    nodes: list[Any] = list(leaves)
    for i in range(draw(st.integers(2, most))):
        near = st.integers(max(0, len(nodes) - 5), len(nodes) - 1).map(nodes.__getitem__)
        if draw(st.booleans()):
            op = draw(st.sampled_from(UNARY))
            x = draw(near)
            node = getattr(ad, op)(ad.tanh(x) if op == "exp" else x)
        else:
            other = draw(st.one_of(near, near, near, numbers))
            node = getattr(ad, draw(st.sampled_from(BINARY)))(draw(near), other)
        nodes.append(node.named(f"n{i}") if draw(st.booleans()) else node)
    y = nodes[-1]
    behind = set(topological(y))
    return y, [leaf for leaf in leaves if leaf in behind]


def size_of_sum(y: ad.Value, x: ad.Value) -> float:
    """The sum of the absolute values of all paths: what rounding errors are measured by."""

    def steep(node: Any) -> list[tuple[Any, float]]:
        return [(arg, abs(slope)) for arg, slope in local_slopes(node)]

    return float(sweep(y, 1.0, topological(y), steep).get(x, 0.0))


def number(x: Term) -> float:
    """The number of a term, as its names have it."""
    match x:
        case Name(value=value):
            return value
        case Sum(terms=terms):
            return sum(map(number, terms))
        case Product(coefficient=coefficient, factors=factors):
            for base, exponent in factors:
                coefficient *= number(base) ** exponent
            return coefficient
        case Call(op=op, args=args):
            return float(op.forward(*map(number, args)))


def seed_003() -> tuple[ad.Value, list[ad.Value]]:
    """The network of seed 003 from bare Values: the loss, and w1 to w8."""
    i1, i2, t1, t2 = ad.values("i1 i2 target1 target2", [0.1, 0.5, 0.05, 0.95])
    w1, w2, w3, w4, w5, w6, w7, w8 = w = ad.values("w1:9", [k / 10 for k in range(1, 9)])
    b1, b2 = ad.values("b1 b2", [0.25, 0.35])
    sum_h1 = (i1 * w1 + i2 * w3 + b1).named("sum_h1")
    sum_h2 = (i1 * w2 + i2 * w4 + b1).named("sum_h2")
    h1, h2 = sum_h1.sigmoid().named("out_h1"), sum_h2.sigmoid().named("out_h2")
    sum_o1 = (h1 * w5 + h2 * w6 + b2).named("sum_o1")
    sum_o2 = (h1 * w7 + h2 * w8 + b2).named("sum_o2")
    o1, o2 = sum_o1.sigmoid().named("out_o1"), sum_o2.sigmoid().named("out_o2")
    E1, E2 = (0.5 * (t1 - o1) ** 2).named("E1"), (0.5 * (t2 - o2) ** 2).named("E2")
    return (E1 + E2).named("E_total"), w


class Terminal(io.StringIO):
    """A stream that says which encoding it has."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self.said = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.said
