r"""LaTeX: the commands that KaTeX, MathJax and amsmath all know, and nothing that a name could add to them.

    \frac{\partial E}{\partial w_5} &= (\mathrm{out}_{o1}-\mathrm{target}_1)\cdot ...

A name reaches the output through `plain` or as ASCII letters. `plain` puts harmless characters into
`\text{}` and spells the others as commands of math mode, because MathJax reads no commands inside `\text`.
"""

import re
from itertools import groupby
from unicodedata import normalize

from autodiff.formula.figures import Figures
from autodiff.formula.page import (
    Block,
    Display,
    Factors,
    Formula,
    Item,
    Line,
    Number,
    Page,
    Partial,
    Piece,
    Remark,
    Summands,
    Table,
    Words,
)
from autodiff.formula.symbols import GREEK
from autodiff.formula.typeset import BREAK, PRIMES, Typeset, Typesetter, letter

WIDEST = 84  # signs on a line, about
# Letters that KaTeX knows in \text, beside ASCII: Latin, Cyrillic, Kana, Han, Hangul.
_LETTERS = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u045f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
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
_FUNCTIONS = set(
    "sin cos tan arcsin arccos arctan sinh cosh tanh exp log max min".split()
)
_SIGNS = {"<": r"\mathrel{<}", ">": r"\mathrel{>}", ",": ",", "/": "/"}
_CONSTANTS = {
    "ln 2": r"\ln 2", "ln 10": r"\ln 10", "2/√π": r"\tfrac{2}{\sqrt{\pi}}", "1/√2": r"\tfrac{1}{\sqrt{2}}",
    "2·√(2/π)": r"2\sqrt{2/\pi}", "1/√(2π)": r"\tfrac{1}{\sqrt{2\pi}}",
}  # fmt: skip


class Latex(Typeset):
    """LaTeX for math mode."""

    DOTS = r"\cdots "

    def constant(self, text: str) -> str:
        return _CONSTANTS.get(text) or self.words(text)

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
            return _COMMANDS.get(text) or (text if text.isascii() and text.isalnum() else self.plain(text))
        return rf"\mathrm{{{text}}}" if text.isascii() and text.isalpha() else self.plain(text)

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
            if is_text:
                words = re.split(r"( {2,})", "".join(run))
                out += "".join(r"\quad " if w.isspace() and len(w) > 1 else rf"\text{{{w}}}" for w in words if w)
            else:
                out += "".join(_COMMANDS.get(c) or rf"\text{{U+{ord(c):04X}}}" for c in run)
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
        return r"\begin{cases}" + r"\\".join(f"{a}&{b}" for a, b in rows) + r"\end{cases}"

    def matrix(self, rows: list[list[str]]) -> str:
        cells = r"\\".join("&".join(row) for row in rows)
        return rf"\begin{{pmatrix}}{cells}\end{{pmatrix}}"


def tidy(text: str) -> str:
    """Without marks for breaks, and without the spaces that no command needs."""
    return re.sub(r"(\\[A-Za-z]+) +(?![A-Za-z ])", r"\1", text.replace(BREAK, "")).rstrip()


def tex(page: Page, figures: Figures, most_terms: int | None) -> str:
    """A page as one `aligned` environment, with tables below it."""
    return _Tex(figures, most_terms).page(page)


