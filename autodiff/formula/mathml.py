"""MathML: formulas that every current browser shows by itself, without a script or a font.

    x/2  ->  <math><mfrac><mi>x</mi><mn>2</mn></mfrac></math>

Names reach the output through `html.escape` only.
"""

import re
from html import escape

from autodiff.formula.typeset import BREAK, PRIMES, Typeset, letter

NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'
_TALL = re.compile("<(?:mfrac(?! d)|msqrt|mroot|mtable)")
_LARGE = "2.4em"  # a bracket around fractions
_THIN = '<mo lspace="0.1em" rspace="0.1em">&#x2062;</mo>'


class MathML(Typeset):
    """Presentation MathML Core; `write` gives what stands inside `<math>`."""

    MINUS = '<mo form="prefix">−</mo>'
    PLUS = "<mo>+</mo>"
    DOTS = "<mo>⋯</mo>"
    GLUE = "<mo>&#x2062;</mo>"  # invisible times

    def begins_with_digit(self, text: str) -> bool:
        return re.match("(?:<m(?:sup|row)>)*<mn>", text) is not None

    def infix_sign(self, sign: str) -> str:
        return BREAK + self.sign("−" if sign == self.MINUS else "+")

    def digits(self, text: str) -> str:
        if text == "nan":
            return "<mi>nan</mi>"
        sign, text = (self.MINUS, text[1:]) if text.startswith("−") else ("", text)
        return f"{sign}<mn>{text}</mn>"

    def letters(self, text: str) -> str:
        text = letter(text)
        if text and all(c in PRIMES for c in text):
            return f"<mo>{'′' * len(text)}</mo>"
        if text in ("(", ")"):
            return f'<mo stretchy="false">{text}</mo>'
        if text == "+":
            return "<mo>+</mo>"
        tag = "mi" if text.isalpha() else "mtext"
        return f"<{tag}>{_spaced(text)}</{tag}>"

    def function(self, text: str) -> str:
        base, _, index = text.partition(" ")
        name = self.letters(base)
        return f"<msub>{name}<mn>{escape(index)}</mn></msub>" if index else name

    def plain(self, text: str) -> str:
        return f"<mtext>{_spaced(text)}</mtext>"

    def sign(self, char: str) -> str:
        if char == "/":
            return '<mo lspace="0" rspace="0">/</mo>'
        return (
            f'<mo form="infix">{escape(char)}</mo>' if char in "−+·" else f"<mo>{escape(char)}</mo>"
        )

    def gap(self) -> str:
        return _THIN

    def script(self, base: str, sub: str, sup: str) -> str:
        if sup and not sub and base.startswith("<msub>") and _row(base) == base:
            return f"<msubsup>{base[6:-7]}{_row(sup)}</msubsup>"
        tag = ("msub" if sub else "") + ("sup" if sup and sub else "msup" if sup else "")
        return (
            f"<{tag}>{''.join(map(_row, filter(None, (base, sub, sup))))}</{tag}>" if tag else base
        )

    def large_fraction(self, over: str, under: str) -> str:
        return f"<mfrac>{_row(over)}{_row(under)}</mfrac>"

    def small_fraction(self, over: str, under: str) -> str:
        return f'<mfrac displaystyle="false">{over}{under}</mfrac>'

    def root(self, text: str, degree: str = "") -> str:
        return f"<mroot>{_row(text)}{degree}</mroot>" if degree else f"<msqrt>{text}</msqrt>"

    def fence(self, left: str, text: str, right: str) -> str:
        if BREAK in text and _TALL.search(text):  # of a fixed size, since a line may end inside
            opening, closing = (
                f'<mo form="{form}" minsize="{_LARGE}" maxsize="{_LARGE}">'
                for form in ("prefix", "postfix")
            )
            return f"{opening}{left}</mo>{text}{closing}{right}</mo>"
        if _TALL.search(text) or left == "|":
            opening, closing = (f'<mo form="{form}">' for form in ("prefix", "postfix"))
            return f"<mrow>{opening}{left}</mo>{text}{closing}{right}</mo></mrow>"
        bracket = '<mo stretchy="false">'
        return f"{bracket}{left}</mo>{text}{bracket}{right}</mo>"

    def cases(self, rows: list[tuple[str, str]]) -> str:
        cells = "".join(f"<mtr><mtd>{a}</mtd><mtd>{b}</mtd></mtr>" for a, b in rows)
        return f'<mrow><mo form="prefix">{{</mo><mtable class="ad-cases">{cells}</mtable></mrow>'

    def matrix(self, rows: list[list[str]]) -> str:
        cells = "".join(
            "<mtr>" + "".join(f"<mtd>{cell}</mtd>" for cell in row) + "</mtr>" for row in rows
        )
        return self.fence("(", f'<mtable class="ad-matrix">{cells}</mtable>', ")")


def math(text: str, attributes: str = "") -> str:
    """A `<math>` element in one piece."""
    return f"<math{attributes}>{text.replace(BREAK, '')}</math>"


def broken(text: str, attributes: str = "") -> str:
    """`<math>` elements between which a line may end: one for each part of a sum or product."""
    parts, level, part = [], 0, ""
    for token in re.findall(rf"{BREAK}|<[^>]*>|[^<{BREAK}]+", text):
        if token == BREAK:
            if level == 0 and part:
                parts.append(part)
                part = ""
            continue
        part += token
        level += (token[:1] == "<") - 2 * token.startswith("</")
    return "<wbr>".join(math(p, attributes) for p in [*parts, part])


def _row(text: str) -> str:
    """Several elements as one child."""
    level = count = 0
    for token in re.findall("</?", text):
        count += level == 0
        level += 1 if token == "<" else -1
    return text if count == 1 and BREAK not in text else f"<mrow>{text}</mrow>"


def _spaced(text: str) -> str:
    """Escaped text whose spaces MathML does not collapse."""
    return escape(text).replace(" ", "\u00a0")
