"""A page as text: stacked fractions, aligned equals signs, values in a column at the right.

Lines stay within 88 columns. The text is Unicode; `to_ascii` respells it where a terminal cannot
show it.
"""

import re
from collections.abc import Callable
from unicodedata import east_asian_width

from autodiff.formula.figures import Figures
from autodiff.formula.page import (
    Block,
    Change,
    Display,
    Factors,
    Formula,
    Heading,
    Item,
    Label,
    Line,
    Matrix,
    Number,
    Page,
    Partial,
    Piece,
    Remark,
    Summands,
    Table,
    Words,
)
from autodiff.formula.symbols import legible, partial, visible
from autodiff.formula.text import Text, to_ascii
from autodiff.op import SIGN, SUM

WIDTH = 88
VALUES = 68  # the column where values begin


class Layout:
    """Text of one page."""

    def __init__(
        self, page: Page, figures: Figures, most_terms: int | None, *, ascii: bool = False
    ) -> None:
        self.page = page
        self.spelled: Callable[[str], str] = to_ascii if ascii else str
        self.figures = figures
        self.symbols = Text(figures)
        self.numbers = Text(figures, numbers=True)
        self.symbols.most_terms = self.numbers.most_terms = most_terms

    def text(self) -> str:
        """The whole page."""
        title = self.piece(self.page.title)
        lines = [self.beside(title, self.page.aside), ""]
        blocks = [i for i in self.page.items if isinstance(i, Block)]
        headed = [b for b in blocks if b.head]
        self.head = max((_width(self.piece(b.head)) for b in headed if b.head), default=0)
        self.numbering = max((len(b.number) for b in headed), default=0) + 2
        for item in self.page.items:
            lines += self.item(item)
        lines = [self.spelled(line).rstrip() for line in lines]
        kept = [line for i, line in enumerate(lines) if line or (i and lines[i - 1])]
        return "\n".join(kept).rstrip("\n")

    def words(self, text: str) -> str:
        """A remark; the dots in it are no multiplication signs."""
        return self.spelled(legible(text if self.spelled is str else text.replace(" · ", ", ")))

    def beside(self, title: str, aside: str) -> str:
        """A title with a remark at the right."""
        return title + self.words(aside).rjust(WIDTH - 2 - _width(title)) if aside else title

    # ------------------------------------------------------------ items

    def item(self, item: Item) -> list[str]:
        match item:
            case Display():
                return [*("  " + row for row in self.display(item)), ""]
            case Block():
                return self.block(item)
            case Heading(title=title, aside=aside):
                return ["", self.beside(f"  {self.piece(title)}", aside), ""]
            case Remark():
                return _wrapped("  ", self.words(item.text), WIDTH)
            case Table():
                return self.table(item)

    def block(self, block: Block) -> list[str]:
        number = block.number.ljust(max(self.numbering, len(block.number) + 2))
        number = number if block.number or block.head else ""
        title = self.piece(block.head) if block.head else ""
        start = f"  {number}{title}" + " " * (self.head - _width(title) + 3 if block.head else 0)
        rows: list[str] = []
        shift = 0
        for i, line in enumerate(block.lines):
            left = self.piece(line.left) if line.left else ""
            if not block.head and i == 0:
                shift = _width(left) + 1 if left else 0
            indent = start if i == 0 else " " * _width(start)
            lead = f"{left} {line.relation} " if left else f"{line.relation} "
            if i and not left and shift:
                lead = " " * shift + lead
            if i == 0 and block.head and not left:
                lead = "" if line.relation == "=" else lead
            rows += self.line(indent + lead, line)
        rows = rows or [start.rstrip()]
        return self.ruled(rows) if block.result else rows

    @staticmethod
    def ruled(rows: list[str]) -> list[str]:
        """A line drawn over the value of a result."""
        return [" " * VALUES + "─" * 11, *rows]

    def line(self, lead: str, line: Line) -> list[str]:
        text = self.piece(line.right)
        if line.rule:
            text += self.spelled(f",  {line.rule[0]}′ = {self.symbols.write(line.rule[1])}")
        if line.note:
            text += self.words(f",  {line.note}" if line.value is None else f"   {line.note}")
        rows = _wrapped(lead, text, WIDTH)
        if line.value is not None and _width(rows[-1]) > VALUES - 2:
            rows = _wrapped(lead, text, VALUES - 2)
        if line.value is not None:
            value = self.value(line.value)
            column = max(min(VALUES, WIDTH - _width(value)), _width(rows[-1]) + 1)
            rows[-1] += " " * (column - _width(rows[-1])) + value
        return rows

    def value(self, x: float) -> str:
        relation = "=" if self.figures.exact(x) else "≈"
        return f"{relation} {self.numbers.figure(x)[0]:>9}"

    def table(self, table: Table) -> list[str]:
        cells = [list(table.header), *([self.piece(cell) for cell in row] for row in table.rows)]
        widths = [max(_width(row[i]) for row in cells) for i in range(len(table.header))]
        widest = widths.index(max(widths))
        room = WIDTH - 2 - sum(widths) + widths[widest] - 3 * len(widths)
        widths[widest] = min(widths[widest], max(12, room))
        out = []
        for i, row in enumerate(cells):
            wrapped = [_wrapped("", cell, w) for cell, w in zip(row, widths, strict=True)]
            for j in range(max(map(len, wrapped))):
                parts = [w[j] if j < len(w) else "" for w in wrapped]
                out.append(
                    "  " + "   ".join(c.ljust(w) for c, w in zip(parts, widths, strict=True))
                )
            if i == 0:
                out.append("  " + "   ".join("─" * w for w in widths))
        return out if any(table.header) else out[2:]

    # ------------------------------------------------------------ pieces

    def piece(self, piece: Piece) -> str:
        """A piece on one line, in the signs that the page is written in."""
        return self.spelled(self._piece(piece))

    def _piece(self, piece: Piece) -> str:
        match piece:
            case Partial(upper=upper, lower=lower, order=order):
                return partial(visible(upper), visible(lower), order)
            case Formula(term=term, numbers=numbers):
                return (self.numbers if numbers else self.symbols).write(term)
            case Factors(parts=(Words(text=operator), inner)):
                return f"{operator} ({self._piece(inner)})"
            case Factors(parts=parts, tight=tight):
                if any(isinstance(p, Matrix) for p in parts):
                    return " ".join(self._piece(p) for p in parts)
                first, *rest = [self._factor(p) for p in parts]
                if isinstance(parts[0], Formula) and _LEADING_MINUS.fullmatch(first):
                    first = first[1:-1]  # a sign in front needs no brackets
                return ("·" if tight else " · ").join([first, *rest])
            case Matrix(rows=rows):
                return self._matrix(rows)
            case Summands(parts=parts):
                first, *rest = map(self._piece, parts)
                return " + ".join([first, *(self._bracketed(text, "−") for text in rest)])
            case Number(value=value):
                return self.numbers.figure(value)[0]
            case Label(text=text, mark=mark):
                return visible(text) + mark
            case Words(text=text):
                return legible(text)
            case Change(left=left, sign=sign, right=right):
                return f"{self._piece(left)} {sign} {self._piece(right).replace(' · ', '·')}"

    def _matrix(self, rows: tuple[tuple[Piece, ...], ...]) -> str:
        """[a b; c d], its middle left out where it is large."""
        most = self.symbols.most_terms
        shown = [" ".join(_middle_out([self._piece(p) for p in row], most)) for row in rows]
        return f"[{'; '.join(_middle_out(shown, most))}]"

    def _factor(self, part: Piece) -> str:
        text = self._piece(part)
        if isinstance(part, Formula):
            binds = (self.numbers if part.numbers else self.symbols).show(part.term)[1]
            nested = "/" in text and re.search(" [+−] ", _outside(text))
            return f"({text})" if nested or binds <= SUM or binds == SIGN else text
        return f"({text})" if isinstance(part, Summands) else self._bracketed(text, "−")

    @staticmethod
    def _bracketed(text: str, sign: str) -> str:
        return f"({text})" if text.startswith(sign) else text

    # ------------------------------------------------------------ stacked fractions

    def display(self, item: Display) -> list[str]:
        """Three rows: numerators, bars, denominators; one row of plain text where that is too
        wide."""
        columns = [*self._columns(item.left), (" ", "=", " "), *self._columns(item.right)]
        rows = [" ".join(column[i] for column in columns) for i in range(3)]
        if item.note:
            rows[1] = (
                f"{rows[1]}          {item.note}" if len(rows[1]) + len(item.note) < 75 else rows[1]
            )
        if _width(rows[1]) > WIDTH - 2:
            return _wrapped("", f"{self.piece(item.left)} = {self.piece(item.right)}", WIDTH - 2)
        return rows

    def _columns(self, piece: Piece) -> list[tuple[str, str, str]]:
        match piece:
            case Partial(upper=upper, lower=lower):
                over, under = (self.spelled(f"∂{visible(label)}") for label in (upper, lower))
                width = max(_width(over), _width(under))
                return [(over.center(width), "─" * width, under.center(width))]
            case Factors(parts=parts):
                return self._joined(parts, "·", brackets=True)
            case Summands(parts=parts):
                return self._joined(parts, "+", brackets=False)
            case _:
                text = self.piece(piece)
                return [(" " * _width(text), text, " " * _width(text))]

    def _joined(
        self, parts: tuple[Piece, ...], sign: str, *, brackets: bool
    ) -> list[tuple[str, str, str]]:
        columns: list[tuple[str, str, str]] = []
        for i, part in enumerate(parts):
            if i:
                columns.append((" ", sign, " "))
            inner = self._columns(part)
            if brackets and isinstance(part, Summands) and len(parts) > 1:
                inner = [("⎛", "⎜", "⎝"), *inner, ("⎞", "⎟", "⎠")]
            columns += inner
        return columns


