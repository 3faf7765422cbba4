"""What is said of a slip in a term: a factor in the place of another, a missing one, a number."""

from collections.abc import Sequence
from dataclasses import dataclass

from autodiff.formula.claims.parts import Factor, Part
from autodiff.formula.claims.program import Column, Program, number_text, tight
from autodiff.formula.text import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """A slip: in which path, at which component, and what is wrong there (no full stop)."""

    path: str
    component: str
    why: str

    @property
    def where(self) -> str:
        """Path and component on one line."""
        return ": ".join(filter(None, (self.path, self.component)))


@dataclass(slots=True)
class Claimed:
    """A factor of the claim: the node, whether it multiplies or divides, and its numbers."""

    node: int
    above: bool
    text: str
    column: Column

    @property
    def shown(self) -> str:
        return self.text if self.above else f"1/{tight(self.text)}"


def should_be(theirs: Factor, shown: str) -> str:
    if not theirs.component:
        return f"{shown} should be {theirs.text}"
    if theirs.text == theirs.formula:
        return f"{theirs.component} should be {theirs.formula}, you have {shown}"
    return f"{theirs.component} should be {theirs.formula}, you have {shown} for {theirs.text}"


def wrong_names(
    part: Part, pairs: Sequence[tuple[Claimed, Factor]], swaps: dict[str, str]
) -> Finding:
    """Several factors with the index of another unit, as one slip."""
    components = dict.fromkeys((f.component, f.formula) for _, f in pairs)
    belongs = ", ".join(f"{symbol} = {formula}" for symbol, formula in components if symbol)
    why = f"{' and '.join(swaps)} should be {' and '.join(swaps.values())}"
    first = pairs[0][1].component
    return Finding(part.path, first, f"{why}: {belongs}" if belongs else why)


def missing_factors(part: Part, wanted: Sequence[Factor]) -> list[Finding]:
    """Factors without a counterpart; a component of which all are missing is named as a whole."""
    findings = []
    for symbol in dict.fromkeys(factor.component for factor in wanted):
        absent = [factor for factor in wanted if factor.component == symbol]
        every = [factor for factor in part.factors if factor.component == symbol]
        whole = f"{symbol} = {absent[0].formula}"
        if symbol and len(absent) == len(every):
            why = f"the factor {whole} is missing"
            findings.append(Finding(part.path, symbol, why))
            continue
        for factor in absent:
            of = f" of {whole}" if symbol else ""
            findings.append(Finding(part.path, symbol, f"the factor {factor.text}{of} is missing"))
    return findings


def wrong_number(
    part: Part, ratio: float, turned: list[tuple[Claimed, Factor]], program: Program
) -> list[Finding]:
    """A sign or a number that is wrong, all else being equal.

    That c is missing and that 1/c is too much are the same: what is said is the number that can be
    seen, in the right formula, or else in the claim.
    """
    findings = []
    size, right = abs(ratio), abs(part.coefficient)
    if abs(size - 1.0) > 1e-9 and size > 0.0:
        divisors = [n.number for n in program.nodes if abs(n.number * size - 1.0) < 1e-9]
        if right != 1.0 and abs(size * right - 1.0) > 1e-9:
            yours = number_text(size * right)
            said = f"the number should be {_in_formula(right)}, you have {yours}"
        elif size == 2.0:
            said = "there is a factor 2 too much: the ½ is forgotten"
        elif right != 1.0:
            said = f"a factor {_in_formula(right)} is missing"
        elif size < 1.0 and abs(1.0 / size - round(1.0 / size)) < 1e-9:
            said = f"a factor {1.0 / size:.0f} is missing"
        elif divisors:
            said = f"a factor {number_text(divisors[0])} is missing"
        else:
            said = f"the number {number_text(size)} is a factor too much"
        findings.append(Finding(part.path, "", said))
    if ratio < 0.0:
        said, component = "the sign is wrong", ""
        if len(turned) == 1 and turned[0][1].component and turned[0][1].size > 1:
            ours, theirs = turned[0]
            component = theirs.component
            said += f": {component} should be {theirs.formula}, you have {ours.shown}"
        findings.append(Finding(part.path, component, said))
    return findings


def _in_formula(number: float) -> str:
    """A number as the right formula has it."""
    return Text().coefficient_alone(number)[0]
