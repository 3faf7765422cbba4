"""How a label becomes typography: `out_o1` is out with the subscript o1, `delta_r` a Greek letter.

Labels are data: whatever a user calls a Value is shown, never obeyed. Characters that cannot be
seen, or that turn the direction of the text around, are shown as U+XXXX.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple

GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
        "upsilon phi chi psi omega "
        "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split(),
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        strict=True,
    )
)
LONGEST = 200
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
FROM_SUPERSCRIPT = {value: key for key, value in SUPERSCRIPTS.items()}


class Symbol(NamedTuple):
    """A label taken apart for print: base, subscript, superscript; only the base is never empty."""

    base: str
    sub: str = ""
    sup: str = ""


_PARTS = re.compile(
    r"(?P<base>[^\W\d_]+)(?:_?(?P<digits>\d+)(?:_(?P<more>\w+))?|_(?P<sub>\w+))?"
    r"(?:\^\(?(?P<sup>\w+)\)?)?(?P<rest>['′+]*)(?P<repeat>#\d+)?"
)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_PARTIAL = re.compile(r"∂(?P<order>[²³⁴⁵⁶⁷⁸⁹]?)(?P<upper>[^\s/]+)/∂(?P<lower>\S+?)(?P=order)")
_APPLIED = re.compile(r"(?P<function>[^\W\d_]+['′]*)\((?P<of>.+)\)")
_IN_WORDS = re.compile(
    r"∂[^\s/]+/∂[^\s(),:;]+(?:\(\w+\))?"
    r"|(?<![\w.])[^\W\d_]+(?:_\w+|\d+)(?:\^\(\w+\)|\^\w+)?(?:#\d+)?(?![\w(])"
    r"|(?<![\w.])[^\W\d_]\^\(\w+\)"
    r"|(?<![\w.])[^\W\d_][′']?\((?:[^\s()]|\([^\s()]*\))+\)"
)


def legible(text: str) -> str:
    """The text with every character that is not plainly visible written as U+XXXX."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c == " " or unicodedata.category(c)[0] in "LMNPS" else f"U+{ord(c):04X}" for c in text
    )


def visible(label: str) -> str:
    """A label made legible, and cut at 200 characters.

    >>> visible("w5"), visible("a" + chr(0x202E) + "b")
    ('w5', 'aU+202Eb')
    """
    return legible(label if len(label) <= LONGEST else label[: LONGEST - 1] + "…")


def symbol(label: str) -> Symbol:
    """Base, subscript and superscript of a label; one of several words stays as it is.

    >>> symbol("out_o1"), symbol("w_22^(2)")
    (Symbol(base='out', sub='o1', sup=''), Symbol(base='w', sub='22', sup='(2)'))
    >>> symbol("rate_of_interest").base
    'rate_of_interest'
    """
    label = visible(label)
    match = _PARTS.fullmatch(label)
    if not match:
        return Symbol(label)
    sup = f"({match['sup']})" if match["sup"] and "^(" in label else match["sup"] or ""
    sub = "_".join(filter(None, (match["digits"], match["more"]))) or match["sub"] or ""
    if len(_WORDS.findall(sub)) > 1:
        return Symbol(label)
    return Symbol(match["base"], sub, sup + match["rest"] + (match["repeat"] or ""))


def derivative(label: str) -> tuple[str, str, int] | None:
    """The two labels and the order of an abstract derivative that is itself a label.

    >>> derivative("∂C/∂a_2^(3)"), derivative("∂²y/∂x²")
    (('C', 'a_2^(3)', 1), ('y', 'x', 2))
    """
    match = _PARTIAL.fullmatch(visible(label))
    if not match:
        return None
    order = int(match["order"].translate(FROM_SUPERSCRIPT) or 1)
    return match["upper"], match["lower"], order


def partial(upper: str, lower: str, order: int = 1) -> str:
    """The abstract derivative of `upper` by `lower` as a label; order 0 is `upper` itself.

    >>> partial("E", "w5"), partial("y", "x", 2)
    ('∂E/∂w5', '∂²y/∂x²')
    """
    power = str(order).translate(SUPERSCRIPTS) if order > 1 else ""
    return f"∂{power}{upper}/∂{lower}{power}" if order else upper


def applied(label: str) -> tuple[str, str] | None:
    """The function and the argument of a label that is an abstract function value.

    >>> applied("f′(z_2^(3))")
    ('f′', 'z_2^(3)')
    """
    match = _APPLIED.fullmatch(visible(label))
    return (match["function"], match["of"]) if match else None


def spans(text: str) -> list[tuple[str, bool]]:
    """Plain text taken apart: (words, False) and (a label or an abstract derivative, True).

    >>> spans("as for w5, then out_o1")
    [('as for ', False), ('w5', True), (', then ', False), ('out_o1', True)]
    """
    text = legible(text)
    found, end = [], 0
    for match in _IN_WORDS.finditer(text):
        found += [(text[end : match.start()], False), (match[0], True)]
        end = match.end()
    return [span for span in [*found, (text[end:], False)] if span[0]]


def free_name(name: str, taken: Collection[str]) -> str:
    """A name for what has none, unlike those that are taken: y, or y′.

    >>> free_name("y", ["x", "y"])
    'y′'
    """
    while name in taken:
        name += "′"
    return name
