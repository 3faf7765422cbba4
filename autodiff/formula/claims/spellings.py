"""How signs, numbers and functions are spelled in a claim: the tables, and what is refused."""

from autodiff import expression
from autodiff.formula.text import to_ascii
from autodiff.formula.typeset import FUNCTIONS
from autodiff.op import CALL, TABLE

SIGNS = {
    "**": "**", "<=": "<=", ">=": ">=", "==": "=", "~=": "≈", "->": "→", "^": "**", ",": ",",
    "+": "+", "-": "-", "−": "-", "–": "-", "/": "/", "÷": "/", "∕": "/", "⁄": "/", "*": "*",
    "·": "*", "⋅": "*", "×": "*", "∗": "*", "•": "*", "(": "(", ")": ")", "[": "[", "]": "]",
    "{": "{", "}": "}", "|": "|", "<": "<", ">": ">", "≤": "<=", "≥": ">=", "=": "=", "≈": "≈",
    "∂": "∂", "_": "_",
}  # fmt: skip
# LaTeX commands, and the sign that they spell; "" is space.
COMMANDS = {
    "cdot": "*", "times": "*", "ast": "*", "div": "/", "le": "<=", "leq": "<=", "ge": ">=",
    "geq": ">=", "lt": "<", "gt": ">", "lvert": "|", "rvert": "|", "vert": "|", "{": "(", "}": ")",
    "lbrace": "(", "rbrace": ")", "lbrack": "[", "rbrack": "]", "partial": "∂", "approx": "≈",
    "frac": "frac", "tfrac": "frac", "dfrac": "frac", "underbrace": "under",
}  # fmt: skip
_BLANK = "left right big Big bigl bigr Bigl Bigr displaystyle quad qquad , ; : !"
COMMANDS |= dict.fromkeys(_BLANK.split(), "")
SPOKEN = expression.SPOKEN | {"√": "sqrt", "φ": "normal_density", "phi": "normal_density"}
NUMBERS = {
    "½": "0.5",
    "¼": "0.25",
    "¾": "0.75",
    "∞": "inf",
    "inf": "inf",
    "nan": "nan",
    r"\infty": "inf",
}
NUMBERS |= dict.fromkeys(["π", "pi", r"\pi"], "3.141592653589793") | {"e": "2.718281828459045"}
POWERS = dict(zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True))
NO_SUM = "a sum over an index is not read: write its terms out"
REFUSED = {
    "…": "the formula is abridged here (…): write it out, .full() prints it all",
    "...": "the formula is abridged here (...): write it out, .full() prints it all",
    "Σ": NO_SUM,
    "∑": NO_SUM,
    "\\sum": NO_SUM,
    "\\begin": "of LaTeX's surroundings only aligned and cases are read",
    "softmax": "softmax has several results: write softmax_1(a, b, c) for the first",
    "⊙": "matrices are not read: write the formula of one weight",
}


def functions() -> dict[str, str]:
    """Every way to write a function of the table, and the row that it calls."""
    found = {name: op.name for op in TABLE.values() for name in (op.name, *op.aliases)}
    found |= {spelled: name for name, spelled in FUNCTIONS.items() if spelled not in found}
    for op in TABLE.values():
        if op.precedence == CALL and "{" not in op.spelling:
            found.setdefault(op.spelling, op.name)
            found.setdefault(to_ascii(op.spelling), op.name)
    return SPOKEN | found
