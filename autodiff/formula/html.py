"""A derivation as an HTML fragment: one table, a row for each component, MathML in the cells.

No script, no font, nothing from the network. Rows of components carry `data-upper` and
`data-lower`: ids of the two Values (see `ids`), made by us and not from names, with which a page
can link rows and edges.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from autodiff.formula.figures import Figures
from autodiff.formula.mathml import MathML, broken, math
from autodiff.formula.page import (
    Block,
    Change,
    Display,
    Factors,
    Formula,
    Heading,
    Item,
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
from autodiff.formula.pieces import Typesetter
from autodiff.formula.symbols import derivative, spans

COLUMNS = ("component", "because", "derivative", "with numbers", "value")
BECAUSE, DERIVATIVE, NUMBERS = "because", "derivative", "numbers"
_STYLE = Path(__file__).with_name("derivation.css")


def html(page: Page, figures: Figures, most_terms: int | None) -> str:
    """A page as one `<div class="ad-derivation">` with its style."""
    return _Html(page, figures, most_terms).fragment()


def ids(page: Page) -> dict[str, str]:
    """The id of each Value that a component of the page links: n0, n1, ... in order of appearance.

    >>> ids(Page(Words(""), items=[Block([], head=Partial("E", "w"))]))
    {'E': 'n0', 'w': 'n1'}
    """
    heads = [b.head for b in page.items if isinstance(b, Block) and isinstance(b.head, Partial)]
    names = dict.fromkeys(name for head in heads for name in (head.upper, head.lower))
    return {name: f"n{i}" for i, name in enumerate(names)}


@dataclass(slots=True)
class _Row:
    """What stands in the cells of one row: each a list of lines."""

    cells: dict[str, list[str]] = field(default_factory=dict)
    value: str = ""

    def add(self, column: str, line: str) -> None:
        self.cells.setdefault(column, []).append(line)


class _Html(Typesetter):
    def __init__(self, page: Page, figures: Figures, most_terms: int | None) -> None:
        super().__init__(MathML, figures, most_terms)
        self.page = page
        self.ids = ids(page)

    def fragment(self) -> str:
        aside = (
            f'<span class="ad-aside">{escape(self.page.aside)}</span>' if self.page.aside else ""
        )
        groups: list[str] = []
        rows: list[str] = []
        below: list[str] = []
        for item in self.page.items:
            if isinstance(item, Table):
                below.append(self._table(item))
            elif isinstance(item, Heading):
                groups.append("".join(rows))
                rows = [self._heading(item)]
            else:
                rows.append(self._item(item))
        groups.append("".join(rows))
        body = "".join(f"<tbody>\n{group}</tbody>\n" for group in groups if group)
        header = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
        table = f"<thead><tr>{header}</tr></thead>\n{body}" if body else ""
        caption = f"<caption>{self._prose(self.page.title)}{aside}</caption>\n"
        return (
            f'<div class="ad-derivation">\n<style>\n{_STYLE.read_text(encoding="utf-8")}</style>\n'
            f"<table>\n{caption}{table}</table>\n{''.join(below)}</div>"
        )

    # ------------------------------------------------------------ rows

    def _item(self, item: Item) -> str:
        match item:
            case Display(left=left, right=right, note=note):
                equation = self.piece(left) + self.symbols.sign("=") + self.piece(right)
                beside = f'<span class="ad-aside">{self._words(note)}</span>' if note else ""
                return self._wide("ad-display", _broken(equation) + beside)
            case Remark(text=text):
                return self._wide("ad-remark", self._words(text)) if text else ""
            case Block():
                return self._block(item)
            case Heading():
                return self._heading(item)
            case Table():
                return self._table(item)

    def _heading(self, heading: Heading) -> str:
        title = self._prose(heading.title)
        aside = f'<span class="ad-aside">{escape(heading.aside)}</span>' if heading.aside else ""
        cell = f'<th colspan="{len(COLUMNS)}" scope="colgroup">{title}{aside}</th>'
        return f'<tr class="ad-heading">{cell}</tr>\n'

    def _wide(self, name: str, content: str) -> str:
        return f'<tr class="{name}"><td colspan="{len(COLUMNS)}">{content}</td></tr>\n'

    def _block(self, block: Block) -> str:
        """A row, which is about its head or about what the first line defines."""
        head = block.head or block.lines[0].left
        row = _Row()
        for line in block.lines:
            self._line(row, line, line.left if block.head else None)
        name = f'<span class="ad-number">{escape(block.number)}</span>' if block.number else ""
        name += _displayed(self.piece(head)) if head else ""
        cells = "".join(
            f'<td class="ad-{column}" data-column="{label}">{_lines(row.cells.get(column))}</td>'
            for column, label in zip((BECAUSE, DERIVATIVE, NUMBERS), COLUMNS[1:4], strict=True)
        )
        value = f'<td class="ad-value" data-column="value">{row.value}</td>'
        kind = "ad-result" if block.result else "ad-component" if block.head else "ad-equation"
        link = ""
        if isinstance(block.head, Partial):
            upper, lower = self.ids[block.head.upper], self.ids[block.head.lower]
            link = f' data-upper="{upper}" data-lower="{lower}"'
        return f'<tr class="{kind}"{link}><th scope="row">{name}</th>{cells}{value}</tr>\n'

    def _line(self, row: _Row, line: Line, left: Piece | None) -> None:
        text = self.piece(left) if left else ""
        column = BECAUSE if left else _column(line.right)
        first = column not in row.cells and not left
        if not (first and (line.relation == "=" or column == NUMBERS)):  # of numbers: see the value
            text += self.symbols.sign(line.relation)
        row.add(column, _broken(text + self.piece(line.right)))
        if line.rule:
            row.add(BECAUSE, f'<span class="ad-note">{math(self.rule(*line.rule))}</span>')
        if line.note:
            row.add(BECAUSE, f'<span class="ad-note">{self._words(line.note)}</span>')
        if line.value is not None:
            row.value = math(self.value(line.value))

    # ------------------------------------------------------------ tables and words

    def _table(self, table: Table) -> str:
        header = "".join(
            f'<th scope="col"{_aligned([row[i] for row in table.rows])}>{escape(word)}</th>'
            for i, word in enumerate(table.header)
        )
        rows = "".join(
            "<tr>" + "".join(self._cell(piece) for piece in row) + "</tr>\n" for row in table.rows
        )
        head = f"<thead><tr>{header}</tr></thead>\n" if any(table.header) else ""
        return f'<table class="ad-table">\n{head}<tbody>\n{rows}</tbody>\n</table>\n'

    def _cell(self, piece: Piece) -> str:
        return f"<td{_aligned([piece])}>{_broken(self.piece(piece))}</td>"

    def _prose(self, piece: Piece) -> str:
        return (
            self._words(piece.text) if isinstance(piece, Words) else _displayed(self.piece(piece))
        )

    def _words(self, text: str) -> str:
        """Text for reading, its names in MathML."""
        return "".join(self._marked(*span) for span in spans(text))

    def _marked(self, text: str, is_name: bool) -> str:
        if not is_name:
            text = escape(re.sub(" {2,}", "\u2003", text))
            return text if text.isascii() else f"<bdi>{text}</bdi>"
        parts = derivative(text)
        return math(self.symbols.partial(*parts, inline=True) if parts else self.symbols.name(text))


def _column(piece: Piece) -> str:
    """Where an unnamed line belongs: meanings are reasons, numbers are substitutions."""
    leaves = _leaves(piece)
    if all(
        isinstance(leaf, Number) or (isinstance(leaf, Formula) and leaf.numbers) for leaf in leaves
    ):
        return NUMBERS
    if any(isinstance(leaf, Number) for leaf in leaves):
        return NUMBERS
    return BECAUSE if all(isinstance(leaf, (Partial, Words)) for leaf in leaves) else DERIVATIVE


def _leaves(piece: Piece) -> list[Piece]:
    match piece:
        case Factors(parts=parts) | Summands(parts=parts):
            return [leaf for part in parts for leaf in _leaves(part)]
        case Matrix(rows=rows):
            return [leaf for row in rows for part in row for leaf in _leaves(part)]
        case Change(left=left):
            return _leaves(left)
    return [piece]


def _aligned(cells: Sequence[Piece]) -> str:
    """What puts the cells of a column, or its header, above each other's digits."""
    return ' class="ad-value"' if any(isinstance(cell, Number) for cell in cells) else ""


def _displayed(text: str) -> str:
    return math(text, ' displaystyle="true"')


def _broken(text: str) -> str:
    return broken(text, ' displaystyle="true"')


def _lines(lines: list[str] | None) -> str:
    lines = lines or [""]
    return lines[0] if len(lines) == 1 else "".join(f"<div>{line}</div>" for line in lines)