class _Tex(Typesetter):
    """Rows of `aligned`."""

    def __init__(self, figures: Figures, most_terms: int | None) -> None:
        super().__init__(Latex, figures, most_terms)
        self._shown: dict[Piece, tuple[Piece, ...]] = {}  # what a display equates with which factors

    def page(self, page: Page) -> str:
        parts: list[str] = []
        rows = self._title(page)
        for item in page.items:
            if isinstance(item, Table):
                parts += [_aligned(rows), self._table(item)]
                rows = []
            else:
                rows += self._item(item)
        parts = [part for part in [*parts, _aligned(rows)] if part]
        if len(parts) == 1:
            return parts[0]
        return "\\begin{array}{l}\n" + "\\\\[12pt]\n".join(parts) + "\n\\end{array}"

    def _title(self, page: Page) -> list[str]:
        return [self._remark(page.title, page.aside)] if isinstance(page.title, Words) else []

    def _remark(self, piece: Piece, aside: str = "") -> str:
        beside = rf"\qquad {self.symbols.words(aside)}" if aside else ""
        return rf"&{self.piece(piece)}{beside}\\[4pt]"

    def _item(self, item: Item) -> list[str]:
        match item:
            case Display(left=left, right=right, note=note):
                if isinstance(right, Factors):
                    self._shown[left] = right.parts
                tag = self.symbols.words(note) if note else ""
                return _gapped(self._rows(self.piece(left), "=", self.piece(right), tag), 6)
            case Block():
                return self._block(item)
            case Remark(text=text):
                return [self._remark(Words(text))] if text else []
            case Table():
                return []

    def _block(self, block: Block) -> list[str]:
        number = self.symbols.plain(f"({block.number})") if block.number else ""
        head = self.piece(block.head) if block.head else ""
        if not block.lines:
            return [self._remark(block.head or Words(block.number), block.aside)]
        rows: list[str] = []
        for line in block.lines:
            left = self.piece(line.left) if line.left else ""
            if not left and head:
                left, head = head, ""
            rows += self._line(line, left, number)
            number = ""
        return _gapped(rows, 6)

    def _line(self, line: Line, left: str, tag: str) -> list[str]:
        right = self._underbraced(line) or self.piece(line.right)
        if line.value is not None and not (isinstance(line.right, Number) and line.right.value == line.value):
            right += BREAK + self.value(line.value)
        if line.note and line.value is None:
            right += rf",\quad {self.symbols.words(line.note)}"
        elif line.note:
            note = self.symbols.words(line.note)
            tag = rf"{tag}\ {note}" if tag else note
        return self._rows(left, line.relation, right, tag)

    def _underbraced(self, line: Line) -> str:
        """The factors of an assembled formula, each over the derivative that it is."""
        names = self._shown.get(line.left) if line.left else None
        parts = line.right.parts if isinstance(line.right, Factors) else ()
        if not names or len(names) != len(parts) or not all(isinstance(p, Formula) for p in parts):
            return ""
        texts = [self.factor(part) for part in parts]
        if sum(map(_width, texts)) > WIDEST:
            return ""
        braces = [
            rf"\underbrace{{{text}}}_{{{self._inline(name)}}}"
            for text, name in zip(texts, names, strict=True)
        ]
        return (BREAK + r"\cdot ").join(braces)

    def _inline(self, piece: Piece) -> str:
        if isinstance(piece, Partial):
            return self.symbols.partial(piece.upper, piece.lower, piece.order, inline=True)
        if isinstance(piece, Summands):
            return "+".join(map(self._inline, piece.parts))
        return self.piece(piece)

    def _rows(self, left: str, relation: str, right: str, tag: str) -> list[str]:
        first, *more = _broken(self.symbols.sign(relation) + right)
        tag = f"&&{tag}" if tag else ""
        return [f"{left} &{first}{tag}\\\\", *(f"&\\qquad{{}}{part}\\\\" for part in more)]

    def _table(self, table: Table) -> str:
        header = [self.symbols.plain(word) for word in table.header]
        rows = [header, *([self._cell(cell) for cell in row] for row in table.rows)]
        columns = "".join("r" if isinstance(p, Number) else "l" for p in table.rows[0])
        lines = [" & ".join(map(tidy, row)) for row in rows]
        body = "\\\\\n".join([f"{lines[0]}\\\\ \\hline\n{lines[1]}", *lines[2:]])
        return f"\\begin{{array}}{{{columns}}}\n{body}\n\\end{{array}}"

    def _cell(self, piece: Piece) -> str:
        """A cell, long formulas on several lines."""
        lines = _broken(self.piece(piece))
        if len(lines) == 1:
            return lines[0]
        return r"\begin{aligned}" + r"\\".join(f"&{line}" for line in lines) + r"\end{aligned}"


def _aligned(rows: list[str]) -> str:
    if not rows:
        return ""
    last = re.sub(r"\\\\(\[\w+\])?$", "", rows[-1])
    return "\\begin{aligned}\n" + "\n".join(map(tidy, [*rows[:-1], last])) + "\n\\end{aligned}"


def _gapped(rows: list[str], points: int) -> list[str]:
    return [*rows[:-1], f"{rows[-1]}[{points}pt]"]


def _group(text: str) -> str:
    text = text.rstrip()
    return text if len(text) == 1 else f"{{{text}}}"


def _width(text: str) -> int:
    """How many signs a formula shows, about; a fraction is as wide as both its parts."""
    return len(re.sub(r"\\(text|mathrm|begin|end|left|right|frac)\b|[{}^_&\s]", "", re.sub(r"\\[a-z]+ ?", "x", text)))


def _broken(text: str) -> list[str]:
    """A long row as several, broken between terms or factors that stand in no braces."""
    lines, line, level = [], "", 0
    parts = []
    for token in re.findall(rf"{BREAK}|\\left|\\right|\\begin|\\end|\\[{{}}\\]|[{{}}]|[^{BREAK}\\{{}}]+|\\", text):
        level += (token in ("{", r"\left", r"\begin")) - (token in ("}", r"\right", r"\end"))
        if token == BREAK and level == 0:
            parts.append(line)
            line = ""
        elif token != BREAK:
            line += token
    parts.append(line)
    line = parts[0]
    for part in parts[1:]:
        if _width(line + part) > WIDEST:
            lines.append(line)
            line = re.sub(r"^\\,", r"\\cdot ", part)
        else:
            line += part
    return [*lines, line]
