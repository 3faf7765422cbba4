"""Where a wrong claim goes wrong: its terms are laid beside the paths, its factors beside the
components.

Factors are compared by their numbers at all points, so that it does not matter how they are
written. What has no counterpart tells the slip: a factor for another one, a factor missing or
too much, a sign, a path. Where a claim is not built like that, `claims/search` tries small
changes.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from autodiff.formula.claims.factors import align
from autodiff.formula.claims.parts import Part, Parts
from autodiff.formula.claims.program import Column, Points, Program, same
from autodiff.formula.claims.reading import Read
from autodiff.formula.claims.sentences import Finding
from autodiff.formula.claims.terms import Monomial, monomials
from autodiff.formula.claims.within import constant_between, slip_of_a_term, slip_within
from autodiff.formula.reading import Reader
from autodiff.value import Value


class Answer(NamedTuple):
    """What is wrong, and the paths that are right."""

    findings: tuple[Finding, ...]
    matches: tuple[str, ...] = ()
    plain: bool = True  # nothing else need be tried


def find_causes(
    program: Program, read: Read, points: Points, y: Value, x: Value | None, reader: Reader
) -> Answer:
    """The slips of a claim that is wrong, and which of its paths are right."""
    from autodiff.formula.claims.search import search

    maker = Parts(points, reader)
    used = {node.atom for node in program.nodes if isinstance(node.atom, Value)}
    parts = maker.of_definition(y, used) if x is None else maker.of_derivative(y, x)
    columns = program.columns(points)
    if x is not None and not parts:
        symbol = f"∂{reader.labels[y]}/∂{reader.labels[x]}"
        why = f"{reader.labels[y]} does not depend on {reader.labels[x]}: {symbol} is 0"
        return Answer((Finding("", symbol, why if x is not y else f"{symbol} is 1"),))
    answer = compare_parts(program, columns, points, parts, definition=x is None)
    if answer and not answer.findings:
        answer = None  # each term is that of a path, and yet the sum is not right
    plain = answer is not None and answer.plain
    if answer and plain and _is_said(answer):
        return answer
    slip = None if plain else search(program, read, points, parts)
    slip = slip or constant_between(columns[-1], points.expected)
    slip = slip or slip_within(columns[-1], points, parts, maker)
    if not slip and not (answer and _swapped(answer)):
        slip = slip_of_a_term(program, columns, points, y, reader)
    if answer and not slip:
        return answer
    return Answer(
        (slip or Finding("", "", "no single slip explains it; derive() shows each step"),)
    )


def _is_said(answer: Answer) -> bool:
    """Whether the findings tell a slip: not several components, nor one expression for another."""
    return not _swapped(answer) and not any(f.component for f in answer.findings[1:])


def _swapped(answer: Answer) -> bool:
    """Whether all that is said is that a factor, maybe a sum, should be another."""
    [first, *others] = answer.findings
    starts = first.why.startswith(f"{first.component} should be")
    return not others and bool(first.component) and starts


# ---------------------------------------------------------------- terms beside paths


def compare_parts(
    program: Program,
    columns: list[Column],
    points: Points,
    parts: Sequence[Part],
    *,
    definition: bool,
) -> Answer | None:
    """Pair the terms of the claim with the parts; None when they are too unlike each other."""
    terms = monomials(program, columns, definition, several=len(parts) > 1)
    if not terms or not parts:
        return None
    whole = same(columns[-1], [-x for x in points.expected])
    open_terms, open_parts, right = _matched(terms, list(parts))
    matches = tuple(part.path for part in right if part.path)
    if whole and len(parts) > 1 and len(open_parts) == len(parts):
        return Answer((Finding("", "", "the sign of the whole is wrong"),))
    findings: list[Finding] = []
    plain = True
    if not open_terms:
        findings = [_missing(part) for part in open_parts]
        return Answer(tuple(findings), matches)
    if not open_parts:
        extra = " and ".join(term.text(program) for term in open_terms)
        return Answer((Finding("", "", f"the term {extra} is too much"),), matches)
    for open_term in open_terms:
        best: tuple[list[Finding], bool, Part] | None = None
        for part in open_parts:
            found = align(program, columns, points, open_term, part)
            if found and (best is None or len(found[0]) < len(best[0])):
                best = (*found, part)
        if best is None:
            return None
        findings += best[0]
        plain = plain and best[1]
        open_parts.remove(best[2])
    findings += [_missing(part) for part in open_parts]
    return Answer(_shared(findings, len(parts)), matches, plain)


def _matched(
    terms: Sequence[Monomial], parts: list[Part]
) -> tuple[list[Monomial], list[Part], list[Part]]:
    """Terms and parts without a counterpart, and parts with one; a term may stand for several."""
    left: list[Monomial] = []
    right: list[Part] = []
    parts = list(parts)
    for term in terms:
        sizes = range(1, len(parts) + 1)
        groups = (group for size in sizes for group in combinations(parts, size))
        found = next((g for g in groups if same(term.column, _total(g))), None)
        if found is None:
            left.append(term)
        else:
            right += found
            parts = [part for part in parts if part not in found]
    return left, parts, right


def _total(parts: Sequence[Part]) -> Column:
    return [sum(row) for row in zip(*(part.column for part in parts), strict=True)]


def _missing(part: Part) -> Finding:
    if part.route and part.path.startswith("path"):
        return Finding(part.path, "", f"this path, {part.route}, is missing")
    return Finding(part.path, "", f"the term {part.formula} is missing")


def _shared(findings: list[Finding], parts: int) -> tuple[Finding, ...]:
    """Slips that every path has are said once."""
    kept: list[Finding] = []
    for finding in findings:
        paths = [
            f.path for f in findings if (f.component, f.why) == (finding.component, finding.why)
        ]
        if parts > 1 and len(paths) == parts:
            finding = Finding("", finding.component, finding.why)
        if finding not in kept:
            kept.append(finding)
    return tuple(kept)
