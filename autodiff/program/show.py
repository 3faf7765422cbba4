"""How a Program prints: one line for each array statement, with the user's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autodiff.names import shortest_suffixes
from autodiff.program.allocate import Layout
from autodiff.program.group import INPUT, SHARES
from autodiff.program.node import ROWS, SHARED, TOTAL, TOTAL_PRODUCT
from autodiff.program.steps import ADDED, Column, Step

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from autodiff.program.program import Program

SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "power": "**"}
MOST = 200  # lines


def shown(program: Program, layout: Layout, lengths: Mapping[int, int]) -> str:
    """The head, with the memory of a run, and the statements. `lengths` has that of each lane axis.

    A statement says how many numbers it computes, for each row (or lane) or once for all, what it
    is, and which of the user's names are among its results.
    """
    known = _Known(program, layout)
    lines = [_head(program, layout, lengths, known)]
    names = known.results
    for number, step in enumerate(layout.steps, 1):
        result = f"t{number}"
        if step.op != ADDED:
            names.update({(step.out.space, slot): result for slot in step.out.slots})
        else:
            result = names[step.out.space, step.out.slots[0]]
        if number <= MOST:
            lines.append(_statement(step, result, known))
    if len(layout.steps) > MOST:
        lines.append(f"  ... and {len(layout.steps) - MOST} more")
    return "\n".join(lines)


class _Known:
    """What the columns of a program are called: the user's names, cut short, and t1, t2, ..."""

    def __init__(self, program: Program, layout: Layout) -> None:
        titles = (name for step in layout.steps for name in step.title)
        paths = dict.fromkeys([*program.inputs, *program.parameter_names, *titles])
        self.short = short = shortest_suffixes(paths)
        self.inputs = [short[name] for name in program.inputs]
        self.parameters = [short[name] for name in program.parameter_names]
        self.constants = dict(layout.constants)
        self.results: dict[tuple[int, int], str] = {}


def _head(program: Program, layout: Layout, lengths: Mapping[int, int], known: _Known) -> str:
    slots = ", ".join(
        f"{rows} {'shared numbers' if axis == SHARED else 'rows of ' + _axis(axis)}"
        for axis, rows in sorted(layout.rows.items())
    )
    fixed, each = memory(layout, lengths)
    return (
        f"program of {_span(known.inputs) or 'no inputs'}; "
        f"parameters {_span(known.parameters) or 'none'}; "
        f"{len(layout.steps)} statements; {slots}; "
        f"{_bytes(fixed)}" + (f" and {_bytes(each)} for each row of X" if each else "")
    )


def memory(layout: Layout, lengths: Mapping[int, int]) -> tuple[int, int]:
    """Bytes of a run's numbers: those that any run needs, and those for each row of X."""
    fixed, each = layout.rows[SHARED], layout.rows.get(ROWS, 0)
    for axis in layout.lanes:
        fixed += layout.rows[axis] * lengths[axis]
    return 8 * fixed, 8 * each


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


def _axis(axis: int) -> str:
    return "X" if axis == ROWS else f"lanes {axis - ROWS}"


def _span(names: Sequence[str]) -> str:
    return " .. ".join(dict.fromkeys([*names[:1], *names[-1:]]))


def _statement(step: Step, result: str, known: _Known) -> str:
    operands = [_operand(column, known) for column in step.columns]
    if step.op in (TOTAL, TOTAL_PRODUCT):
        text = f"sum over {_axis(step.axis)} of {' * '.join(operands)}"
    elif step.op in ("inner", ADDED):
        text = f"dot({', '.join(operands)})"
    elif step.op in SIGNS:
        text = f" {SIGNS[step.op]} ".join(operands)
    else:
        shown = operands[: -1 if step.op in SHARES else None]
        text = (
            f"{step.op}({', '.join(shown if len(shown) < 6 else [*shown[:2], '...', shown[-1]])})"
        )
    sign = "+=" if step.op == ADDED else "="
    where = "shared" if step.out.space == SHARED else f"each {_axis(step.out.space)}"
    line = f"  {result}[{len(step.out.slots)}] {sign} {text}"
    title = _span([known.short[name] for name in step.title])
    return f"{line:<64}  # {where}{': ' if title else ''}{title}"


def _operand(column: Column, known: _Known) -> str:
    def of(slot: int) -> str:
        if column.space == INPUT:
            return known.inputs[slot]
        if column.space == SHARED and slot in known.constants:
            return f"{known.constants[slot]:.6g}"
        if column.space == SHARED and slot < len(known.parameters):
            return known.parameters[slot]
        return known.results.get((column.space, slot), "numbers")

    return _span(list(dict.fromkeys(map(of, column.slots))))
