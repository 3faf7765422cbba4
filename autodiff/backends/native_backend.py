"""Programs on the native core: a layout becomes the text of a `Machine`, see native/machine.c.

The text is a list of int32 numbers, so the core needs to know nothing of Python objects. Steps keep
the order they have along each axis, since slots are used again; across axes they are put into as
few *segments* as possible. A segment runs along one axis, in windows that fit into the cache, and
what it adds up over the axis is known when it ends.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence, Set
from functools import partial
from importlib import import_module
from math import isfinite

from autodiff.native import instructions, load
from autodiff.program.allocate import ADDED, CHOSEN, Column, Layout, Step
from autodiff.program.grid import grid
from autodiff.program.group import INPUT, SHARES
from autodiff.program.node import ROWS, SHARED, TOTAL, TOTAL_PRODUCT
from autodiff.program.segments import segments

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

np: Any = import_module("numpy")  # this module is imported where a program runs
machine: Any = load("machine")  # None where it was not built: there, nothing below is called

(ELEMENTWISE, PAIR, MANY, SHARE, ALL_SHARES, INNER_MATRIX, INNER_TERMS, INNER_SHARED,
 TOTAL_PLAIN, TOTAL_PAIRS, TOTAL_GRID) = range(11)  # fmt: skip
ADDS, BIAS, WITH_SUM = 1, 2, 4
PLACES = {name: i for i, name in enumerate(getattr(machine, "ROWS", ()))}
PAIRS = {pair: i for i, pair in enumerate(getattr(machine, "PAIRS", ()))}
SETS = {name: i for i, name in enumerate(getattr(machine, "SETS", ()))}
MANY_OPERANDS = {"sum", "inner", "logsumexp", *SHARES}
FEW, FOUR_LANES = 4, "AVX2"
GRID = 3  # factors on either side from which on a grid pays
KNOWN = frozenset((*PLACES, TOTAL, TOTAL_PRODUCT))


class Runner:
    """A layout ready to run on any number of rows; `lanes` are the numbers of its lanes."""

    def __init__(
        self, layout: Layout, n_inputs: int, lanes: Sequence[Any], n_parameters: int
    ) -> None:
        self.layout = layout
        self.instructions = instructions()
        self.machines: dict[str | None, Any] = {}
        self.make = partial(made, layout, n_inputs, lanes, n_parameters)
        self.machine: Any = None  # of the last run
        rows = [
            i for i, place in enumerate(layout.outputs) if type(place) is tuple and place[0] == ROWS
        ]
        self.varying = {i: at for at, i in enumerate(rows)}
        self.lengths = lengths_of(layout, lanes)
        self.longest = max(self.lengths.values(), default=0)
        self.results = np.zeros(len(layout.outputs))
        self.columns: Any = None

    def machine_for(self, n: int) -> Any:
        """The machine that suits `n` rows: four lanes are enough for four, and quicker."""
        wanted = self.instructions
        if wanted is None and max(n, self.longest) <= FEW and FOUR_LANES in machine.INSTRUCTIONS:
            wanted = FOUR_LANES
        found = self.machines.get(wanted)
        if found is None:
            found = self.machines[wanted] = self.make(wanted)
        self.machine = found
        return found

    def run(self, parameters: Any, inputs: Any) -> None:
        """Run all steps; `inputs` has a row for each input."""
        if self.varying:
            self.columns = np.empty((len(self.varying), inputs.shape[1]))
        there = self.machine_for(inputs.shape[1])
        there.run(parameters, inputs, None, self.results, self.columns)

    def descend(
        self,
        parameters: Any,
        inputs: Any,
        order: Any,
        rate: float,
        batch: int,
        mean: bool,
        values: Any,
    ) -> int:
        """Steps of descent, as many as there is room for values; how many were made before one
        whose numbers are not finite.
        """
        there = self.machine_for(batch or inputs.shape[1])
        steps = len(values)
        return int(there.descend(parameters, inputs, order, rate, steps, batch, mean, True, values))

    def bound(self, parameters: Any, inputs: Any, rate: float, mean: bool, otherwise: Any) -> Any:
        """A function that makes one step on these inputs, or calls `otherwise`."""
        there = self.machine_for(inputs.shape[1])
        return machine.Bound(there, parameters, inputs, rate, mean, otherwise).step

    def finite(self, inputs: Any) -> bool:
        """Whether all outputs are."""
        if not isfinite(np.add.reduce(self.results)) and not np.isfinite(self.results).all():
            return False
        places = self.layout.outputs
        columns = [
            i for i, place in enumerate(places) if type(place) is tuple and place[0] != SHARED
        ]
        return all(bool(np.isfinite(self.output(i, inputs)).all()) for i in columns)

    def gradient(self) -> Any:
        """Outputs 1, 2, ... as a vector; they are all shared."""
        return self.results[1:]

    def output(self, i: int, inputs: Any) -> Any:
        """Output number i: an array if it varies, else a float."""
        place = self.layout.outputs[i]
        if type(place) is tuple and place[0] == INPUT:
            return inputs[place[1]]
        if i in self.varying:
            return self.columns[self.varying[i]]
        if type(place) is tuple and place[0] != SHARED:
            column = np.empty(self.lengths[place[0]])
            self.machine.read(*place, column)
            return column
        return float(self.results[i])


def made(
    layout: Layout,
    n_inputs: int,
    lanes: Sequence[Any],
    n_parameters: int,
    wanted: str | None = None,
) -> Any:
    """The Machine of a layout; `wanted` names an instruction set, if not the widest."""
    shared = [0.0] * layout.rows[SHARED]
    for slot, number in layout.constants:
        shared[slot] = number
    n_axes = max([ROWS, *layout.rows])
    lengths = lengths_of(layout, lanes)
    for axis, slot in layout.sizes.items():
        if axis != ROWS:
            shared[slot] = lengths[axis]
    outputs = []
    for place in layout.outputs:
        if type(place) is float:
            outputs += [SHARED, len(shared)]
            shared.append(place)
        elif place[0] == INPUT:  # type: ignore[index]
            outputs += [SHARED, 0]  # read from the input itself
            shared = shared or [0.0]
        else:
            outputs += place  # type: ignore[arg-type]
    parts = segments(layout.steps)
    whole = sum(axis == ROWS for axis, _ in parts) > 1
    text = array("i", [n_axes, n_inputs, n_parameters, len(shared), whole])
    for axis in range(ROWS, n_axes + 1):
        size = layout.sizes.get(axis, -1) if axis == ROWS else -1
        text.extend([layout.rows.get(axis, 0), lengths.get(axis, axis != ROWS), size])
    text.append(len(layout.outputs))
    text.extend(outputs)
    columns = sum(len(step.columns) + 1 for step in layout.steps)
    text.extend([len(layout.steps), columns, len(parts)])
    ones = {slot for slot, number in layout.constants if number == 1.0}
    for axis, steps in parts:
        merged = together(steps, ones)
        text.extend([axis, len(merged)])
        for step in merged:
            step.write(text, n_axes + 1)
    leaves = [
        (axis, slot, np.asarray(lanes[place], dtype=np.float64))
        for axis, there in layout.lanes.items()
        for slot, place in there.items()
    ]
    return machine.Machine(text, np.array(shared), leaves, wanted)


def lengths_of(layout: Layout, lanes: Sequence[Any]) -> dict[int, int]:
    """How many entries each lane axis has."""
    return {axis: len(lanes[min(there.values())]) for axis, there in layout.lanes.items()}


class Instruction:
    """A step as the core has it; kinds and options are those of machine.c."""

    __slots__ = ("axis", "columns", "kind", "option", "out", "place", "terms")

    def __init__(self, step: Step) -> None:
        op = step.op
        self.axis = step.axis
        self.out = step.out
        self.columns = step.columns
        self.place = PLACES.get(op, 0)
        self.terms = 1
        self.option = ADDS if op == ADDED else 0
        if op in ("inner", ADDED):
            self._sum_of_products()
        elif op == TOTAL:
            self.kind = TOTAL_PLAIN
        elif op == TOTAL_PRODUCT:
            self.kind = TOTAL_PAIRS
            self._grid(step)
        elif op in SHARES:
            self.kind = ALL_SHARES if self.axis else SHARE
            if self.axis:
                self.place = SETS[op]
        else:
            self.kind = MANY if op in MANY_OPERANDS else ELEMENTWISE

    def _grid(self, step: Step) -> None:
        """If it is one: the right factors are the lanes, so they are those that fill vectors."""
        found = grid(step)
        if found is None:
            return
        lefts, rights, results = found
        left, right = step.columns
        if min(len(lefts), len(rights)) < GRID:
            return
        if len(rights) * vectors(lefts) < len(lefts) * vectors(rights):
            results = [
                results[i] for j in range(len(rights)) for i in range(j, len(results), len(rights))
            ]
            left, right, lefts, rights = right, left, rights, lefts
        self.kind, self.out = TOTAL_GRID, Column(SHARED, results)
        self.columns = [Column(left.space, lefts), Column(right.space, rights)]

    def _sum_of_products(self) -> None:
        left, right = self.columns
        terms = self.terms = len(left.slots) // len(self.out.slots)
        self.kind = INNER_SHARED if self.axis == SHARED else INNER_TERMS
        if (left.space == SHARED) != (right.space == SHARED):
            if right.space == SHARED:
                left, right = right, left
            if right.slots[:terms] * len(self.out.slots) == right.slots:
                self.kind = INNER_MATRIX
                self.columns = [left, Column(right.space, right.slots[:terms])]

    def write(self, text: array[int], inputs: int) -> None:
        """Add it to the text; `inputs` is the space of the rows of X."""
        text.extend([self.kind, self.place, len(self.out.slots), self.terms, self.option])
        text.append(len(self.columns))
        for column in (self.out, *self.columns):
            if column.space != CHOSEN:
                text.append(inputs if column.space == INPUT else column.space)
            text.append(len(column.slots))
            text.extend(column.slots)


def vectors(slots: Sequence[int]) -> int:
    """How many vectors of the widest kind they fill."""
    return -(-len(slots) // 8)


def together(steps: Sequence[Step], ones: Set[int]) -> list[Instruction]:
    """The steps of a segment; those that are cheaper with the one before are joined to it."""
    found: list[Instruction] = []
    before: Step | None = None
    for step in steps:
        last = found[-1] if found else None
        if before is not None and last is not None and step.axis and join(before, step, last, ones):
            before = None
        else:
            found.append(Instruction(step))
            before = step
    return found


def join(before: Step, step: Step, last: Instruction, ones: Set[int]) -> bool:
    """Whether the instruction of the step before now does this step as well."""
    if step.op == ADDED and last.kind == INNER_MATRIX:
        bias, factor = step.columns
        plain = bias.space == factor.space == SHARED and ones >= set(factor.slots)
        if plain and len(bias.slots) == len(last.out.slots):
            last.columns.append(bias)
            last.option |= BIAS
            return True
    elif (before.op, step.op) in PAIRS:
        [one], [other] = before.columns, step.columns
        if one.space == other.space and one.slots == other.slots:
            last.kind, last.place = PAIR, PAIRS[before.op, step.op]
            last.columns = [one, step.out]
            return True
    elif before.op == "logsumexp" and step.op == "logsumexp_share" and len(before.out.slots) == 1:
        shares = Instruction(step)
        operands = sorted((c.space, c.slots) for c in step.columns[:-1])
        if shares.kind == ALL_SHARES and operands == sorted(
            (c.space, c.slots) for c in before.columns
        ):
            shares.option |= WITH_SUM
            last.kind, last.place, last.option = shares.kind, shares.place, shares.option
            last.columns = [*shares.columns, last.out]
            last.out = shares.out
            return True
    return False
