"""What a claim should consist of: the paths of a derivative, or the terms of a definition, in
factors.

Every factor knows the component of the derivation that it belongs to, and its numbers at all
points.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_uppercase

from autodiff.formula.chain import Chain, Slope, ways_of
from autodiff.formula.claims.program import Atom, Column, Points, call, tight
from autodiff.formula.ordering import by_hand, in_order
from autodiff.formula.page import numbers_in
from autodiff.formula.reading import Reader
from autodiff.formula.terms import Call, Name, Product, Sum, Term, as_product, flipped, raised
from autodiff.formula.text import Text
from autodiff.value import Value

MANY_PATHS = 8


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a part, and the component ("∂sum_o1/∂w5", "out_h1") that it belongs to."""

    text: str
    column: Column
    component: str
    formula: str
    names: tuple[str, ...]
    size: int  # names and numbers in it
    term: Term  # what it is, or what it divides by
    above: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A product that is one summand of what is right; `path` is its title, if there are several."""

    path: str
    route: str
    coefficient: float
    factors: tuple[Factor, ...]
    column: Column
    formula: str


class Parts:
    """Makes the parts for a derivative (x given) or a definition (x None)."""

    def __init__(self, points: Points, reader: Reader) -> None:
        self.points = points
        self.reader = reader
        self.nodes = {label: node for node, label in reader.labels.items()}

    def of_derivative(self, y: Value, x: Value) -> list[Part]:
        """One part for each path from y to x; one in all, in larger steps, when there are many."""
        chain = Chain(y, [x], self.reader.labels)
        paths = chain.count_paths(x)
        if not paths or x is y:
            return []
        if paths > MANY_PATHS:
            return [self._product("", "", list(self._steps(chain, chain.passes(x))))]
        heads = chain.heads()
        found = []
        for letter, path in zip(ascii_uppercase, chain.paths(y, x), strict=False):
            nodes = path[1:] if path[1] in heads else path
            route = " → ".join(self.reader.labels[node] for node in nodes)
            title = f"path {letter}" if paths > 1 else ""
            found.append(self._product(title, route, list(self._steps(chain, nodes))))
        return found

    def ways(self, y: Value, x: Value) -> str:
        """What the letters of the paths stand for: "path A via E1, path B directly"."""
        paths = list(Chain(y, [x], self.reader.labels).paths(y, x))
        told = zip(ascii_uppercase, ways_of(paths, self.reader.labels.__getitem__), strict=False)
        return ", ".join(f"path {letter} {way}" for letter, way in told)

    def of_definition(self, y: Value, used: set[Value]) -> list[Part]:
        """One part for each term of y; named terms that the claim does not use are spelled out."""
        parts: list[Part] = []
        defined = self.reader.definition(y)
        terms = defined.terms if isinstance(defined, Sum) else (defined,)
        for i, each in enumerate(terms, 1):
            node = self.nodes.get(each.label) if isinstance(each, Name) else None
            title = each.label if isinstance(each, Name) else f"term {i}"
            if node is not None and node.args and node not in used:
                each = self.reader.definition(node)
            parts.append(self._product(title if len(terms) > 1 else "", "", [("", each, None)]))
        return parts

    # ------------------------------------------------------------ factors

    def _steps(self, chain: Chain, nodes: list[Value]) -> Iterator[tuple[str, Term, Atom | None]]:
        labels = self.reader.labels
        for upper, lower in pairwise(nodes):
            symbol = f"∂{labels[upper]}/∂{labels[lower]}"
            slope: Slope | None = chain.slopes[upper].get(lower)
            if slope is None:
                yield symbol, Name(symbol, 0.0), (upper, lower)
            else:
                formula, stop = self.reader.expression(slope), chain.slopes.keys()
                formula = in_order(formula, upper, lower, self.reader, stop)
                yield symbol, flipped(by_hand(formula, upper, self.reader)), None

    def _product(self, path: str, route: str, steps: list[tuple[str, Term, Atom | None]]) -> Part:
        coefficient = 1.0
        factors: list[Factor] = []
        written: list[str] = []
        for symbol, formula, atom in steps:
            text = Text().write(formula)
            product = as_product(formula)
            coefficient *= product.coefficient
            written.append(text)
            for base, exponent in product.factors:
                column = self.points.column(atom) if atom else self.column(base)
                spelled = Text().write(base)
                above = exponent > 0
                if exponent == int(exponent) and 0 < abs(exponent) <= 4:
                    times = int(abs(exponent))
                    column = column if above else [_over(1.0, x) for x in column]
                    spelled = spelled if above else f"1/{tight(spelled)}"
                else:
                    times, column = 1, [call("power", (x, exponent)) for x in column]
                    spelled, base = f"({spelled})^{exponent:g}", raised(base, exponent)
                    above = True
                names = tuple(_names(base))
                size = 2 * len(numbers_in(base)) - 1
                found = Factor(spelled, column, symbol, text, names, size, base, above)
                factors += [found] * times
        total = [coefficient] * self.points.count
        for factor in factors:
            total = [a * b for a, b in zip(total, factor.column, strict=True)]
        return Part(path, route, coefficient, tuple(factors), total, "·".join(written))

    def column(self, x: Term) -> Column:
        """The numbers of a term at all points; a term of ours is small, so this may recurse."""
        match x:
            case Name(label=label):
                node = self.nodes.get(label)
                return (
                    self.points.column(node)
                    if node is not None
                    else [float("nan")] * self.points.count
                )
            case Sum(terms=terms):
                return [sum(row) for row in zip(*map(self.column, terms), strict=True)]
            case Call(op=op, args=args):
                return [call(op.name, row) for row in zip(*map(self.column, args), strict=True)]
        found = [x.coefficient] * self.points.count
        for base, exponent in x.factors:
            powers = [call("power", (b, exponent)) for b in self.column(base)]
            found = [a * b for a, b in zip(found, powers, strict=True)]
        return found


def _names(x: Term) -> list[str]:
    found: list[str] = []
    parts = [x]
    while parts:
        match parts.pop():
            case Name(label=label):
                found.append(label)
            case Call(args=args):
                parts.extend(args)
            case Sum(terms=terms):
                parts.extend(terms)
            case Product(factors=factors):
                parts.extend(base for base, _ in factors)
    return found


def _over(a: float, b: float) -> float:
    return call("div", (a, b))