def _middle_out(parts: list[str], most: int | None) -> list[str]:
    return parts if not most or len(parts) <= most else [*parts[: most - 1], "…", parts[-1]]


def _outside(text: str) -> str:
    """Without its innermost brackets; those of a name, a_1^(2), do not count."""
    return re.sub(r"\([^()]*\)", "", re.sub(r"\^\(\d+\)", "", text))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def _wrapped(lead: str, text: str, width: int) -> list[str]:
    """`lead` and text on lines of at most `width`: broken at spaces or after a `·`, else after a
    bracket, else anywhere."""
    rows, row = [], lead
    indent = " " * (_width(lead) + 2)
    if _width(lead) > width - 30:  # no room beside the lead
        indent = " " * 8
        if _width(lead + text) > width:
            rows, row = [lead.rstrip()], indent
    text = _SMALL.sub(lambda m: m[0].replace(" ", "\xa0"), text)
    text = re.sub(" ([·*]) ", "\xa0\\1 ", text)
    for word in _WORD.findall(text):
        if _width(row + word.rstrip()) > width and row.strip() and row != lead:
            rows.append(row.rstrip())
            row = indent
        row += word
        while _width(row.rstrip()) > width:
            cut = _fitting(row, width)
            bracket = row.rfind("(", len(indent) + 12, cut) + 1
            rows.append(row[: bracket or cut])
            row = indent + row[bracket or cut :]
    return [line.replace("\xa0", " ") for line in (*rows, row.rstrip())]


def _fitting(text: str, width: int) -> int:
    """How many characters of the text are at most `width` wide."""
    found = min(len(text), width)
    while _width(text[:found]) > width:
        found -= 1
    return found


_LEADING_MINUS = re.compile(r"\(−(?:[^()+−]|\([^()]*\))*\)")
_WORD = re.compile(r"[^ ·*]*(?:[·*]| +|$)")
_SMALL = re.compile(r"\((?:[^()]|\^\(\d+\)){,30}\)")  # a bracket that is not worth breaking
