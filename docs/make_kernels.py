"""Write autodiff/native/rows.h from the table of ops; `--check` only says whether it is fresh.

    python docs/make_kernels.py [--check]

Rows that elementary.h does not write by hand are the lowerings that `export` uses, spelled once
more: in C on lanes, where both sides of a choice are computed and one is kept. A side that costs
more than a few instructions is left out when no lane takes it; no bit of a result depends on that.
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
from autodiff.export.statements import (  # noqa: E402
    CONSTANT,
    PARAMETER,
    Body,
    Operand,
    Symbol,
    function_body,
    needed,
)
from autodiff.op import TABLE, Op  # noqa: E402

HEAD = """\
/* Written by `python docs/make_kernels.py` from autodiff/ops.py and autodiff/export; do not edit.
 *
 * The rows that elementary.h leaves out, on lanes, and KERNELS, the kernel of every row in the
 * order of the table. v_f_a and v_f_b are the two sides of a choice that v_f makes; no lane may
 * need one of them.
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
CHEAP = {
    PARAMETER,
    CONSTANT,
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "square",
    "absolute",
    "sqrt",
    "sign",
}
CHEAP |= {"where", "maximum", "minimum", "sum_tail", "product_tail", *COMPARISONS}
EACH = 8  # a call for each lane costs about as much as so many kernels on all lanes
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
    """A kernel; one that is a choice has its condition as `result` and calls its two sides."""
    head = f"{'LANES_INLINE' if name in SIDES else 'LANES_LARGE'} V {name}("
    head += ", ".join(f"V {p}" for p in parameters) + ")"
    last = [f"return {result};"]
    if name in CHOICES:
        mask = re.fullmatch(r"v_truth\((.*)\)", result)
        last = [f"const M first = {mask[1] if mask else f'm_nonzero({result})'};"]
        taken = zip("ab", ("m_any(first)", "!m_all(first)"), CHOICES[name], strict=True)
        for variable, condition, side in taken:
            if isinstance(side, str):
                given = ", ".join(parameters)
                last.append(f"V {variable} = v_of(0.0);")
                last.append(f"if ({condition})")
                last.append(f"    {variable} = {side}({given});")
            else:
                last.append(f"const V {variable} = {number(side)};")
        last.append("return v_select(first, a, b);")
    body = "".join(f"    {line}\n" for line in [*lines, *last])
    return f"{head}\n{{\n{body}}}\n"


# ---------------------------------------------------------------- choices with a costly side

CHOICES: dict[str, list[str | float]] = {}  # the kernels that were split, and their sides
SIDES: set[str] = set()


def closure(body: Body, operand: Operand) -> set[int]:
    """The statements that an operand needs."""
    found: set[int] = set()
    waiting = [operand]
    while waiting:
        index = waiting.pop()
        if type(index) is int and index not in found:
            found.add(index)
            waiting += body.statements[index].args
    return found


def cost(body: Body, indices: set[int], each: set[str]) -> int:
    """About how many kernels on all lanes some statements are worth."""
    ops = [body.statements[index].op for index in indices]
    return sum(EACH if op in each else op not in CHEAP for op in ops)


def part(body: Body, operand: Operand) -> Body:
    """The body of one operand alone."""
    found = Body(body.parameters, body.spelled)
    found.statements = list(body.statements)
    found.finish([Symbol(found, operand) if isinstance(operand, int) else operand])
    return found


def split(name: str, body: Body, each: set[str]) -> dict[str, Body]:
    """A kernel, after its two sides where it is a choice and one of them is costly."""
    result = body.results[0]
    last = body.statements[result] if isinstance(result, int) else None
    if last is None or last.op != "where":
        return {name: body}
    condition, a, b = (closure(body, operand) for operand in last.args)
    alone, shared = (a ^ b) - condition, (a & b) - condition
    if cost(body, alone, each) <= cost(body, shared, each):
        return {name: body}
    found: dict[str, Body] = {}
    sides = CHOICES[f"v_{name}"] = []
    for letter, operand in zip("ab", last.args[1:], strict=True):
        if isinstance(operand, int):
            side = f"{name}{letter}" if f"v_{name}" in SIDES else f"{name}_{letter}"
            SIDES.add(f"v_{side}")
            found |= split(side, part(body, operand), each)
            sides.append(f"v_{side}")
        else:
            sides.append(operand)
    return found | {name: part(body, last.args[0])}


# ---------------------------------------------------------------- the language


def written() -> tuple[dict[str, int], set[str]]:
    """The kernels that are written by hand, without their `v_`: how many operands each has; and
    those that call math.h for each lane.
    """
    counts, each = {}, set()
    for header in WRITTEN:
        for name, operands, pair, called in DEFINITION.findall(header.read_text(encoding="utf-8")):
            kernel = (name or called).removeprefix("v_")
            counts[kernel] = operands.count("V ") if name else 1 + bool(pair)
            if called:
                each.add(kernel)
    return counts, each


def lanes() -> Language:
    """C on lanes."""
    spellings = {name: call(f"v_{name}", count) for name, count in written()[0].items()}
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
    each = written()[1]
    return {
        (part, arity): body
        for (name, arity), whole in found.items()
        for part, body in split(name, whole, each).items()
    }


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
