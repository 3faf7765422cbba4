"""`strict()` for programs: which node created the first nan or inf, and in which row.

A backend knows arrays, not nodes. So in strict mode every node of the program is an output of one
more layout, which finds the rows; and such a row is recorded again as Values (`replayed`), where
the node is found, with its operands' numbers, as the eager engine would. Sums of products are taken
apart for that: what the user wrote was a product and a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from math import isfinite

from autodiff.graph import call_text, topological
from autodiff.modes import MODES, created, only
from autodiff.op import TABLE
from autodiff.program.node import ROWS, SHARED, TOTAL, TOTAL_PRODUCT
from autodiff.value import Value, record

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    from autodiff.program.program import Program

ROWS_AT_A_TIME = 256  # a number for every node is kept for so many rows


def is_strict() -> bool:
    return "strict" in MODES.get()


def refuse_nonfinite(
    program: Program, X: Any, parameters: Any, numbers: Callable[[Any], list[Any]]
) -> None:
    """Raise FloatingPointError at the first row in which a node of the program creates a nan or an
    inf.

    `numbers(X)` are the numbers of all nodes for some rows. Also raises where nothing is created,
    but an output is not finite, because an input, a parameter or a constant is not.
    """
    import numpy as np

    for start in range(0, X.shape[1], ROWS_AT_A_TIME):
        part = X[:, start : start + ROWS_AT_A_TIME]
        suspicious = np.zeros(part.shape[1], dtype=bool)
        for column in numbers(part):
            bad = ~np.isfinite(column)
            suspicious |= bad if np.shape(bad) == suspicious.shape else bad.any()
        for i in np.nonzero(suspicious)[0].tolist():
            outputs = replayed(program, part[:, i].tolist(), parameters, _where(X, start + i))
            for name, y in zip(program.output_names, outputs, strict=True):
                if not isfinite(y.data):
                    raise FloatingPointError(
                        f"{name} is {y.data}{_where(X, start + i)}{_because(y)}"
                    )


def refuse_nonfinite_total(
    program: Program,
    X: Any,
    parameters: Any,
    value: float,
    gradient: Any,
    gradient_of: Callable[[Any], Any],
) -> None:
    """Raise FloatingPointError if the value or the gradient over all rows is not finite.

    For a gradient it names the node, in the first row where that stops being finite.
    `gradient_of(X)` is the gradient over some rows, added up.
    """
    import numpy as np

    if not isfinite(value):
        raise FloatingPointError(f"{program.output_names[0]}, added up over all rows, is {value}")
    if np.isfinite(gradient).all():
        return
    worst = int(np.nonzero(~np.isfinite(gradient))[0][0])
    text = f"the gradient with respect to {program.parameter_names[worst]} is {gradient[worst]}"
    first, last = 0, X.shape[1]
    while last - first > 1:
        middle = (first + last) // 2
        if np.isfinite(gradient_of(X[:, first:middle])).all():
            first = middle
        else:
            last = middle
    where = _where(X, first)
    [y] = replayed(program, X[:, first].tolist(), parameters, where)
    with only("strict"):
        try:
            y.backward()
        except FloatingPointError as error:
            raise FloatingPointError(f"{error}{where}") from None
    raise FloatingPointError(f"{text}, added up over all rows")


def _because(y: Value) -> str:
    """The leaves behind y that are not finite, where nothing else explains y."""
    given = [x for x in topological(y) if not x.operands and not isfinite(x.data)]
    return "".join(f"; {x.name} = {x.data} was given" for x in given[:1])


def _where(X: Any, row: int) -> str:
    return f" in row {row}" if len(X) else ""


def replayed(program: Program, row: Sequence[float], parameters: Any, where: str) -> list[Value]:
    """The outputs for one row as recorded Values; raises at the first node that creates a nan or an
    inf.
    """
    tape, lanes = program._tape, program._leaves
    made: list[Any] = []
    lengths = {axis: len(lanes[place]) for op, place, axis, _ in tape.nodes() if op == "lane"}
    leaf: dict[str, Callable[[int, int], Any]] = {
        "input": lambda i, axis: Value(row[i], program.inputs[i]),
        "parameter": lambda i, axis: Value(float(parameters[i]), program.parameter_names[i]),
        "lane": lambda i, axis: [Value(number) for number in lanes[i]],
    }
    add = partial(_recorded, where, "add")
    with only():
        for i, (op, place, axis, operands) in enumerate(tape.nodes()):
            name = tape.names.get(i, "")
            args = [x if type(x) is float else made[x] for x in operands]
            if not operands:
                made.append(leaf[op](place, axis))
            elif op in (TOTAL, TOTAL_PRODUCT):
                terms = [
                    _recorded(where, "mul", *term) if op == TOTAL_PRODUCT else term[0]
                    for term in _by_lane(args, lengths[place])
                ]
                made.append(reduce(add, terms))
            elif axis in (SHARED, ROWS):
                made.append(_spelled(where, op, args, name))
            else:
                lanes_of_args = _by_lane(args, lengths[axis])
                made.append([_spelled(where, op, each, name) for each in lanes_of_args])
    return [Value(x) if type(x) is float else made[x] for x in tape.results()]


def _by_lane(args: list[Any], length: int) -> Iterator[list[Any]]:
    """The operands of each lane: those that vary have a Value for each."""
    for k in range(length):
        yield [x[k] if type(x) is list else x for x in args]


def _spelled(where: str, op: str, args: list[Any], name: str) -> Any:
    """One node; a sum of products as products and sums."""
    if op != "inner":
        return _recorded(where, op, *args, name=name)
    half = len(args) // 2
    terms = [
        x if type(y) is float and y == 1.0 else _recorded(where, "mul", x, y)
        for x, y in zip(args[:half], args[half:], strict=True)
    ]
    total = terms[0]
    for k, term in enumerate(terms[1:], 2):
        total = _recorded(where, "add", total, term, name=name if k == half else "")
    return total


def _recorded(where: str, op: str, *args: Any, name: str = "") -> Value:
    node = record(TABLE[op], args)
    node.name = name
    if created(node.data, node.point):
        text = call_text(TABLE[op], node.operands, node.point, name)
        raise FloatingPointError(f"{text} is {node.data}{where}")
    return node
