"""Formulas set in type: what LaTeX and MathML have in common.

Fractions have bars, names have subscripts, and products need no dot. A language spells the few
things below "what a language spells"; the rest is here. Where a long formula may be broken, the
output holds a `BREAK`, a control character that no label can bring along: `legible` has shown it as
U+001F.
"""

import re
from string import Formatter
from typing import Any

from autodiff.formula.printer import Printer, Shown, share_of, simple_fraction
from autodiff.formula.symbols import (
    GREEK,
    Symbol,
    applied,
    derivative,
    spans,
    symbol,
)
from autodiff.formula.terms import Name, Term, plus, raised, times
from autodiff.op import CALL, COMPARISON, POWER, PRODUCT, SIGN, TABLE

BREAK = "\x1f"
FEW = 3  # terms that are not worth a line break, operands of a softmax that are written out
PRIMES = "′'"

# Functions that are not written as their row is called; a second word is a subscript.
FUNCTIONS = {
    "sigmoid": "σ", "absolute": "abs", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "asinh": "arsinh", "acosh": "arcosh", "atanh": "artanh", "relu": "ReLU", "gelu": "GELU",
    "silu": "SiLU", "elu": "ELU", "maximum": "max", "minimum": "min", "normal_density": "φ",
    "log2": "log 2", "log10": "log 10", "sign": "sgn",
}  # fmt: skip
_WORD = re.compile(r"\\mathrm\{\w{2}|(?:<m(?:su[bp]|subsup|row)>)*<mi[^>]*>\w{2}")  # sin, out_o1
RELATIONS = {"<=": "≤", ">=": "≥", "==": "=", "*": "·", "-": "−"}


