r"""Cases as calls of where: `\begin{cases} a & x > 0 \\ b \end{cases}` is where(x > 0, a, b)."""

import re

from autodiff.syntax import Source, Token

BEGIN, END, CELL, ROW = r"\begin{cases}", r"\end{cases}", "&", r"\\"
SIGNS = (BEGIN, END, CELL, ROW)
WORDS = re.compile(
    r"\\(?:text|textrm|mathrm|mbox)\{\s*(?:if|where|when|for|otherwise|else),?\s*\}"
    r"|otherwise(?![A-Za-z_])"
)


def chosen(cells: list[list[Token]], source: Source, at: int) -> list[Token]:
    """The tokens of nested calls of `where`, from a value and a condition for each row.

    An empty condition is the row for all else; it is the last.
    """
    rows = list(zip(cells[::2], cells[1::2], strict=True))
    if len(rows) < 2 or not all(value for value, _ in rows):
        raise source.error("a value is missing in these cases", at)
    if rows[-1][1] or not all(condition for _, condition in rows[:-1]):
        raise source.error(r"each case but the last has a condition; end with \text{otherwise}", at)
    *chosen_rows, (tokens, _) = rows
    for value, condition in reversed(chosen_rows):
        comma: Token = ("sign", ",", at)
        inside = [*condition, comma, *value, comma, *tokens]
        tokens = [("name", "where", at), ("sign", "(", at), *inside, ("sign", ")", at)]
    return tokens
