"""A number as a claim: right if it agrees to the digits that are written, rounded or cut off."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from autodiff.calculus import gradients
from autodiff.formula.claims.names import stem
from autodiff.formula.claims.parts import Part, Parts
from autodiff.formula.claims.program import Points, Program, call, close
from autodiff.formula.claims.sentences import Finding
from autodiff.formula.reading import Reader
from autodiff.graph import evaluate, topological
from autodiff.real import power
from autodiff.value import Value

UNEXPLAINED = Finding("", "", "no single slip explains this number; derive() shows each step")
FEW_DIGITS = 2  # numbers with so few digits agree with too much to tell a cause
RATES = (
    0.001,
    0.01,
    0.02,
    0.05,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.75,
    0.8,
    0.9,
    1.0,
    2.0,
)


@dataclass(frozen=True, slots=True)
class Written:
    """A number, one unit of its last digit, how many digits it has, and if it is a calculation."""

    value: float
    unit: float
    digits: int
    calculated: bool

    def agrees(self, x: float, units: float) -> bool:
        """Whether x is this number, within so many units of the last digit."""
        return close(self.value, x, units * self.unit)


def as_number(program: Program) -> Written:
    """The number of a claim without names: one number, or a calculation with rounded numbers."""
    literals = [node for node in program.nodes if not node.op]
    calculated = any(node.op not in ("", "neg") for node in program.nodes)
    unit, digits = 0.0, 0
    for literal in literals:
        mantissa, _, exponent = literal.word.lower().partition("e")
        whole, _, decimals = mantissa.partition(".")
        places = len(decimals) - float(exponent or 0)  # a float: an exponent may have any length
        if not calculated or places >= 3:
            unit = max(unit, power(10.0, -places))
        digits = max(digits, sum(map(str.isdecimal, (whole + decimals).lstrip("0"))))
    stack: list[float] = []
    for node in program.nodes:
        args = stack[len(stack) - len(node.args) :]
        del stack[len(stack) - len(node.args) :]
        stack.append(call(node.op, args) if node.op else node.number)
    return Written(stack[-1], unit, digits, calculated)


def judge_number(
    written: Written, points: Points, y: Value, x: Value | None, reader: Reader
) -> tuple[bool, tuple[Finding, ...], tuple[str, ...]]:
    """Whether a number is right, the slips if not, and remarks."""
    expected, digits = points.expected[0], written.digits
    if written.value == 0.0 and expected != 0.0 and written.unit >= 0.1:
        return False, (Finding("", "", "it is not 0"),), ()
    if written.agrees(expected, 2.0 if written.calculated else 0.5):
        return True, (), ()
    cut = abs(written.value) <= abs(expected) and written.value * expected >= 0.0
    if cut and written.agrees(expected, 1.0) and written.unit <= 0.1:
        places = max(0, round(-Decimal(written.unit).log10()))
        rounded = f"{expected:.{places}f}".replace("-", "−")
        after = f"{places} digit{'s' if places != 1 else ''}"
        return True, (), (f"Cut off after {after}; rounded it is {rounded}.",)
    if digits > FEW_DIGITS or written.calculated:
        for finding in _causes(written, expected, points, y, x, reader):
            return False, (finding,), ()
    return False, (UNEXPLAINED,), ()


def _causes(
    written: Written, expected: float, points: Points, y: Value, x: Value | None, reader: Reader
) -> Iterator[Finding]:
    """The slips that would give this number, the likeliest first."""
    if written.agrees(-expected, 1.0):
        yield Finding("", "", "the sign is wrong")
    for factor, said in _MULTIPLES.items():
        if written.agrees(factor * expected, 1.0):
            yield Finding("", "", said)
    if written.agrees(expected, 6.0):
        why = "only the last digit differs: numbers were probably rounded or cut off on the way"
        yield Finding("", "", why)
    if x is not None:
        symbol = f"∂{reader.labels[y]}/∂"
        others = [n for n in topological(y) if n in reader.labels and not n.operands and n is not x]
        others = sorted(others, key=lambda n: stem(reader.labels[n]) != stem(reader.labels[x]))
        for node, slope in zip(others, gradients(y, others), strict=True):
            if written.agrees(slope.data if isinstance(slope, Value) else slope, 1.0):
                yield Finding("", "", f"this is {symbol}{reader.labels[node]}, another derivative")
        parts = Parts(points, reader).of_derivative(y, x)
        yield from _part_causes(written, parts, points)
        yield from _too_early(written, points, y, x, reader)


_MULTIPLES = {
    2.0: "it is twice what is right: a ½ is forgotten",
    0.5: "it is half of what is right: a factor 2 is forgotten",
    -2.0: "the sign is wrong, and a ½ is forgotten",
    -0.5: "the sign is wrong, and a factor 2 is forgotten",
    10.0: "it is ten times what is right: the decimal point has slipped",
    0.1: "it is a tenth of what is right: the decimal point has slipped",
}


def _part_causes(written: Written, parts: list[Part], points: Points) -> Iterator[Finding]:
    names = {label: node for node, label in points.labels.items()}
    for part in parts:
        if len(parts) > 1 and written.agrees(part.column[0], 1.0):
            missing = " and ".join(other.path for other in parts if other is not part)
            yield Finding("", "", f"this is {part.path} alone; {missing} is missing")
    for one in parts:
        rest = sum(part.column[0] for part in parts if part is not one)
        if len(parts) > 1 and written.agrees(rest - one.column[0], 1.0):
            yield Finding(one.path, "", "the sign is wrong")
        for factor in one.factors:
            without = one.column[0] / factor.column[0] if factor.column[0] else 0.0
            for label, node in names.items():
                like = label != factor.text and stem(label) == stem(factor.text)
                if not like or factor.text not in names:
                    continue
                if written.agrees(rest + without * points.column(node)[0], 0.5):
                    why = f"{factor.component} should be {factor.text}, this is with {label}"
                    yield Finding(one.path, factor.component, why)
            if written.agrees(rest + without, 1.0):
                why = f"the factor {factor.text} of {factor.component} is missing"
                yield Finding(one.path, factor.component, why)


def _too_early(
    written: Written, points: Points, y: Value, x: Value, reader: Reader
) -> Iterator[Finding]:
    """Whether the number is right for weights that one update has changed already."""
    label = stem(reader.labels[x])
    named = [n for n in topological(y) if not n.operands and n in reader.labels]
    alike = [n for n in named if stem(reader.labels[n]) == label]
    slopes = gradients(y, alike)
    steps = {n: s.data if isinstance(s, Value) else s for n, s in zip(alike, slopes, strict=True)}
    target = gradients(y, [x])[0]
    if not isinstance(target, Value) or len(alike) > 200:
        return
    for weights in (alike, [n for n in alike if n is not x]):
        fits = []
        for rate in RATES:
            given = {n: n.data - rate * steps[n] for n in weights}
            early = evaluate(target, given)[target][0]
            if written.agrees(early, 0.5) and abs(early - target.data) > 3.0 * written.unit:
                fits.append(rate)
        if len(fits) == 1:
            why = f"it is right for weights updated already (rate {fits[0]:g}): use the old ones"
            yield Finding("", "", why)
            return
