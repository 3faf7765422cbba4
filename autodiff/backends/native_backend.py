"""Programs on the native core: a layout becomes the text of a `Machine`, see native/machine.c.

The text is a list of int32 numbers, so the core needs to know nothing of Python objects. Its steps,
most of it, are written by native/writing.c, which takes the steps of the layout as they are packed.
They are put into as few *segments* as possible: a segment runs along one axis, in windows that fit
into the cache, and what it adds up over the axis is known when it ends.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from math import isfinite

from autodiff.modes import MODES
from autodiff.native import instructions, load
from autodiff.program.allocate import Layout
from autodiff.program.group import INPUT, SHARES
from autodiff.program.node import ROWS, SHARED, TOTAL, TOTAL_PRODUCT
from autodiff.program.steps import ADDED, packed

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

np: Any = import_module("numpy")  # this module is imported where a program runs
machine: Any = load("machine")  # None where it was not built: there, nothing below is called
nodes: Any = load("nodes")  # likewise

# Kinds of instructions, numbered as in native/reading.h. Those not named here are chosen where the
# columns of a step are known: native/writing.c says how to add one.
ELEMENTWISE, PAIR, MANY, SHARE, ALL_SHARES = range(5)
INNER_TERMS, TOTAL_PLAIN, TOTAL_PAIRS = 6, 8, 9
ADDS = 1
WAYS = {  # how an op is done, if not number by number: kind and option
    "inner": (INNER_TERMS, 0),
    ADDED: (INNER_TERMS, ADDS),
    TOTAL: (TOTAL_PLAIN, 0),
    TOTAL_PRODUCT: (TOTAL_PAIRS, 0),
    "sum": (MANY, 0),
    "logsumexp": (MANY, 0),
    **dict.fromkeys(SHARES, (SHARE, 0)),
}
PLACES = {name: i for i, name in enumerate(getattr(machine, "ROWS", ()))}
SETS = {name: i for i, name in enumerate(getattr(machine, "SETS", ()))}
JOINTS = {  # two ops that are cheaper together: kind and place
    **{pair: (PAIR, i) for i, pair in enumerate(getattr(machine, "PAIRS", ()))},
    ("logsumexp", "logsumexp_share"): (ALL_SHARES, SETS.get("logsumexp_share", 0)),
}
THEN = {"relu": 1, "mul": 2, "relu_slope": 3}  # what is done to results before they are stored
FEW, FOUR_LANES = 4, "AVX2"
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
        self.column_outputs = [  # outputs that are no single number
            i
            for i, place in enumerate(layout.outputs)
            if type(place) is tuple and place[0] != SHARED
        ]
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
        return machine.Bound(there, parameters, inputs, rate, mean, otherwise, MODES).step

    def finite(self, inputs: Any) -> bool:
        """Whether all outputs are."""
        if not isfinite(np.add.reduce(self.results)) and not np.isfinite(self.results).all():
            return False
        return all(bool(np.isfinite(self.output(i, inputs)).all()) for i in self.column_outputs)

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
            self.machine.read(i, column)
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
    segments, *counts, of_rows, code, outputs = written(layout, n_axes + 1, array("i", outputs))
    text = array("i", [n_axes, n_inputs, n_parameters, len(shared), of_rows > 1])
    for axis in range(ROWS, n_axes + 1):
        size = layout.sizes.get(axis, -1) if axis == ROWS else -1
        text.extend([layout.rows.get(axis, 0), lengths.get(axis, axis != ROWS), size])
    text.append(len(layout.outputs))
    text.frombytes(outputs)
    text.extend([*counts, segments])
    text.frombytes(code)
    del code  # of a large program as large as all the rest
    leaves = [
        (axis, slot, np.asarray(lanes[place], dtype=np.float64))
        for axis, there in layout.lanes.items()
        for slot, place in there.items()
    ]
    return machine.Machine(text, np.array(shared), leaves, wanted)


def lengths_of(layout: Layout, lanes: Sequence[Any]) -> dict[int, int]:
    """How many entries each lane axis has."""
    return {axis: len(lanes[min(there.values())]) for axis, there in layout.lanes.items()}


def written(layout: Layout, inputs: int, outputs: array[int]) -> tuple[Any, ...]:
    """Of the text: how many segments, steps and columns there are, how many of the segments run
    along the rows of X, the segments, and where the outputs are then. `inputs` is the space of the
    rows of X.
    """
    steps = packed(layout.steps)
    ways, joints = array("i"), array("i")
    for op in steps.ops:
        kind, option = WAYS.get(op, (ELEMENTWISE, 0))
        ways.extend([kind, PLACES.get(op, 0), option, SETS.get(op, 0), THEN.get(op, 0)])
    for (first, second), how in JOINTS.items():
        if first in steps.ops and second in steps.ops:
            joints.extend([steps.ops.index(first), steps.ops.index(second), *how])
    ones = array("i", [slot for slot, number in layout.constants if number == 1.0])
    found: tuple[Any, ...] = nodes.text(steps.code, len(steps), ways, joints, ones, inputs, outputs)
    return found
