"""A term of a claim beside the path it should be: factor by factor, compared by their numbers.

It does not matter how a factor is written, nor in which order. What finds no counterpart tells
the slip.
"""

from collections.abc import Iterator, Sequence
from math import prod

from autodiff.formula.claims.names import stem
from autodiff.formula.claims.parts import Factor, Part
from autodiff.formula.claims.program import Column, Points, Program, call, number_text, same
from autodiff.formula.claims.sentences import (
    Claimed,
    Finding,
    missing_factors,
    should_be,
    wrong_names,
    wrong_number,
)
from autodiff.formula.claims.terms import Monomial
from autodiff.value import Value

MOST_SLIPS = 4  # in one path; with more, the claim is another formula altogether


def align(
    program: Program, columns: list[Column], points: Points, term: Monomial, part: Part
) -> tuple[list[Finding], bool] | None:
    """The slips that tell a term of the claim from a part; None if the two are too unlike.

    True with them says that they are plain to see; else a small change elsewhere may explain more.
    """
    claimed = [
        Claimed(i, e > 0, program.text(i), columns[i] if e > 0 else _inverse(columns[i]))
        for i, e in term.factors
        for _ in range(abs(e))
    ]
    wanted = list(part.factors)
    sign, turned = _strike_out(claimed, wanted)
    ratio = sign * term.coefficient / part.coefficient if part.coefficient else 0.0
    alike = len(part.factors) - len(wanted)
    unlike = len(wanted) > 1 and alike < len(wanted) / 2
    many = max(len(claimed), len(wanted)) > MOST_SLIPS
    if (many or unlike) and not _only_names(program, claimed, wanted):
        return None
    if claimed and wanted and _same_product(claimed, wanted):
        return None  # written in another way, which hides the slip from this comparison
    findings = _divided(part, claimed, wanted)
    known = True
    pairs = _pairs(program, claimed, wanted)
    plain = all(_alike(program, ours, theirs) for ours, theirs in pairs)
    plain = plain and (not pairs or len(claimed) == len(wanted))
    swaps: dict[str, str] = {}
    for ours, theirs in pairs:
        claimed.remove(ours)
        wanted.remove(theirs)
        direction = _renamed(program, columns, points, ours, theirs, swaps)
        known = known and direction != 0.0
        ratio *= direction
    whole = ""
    if len(part.factors) == len(term.factors) == len(pairs) == part.coefficient == 1:
        number = "" if term.coefficient == 1.0 else f"{number_text(term.coefficient)}·"
        whole = number + pairs[0][0].shown
    pairs.sort(key=lambda pair: part.factors.index(pair[1]))
    if len(pairs) > 1 and known and swaps:
        findings.append(wrong_names(part, pairs, swaps))
    else:
        findings += [
            Finding(part.path, theirs.component, should_be(theirs, whole or ours.shown))
            for ours, theirs in pairs
        ]
    findings += missing_factors(part, wanted)
    for ours in claimed:
        findings.append(Finding(part.path, "", f"the factor {ours.shown} is too much"))
    if known:
        findings += wrong_number(part, ratio, turned, program)
    return (findings, plain) if findings else None


def _alike(program: Program, ours: Claimed, theirs: Factor) -> bool:
    """Whether one may be taken for the other: two names, or the same with another index."""
    single = program.nodes[ours.node].atom is not None and theirs.size == 1
    return single or _only_names(program, [ours], [theirs])


def _strike_out(
    claimed: list[Claimed], wanted: list[Factor]
) -> tuple[float, list[tuple[Claimed, Factor]]]:
    """Remove what both sides have; the sign between them, and the pairs that differ in sign."""
    sign, turned = 1.0, []
    for direction in (1.0, -1.0):
        for ours in list(claimed):
            found = _counterpart(ours.column, wanted, direction)
            if found is not None:
                claimed.remove(ours)
                wanted.remove(found)
                sign *= direction
                if direction < 0.0:
                    turned.append((ours, found))
    for ours in list(claimed):  # a δ, or a product that is written as something else
        for product, run in _runs(wanted):
            if same(ours.column, product):
                claimed.remove(ours)
                wanted[:] = [factor for factor in wanted if all(factor is not f for f in run)]
                break
    return sign, turned


