"""Write autodiff/native/rows.h from the table of ops; `--check` only says whether it is fresh.

    python docs/make_kernels.py [--check]

Rows that elementary.h does not write by hand are the lowerings that `export` uses, spelled once
more: in C on lanes, where both sides of a choice are computed and one is kept.
"""

import re
import sys
from math import isinf, isnan
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEADER = ROOT / "autodiff" / "native" / "rows.h"
sys.path.insert(0, str(ROOT))

from autodiff import ops  # noqa: E402
from autodiff.export import LANGUAGES  # noqa: E402
from autodiff.export.layout import ARITHMETIC, Language, Unit, Writer  # noqa: E402
from autodiff.export.statements import Body, function_body, needed  # noqa: E402
from autodiff.op import TABLE, Op  # noqa: E402

HEAD = """\
/* Written by `python docs/make_kernels.py` from autodiff/ops.py and autodiff/export; do not edit.
 *
 * The rows that elementary.h leaves out, on lanes, and KERNELS, the kernel of every row in the
 * order of the table.
 */

#ifndef AUTODIFF_ROWS_H
#define AUTODIFF_ROWS_H

#include "elementary.h"

"""
COMPARISONS = ("less", "less_equal", "equal")
# A kernel in one of these headers is written by hand: `V v_exp(V x)` or `LANES_EACH(v_sin, sin)`.
WRITTEN = [HEADER.parent / "lanes.h", HEADER.parent / "elementary.h"]
DEFINITION = re.compile(
    r"^LANES_(?:(?:INLINE|LARGE) V (v_\w+)\((V \w+(?:, V \w+)*)\)|EACH(_PAIR)?\((v_\w+))", re.M
)
KINDS = {1: "UNARY", 2: "BINARY", 3: "TERNARY", None: "NARY"}


def call(function: str, count: int) -> str:
    return f"{function}({', '.join(['{}'] * count)})"


def number(x: float) -> str:
    """A number in every lane."""
    if isnan(x):
        return "v_of(NAN)"
    if isinf(x):
        return "v_of(INFINITY)" if x > 0.0 else "v_of(-INFINITY)"
    return f"v_of({x!r})"


def rows() -> list[Op]:
    """The rows of the package, without those a user added."""
    return [op for name, op in TABLE.items() if getattr(ops, name, None) is op]


def write(unit: Unit, language: Language) -> str:
    """All functions of the unit."""
    return "\n".join(Writer(language, unit).functions(unit, function))


def function(name: str, parameters: list[str], lines: list[str], result: str) -> str:
    head = f"LANES_LARGE V {name}({', '.join(f'V {p}' for p in parameters)})"
    body = "".join(f"    {line}\n" for line in [*lines, f"return {result};"])
    return f"{head}\n{{\n{body}}}\n"


def written() -> dict[str, int]:
    """The kernels that are written by hand, without their `v_`, and how many operands each has."""
    text = "".join(header.read_text(encoding="utf-8") for header in WRITTEN)
    return {
        (name or each).removeprefix("v_"): operands.count("V ") if name else 1 + bool(pair)
        for name, operands, pair, each in DEFINITION.findall(text)
    }


def lanes() -> Language:
    """C on lanes."""
    spellings = {name: call(f"v_{name}", count) for name, count in written().items()}
    spellings |= {name: call(f"m_{name}", 2) for name in COMPARISONS}
    spellings |= {name: sign for name, sign in ARITHMETIC.items() if name not in COMPARISONS}
    return Language(
        name="lanes",
        spellings=spellings,
        choice="v_select({}, {}, {})",
        either="m_or({}, {})",
        both="m_and({}, {})",
        nonzero="m_nonzero({})",
        truth="v_truth({})",
        number=number,
        declare="const V {} = {};",
        declare_truth="const M {} = {};",
        comment="/* {} */",
        write=write,
        prefix=True,
        ignore="(void){};",
        reserved=LANGUAGES["c"].reserved,
    )


def bodies(language: Language) -> dict[tuple[str, int], Body]:
    """The functions of all rows that are not written by hand, each after those it calls."""
    found: dict[tuple[str, int], Body] = {}
    for op in rows():
        if op.arity and op.name not in language.spelled:
            body = function_body(op.name, op.arity, language.spelled)
            found |= needed(body)
            found[op.name, op.arity] = body
    return found


def table() -> str:
    """KERNELS: which function runs a row."""
    lines = [
        f"    {KINDS[op.arity]}({op.name}, {'row' if op.arity is None else 'v'}_{op.name})"
        for op in rows()
    ]
    return "#define KERNELS(UNARY, BINARY, TERNARY, NARY) \\\n" + " \\\n".join(lines) + "\n"


def header() -> str:
    language = lanes()
    unit = Unit("v", Body(), bodies(language), {}, {}, True, {}, (), (), ())
    return f"{HEAD}{write(unit, language)}\n{table()}\n#endif\n"


def main(arguments: list[str]) -> None:
    if arguments == ["--check"]:
        if not HEADER.exists() or HEADER.read_text(encoding="utf-8") != header():
            sys.exit("rows.h is not what the table says; run python docs/make_kernels.py")
    elif arguments:
        sys.exit(__doc__)
    else:
        HEADER.write_text(header(), encoding="utf-8")
        print(f"{HEADER.name} written: {len(rows())} rows")


if __name__ == "__main__":
    main(sys.argv[1:])
