"""Slips inside one factor of a derivative: half of a product rule, a sign, a number.

Where a derivative has a sum in it, such as −1/σ + (x − μ)²/σ³, people forget one of its terms, or
turn its sign. The claim is compared with what each such slip would give, at all points.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from autodiff.formula.claims.parts import Factor, Part, Parts
from autodiff.formula.claims.program import Column, Points, Program, call, number_text, same
from autodiff.formula.claims.sentences import Finding
from autodiff.formula.figures import spelled
from autodiff.formula.reading import Reader
from autodiff.formula.terms import Sum, Term, as_product, times
from autodiff.formula.text import Text
from autodiff.graph import topological
from autodiff.value import Value

MOST_TERMS = 6  # of a sum whose terms are left out, one after the other and together
MOST_LEFT_OUT = 2
MOST_CLAIMED = 100  # nodes of a claim whose terms are looked at
MOST_NODES = 150  # of a graph whose parts are tried as the missing factor
NUMBERS = {
    2.0: "is there twice",
    0.5: "is there by half only: a factor 2 is missing",
    -2.0: "is there twice and with the wrong sign",
    -0.5: "has the wrong sign, and a factor 2 is missing there",
}


def slip_within(
    claimed: Column, points: Points, parts: Sequence[Part], maker: Parts
) -> Finding | None:
    """The term of one sum that is missing, or wrong in its sign or by a factor 2 or ½."""
    for part in parts:
        rest = [a - b for a, b in zip(points.expected, part.column, strict=True)]
        for i, factor in sorted(enumerate(part.factors), key=lambda pair: not pair[1].above):
            if not isinstance(factor.term, Sum) or len(factor.term.terms) > MOST_TERMS:
                continue
            beside = _product(part, [f for k, f in enumerate(part.factors) if k != i])
            for column, why in _slips(factor, maker):
                total = [r + b * c for r, b, c in zip(rest, beside, column, strict=True)]
                if same(claimed, total):
                    return Finding(part.path, factor.component, why)
    return None


def _product(part: Part, factors: Sequence[Factor]) -> Column:
    total = [part.coefficient] * len(part.column)
    for factor in factors:
        total = [a * b for a, b in zip(total, factor.column, strict=True)]
    return total


def _slips(factor: Factor, maker: Parts) -> Iterator[tuple[Column, str]]:
    """What the sum would be with each slip, and how the slip is said."""
    assert isinstance(factor.term, Sum)
    terms = factor.term.terms
    columns = [maker.column(term) for term in terms]
    column = factor.column if factor.above else [call("div", (1.0, x)) for x in factor.column]
    where = f" of {factor.component} = {factor.formula}" if factor.component else ""

    def with_slip(added: Sequence[Column], times_added: float) -> Column:
        sums = [sum(row) for row in zip(*added, strict=True)]
        total = [x + times_added * y for x, y in zip(column, sums, strict=True)]
        return total if factor.above else [call("div", (1.0, x)) for x in total]

    for term, one in zip(terms, columns, strict=True):
        said = f"the sign of the term {_size(term)}{where} is wrong"
        yield with_slip([one], -2.0), said
    for count in range(1, min(len(terms), MOST_LEFT_OUT + 1) if factor.above else 0):
        for left_out in combinations(range(len(terms)), count):
            missing = [Text().write(terms[k]) for k in left_out]
            several = "s" if count > 1 else ""
            verb = "are" if count > 1 else "is"
            said = f"the term{several} {' and '.join(missing)}{where} {verb} missing"
            yield with_slip([columns[k] for k in left_out], -1.0), said
    for term, one in zip(terms, columns, strict=True) if factor.above else ():
        for number, said in NUMBERS.items():
            yield with_slip([one], number - 1.0), f"the term {_size(term)}{where} {said}"


def _size(term: Term) -> str:
    """A term without the minus before it."""
    negative = as_product(term).coefficient < 0.0
    return Text().write(times(-1.0, term) if negative else term)


def constant_between(claimed: Column, expected: Column, what: str = "it") -> Finding | None:
    """The number by which the claim, or a term of it, differs at every point, if there is one."""
    pairs = [(a, b) for a, b in zip(claimed, expected, strict=True) if b]
    ratio = pairs[-1][0] / pairs[-1][1] if len(pairs) > 1 else 0.0
    if not math.isfinite(ratio) or not ratio or not same(claimed, [ratio * x for x in expected]):
        return None
    size = abs(ratio)
    if abs(size - 1.0) < 1e-9:
        said = ""
    elif size < 1.0:
        said = (
            f"{what} is {_part(size)} what is right: a factor {number_text(1.0 / size)} is missing"
        )
    else:
        known = spelled(size)
        times_it = "twice" if abs(size - 2.0) < 1e-9 else f"{number_text(size)} times"
        said = f"{what} is {times_it} what is right"
        said += f": a factor {known.below} is missing" if known and known.below else ""
    sign = f"the sign of {'the whole' if what == 'it' else what} is wrong" if ratio < 0.0 else ""
    return Finding("", "", ", and ".join(filter(None, (sign, said))))


def _part(size: float) -> str:
    return "half of" if abs(size - 0.5) < 1e-9 else f"{number_text(size)} of"


def slip_of_a_term(
    program: Program, columns: list[Column], points: Points, y: Value, reader: Reader
) -> Finding | None:
    """A number or a Value that the claim, or one term of it, should be multiplied by."""
    if len(program.nodes) > MOST_CLAIMED:
        return None
    expected = points.expected
    terms = [term for term in _top_terms(program) if _has_names(program, term[0])]
    needed: list[tuple[str, Column, Column]] = []
    for i, sign in terms:
        others = [c - sign * x for c, x in zip(columns[-1], columns[i], strict=True)]
        wanted = [sign * (e - o) for e, o in zip(expected, others, strict=True)]
        needed.append((program.text(i) if len(terms) > 1 else "", columns[i], wanted))
    for text, have, wanted in needed if len(terms) > 1 else []:
        found = constant_between(have, wanted, f"the term {text}")
        if found:
            return found
    order = topological(y)
    for node in order if len(order) <= MOST_NODES else []:
        if node not in reader.labels and node.op not in ("add", "sub"):
            continue
        column = points.column(node)
        for text, have, wanted in needed:
            place = f" at {text}" if text else ""
            if same([a * b for a, b in zip(have, column, strict=True)], wanted):
                factor = Text().write(reader.expression(node))
                return Finding("", "", f"the factor {factor} is missing{place}")
    return None


def _has_names(program: Program, i: int) -> bool:
    return any(program.nodes[j].atom is not None for j in program.inside(i))


def _top_terms(program: Program) -> list[tuple[int, float]]:
    """The terms of the claim and the sums that they stand in, each with its sign."""
    found, waiting = [], [(len(program.nodes) - 1, 1.0)]
    while waiting:
        i, sign = waiting.pop()
        node = program.nodes[i]
        pairs = zip(node.args, _SIGNS.get(node.op, ()), strict=False)
        waiting += reversed([(arg, sign * each) for arg, each in pairs])
        found.append((i, sign))
    return found[1:] or found


_SIGNS = {"add": (1.0, 1.0), "sub": (1.0, -1.0), "neg": (-1.0,)}
