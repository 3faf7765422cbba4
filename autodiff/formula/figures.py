"""How numbers are shown: so many decimals, rounded or cut off, and whether that changed them.

A number that is short anyway (0.05, 2, 0.5) is shown as it is; any other with `digits` decimals,
and in scientific form where it would show no digit that counts. `exact` says whether the text is
the number: if not, an equation writes `≈`. A number is short when its decimals are, of those 15
digits that a float64 always keeps: 0.1·0.7 is 0.07, not 0.06999999999999999.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

ROUNDINGS = {"nearest": ROUND_HALF_EVEN, "truncate": ROUND_DOWN}

WHOLE = 1e15  # whole numbers below are written out
MOST_FIGURES = 12  # of a number that is short; three zeros behind them are no coincidence

# Numbers that a reader knows by another spelling; simple multiples and parts of them too.
CONSTANTS = {
    "ln(2)": math.log(2.0),
    "ln(10)": math.log(10.0),
    "ln(2)²": math.log(2.0) ** 2,
    "ln(10)²": math.log(10.0) ** 2,
    "π": math.pi,
    "√2": math.sqrt(2.0),
    "√π": math.sqrt(math.pi),
    "√(2π)": math.sqrt(2.0 * math.pi),
    "√(2/π)": math.sqrt(2.0 / math.pi),
}
SAME = 2.0**-50  # what a few roundings leave between a number and the one that is meant
MOST_TIMES = 1000  # of a constant, that is shown as so many times it


@dataclass(frozen=True)
class Figures:
    """The `digits=` and `rounding=` of a derivation."""

    digits: int = 5
    rounding: str = "nearest"

    def __post_init__(self) -> None:
        if not isinstance(self.digits, int) or not 0 <= self.digits <= 17:
            raise ValueError(f"digits counts decimals, 0 to 17, not {self.digits!r}")
        if self.rounding not in ROUNDINGS:
            raise ValueError(f"rounding is 'nearest' or 'truncate', not {self.rounding!r}")

    def text(self, x: float) -> str:
        """`x` as it is shown, with an ASCII minus.

        >>> Figures().text(0.05), Figures().text(0.7349261), Figures().text(4.2483542e-18)
        ('0.05', '0.73493', '4.24835e-18')
        """
        if not math.isfinite(x):
            return {math.inf: "∞", -math.inf: "-∞"}.get(x, "nan")
        if x == 0.0:
            return "0"
        if self.exact(x):
            if x.is_integer() and abs(x) < WHOLE:
                return f"{x:.0f}"
            mantissa, e, power = self._decimals(x).partition("e")
            return f"{mantissa}{e}{int(power)}" if e else mantissa
        exponent = math.floor(math.log10(abs(x)))
        if -min(self.digits, 4) <= exponent < 9:
            return str(self._cut(Decimal(x), self.digits))
        scaled = self._cut(Decimal(x).scaleb(-exponent), self.digits)
        if abs(scaled) >= 10:  # 9.999999 has become 10.00000
            scaled, exponent = self._cut(scaled.scaleb(-1), self.digits), exponent + 1
        return f"{scaled}e{exponent}"

    def _cut(self, x: Decimal, digits: int) -> Decimal:
        return x.quantize(Decimal(1).scaleb(-digits), ROUNDINGS[self.rounding])

    def exact(self, x: float) -> bool:
        """Whether the text of x is x itself, as its decimals are few enough."""
        if not math.isfinite(x) or x == 0.0 or (x.is_integer() and abs(x) < WHOLE):
            return True
        mantissa = self._decimals(x).partition("e")[0]
        figures = len(mantissa.replace(".", "").strip("-0"))
        few = figures <= MOST_FIGURES or self.digits > MOST_FIGURES
        return few and len(mantissa.partition(".")[2]) <= self.digits

    def _decimals(self, x: float) -> str:
        """The decimals of x, without what binary arithmetic left behind; or all that it has."""
        if self.digits <= MOST_FIGURES:
            return f"{x:.15g}"
        mantissa, e, power = repr(x).partition("e")
        return mantissa.removesuffix(".0") + e + power


class Spelled(NamedTuple):
    """A number over·above/(under·below); `above` and `below` are known constants, or empty."""

    over: float
    above: str = ""
    under: float = 1.0
    below: str = ""


@lru_cache(maxsize=1024)
def spelled(x: float) -> Spelled | None:
    """A positive number as a simple multiple or part of a known constant; None where it is none.

    >>> spelled(10 / math.log(10.0)), spelled(0.7)
    (Spelled(over=10.0, above='', under=1.0, below='ln(10)'), None)
    """
    if not 0.0 < x < math.inf or len(f"{x:.15g}".replace(".", "").strip("0")) <= MOST_FIGURES:
        return None
    found: list[Spelled] = []
    for name, constant in CONSTANTS.items():
        for above, times in ((True, x / constant), (False, x * constant)):
            parts = _simple(times)
            if parts:
                over, under = parts
                found.append(
                    Spelled(over, name, under) if above else Spelled(over, "", under, name)
                )
    return min(found, key=lambda s: (s.over + s.under, s.above != ""), default=None)


def _simple(x: float) -> tuple[float, float] | None:
    """Numerator and denominator of a small whole number or a simple fraction."""
    whole = float(round(x)) if x < MOST_TIMES else 0.0
    if whole and abs(x - whole) <= SAME * x:
        return whole, 1.0
    found = ratio(x)
    return (float(found[0]), float(found[1])) if found else None


def ratio(x: float) -> tuple[int, int] | None:
    """Numerator and denominator where x is a simple fraction: 0.5 is (1, 2), 1/3 is (1, 3)."""
    if x.is_integer() or not math.isfinite(x):
        return None
    fraction = Fraction(x).limit_denominator(120)
    close = abs(fraction.numerator / fraction.denominator - x) <= SAME * abs(x)
    if close and 0 < abs(fraction.numerator) <= 12:
        return fraction.numerator, fraction.denominator
    return None
