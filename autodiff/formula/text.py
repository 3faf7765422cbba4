"""Formulas as text: Unicode as on a board, or plain ASCII for terminals that cannot.

½(target1 − out_o1)²      1/2*(target1 - out_o1)^2
"""

import re
from typing import Any

from autodiff.formula.printer import Printer, Shown, share_of, simple_fraction
from autodiff.formula.symbols import FROM_SUPERSCRIPT, SUPERSCRIPTS, derivative, visible
from autodiff.formula.terms import Term
from autodiff.op import CALL, PRODUCT, SIGN

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
VULGAR = {(1, 2): "½", (1, 4): "¼", (3, 4): "¾"}


class Text(Printer):
    """Unicode text."""

    MINUS, TIMES, DOTS = "−", "·", "…"

    def number(self, text: str) -> str:
        return text.replace("-", "−")

    def name(self, label: str) -> str:
        return visible(label)

    def base(self, label: str) -> str:
        compound = "^" in label or derivative(label)
        return self.brackets(self.name(label)) if compound else self.name(label)

    def binding(self, label: str) -> int:
        return PRODUCT if derivative(label) else CALL

    def coefficient(self, size: float) -> str:
        found = simple_fraction(size)
        if found:
            return VULGAR.get(found, f"{found[0]}/{found[1]}")
        return super().coefficient(size)

    def coefficient_alone(self, x: float) -> Shown:
        found = simple_fraction(x)
        if not found:
            return super().coefficient_alone(x)
        over, under = abs(found[0]), found[1]
        text = VULGAR.get((over, under), f"{over}/{under}")
        return (self.MINUS + text, SIGN) if x < 0.0 else (text, PRODUCT)

    def joined(self, lead: str, parts: list[str]) -> str:
        if lead in VULGAR.values() and parts and parts[0].startswith("("):
            return lead + self.TIMES.join(parts)
        return super().joined(lead, parts)

    def superscript(self, base: str, exponent: str) -> str:
        if base[:1].isdecimal() and "e" in base:
            base = self.brackets(base)  # (1e15)², which 1e15² might not be
        if exponent.isdecimal():
            return base + exponent.translate(SUPERSCRIPTS)
        return f"{base}^({self.number(exponent)})"

    def infix(self, left: str, sign: str, right: str) -> str:
        return f"{left}^{right}" if sign == "**" else f"{left} {_INFIX.get(sign, sign)} {right}"

    def root(self, text: str) -> str:
        return f"√({text})"

    def call(self, op: Any, args: list[str]) -> str:
        spelled = op.spelling if op.precedence == CALL else op.name
        return f"{_SPOKEN.get(op.name, spelled)}({', '.join(args)})"

    def call_softmax_share(self, *xs: Term) -> Shown:
        which, listed = share_of(xs)
        index = str(which).translate(SUBSCRIPTS)
        return f"softmax{index}({', '.join(map(self.write, listed))})", CALL

    def call_absolute(self, x: Term) -> Shown:
        return f"|{self.write(x)}|", CALL


_INFIX = {"<=": "≤", "==": "="}
_SPOKEN = {
    "maximum": "max",
    "minimum": "min",
    "normal_density": "φ",
    "power": "pow",
}

_ASCII = {
    "√2": "sqrt(2)", "√π": "sqrt(pi)", "√(2π)": "sqrt(2*pi)",
    "½(": "1/2*(", "¼(": "1/4*(", "¾(": "3/4*(", "½": "1/2", "¼": "1/4", "¾": "3/4",
    "·": "*", "−": "-", "σ": "sigmoid", "√": "sqrt", "∂": "d", "δ": "delta", "η": "rate",
    "≈": "~", "≤": "<=", "∞": "inf", "π": "pi", "φ": "phi", "′": "'", "⁺": "_new", "→": "->",
    "Δ": "change of ", "ᵀ": "^T", "⊙": ".*", "Σ": "sum",
    "∇": "grad ", "…": "...", "✓": "ok", "✗": "wrong:",
    "─": "-", "│": "|", "┐": ".", "┘": "'", "×": "x",
    "⎛": "/", "⎜": "|", "⎝": "\\", "⎞": "\\", "⎟": "|", "⎠": "/",
}  # fmt: skip


def to_ascii(text: str) -> str:
    """Unicode text in the 95 characters of ASCII; what has no spelling becomes U+XXXX.

    >>> to_ascii("½(target1 − out_o1)² ≈ 0.23456")
    '1/2*(target1 - out_o1)^2 ~ 0.23456'
    """
    for sign, spelled in _ASCII.items():
        text = text.replace(sign, spelled)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m[0].translate(FROM_SUPERSCRIPT), text)
    text = re.sub("[₀₁₂₃₄₅₆₇₈₉]+", lambda m: "_" + m[0].translate(_FROM_SUBSCRIPT), text)
    return "".join(c if ord(c) < 128 else f"U+{ord(c):04X}" for c in text)


_FROM_SUBSCRIPT = {value: key for key, value in SUBSCRIPTS.items()}
