"""Write docs/ops.md from the table of ops; `--check` only says whether it is fresh.

    python docs/make_ops.py [--check]

Sections are the banners of autodiff/ops.py. Derivatives and expressions are the rows' own, run on
named Values and printed by the package's printer, so the page says what the table says.
"""

import re
import sys
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PAGE = DOCS / "ops.md"
TABLE_SOURCE = DOCS.parent / "autodiff" / "ops.py"
sys.path.insert(0, str(DOCS.parent))

from autodiff import Op, Value  # noqa: E402
from autodiff.formula import formula_text  # noqa: E402
from autodiff.op import TABLE  # noqa: E402
from autodiff.ops import dot, softmax  # noqa: E402

INTRODUCTION = """\
# The ops

<!-- Written by docs/make_ops.py from autodiff/ops.py; do not edit. -->

Every op is a function of the package (`ad.exp(x)`, for Values and numbers) and a method of
`Value` (`x.exp()`). `out` is the result of the op itself. A *composed* op stays one node of the
graph and is written as its name; the expression beside it is what it stands for, computed in a
form that loses no digits. Names in brackets are other spoken names of the same op.
"""
EXAMPLES = {"*xs": ("x1", "x2", "x3"), "*xs_then_ys": ("x1", "x2", "y1", "y2")}
LONGEST = 160
HEAD = "| op | what it is | derivatives | stands for |\n|---|---|---|---|\n"


def sections() -> dict[str, list[Op]]:
    """The banners of the table, each with its rows."""
    found: dict[str, list[Op]] = {}
    title = ""
    for line in TABLE_SOURCE.read_text(encoding="utf-8").splitlines():
        if banner := re.match(r"# -{4,} (.*)$", line):
            title = banner[1]
        elif row := re.match(r'\w+ = \w+\("(\w+)"', line):
            found.setdefault(title, []).append(TABLE[row[1]])
    missing = set(TABLE) - {row.name for rows in found.values() for row in rows}
    if missing:
        sys.exit(f"these rows begin otherwise than 'name = Op(\"name\"': {', '.join(missing)}")
    return found


def written(expression: Any, *operands: Value) -> str:
    """A number or a Value, as the package prints it, in code quotes."""
    if not isinstance(expression, Value):
        return f"`{expression or 0.0:g}`".replace("-", "−")
    labels = {operand: operand.name for operand in operands}
    text = labels.get(expression) or formula_text(expression, labels)
    return f"`{text}`" if len(text) <= LONGEST else "long: see its row in autodiff/ops.py"


def operands(row: Op) -> list[Value]:
    """Named Values to run a row on: a few of them for an op of any number of operands."""
    names = row.arguments if row.arity is not None else EXAMPLES[row.arguments[0]]
    return [Value(0.25 * i, name) for i, name in enumerate(names, 1)]


def derivatives(row: Op) -> Iterator[str]:
    """d out / d argument, in order."""
    args = operands(row)
    out = Value(row.forward(*(arg.data for arg in args)), "out")
    partials = [p(out, *args) if callable(p) else p for p in row.partials]
    for arg, partial in zip(args, partials or row.all_partials(out, *args), strict=True):
        yield f"∂{arg.name}: {written(partial, out, *args)}"


def line(row: Op) -> str:
    also = f" ({', '.join(row.aliases)})" if row.aliases else ""
    args = operands(row)
    stands_for = written(row.formula(*args), *args) if row.formula else ""
    cells = (f"`{row.signature}`{also}", row.summary, "<br>".join(derivatives(row)), stands_for)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def page() -> str:
    parts = [INTRODUCTION]
    for title, rows in sections().items():
        parts.append(f"\n## {title[:1].upper()}{title[1:]}\n\n{HEAD}" + "".join(map(line, rows)))
    parts.append("\n## Functions of lists that are more than a row\n\n")
    for function in (softmax, dot):
        names = ", ".join(signature(function).parameters)
        parts.append(f"- `{function.__name__}({names})`: {function.__doc__}\n")
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
