"""Write docs/ops.md from the table of ops; `--check` only says whether it is fresh.

    python docs/make_ops.py [--check]

Sections are the banners of autodiff/ops.py. Derivatives and expressions are the rows' own, run on
named Values and printed by the package's printer, so the page says what the table says.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PAGE = DOCS / "ops.md"
TABLE_SOURCE = DOCS.parent / "autodiff" / "ops.py"
sys.path.insert(0, str(DOCS.parent))

from autodiff import Op, Value  # noqa: E402
from autodiff.ops import TABLE  # noqa: E402

INTRODUCTION = """\
# The ops

<!-- Written by docs/make_ops.py from autodiff/ops.py; do not edit. -->

Every op is a function of the package (`ad.exp(x)`, for Values and numbers) and a method of
`Value` (`x.exp()`). `out` is the result of the op itself. A *composed* op stays one node of the
graph and is written as its name; the expression beside it is what it stands for, computed in a
form that loses no digits. Names in brackets are other spoken names of the same op.
"""
HEAD = "| op | what it is | derivatives | stands for |\n|---|---|---|---|\n"


def sections() -> Iterator[tuple[str, list[Op]]]:
    """The banners of the table, each with its rows."""
    title, rows = "", []
    for line in TABLE_SOURCE.read_text(encoding="utf-8").splitlines():
        banner = re.match(r"# -{4,} (.*)$", line)
        row = re.match(r'\w+ = Op\("(\w+)"', line)
        if row:
            rows.append(TABLE[row[1]])
        elif banner:
            if rows:
                yield title, rows
            title, rows = banner[1], []
    if rows:
        yield title, rows


def written(expression: Any) -> str:
    """A number or a Value, as the package prints it, safe in a cell of a table."""
    if not isinstance(expression, Value):
        return f"{expression:g}"
    return (expression.name or expression.formula()).replace("|", "\\|")


def operands(row: Op) -> list[Value]:
    """Named Values to run a row on; three of them for an op of any number of operands."""
    if row.arity is None:
        name = row.arguments[0].lstrip("*")
        names = [f"{name.removesuffix('s')}{i}" for i in (1, 2, 3)]
    else:
        names = list(row.arguments)
    return [Value(0.25 * i, name) for i, name in enumerate(names, 1)]


def derivatives(row: Op) -> Iterator[str]:
    """d out / d argument, in order."""
    args = operands(row)
    out = Value(row.forward(*(arg.data for arg in args)), "out")
    if row.arity is None:
        partials = row.partials(out, *args)
    else:
        partials = [p(out, *args) if callable(p) else p for p in row.partials]
    for arg, partial in zip(args, partials, strict=True):
        yield f"∂{arg.name}: `{written(partial)}`"


def line(row: Op) -> str:
    also = f" ({', '.join(row.aliases)})" if row.aliases else ""
    stands_for = f"`{written(row.formula(*operands(row)))}`" if row.formula else ""
    cells = (f"`{row.signature}`{also}", row.summary, "<br>".join(derivatives(row)), stands_for)
    return "| " + " | ".join(cells) + " |\n"


def page() -> str:
    parts = [INTRODUCTION]
    for title, rows in sections():
        parts.append(f"\n## {title[:1].upper()}{title[1:]}\n\n{HEAD}" + "".join(map(line, rows)))
    return "".join(parts)


def main(arguments: list[str]) -> None:
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            sys.exit("docs/ops.md is not what the table says; run python docs/make_ops.py")
    elif arguments:
        sys.exit(__doc__)
    else:
        PAGE.write_text(page(), encoding="utf-8")
        print(f"{PAGE.name} written: {len(TABLE)} ops")


if __name__ == "__main__":
    main(sys.argv[1:])
