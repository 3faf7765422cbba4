"""A derivation as LaTeX: one `aligned` environment, tables below it."""

import re

from autodiff.formula.figures import Figures
from autodiff.formula.latex import WIDEST, Latex, broken, tidy, width
from autodiff.formula.page import (
    Block,
    Display,
    Factors,
    Formula,
    Heading,
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
from autodiff.formula.pieces import Typesetter
from autodiff.formula.typeset import BREAK


def tex(page: Page, figures: Figures, most_terms: int | None) -> str:
    """A page as one `aligned` environment, with tables below it."""
    return _Tex(figures, most_terms).page(page)


class _Tex(Typesetter):
    """Rows of `aligned`."""

    def __init__(self, figures: Figures, most_terms: int | None) -> None:
        super().__init__(Latex, figures, most_terms)
        self._shown: dict[
            Piece, tuple[Piece, ...]
        ] = {}  # what a display equates with which factors

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
            case Heading(title=title, aside=aside):
                return [self._remark(title, aside)]
            case Table():
                return []

    def _block(self, block: Block) -> list[str]:
        number = self.symbols.plain(f"({block.number})") if block.number else ""
        head = self.piece(block.head) if block.head else ""
        if not block.lines:
            return [self._remark(block.head or Words(block.number))]
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
        if line.rule:
            right += rf",\quad {self.rule(*line.rule)}"
        if line.value is not None and right != self.numbers.figure(line.value)[0]:
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
        if sum(map(width, texts)) > WIDEST:
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
        first, *more = broken(self.symbols.sign(relation) + right)
        tag = f"&&{tag}" if tag else ""
        return [f"{left} &{first}{tag}\\\\", *(f"&\\qquad{{}}{part}\\\\" for part in more)]

    def _table(self, table: Table) -> str:
        header = [self.symbols.plain(word) for word in table.header]
        rows = [header, *([self._cell(cell) for cell in row] for row in table.rows)]
        columns = "".join("r" if isinstance(p, Number) else "l" for p in table.rows[0])
        lines = [" & ".join(map(tidy, row)) for row in rows]
        head = f"{lines[0]}\\\\ \\hline\n" if any(table.header) else ""
        body = head + "\\\\\n".join(lines[1:])
        return f"\\begin{{array}}{{{columns}}}\n{body}\n\\end{{array}}"

    def _cell(self, piece: Piece) -> str:
        """A cell, long formulas on several lines."""
        lines = broken(self.piece(piece))
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


__all__ = ["Latex", "tex"]
