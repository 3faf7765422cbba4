"""How a label becomes typography: `out_o1` is out with the subscript o1, `delta_r` a Greek letter.

Labels are data: whatever a user calls a Value is shown, never obeyed. Characters that cannot be seen, or
that turn the direction of the text around, are shown as U+XXXX.
"""

import re
import unicodedata
from typing import NamedTuple

GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon "
        "phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split(),
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        strict=True,
    )
)
LONGEST = 200


class Symbol(NamedTuple):
    """A label taken apart for print: base, subscript, superscript (each may be empty but the base)."""

    base: str
    sub: str = ""
    sup: str = ""


_PARTS = re.compile(
    r"(?P<base>[^\W\d_]+)(?:_?(?P<digits>\d+)|_(?P<sub>\w+))?(?:\^\(?(?P<sup>\w+)\)?)?(?P<rest>['′+]*)"
)


def visible(label: str) -> str:
    """The label with every character that is not plainly visible written as U+XXXX; cut at 200.

    >>> visible("w5"), visible("a" + chr(0x202E) + "b")
    ('w5', 'aU+202Eb')
    """
    if len(label) > LONGEST:
        label = label[: LONGEST - 1] + "…"
    if label.isascii() and label.isprintable():
        return label
    return "".join(
        c if c == " " or unicodedata.category(c)[0] in "LMNPS" else f"U+{ord(c):04X}" for c in label
    )


def symbol(label: str) -> Symbol:
    """Base, subscript and superscript of a label.

    >>> symbol("out_o1"), symbol("w5"), symbol("w_22^(2)")
    (Symbol(base='out', sub='o1', sup=''), Symbol(base='w', sub='5', sup=''), Symbol(base='w', sub='22', sup='(2)'))
    """
    label = visible(label)
    match = _PARTS.fullmatch(label)
    if not match:
        return Symbol(label)
    sup = f"({match['sup']})" if match["sup"] and "^(" in label else match["sup"] or ""
    return Symbol(match["base"], match["digits"] or match["sub"] or "", sup + match["rest"])
