"""Writing terms down: what text, LaTeX and MathML have in common.

A printer decides where brackets and signs go; a subclass says how each construct is spelled. With
`numbers=True` names are replaced by their numbers: the substitution line of a derivation.
"""

import math
import re
from typing import Any

from autodiff.formula.figures import MOST_FIGURES, Figures, Spelled, ratio, spelled
from autodiff.formula.terms import Call, Name, Product, Sum, Term, as_product
from autodiff.op import CALL, COMPARISON, POWER, PRODUCT, SIGN, SUM, TABLE

Shown = tuple[str, int]  # a piece of output, and how tightly it binds
Powers = list[tuple[Term, float]]
ALONE = COMPARISON - 1  # a place where nothing needs brackets


class _Exactly(Figures):
    """Every number as it is, but for what a few roundings left behind its decimals."""

    def exact(self, x: float) -> bool:
        return True

    def _decimals(self, x: float) -> str:
        short = f"{x:.15g}"
        figures = len(short.partition("e")[0].replace(".", "").strip("-0"))
        return short if figures <= MOST_FIGURES else super()._decimals(x)


class Printer:
    """Terms to output. Subclasses spell: see the methods below the line."""

    MINUS, PLUS, TIMES, DOTS = "-", "+", "*", "..."
    BAR = False  # fractions have a horizontal bar

    def __init__(self, figures: Figures = Figures(), *, numbers: bool = False) -> None:  # noqa: B008
        self.figures = figures
        self.numbers = numbers
        self.most_terms: int | None = None  # of a sum, before its middle is left out

    def write(self, x: Term) -> str:
        """The output for a whole term."""
        return self.show(x)[0]

    def within(self, x: Term, least: int) -> str:
        """The output for a part, in brackets where it binds less than `least`."""
        text, precedence = self.show(x)
        return text if precedence >= least else self.brackets(text)

    def show(self, x: Term) -> Shown:
        match x:
            case Name():
                shown = (self.name(x.label), self.binding(x.label))
                return self.figure(x.value) if self.numbers else shown
            case Sum():
                return self.sum(x), SUM
            case Product():
                return self.product(x)
            case Call():
                return self.apply(x)

    def figure(self, x: float) -> Shown:
        """A number; a negative one binds like a sign."""
        text = self.number(self.decimals(abs(x)))
        return (self.MINUS + text, SIGN) if x < 0.0 else (text, CALL)

    def decimals(self, x: float) -> str:
        """A constant of a formula is not rounded, what is put in for names is."""
        return (self.figures if self.numbers else EXACTLY).text(x)

    def sum(self, x: Sum) -> str:
        out = ""
        terms = x.terms
        if self.most_terms and len(terms) > self.most_terms:
            terms = (*terms[: self.most_terms - 2], _GAP, terms[-1])
        for i, part in enumerate(terms):
            if part is _GAP:
                out += self.infix_sign(self.PLUS) + self.DOTS
                continue
            product = as_product(part)
            negative = product.coefficient < 0.0
            size = Product(-product.coefficient, product.factors) if negative else part
            text = self.within(size, PRODUCT)
            if i and self.numbers and not negative and isinstance(part, Name) and part.value < 0.0:
                text = self.brackets(text)
            sign = self.MINUS if negative else self.PLUS
            out += self.infix_sign(sign) if i else self.MINUS if negative else ""
            out += text
        return out

    def product(self, x: Product) -> Shown:
        size = abs(x.coefficient)
        above = [(base, e) for base, e in x.factors if e > 0.0]
        below = [(base, -e) for base, e in x.factors if e < 0.0]
        if not x.factors:
            return self.coefficient_alone(x.coefficient)
        known = spelled(size)
        if known or below:
            text, precedence = self.quotient(known or _as_fraction(size), above, below)
        else:
            parts = [self.power(base, e, PRODUCT) for base, e in above]
            lead = "" if size == 1.0 else self.coefficient(size)
            text, precedence = (
                self.joined(lead, parts),
                PRODUCT if lead or len(parts) > 1 else POWER,
            )
        return (self.MINUS + text, SIGN) if x.coefficient < 0.0 else (text, precedence)

    def quotient(self, number: Spelled, above: Powers, below: Powers) -> Shown:
        """A number and powers over others; a product where nothing is below."""
        over, under = [
            ("" if n == 1.0 else self.figure(n)[0], [self.constant(name)] if name else [])
            for n, name in ((number.over, number.above), (number.under, number.below))
        ]
        signs_below = len(below) + bool(under[0]) + len(under[1])
        if not signs_below:
            parts = over[1] + [self.power(base, e, PRODUCT) for base, e in above]
            return self.joined(over[0], parts), PRODUCT
        # A bar that spans numerator and denominator is their brackets.
        alone = self.BAR and not over[0] and len(over[1]) + len(above) == 1
        single = self.BAR and signs_below == 1
        numerator = over[1] + [self.power(b, e, ALONE if alone else SIGN) for b, e in above]
        denominator = under[1] + [self.power(b, e, ALONE if single else SIGN) for b, e in below]
        lead = over[0] if numerator else self.figure(number.over)[0]
        return self.fraction(
            self.joined(lead, numerator), self.joined(under[0], denominator), signs_below > 1
        )

    def coefficient_alone(self, x: float) -> Shown:
        """A plain number as a whole term."""
        known = spelled(abs(x))
        if not known:
            return self.figure(x)
        text, precedence = self.quotient(known, [], [])
        return (self.MINUS + text, SIGN) if x < 0.0 else (text, precedence)

    def power(self, base: Term, exponent: float, least: int) -> str:
        if exponent == 1.0:
            # A sum needs brackets inside a product, a negative number too.
            return self.within(base, SIGN + 1 if self.numbers and least != ALONE else least)
        if exponent == 0.5:
            return self.root(self.write(base))
        inner = self.within(base, CALL)
        if isinstance(base, Name) and not self.numbers:
            inner = self.base(base.label)
        return self.superscript(inner, EXACTLY.text(exponent))

    def apply(self, x: Call) -> Shown:
        op = x.op
        special: Any = getattr(self, f"call_{op.name}", None)
        if special:
            return special(*x.args)  # type: ignore[no-any-return]
        if "{" in op.spelling:
            return self.template(op.spelling, [self.within(a, SUM) for a in x.args]), CALL
        if op.precedence < CALL and len(x.args) == 2:
            left, right = (self.within(a, op.precedence + 1) for a in x.args)
            return self.infix(left, op.spelling, right), op.precedence
        return self.call(op, [self.write(a) for a in x.args]), CALL

    # ------------------------------------------------------------ what a language spells

    def number(self, text: str) -> str:
        return text

    def constant(self, name: str) -> str:
        """A known constant, as `CONSTANTS` calls it."""
        return name

    def name(self, label: str) -> str:
        return label

    def base(self, label: str) -> str:
        """A name that is raised to a power."""
        return self.name(label)

    def binding(self, label: str) -> int:
        """How tightly a name binds: ∂y/∂x on one line is a quotient."""
        return CALL

    def brackets(self, text: str) -> str:
        return f"({text})"

    def infix_sign(self, sign: str) -> str:
        """A sign between two terms of a sum."""
        return f" {sign} "

    def coefficient(self, size: float) -> str:
        return self.figure(size)[0]

    def joined(self, lead: str, parts: list[str]) -> str:
        return self.TIMES.join([lead, *parts] if lead else parts)

    def fraction(self, over: str, under: str, several: bool) -> Shown:
        return f"{over}/{self.brackets(under) if several else under}", PRODUCT

    def superscript(self, base: str, exponent: str) -> str:
        return f"{base}^{exponent}"

    def infix(self, left: str, sign: str, right: str) -> str:
        return f"{left} {sign} {right}"

    def template(self, template: str, args: list[str]) -> str:
        return template.format(*args)

    def root(self, text: str) -> str:
        return f"sqrt({text})"

    def call(self, op: Any, args: list[str]) -> str:
        return f"{op.name}({', '.join(args)})"

    def call_maximum_share(self, x: Term, y: Term) -> Shown:
        """[x > y]; in a tie, where that is shared, ½·[x = y]."""
        args = [self.within(x, SUM), self.within(y, SUM)]
        if self.numbers and _number(x) == _number(y):
            half = self.coefficient(0.5)
            return self.joined(half, [self.template("[{} = {}]", args)]), PRODUCT
        return self.template(TABLE["maximum_share"].spelling, args), CALL

    def call_sqrt(self, x: Term) -> Shown:
        return self.root(self.write(x)), CALL


