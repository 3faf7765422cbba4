"""Names of the user's as identifiers, and any text as a comment that is nothing but a comment.

A label (`output.o1.w5`, `w#2`, `δ_o1`, `int`, `*/ evil`) is data. What reaches the exported text is
an ASCII identifier that is unlike every other and unlike every word of the language, or a line of
printable ASCII in which nothing ends, opens or continues a comment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from autodiff.formula.symbols import GREEK, legible
from autodiff.formula.text import to_ascii

LONGEST_NAME = 48  # C99 promises 63 significant characters; the function's name may come before
LONGEST_COMMENT = 200

_SPELLED = {sign: word for word, sign in GREEK.items()} | {
    "∂": "d", "Δ": "Delta", "′": "prime", "'": "prime", "ß": "ss", "æ": "ae", "Æ": "AE",
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "ð": "d", "þ": "th", "œ": "oe", "ı": "i",
}  # fmt: skip

# Breaks up whatever could end or open a comment, continue a line (also as the trigraph ??/), close
# the <script> that a module stands in, or be read as a directive to a tool.
_BREAKS = [
    ("*/", "* /"), ("/*", "/ *"), ("//", "/ /"), ("??", "? ?"), ("</", "< /"), ("<!", "< !"),
    ("-->", "-- >"), ("]]>", "]] >"),
]  # fmt: skip


def ascii_name(label: str) -> str:
    """A label as an identifier, before collisions are looked at.

    >>> ascii_name("output.o1.w5"), ascii_name("δ_o1#2"), ascii_name("3é"), ascii_name("*/")
    ('output_o1_w5', 'delta_o1_2', 'v3e', 'v')
    """
    spelled = unicodedata.normalize("NFKD", "".join(_SPELLED.get(c, c) for c in label))
    plain = "".join(
        c if c.isascii() else f"u{ord(c):x}" if c.isalnum() else "_"
        for c in spelled
        if not unicodedata.combining(c)
    )
    name = re.sub(r"\W+|_+", "_", plain, flags=re.ASCII).strip("_")[:LONGEST_NAME].rstrip("_")
    return name if name[:1].isalpha() else f"v{name}"


class Identifiers:
    """The identifiers of one exported text, no two alike and none reserved."""

    def __init__(self, reserved: Collection[str]) -> None:
        self._taken = set(reserved)
        self._next: dict[str, int] = {}

    @property
    def all(self) -> frozenset[str]:
        """Every name that is taken."""
        return frozenset(self._taken)

    def new(self, label: str) -> str:
        """An identifier for a label: its own name, or that with a number."""
        name = ascii_name(label)
        if name not in self._taken:
            self._taken.add(name)
            return name
        number = self._next.get(name, 2)
        while f"{name}_{number}" in self._taken:
            number += 1
        self._next[name] = number + 1
        self._taken.add(f"{name}_{number}")
        return f"{name}_{number}"

    def numbered(self, letter: str) -> str:
        """The next free one of t1, t2, ..."""
        number = self._next.get(f" {letter}", 1)
        while f"{letter}{number}" in self._taken:
            number += 1
        self._next[f" {letter}"] = number + 1
        self._taken.add(f"{letter}{number}")
        return f"{letter}{number}"


def inert(text: str) -> str:
    r"""Any text as one line of ASCII that stays inside its comment, whatever the language.

    >>> inert("½(t − o)²"), inert("a */ b"), inert("x\ny"), inert("</script>")
    ('1/2*(t - o)^2', 'a * / b', 'xU+000Ay', '< /script>')
    """
    text = to_ascii(legible(text[: 4 * LONGEST_COMMENT])).replace("\\", "|")
    before = ""
    while before != text:
        before = text
        for found, broken in _BREAKS:
            text = text.replace(found, broken)
    return text if len(text) <= LONGEST_COMMENT else text[: LONGEST_COMMENT - 3] + "..."
