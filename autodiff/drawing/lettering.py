"""Text in pictures: made harmless, numbers made short, widths estimated, long lines broken.

Names come from anywhere. `plain` takes out what cannot be seen or would upset a reader of XML,
shows characters that reorder text as U+XXXX, and cuts what is too long; `in_markup` and
`in_quotes` then spell it for SVG and HTML-like labels, and for DOT strings.
"""

from math import isfinite

LONGEST = 200  # characters of one text

_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def plain(text: str) -> str:
    """Text that may be shown: printable, in reading order, at most 200 characters.

    >>> plain("w\\x00\\x1b5"), plain("a\\u202eb"), len(plain("x" * 10_000))
    ('w5', 'aU+202Eb', 200)
    """
    import unicodedata

    shown = []
    for character in text[: LONGEST + 1]:
        kind = unicodedata.category(character)
        if character in "\n\t\r":
            shown.append(" ")
        elif kind in ("Cf", "Zl", "Zp"):
            shown.append(f"U+{ord(character):04X}")
        elif kind not in ("Cc", "Cs", "Cn"):
            shown.append(character)
    whole = "".join(shown)
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"


def in_markup(text: str) -> str:
    """Plain text as it is written in SVG and HTML, in content and in attributes."""
    return text.translate(_MARKUP)


def in_label(text: str) -> str:
    """Plain text in an HTML-like label of DOT, where Graphviz replaces `\\N` and the like."""
    return in_markup(text).replace("\\", "\\\\")


def in_quotes(text: str) -> str:
    """Plain text as a quoted string of DOT."""
    spelled = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{spelled}"'


def figure(x: float) -> str:
    """A number as it stands in a picture: five decimals, or a power of ten where those say little.

    >>> figure(0.5), figure(-0.017603), figure(1.5e-7), figure(float("inf"))
    ('0.5', '−0.0176', '1.5e−7', '∞')
    """
    if not isfinite(x):
        return "nan" if x != x else "∞" if x > 0 else "−∞"
    if x == 0.0:
        return "0"
    if 1e-3 <= abs(x) < 1e6:
        text = f"{x:.5f}".rstrip("0").rstrip(".")
    else:
        digits, _, power = f"{x:.3e}".partition("e")
        text = f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
    return text.replace("-", "−")


# Widths in thousandths of the font size, as in Helvetica; other sans-serif fonts are not far off.
_WIDTHS = dict.fromkeys("ijl.,:;'|!·∙•", 290) | dict.fromkeys("ftrI()[]-/\\ ", 345)
_WIDTHS |= dict.fromkeys("mwMW%@", 880) | dict.fromkeys("+−=<>≤", 610)
_WIDTHS |= dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ&", 700)


def width(text: str, size: float, bold: bool = False) -> float:
    """About how wide a text is, on the generous side."""
    total = sum(_WIDTHS.get(c, 590 if ord(c) < 0x2E80 else 1050) for c in text)
    return total * size / 1000 * (1.14 if bold else 1.08)


def wrap(text: str, characters: int, lines: int) -> list[str]:
    """Lines of at most so many characters, broken at spaces outside brackets if possible, else
    between parts of words; the last may end in an ellipsis.

    >>> wrap("−(y·log(p) + (1 − y)·log(1 − p))", 28, 3)
    ['−(y·log(p) +', '(1 − y)·log(1 − p))']
    >>> wrap("rate_of_the_first_layer·dw", 20, 3)
    ['rate_of_the_first_', 'layer·dw']
    """
    found: list[str] = []
    while text and len(found) < lines:
        if len(text) <= characters:
            return [*found, text]
        cut = _cut(text, characters)
        found.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    if text:
        found[-1] = found[-1][: characters - 2] + " …"
    return found


def _cut(text: str, characters: int) -> int:
    """Where the first line of a text that is longer ends."""
    spaces = [i for i in range(characters // 3, characters + 1) if text[i] == " "]
    if spaces:
        return min(spaces, key=lambda i: (text.count("(", 0, i) - text.count(")", 0, i), -i))
    joints = [i for i in range(characters // 2, characters + 1) if text[i - 1] in "·_"]
    return max(joints, default=characters)