def _runs(wanted: Sequence[Factor]) -> Iterator[tuple[Column, list[Factor]]]:
    """Every two or more neighbours among the factors, the longest first, with their product."""
    for length in range(len(wanted), 1, -1):
        for start in range(len(wanted) - length + 1):
            run = list(wanted[start : start + length])
            yield _product([factor.column for factor in run]), run


def _product(columns: Sequence[Column]) -> Column:
    return [prod(row) for row in zip(*columns, strict=True)]


def _counterpart(column: Column, wanted: Sequence[Factor], direction: float) -> Factor | None:
    turned = column if direction > 0.0 else [-x for x in column]
    return next((factor for factor in wanted if same(turned, factor.column)), None)


def _divided(part: Part, claimed: list[Claimed], wanted: list[Factor]) -> list[Finding]:
    """Factors that the claim divides by where it should multiply, or the reverse."""
    findings = []
    for ours in list(claimed):
        found = _counterpart(_inverse(ours.column), wanted, 1.0)
        if found is not None:
            claimed.remove(ours)
            wanted.remove(found)
            did, should = ("multiply", "divide") if ours.above else ("divide", "multiply")
            why = f"you {did} by {ours.text} where you should {should}"
            findings.append(Finding(part.path, found.component, why))
    return findings


def _pairs(
    program: Program, claimed: Sequence[Claimed], wanted: Sequence[Factor]
) -> list[tuple[Claimed, Factor]]:
    """Which wrong factor stands in the place of which right one: the most alike first."""
    ranked = sorted(
        (-_likeness(program, ours, theirs), i, j)
        for i, ours in enumerate(claimed)
        for j, theirs in enumerate(wanted)
    )
    pairs: list[tuple[Claimed, Factor]] = []
    for _, i, j in ranked:
        if all(claimed[i] is not a and wanted[j] is not b for a, b in pairs):
            pairs.append((claimed[i], wanted[j]))
    return pairs


def _likeness(program: Program, ours: Claimed, theirs: Factor) -> float:
    """How alike two factors look: the same names, names of the same stem, the same size."""
    names = _names(program, ours.node)
    stems = sorted(map(stem, names)) == sorted(map(stem, theirs.names))
    common = len(set(names) & set(theirs.names))
    size = abs(len(program.inside(ours.node)) - theirs.size)
    return 4.0 * stems + common - 0.5 * size - 2.0 * (not ours.above)


def _names(program: Program, i: int) -> list[str]:
    return [program.nodes[j].word for j in program.inside(i) if program.nodes[j].atom is not None]


def _only_names(program: Program, claimed: Sequence[Claimed], wanted: Sequence[Factor]) -> bool:
    """Whether the two sides differ in indices only."""
    if len(claimed) != len(wanted) or len(claimed) > MOST_SLIPS + 2:
        return False
    ours = sorted(sorted(map(stem, _names(program, c.node))) for c in claimed)
    return ours == sorted(sorted(map(stem, f.names)) for f in wanted)


def _renamed(
    program: Program,
    columns: list[Column],
    points: Points,
    ours: Claimed,
    theirs: Factor,
    swaps: dict[str, str],
) -> float:
    """With the right indices put in: 1.0 if that is right, -1.0 if up to the sign, else 0.0."""
    fresh = dict(enumerate(columns))
    labels = {label: node for node, label in points.labels.items()}
    for j in program.inside(ours.node):
        node = program.nodes[j]
        if node.op:
            rows = zip(*(fresh[arg] for arg in node.args), strict=True)
            fresh[j] = [call(node.op, row) for row in rows]
        elif isinstance(node.atom, Value) and node.word not in theirs.names:
            alike = [name for name in theirs.names if stem(name) == stem(node.word)]
            if len(set(alike)) == 1:
                fresh[j] = points.column(labels[alike[0]])
                swaps[node.word] = alike[0]
    column = fresh[ours.node] if ours.above else _inverse(fresh[ours.node])
    if same(column, theirs.column):
        return 1.0
    return -1.0 if same(column, [-x for x in theirs.column]) else 0.0


def _same_product(claimed: Sequence[Claimed], wanted: Sequence[Factor]) -> bool:
    ours = _product([factor.column for factor in claimed])
    theirs = _product([factor.column for factor in wanted])
    return same(ours, theirs) or same(ours, [-x for x in theirs])


def _inverse(column: Column) -> Column:
    return [call("div", (1.0, x)) for x in column]
