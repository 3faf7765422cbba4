"""A claim taken apart: the terms it is a sum of, each a coefficient and factors.

Sums are multiplied out where they add paths, as in (a·b + c·d)·e; a difference such as (target
− out) and a complement such as (1 − out) stay one factor.
"""

from dataclasses import dataclass

from autodiff.formula.claims.program import Column, Program, call, tight

MOST_TERMS = 64
MOST_NODES = 2_000


@dataclass(frozen=True, slots=True)
class Monomial:
    """coefficient · factor**exponent · ...; factors are nodes of the claim."""

    coefficient: float
    factors: tuple[tuple[int, int], ...] = ()
    column: Column = ()  # type: ignore[assignment]

    def text(self, program: Program) -> str:
        """The term, as far as its factors go."""
        texts = [(tight(program.text(i)), e) for i, e in self.factors]
        above = "·".join(text for text, e in texts for _ in range(e))
        below = "".join(f"/{text}" for text, e in texts for _ in range(-e))
        return (above or f"{self.coefficient:g}") + below


Parts = list[Monomial]


def monomials(
    program: Program, columns: list[Column], definition: bool, several: bool = True
) -> list[Monomial]:
    """The terms of a claim; [] where it is too long. In a definition every sum is one of terms."""
    if len(program.nodes) > MOST_NODES:
        return []
    found: list[Parts] = []
    for i, node in enumerate(program.nodes):
        args = [found[arg] for arg in node.args]
        match node.op:
            case "" if node.atom is None:
                terms = [Monomial(node.number)]
            case "neg":
                terms = [Monomial(-m.coefficient, m.factors) for m in args[0]]
            case "add" | "sub" if _adds_paths(program, i, args, definition, several):
                right = (
                    args[1]
                    if node.op == "add"
                    else [Monomial(-m.coefficient, m.factors) for m in args[1]]
                )
                terms = [*args[0], *right]
            case "mul":
                terms = [_times(a, b) for a in args[0] for b in args[1]] if _few(args) else []
            case "div" if len(args[1]) == 1:
                terms = [_times(a, _power(args[1][0], -1)) for a in args[0]]
            case "power" if len(args[0]) == 1 and not args[1][0].factors and len(args[1]) == 1:
                exponent = args[1][0].coefficient
                whole = exponent.is_integer() and 0 < abs(exponent) <= 4
                terms = [_power(args[0][0], int(exponent))] if whole else []
            case _:
                terms = _number(node.op, args)
        found.append(terms if 0 < len(terms) <= MOST_TERMS else [Monomial(1.0, ((i, 1),))])
    return [Monomial(m.coefficient, m.factors, _column(m, columns)) for m in found[-1]]


def _number(op: str, args: list[Parts]) -> Parts:
    """A function of numbers alone, as log(10), as a number."""
    numbers = [each.coefficient for terms in args for each in terms if not each.factors]
    return [Monomial(call(op, numbers))] if 0 < len(numbers) == sum(map(len, args)) else []


def _few(args: list[Parts]) -> bool:
    return len(args[0]) * len(args[1]) <= MOST_TERMS


def _adds_paths(
    program: Program, i: int, args: list[Parts], definition: bool, several: bool
) -> bool:
    """Whether the operands of a sum are products, as paths are, not the ends of a difference."""
    parent = program.parent[i]
    while parent >= 0 and program.nodes[parent].op in ("add", "sub", "neg"):
        parent = program.parent[parent]
    if parent < 0:  # the sum is the whole claim
        named = several and all(m.factors for terms in args for m in terms)
        if definition or named:
            return True

    def heavy(m: Monomial) -> bool:
        single = program.nodes[m.factors[0][0]] if len(m.factors) == 1 else None
        return len(m.factors) > 1 or (single is not None and isinstance(single.atom, tuple))

    return all(heavy(m) for terms in args for m in terms)


def _times(a: Monomial, b: Monomial) -> Monomial:
    return Monomial(a.coefficient * b.coefficient, a.factors + b.factors)


def _power(m: Monomial, exponent: int) -> Monomial:
    factors = tuple((i, e * exponent) for i, e in m.factors)
    return Monomial(call("power", (m.coefficient, exponent)), factors)


def _column(m: Monomial, columns: list[Column]) -> Column:
    total = [m.coefficient] * len(columns[0])
    for i, exponent in m.factors:
        total = [a * call("power", (b, exponent)) for a, b in zip(total, columns[i], strict=True)]
    return total
