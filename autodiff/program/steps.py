"""The steps of a layout: array operations over columns of slots, as objects or packed.

A large layout has millions of slots. The compiled passes write its steps as int32 numbers, one
after the other, and go on from there (native/writing.c), so no objects are made of them. Whoever
iterates over `layout.steps` gets objects.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

CHOSEN = -2  # not a space: which of the columns before, for each member
ADDED = "inner_added"  # further terms for results that an `inner` step began


class Column:
    """The operands that the members of a group have in one place: a space and a slot in it for
    each.
    """

    __slots__ = ("slots", "space")

    def __init__(self, space: int, slots: list[int]) -> None:
        self.space = space  # an axis, or INPUT
        self.slots = slots

    def __getstate__(self) -> Any:
        return self.slots, self.space

    def __setstate__(self, state: Any) -> None:
        self.slots, self.space = state


class Step:
    """One array operation: a column of results from columns of operands, all as long as each
    other.
    """

    __slots__ = ("axis", "columns", "op", "out", "title")

    def __init__(self, op: str, axis: int, out: Column, columns: list[Column], title: Any) -> None:
        self.op = op
        self.axis = axis  # the axis the operation runs along: of its results, or the one it adds up
        self.out = out
        self.columns = columns
        self.title = title  # first name, last name among the results

    def __getstate__(self) -> Any:
        return self.op, self.axis, self.out, self.columns, self.title

    def __setstate__(self, state: Any) -> None:
        self.op, self.axis, self.out, self.columns, self.title = state


class Packed:
    """`count` steps as int32 numbers: in `code`, of each step its op (a place in `ops`), its axis
    and how many columns it has; then space, number of slots, and slots, of the results and of each
    column. `titles` has those of the steps that have one, by number.
    """

    __slots__ = ("code", "count", "ops", "titles")

    def __init__(self, code: bytes, count: int, ops: list[str], titles: dict[int, Any]) -> None:
        self.code = code
        self.count = count
        self.ops = ops
        self.titles = titles

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Step]:
        numbers = memoryview(self.code).cast("i")
        at = 0
        for number in range(self.count):
            op, axis, n = numbers[at : at + 3]
            at += 3
            columns = []
            for _ in range(n + 1):
                end = at + 2 + numbers[at + 1]
                columns.append(Column(numbers[at], numbers[at + 2 : end].tolist()))
                at = end
            yield Step(self.ops[op], axis, columns[0], columns[1:], self.titles.get(number, ()))

    def __getstate__(self) -> Any:
        return self.code, self.count, self.ops, self.titles

    def __setstate__(self, state: Any) -> None:
        self.code, self.count, self.ops, self.titles = state


def packed(steps: Iterable[Step]) -> Packed:
    """The same steps, packed."""
    if isinstance(steps, Packed):
        return steps
    code = array("i")
    ops: dict[str, int] = {}
    titles = {}
    count = 0
    for count, step in enumerate(steps, 1):
        code.extend([ops.setdefault(step.op, len(ops)), step.axis, len(step.columns)])
        for column in (step.out, *step.columns):
            code.extend([column.space, len(column.slots), *column.slots])
        if step.title:
            titles[count - 1] = step.title
    return Packed(code.tobytes(), count, list(ops), titles)