def _number(x: Term) -> float:
    """The number of a name or of a constant."""
    if isinstance(x, Name):
        return x.value
    return x.coefficient if isinstance(x, Product) and not x.factors else math.nan


EXACTLY = _Exactly(17)
_GAP = Name("…", 0.0)


def share_of(xs: tuple[Term, ...]) -> tuple[int, tuple[Term, ...]]:
    """Which operand a softmax share is of, from 1 on, and the operands as one lists them.

    Its row wants that operand first and the others as they were. Names that differ in their numbers
    are put back in order, softmax₂(z1, z2, z3), not softmax₁(z2, z1, z3); so is one among others
    that are in the order of the alphabet: softmax₂(a, b, c).
    """
    names = [x.label for x in xs if isinstance(x, Name)]
    if len(names) < len(xs):
        return 1, xs
    order = sorted(range(len(xs)), key=lambda i: _natural(names[i]))
    others = [i for i in order if i]
    if others != sorted(others) and len({re.sub("[0-9]+", "0", name) for name in names}) > 1:
        return 1, xs
    return order.index(0) + 1, tuple(xs[i] for i in order)


def _natural(name: str) -> list[str | int]:
    """What sorts names by their words and numbers, z2 before z10."""
    return [int(part) if part.isdecimal() else part for part in re.split("([0-9]+)", name)]


def _as_fraction(size: float) -> Spelled:
    p, q = simple_fraction(size) or (size, 1.0)
    return Spelled(float(p), "", float(q))


def simple_fraction(x: float) -> tuple[int, int] | None:
    """A coefficient shown as a fraction: halves, quarters, and what no short decimal is."""
    found = ratio(x)
    return found if found and (found[1] in (2, 4) or not Figures().exact(x)) else None
