"""Slots: where each number of a program lives, so that array operations find their operands side
by side.

What is shared lives in one vector: parameters first, in their order, then everything else where
the operation that reads it wants it. What varies lives in one table per axis, a row for each slot;
a group has consecutive rows there (`blocks.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from autodiff.program.blocks import place_blocks
from autodiff.program.group import SHARES, TOTALS, Group, sorted_operands, space
from autodiff.program.node import SHARED, Node
from autodiff.program.steps import ADDED, CHOSEN, Column, Packed, Step

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any


NOWHERE = (0, -1)


class Layout:
    """A program ready for a backend: steps in order, and what is where.

    * `constants`: (slot, number) in the shared vector; `sizes`: axis -> slot of its length.
    * `rows`: axis -> how many slots its table has; the shared vector is axis 0.
    * `lanes`: axis -> {slot: place of the leaf}. `outputs`: (space, slot) or a float, for each.
    """

    def __init__(self) -> None:
        self.steps: list[Step] | Packed = []
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
    count = 1 + max((node.index for node in nodes), default=-1)
    shared = _Shared(layout, n_parameters, count)
    slots = shared.slots
    _leaves(nodes, layout, shared)
    shared.place_together([x for x in outputs if type(x) is Node])
    for group in reversed(groups):
        members = group.nodes
        if (
            group.axis == SHARED
            and len(members) > 1
            and all(slots[node.index] >= 0 for node in members)
        ):
            members.sort(key=lambda node: slots[node.index])
        if len(members) > 1 or group.op == "inner":
            _place_operands(group, shared)
    for group in groups:
        if group.axis == SHARED:
            for node in group.nodes:
                shared.place(node)
    lanes = {axis: len(there) for axis, there in layout.lanes.items()}
    layout.rows.update(place_blocks(groups, outputs, slots, lanes))
    layout.steps = [step for group in groups for step in _steps(group, shared)]
    layout.outputs = [(space(x), slots[x.index]) if type(x) is Node else x for x in outputs]
    layout.rows[SHARED] = shared.used
    return layout


def _place_operands(group: Group, shared: _Shared) -> None:
    """Let the operands of a group lie side by side, as far as nothing else has placed them."""
    if group.op == "inner":
        for lefts, rights in _terms(group):
            shared.place_together(lefts)
            shared.place_together(rights)
    elif group.op in SHARES:
        for x in sorted_operands(group.nodes[0].operands):
            shared.place_together([x])
    else:
        for i, x in enumerate(group.nodes[0].operands):
            if shared.is_open(x):
                shared.place_together([node.operands[i] for node in group.nodes])


def _steps(group: Group, shared: _Shared) -> list[Step]:
    """The steps of a group: one, or for sums of products one for each kind of terms."""
    nodes, op, slots = group.nodes, group.op, shared.slots
    out = Column(group.axis, [slots[node.index] for node in nodes])
    axis = nodes[0].place if op in TOTALS else group.axis
    names = [node.name for node in nodes if node.name]
    title = (names[0], names[-1]) if names else ()
    if op == "inner":
        pairs = [[shared.column(column) for column in pair] for pair in _terms(group, slots)]
        return [Step(ADDED if i else op, axis, out, pair, title) for i, pair in enumerate(pairs)]
    operands = nodes[0].operands
    if op in SHARES:
        together = sorted_operands(operands)
        columns = [shared.column([x]) for x in together]
        where = {x: i for i, x in reversed(list(enumerate(together)))}
        columns.append(Column(CHOSEN, [where[node.operands[0]] for node in nodes]))
    elif len(nodes) == 1:
        columns = [
            Column(SHARED, shared.constants([x]))
            if type(x) is float
            else Column(space(x), [slots[x.index]])
            for x in operands
        ]
    else:
        columns = list(map(shared.column, zip(*[node.operands for node in nodes], strict=True)))
    return [Step(op, axis, out, columns, title)]


def _terms(group: Group, slots: Sequence[int] = ()) -> list[tuple[list[Any], list[Any]]]:
    """The left and the right factors of sums of products, member after member, once for each kind
    of terms; in the order of their `slots` if these are known.
    """
    operands = [node.operands for node in group.nodes]
    first = operands[0]
    half = len(first) // 2
    kinds: dict[Any, list[int]] = {}
    if group.axis == SHARED:
        kinds[SHARED] = list(range(half))
    else:
        for i in range(half):
            kind = space(first[i]), space(first[half + i])
            if kind in kinds:
                kinds[kind].append(i)
            else:
                kinds[kind] = [i]
    if slots:

        def place(x: Any) -> tuple[int, int]:
            return NOWHERE if type(x) is float else (space(x), slots[x.index])

        for terms in kinds.values():
            if len(terms) > 1:
                terms.sort(key=lambda i: (place(first[half + i]), place(first[i])))
    return [
        (
            [xs[i] for xs in operands for i in terms],
            [xs[half + i] for xs in operands for i in terms],
        )
        for terms in kinds.values()
    ]


class _Shared:
    """Slots under construction, by the index of a node (-1: none yet), and the shared vector."""

    def __init__(self, layout: Layout, n_parameters: int, count: int) -> None:
        self.layout = layout
        self.used = n_parameters
        self.slots = [-1] * count
        self._blocks: dict[Any, int] = {}

    def place(self, node: Node) -> int:
        slot = self.slots[node.index]
        if slot < 0:
            slot = self.slots[node.index] = self.used
            self.used += 1
        return slot

    def is_open(self, x: Any) -> bool:
        """Whether x is a shared result without a slot."""
        return (
            type(x) is not float
            and x.axis == SHARED
            and self.slots[x.index] < 0
            and len(x.operands) > 0
        )

    def place_together(self, column: Sequence[Any]) -> None:
        """Give a column consecutive slots if it is all shared results that have no slots yet."""
        for x in column:
            if not self.is_open(x):
                return
        for x in column:
            self.place(x)

    def column(self, operands: Sequence[Any]) -> Column:
        """Where these operands are: in one space, since grouping keeps spaces apart."""
        slots = self.slots
        floats = [x for x in operands if type(x) is float]
        if not floats:
            return Column(space(operands[0]), [slots[x.index] for x in operands])
        if len(floats) == len(operands):
            return Column(SHARED, self.constants(floats))
        mixed = [self.constants([x])[0] if type(x) is float else slots[x.index] for x in operands]
        return Column(SHARED, mixed)

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


def _leaves(nodes: Sequence[Node], layout: Layout, shared: _Shared) -> None:
    slots = shared.slots
    for node in nodes:
        if node.operands:
            continue
        if node.op == "parameter" or node.op == "input":
            slots[node.index] = node.place
        elif node.op == "lane":
            there = layout.lanes.setdefault(node.axis, {})
            slot = slots[node.index] = len(there)
            there[slot] = node.place
        else:
            layout.sizes[node.place] = shared.place(node)
