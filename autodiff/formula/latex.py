r"""LaTeX: the commands that KaTeX, MathJax and amsmath all know, and nothing that names add.

    \frac{\partial E}{\partial w_5} &= (\mathrm{out}_{o1}-\mathrm{target}_1)\cdot ...

A name reaches the output through `plain` or as ASCII letters. `plain` puts harmless characters into
`\text{}` and spells the others as commands of math mode, as MathJax reads no commands in `\text`.
"""

import re
from itertools import groupby
from unicodedata import normalize

from autodiff.formula.symbols import GREEK
from autodiff.formula.typeset import BREAK, PRIMES, Typeset, letter

WIDEST = 76  # signs on a line, about
# Letters that KaTeX knows in \text, beside ASCII: Latin, Cyrillic, Kana, Han, Hangul.
_LETTERS = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u045f"
    "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fae\uac00-\ud7a3"
)
_TEXT = re.compile(rf"[A-Za-z0-9 .,:;!?()\[\]/*+=|@'\"`{_LETTERS}-]")
_COMMANDS = {char: f"\\{word} " for word, char in GREEK.items() if word != "omicron"} | {
    "ο": "o", "∂": r"\partial ", "·": r"\cdot ", "−": "-", "≈": r"\approx ", "≤": r"\le ",
    "→": r"\to ", "…": r"\ldots ", "′": r"{}^{\prime}", "⁺": "{}^{+}", "ᵀ": r"{}^{\top}",
    "⊙": r"\odot ", "×": r"\times ", "√": r"\surd ", "½": r"\tfrac{1}{2}", "¼": r"\tfrac{1}{4}",
    "¾": r"\tfrac{3}{4}", "∞": r"\infty ", "Σ": r"\Sigma ", "∇": r"\nabla ", "η": r"\eta ",
    "⁻": "{}^{-}", **{sup: f"{{}}^{{{i}}}" for i, sup in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    "\\": r"{\backslash}", "~": r"{\sim}", "^": r"{\wedge}", "<": "{<}", ">": "{>}",
    **{c: f"\\{c}" for c in "#$%&_{}"},
}  # fmt: skip
_FUNCTIONS = set("sin cos tan arcsin arccos arctan sinh cosh tanh exp log ln max min".split())
_SIGNS = {"<": r"\mathrel{<}", ">": r"\mathrel{>}", ",": ",", "/": "/"}


class Latex(Typeset):
    """LaTeX for math mode."""

    DOTS = r"\cdots "

    def digits(self, text: str) -> str:
        if text == "nan":
            return r"\mathrm{nan}"
        text = text.replace("−", "-").replace("∞", r"\infty ")
        return text if text.isascii() else self.plain(text)

    def letters(self, text: str) -> str:
        text = letter(text)
        if text and all(c in PRIMES for c in text):
            return r"\prime " * len(text)
        if len(text) == 1:
            return _COMMANDS.get(text) or (
                text if text.isascii() and text.isalnum() else self.plain(text)
            )
        word = text.isascii() and text.replace("_", "").isalnum() and text[:1].isalpha()
        spelled = text.replace("_", r"\_")
        return rf"\mathrm{{{spelled}}}" if word else self.plain(text)

    def index(self, text: str) -> str:
        return super().index(text) if text not in ("+", "(") else text

    def _index_part(self, part: str) -> str:
        return part if part in "()+" else super()._index_part(part)

    def function(self, text: str) -> str:
        base, _, index = text.partition(" ")
        if base in _FUNCTIONS:
            base = f"\\{base} "
        elif base.isascii() and base.replace("_", "").isalnum() and len(base) > 1:
            spelled = base.replace("_", r"\_")
            base = rf"\operatorname{{{spelled}}}"
        else:
            base = self.letters(base)
        return self.script(base, index, "")

    def plain(self, text: str) -> str:
        out = ""
        for is_text, run in groupby(normalize("NFC", text), lambda c: bool(_TEXT.match(c))):
            chars = "".join(run)
            out += _in_text(chars) if is_text else "".join(map(_in_words, chars))
        return out

    def sign(self, char: str) -> str:
        known = _SIGNS.get(char) or _COMMANDS.get(char)
        return known or (char if _TEXT.match(char) else self.plain(char))

    def gap(self) -> str:
        return r"\,"

    def script(self, base: str, sub: str, sup: str) -> str:
        base = base.rstrip() if sub or sup else base
        if sup and not sup.replace(r"\prime ", ""):
            raised = "'" * sup.count("p")
        else:
            raised = f"^{_group(sup)}" if sup else ""
        return base + (f"_{_group(sub)}" if sub else "") + raised

    def large_fraction(self, over: str, under: str) -> str:
        return rf"\frac{{{over}}}{{{under}}}"

    def small_fraction(self, over: str, under: str) -> str:
        return rf"\tfrac{{{over}}}{{{under}}}"

    def root(self, text: str, degree: str = "") -> str:
        return rf"\sqrt{f'[{degree}]' if degree else ''}{{{text}}}"

    def fence(self, left: str, text: str, right: str) -> str:
        if left == "|" or re.search(r"\\(frac|sqrt|begin|left)\b", text):
            return rf"\left{left}{text}\right{right} "
        return left + text + right

    def cases(self, rows: list[tuple[str, str]]) -> str:
        lines = [f"{{}}{a}&{b}" if a.startswith("[") else f"{a}&{b}" for a, b in rows]
        return r"\begin{cases}" + r"\\".join(lines) + r"\end{cases}"  # \\[ would want a length

    def matrix(self, rows: list[list[str]]) -> str:
        cells = r"\\".join("&".join(row) for row in rows)
        return rf"\begin{{pmatrix}}{cells}\end{{pmatrix}}"


def _in_text(text: str) -> str:
    """Harmless characters as text: no dash is made of hyphens, wide spaces stay wide."""
    pieces = (
        piece for piece in re.split(r"( {2,})|(?<=-)(?=-)|(?<=`)(?=`)|(?<=')(?=')", text) if piece
    )
    return "".join(r"\quad " if p.isspace() and len(p) > 1 else rf"\text{{{p}}}" for p in pieces)


def _in_words(char: str) -> str:
    """A sign among words, where it gets the spaces of the words and none of its own."""
    command = _COMMANDS.get(char) or rf"\text{{U+{ord(char):04X}}}"
    return f"{{{command.rstrip()}}}" if char in "·−≈≤→⊙×" else command


def tidy(text: str) -> str:
    """Without marks for breaks, and without the spaces that no command needs."""
    return re.sub(r"(\\[A-Za-z]+) +(?![A-Za-z ])", r"\1", text.replace(BREAK, "")).rstrip()


def _group(text: str) -> str:
    text = text.rstrip()
    return text if len(text) == 1 else f"{{{text}}}"


def width(text: str) -> int:
    """How many signs a formula shows, about; a fraction counts as wide as both its parts."""
    text = re.sub(r"\}_\{(?:[^{}]|\{[^{}]*\})*\}", "", text)  # indices, and what is under a brace
    text = re.sub(r"\\(text|mathrm|begin|end|left|right|frac|underbrace)\b|\\[,;]", "", text)
    return len(re.sub(r"[{}_^&\s]", "", re.sub(r"\\[A-Za-z]+ ?", "x", text)))


_TOKENS = re.compile(
    rf"{BREAK}|\\left|\\right|\\begin|\\end|\\[{{}}\\]|[{{}}]|[^{BREAK}\\{{}}]+|\\"
)


def broken(text: str) -> list[str]:
    """A long row as several, broken where few brackets are open, at best before + or −."""
    parts, level, open_brackets = [""], 0, 0
    worth = [0.0]  # how bad it is to break before each part
    for token in _TOKENS.findall(text):
        level += (token in ("{", r"\left", r"\begin")) - (token in ("}", r"\right", r"\end"))
        if token != BREAK:
            parts[-1] += token
            open_brackets += 0 if level else token.count("(") - token.count(")")
        elif level == 0:
            parts.append("")
            worth.append(float(open_brackets))
    worth = [w + (part[:1] not in ("+", "-")) / 2 for w, part in zip(worth, parts, strict=True)]
    lines = []
    while parts:
        count = len(parts)
        while count > 1 and width("".join(parts[:count])) > WIDEST:
            count -= 1
        if count < len(parts):
            count = min(range(count, count // 2, -1), key=lambda k: worth[k])
        lines.append(re.sub(r"^\\,", r"\\cdot ", "".join(parts[:count])))
        parts, worth = parts[count:], worth[count:]
    return lines