class Typeset(Printer):
    """A printer whose fractions have bars."""

    BAR = True
    GLUE = ""  # between a coefficient and what it multiplies

    # ------------------------------------------------------------ numbers

    def figure(self, x: float) -> Shown:
        mantissa, _, exponent = self.decimals(abs(x)).partition("e")
        text, precedence = self.digits(mantissa), CALL
        if exponent:
            ten = self.script(self.digits("10"), "", self.digits(exponent.replace("-", "−")))
            text, precedence = text + self.sign("·") + ten, PRODUCT
        return (self.MINUS + text, SIGN) if x < 0.0 else (text, precedence)

    def constant(self, name: str) -> str:
        if name.startswith("ln"):
            operand, _, exponent = name.removeprefix("ln(").partition(")")
            called = self.function("ln") + self.fence("(", self.digits(operand), ")")
            return self.superscript(called, "2") if exponent else called
        text = "".join(map(self._sign_or_word, name.strip("√()")))
        return self.root(text) if name.startswith("√") else text

    def coefficient(self, size: float) -> str:
        return self.coefficient_alone(size)[0]

    def coefficient_alone(self, x: float) -> Shown:
        found = simple_fraction(x)
        if not found:
            return super().coefficient_alone(x)
        small = self.small_fraction(self.digits(str(abs(found[0]))), self.digits(str(found[1])))
        return (self.MINUS + small, SIGN) if x < 0.0 else (small, POWER)

    # ------------------------------------------------------------ names

    def name(self, label: str, mark: str = "") -> str:
        """A label as typography; abstract derivatives and f′(z) are taken apart."""
        parts, call = derivative(label), applied(label)
        if parts and not mark:
            return self.partial(*parts)
        if call and not mark:
            return self.name(call[0]) + self.fence("(", self.name(call[1]), ")")
        return self.symbol(symbol(label), mark)

    def base(self, label: str) -> str:
        compound = symbol(label).sup or derivative(label) or applied(label)
        return self.brackets(self.name(label)) if compound else self.name(label)

    def symbol(self, s: Symbol, mark: str = "") -> str:
        return self.script(self.letters(s.base), self.index(s.sub), self.index(s.sup + mark))

    def index(self, text: str) -> str:
        """A subscript or superscript: o1, 22, (2); parts between underscores get commas."""
        return self.sign(",").join(
            "".join(map(self._index_part, re.findall(r"[^\W\d_]+|\d+|.", part)))
            for part in text.split("_")
            if part
        )

    def _index_part(self, part: str) -> str:
        return self.digits(part) if part.isdecimal() else self.letters(part)

    def partial(self, upper: str, lower: str, order: int = 1, *, inline: bool = False) -> str:
        """d upper / d lower, as a fraction or, within words, with a slash."""
        d = self.letters("∂")
        times = self.digits(str(order)) if order > 1 else ""
        over, under = self.name(upper) if upper else "", self.name(lower)
        under = self.script(self.base(lower), "", times) if times else under
        over = self.script(d, "", times) + over
        return over + self.sign("/") + d + under if inline else self.large_fraction(over, d + under)

    def words(self, text: str) -> str:
        """A sentence, the names in it set as names."""
        return "".join(self._span(*span) for span in spans(text))

    def _span(self, text: str, is_name: bool) -> str:
        parts = derivative(text) if is_name else None
        if parts:
            return self.partial(*parts, inline=True)
        return self.name(text) if is_name else self.plain(text)

    # ------------------------------------------------------------ products and calls

    def joined(self, lead: str, parts: list[str]) -> str:
        out = lead
        for part in parts:
            if out and (self.numbers or self.begins_with_digit(part)):
                out += BREAK + self.sign("·")
            elif out == lead and out:
                out += self.gap() if _WORD.match(part) else self.GLUE
            elif out:
                out += BREAK + self.gap()
            out += part
        return out

    def fraction(self, over: str, under: str, several: bool) -> Shown:
        return self.large_fraction(over, under), POWER

    def superscript(self, base: str, exponent: str) -> str:
        return self.script(base, "", self.figure(float(exponent))[0])

    def infix_sign(self, sign: str) -> str:
        return BREAK + sign

    def infix(self, left: str, sign: str, right: str) -> str:
        return left + self.sign(RELATIONS.get(sign, sign)) + right

    def template(self, template: str, args: list[str]) -> str:
        """`[{} > 0]`: what is around the fields is spelled sign by sign."""
        out, count = "", 0
        for literal, field, _, _ in Formatter().parse(template):
            out += self.signs(literal)
            if field is not None:
                out += args[int(field) if field else count]
                count += 1
        return out

    def brackets(self, text: str) -> str:
        if text.count(BREAK) < FEW:
            text = text.replace(BREAK, "")  # (1 - out) stays on one line
        return self.fence("(", text, ")")

    def call(self, op: Any, args: list[str]) -> str:
        spelled = FUNCTIONS.get(op.name, op.spelling if op.precedence == CALL else op.name)
        inside = self.sign(",").join(args)
        return self.function(spelled) + self.fence("(", inside, ")")

    def call_absolute(self, x: Term) -> Shown:
        return self.fence("|", self.write(x), "|"), CALL

    def call_cbrt(self, x: Term) -> Shown:
        return self.root(self.write(x), self.digits("3")), CALL

    def call_exp(self, x: Term) -> Shown:
        return self.script(self.letters("e"), "", self.write(x)), POWER

    def call_power(self, x: Term, y: Term) -> Shown:
        bare = isinstance(x, Name) and not self.numbers
        base = self.base(x.label) if bare and isinstance(x, Name) else self.within(x, CALL)
        return self.script(base, "", self.write(y)), POWER

    def call_where(self, condition: Term, a: Term, b: Term) -> Shown:
        rows = [(self.write(a), self.plain("where ") + self.write(condition))]
        return self.cases([*rows, (self.write(b), self.plain("otherwise"))]), COMPARISON

    def call_softmax_share(self, *xs: Term) -> Shown:
        which, listed = share_of(xs)
        if len(xs) <= FEW:
            exp = TABLE["exp"]
            return self.show(times(exp(xs[0]), raised(plus(*map(exp, listed)), -1.0)))
        called = self.script(self.function("softmax"), self.digits(str(which)), "")
        return called + self.fence("(", self.sign(",").join(map(self.write, listed)), ")"), CALL

    # ------------------------------------------------------------ what a language spells

    def begins_with_digit(self, text: str) -> bool:
        """Whether a factor needs a dot before it."""
        return text[:1].isdigit()

    def digits(self, text: str) -> str:
        """An unsigned number, ∞ or nan; within indices also a minus."""
        raise NotImplementedError

    def letters(self, text: str) -> str:
        """One symbol: a letter, a word, a Greek letter or its name; anything a label can hold."""
        raise NotImplementedError

    def function(self, text: str) -> str:
        """The name of a function."""
        raise NotImplementedError

    def plain(self, text: str) -> str:
        """Words as they are."""
        raise NotImplementedError

    def sign(self, char: str) -> str:
        """An operator, a relation or a comma, with the space it deserves."""
        raise NotImplementedError

    def signs(self, text: str) -> str:
        """Signs and digits of a spelling, one after the other."""
        out = ""
        for part in re.findall(r"\d[\d.]*|[^\W\d_]+|[<>=]=|\S", text):
            out += self._sign_or_word(RELATIONS.get(part, part))
        return out

    def _sign_or_word(self, part: str) -> str:
        if part[0].isdigit():
            return self.digits(part)
        return self.letters(part) if part[0].isalpha() else self.sign(part)

    def gap(self) -> str:
        """Between the factors of a product."""
        raise NotImplementedError

    def script(self, base: str, sub: str, sup: str) -> str:
        raise NotImplementedError

    def large_fraction(self, over: str, under: str) -> str:
        raise NotImplementedError

    def small_fraction(self, over: str, under: str) -> str:
        raise NotImplementedError

    def root(self, text: str, degree: str = "") -> str:
        raise NotImplementedError

    def fence(self, left: str, text: str, right: str) -> str:
        """Brackets or bars, as high as what they hold."""
        raise NotImplementedError

    def cases(self, rows: list[tuple[str, str]]) -> str:
        raise NotImplementedError

    def matrix(self, rows: list[list[str]]) -> str:
        raise NotImplementedError


def letter(text: str) -> str:
    """A Greek letter by its name; anything else as it is.

    >>> letter("delta"), letter("out")
    ('δ', 'out')
    """
    return GREEK.get(text, text)
