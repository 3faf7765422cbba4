"""Slots: where each number of a program lives, so that array operations find their operands side
by side.

What is shared lives in one vector: parameters first, in their order, then everything else where
the operation that reads it wants it. What varies lives in one table per axis, a row for each slot;
a group has consecutive rows, and rows whose last reader is done are used again.
"""

from __future__ import annotations

from collections.abc import Sequence

from autodiff.program.group import INPUT, SHARES, TOTALS, Group, sorted_operands, space
from autodiff.program.node import SHARED, Node

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


NOWHERE = (0, -1)
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


class Layout:
    """A program ready for a backend: steps in order, and what is where.

    * `constants`: (slot, number) in the shared vector; `sizes`: axis -> slot of its length.
    * `rows`: axis -> how many slots its table has; the shared vector is axis 0.
    * `lanes`: axis -> {slot: place of the leaf}. `outputs`: (space, slot) or a float, for each.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.constants: list[tuple[int, float]] = []
        self.sizes: dict[int, int] = {}
        self.rows: dict[int, int] = {}
        self.lanes: dict[int, dict[int, int]] = {}
        self.outputs: list[tuple[int, int] | float] = []


def allocate(
    nodes: Sequence[Node], groups: Sequence[Group], outputs: Sequence[Any], n_parameters: int
) -> Layout:
    """The layout of the groups that compute the outputs from the leaves among the nodes."""
    layout = Layout()
    shared = _Shared(layout, n_parameters)
    place: dict[Node, tuple[int, int]] = {}
    _leaves(nodes, layout, shared, place)
    shared.place_together([x for x in outputs if type(x) is Node])
    for group in reversed(groups):
        if group.axis == SHARED and all(node in shared.slots for node in group.nodes):
            group.nodes.sort(key=shared.slots.__getitem__)
        if len(group.nodes) > 1 or group.op == "inner":
            for columns in _operand_columns(group):
                for column in columns:
                    shared.place_together(column)
    for group in groups:
        if group.axis == SHARED:
            for node in group.nodes:
                shared.place(node)
    _varying(groups, outputs, layout, place)
    place.update({node: (SHARED, slot) for node, slot in shared.slots.items()})
    for group in groups:
        out = Column(group.axis, [place[node][1] for node in group.nodes])
        names = [node.name for node in group.nodes if node.name]
        axis = group.nodes[0].place if group.op in TOTALS else group.axis
        op = group.op
        for columns in _operand_columns(group, place):
            if len(columns[0]) == 1:
                found = [Column(*_place_of(x, place, shared)) for [x] in columns]
            else:
                found = [_column(column, place, shared) for column in columns]
            if op in SHARES:
                where = {x: i for i, [x] in reversed(list(enumerate(columns)))}
                found.append(Column(CHOSEN, [where[node.operands[0]] for node in group.nodes]))
            layout.steps.append(Step(op, axis, out, found, tuple(names[:1] + names[-1:])))
            op = ADDED
    layout.outputs = [place[x] if type(x) is Node else x for x in outputs]
    layout.rows[SHARED] = shared.used
    return layout


def _operand_columns(
    group: Group, place: dict[Node, tuple[int, int]] | None = None
) -> list[list[list[Any]]]:
    """The columns of operands of each step of a group, one column for each place of an operand.

    Sums of products have two: the left and the right factors, member after member; and as many
    steps as there are kinds of terms, in the order of `place` if that is known. Shares have the
    set, in columns of one, and which of it are singled out.
    """
    operands = [node.operands for node in group.nodes]
    if group.op == "inner":
        half = len(operands[0]) // 2
        kinds: dict[Any, list[int]] = {}
        for i, (x, y) in enumerate(zip(operands[0][:half], operands[0][half:], strict=True)):
            kinds.setdefault((space(x), space(y)), []).append(i)
        if group.axis == SHARED:
            kinds = {SHARED: list(range(half))}
        if place is not None:
            first = operands[0]
            for terms in kinds.values():
                terms.sort(
                    key=lambda i: (
                        place.get(first[half + i], NOWHERE),
                        place.get(first[i], NOWHERE),
                    )
                )
        return [
            [
                [xs[i] for xs in operands for i in terms],
                [xs[half + i] for xs in operands for i in terms],
            ]
            for terms in kinds.values()
        ]
    if group.op in SHARES:
        return [[[x] for x in sorted_operands(operands[0])]]
    return [[list(column) for column in zip(*operands, strict=True)]]


class _Shared:
    """The shared vector under construction."""

    def __init__(self, layout: Layout, n_parameters: int) -> None:
        self.layout = layout
        self.used = n_parameters
        self.slots: dict[Node, int] = {}
        self._blocks: dict[tuple[str, ...], int] = {}

    def place(self, node: Node) -> int:
        if node not in self.slots:
            self.slots[node] = self.used
            self.used += 1
        return self.slots[node]

    def place_together(self, column: Sequence[Any]) -> None:
        """Give a column consecutive slots if it is all shared results that have no slots yet."""
        for x in column:
            if type(x) is float or x.axis != SHARED or not x.operands or x in self.slots:
                return
        for x in column:
            self.place(x)

    def constants(self, numbers: list[float]) -> list[int]:
        """Slots with these numbers: one for all if they are equal, else consecutive ones."""
        texts = tuple([x.hex() for x in numbers])
        if len(set(texts)) == 1:
            return [self._block(texts[:1], numbers[:1])] * len(numbers)
        start = self._block(texts, numbers)
        return list(range(start, start + len(numbers)))

    def _block(self, texts: tuple[str, ...], numbers: list[float]) -> int:
        start = self._blocks.get(texts)
        if start is None:
            start = self._blocks[texts] = self.used
            self.layout.constants += [(start + i, x) for i, x in enumerate(numbers)]
            self.used += len(numbers)
        return start


def _leaves(
    nodes: Sequence[Node], layout: Layout, shared: _Shared, place: dict[Node, tuple[int, int]]
) -> None:
    for node in nodes:
        if node.operands:
            continue
        if node.op == "parameter":
            shared.slots[node] = node.place
        elif node.op == "input":
            place[node] = INPUT, node.place
        elif node.op == "lane":
            there = layout.lanes.setdefault(node.axis, {})
            place[node] = node.axis, len(there)
            there[len(there)] = node.place
        else:
            layout.sizes[node.place] = shared.place(node)


def _place_of(x: Any, place: dict[Node, tuple[int, int]], shared: _Shared) -> tuple[int, list[int]]:
    if type(x) is float:
        return SHARED, shared.constants([x])
    there, slot = place[x]
    return there, [slot]


def _column(column: list[Any], place: dict[Node, tuple[int, int]], shared: _Shared) -> Column:
    floats = [x for x in column if type(x) is float]
    if len(floats) == len(column):
        return Column(SHARED, shared.constants(floats))
    if floats:
        slots = [shared.constants([x])[0] if type(x) is float else place[x][1] for x in column]
    else:
        slots = [place[x][1] for x in column]
    [there] = {space(x) for x in column}  # grouping keeps spaces apart
    return Column(there, slots)


def _varying(
    groups: Sequence[Group],
    outputs: Sequence[Any],
    layout: Layout,
    place: dict[Node, tuple[int, int]],
) -> None:
    """Rows for what varies: a block for each group, free again after the last group that reads
    it.
    """
    owner: dict[Node, int] = {}
    last: list[int] = []
    for i, group in enumerate(groups):
        last.append(i)
        for node in group.nodes:
            owner[node] = i
            for arg in node.operands:
                if type(arg) is not float and arg in owner:
                    last[owner[arg]] = i
    for x in outputs:
        if type(x) is Node and x in owner:
            last[owner[x]] = len(groups)
    ending: dict[int, list[int]] = {}
    for i, end in enumerate(last):
        ending.setdefault(end, []).append(i)
    free: dict[tuple[int, int], list[int]] = {}
    starts: dict[int, int] = {}
    rows = {axis: len(there) for axis, there in layout.lanes.items()}
    for i, group in enumerate(groups):
        size = len(group.nodes)
        if group.axis != SHARED:
            same = free.get((group.axis, size))
            start = same.pop() if same else rows.get(group.axis, 0)
            rows[group.axis] = max(rows.get(group.axis, 0), start + size)
            starts[i] = start
            for offset, node in enumerate(group.nodes):
                place[node] = group.axis, start + offset
        for done in ending.get(i, ()):
            if done in starts:
                key = groups[done].axis, len(groups[done].nodes)
                free.setdefault(key, []).append(starts[done])
    layout.rows.update(rows)
