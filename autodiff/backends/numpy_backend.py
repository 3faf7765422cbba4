"""Programs on NumPy: each step of a layout becomes one call on views of buffers that are made once.

The shared vector has a number in each slot; the table of an axis has a row in each slot and a
column for each entry of the axis. Rows of X are read where the user has them, in slices that fit
into the cache. What a step needs is found once for each number of rows (`Runner`), so a run is a
plain list of calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from math import isfinite

from autodiff.backends.binding import Bound
from autodiff.backends.calls import is_progression
from autodiff.program.allocate import Layout
from autodiff.program.group import INPUT
from autodiff.program.node import ROWS, SHARED
from autodiff.program.phases import AFTER, BEFORE, DURING, phases, slices

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

np: Any = import_module("numpy")  # this module is imported where a program runs


class Runner:
    """A layout ready to run on `n` rows; `lanes` are the numbers of its lanes."""

    def __init__(
        self, layout: Layout, n: int, n_inputs: int, lanes: Sequence[Any], n_parameters: int
    ) -> None:
        self.layout = layout
        self.n_parameters = n_parameters
        self.shared = np.zeros(max(layout.rows[SHARED], 1))
        for slot, number in layout.constants:
            self.shared[slot] = number
        lengths = {axis: len(lanes[min(there.values())]) for axis, there in layout.lanes.items()}
        for axis, slot in layout.sizes.items():
            self.shared[slot] = n if axis == ROWS else lengths[axis]
        steps = list(layout.steps)
        phase_of, sliceable = phases(steps)
        width = layout.rows.get(ROWS, 0) + n_inputs
        self.slices = slices(n, width) if sliceable else [slice(0, n)]
        self.bounds: list[Bound] = []
        made: dict[int, Bound] = {}
        for part in self.slices:
            rows = part.stop - part.start
            if rows not in made:
                wanted = {DURING} if made else {BEFORE, DURING, AFTER}
                lengths[ROWS] = rows
                made[rows] = Bound(layout, steps, self.shared, dict(lengths), phase_of, wanted)
            self.bounds.append(made[rows])
        for axis, there in layout.lanes.items():
            for slot, place in there.items():
                self.bounds[0].tables[axis][slot] = lanes[place]
        totals = {
            slot
            for step in steps
            if step.axis == ROWS and step.out.space == SHARED
            for slot in step.out.slots
        }
        self.totals = indices(sorted(totals))
        self.varying = {
            i: np.empty(n)
            for i, place in enumerate(layout.outputs)
            if len(self.slices) > 1 and type(place) is tuple and place[0] == ROWS
        }
        self._slots = self._find_gradient()

    def run(self, parameters: Any, inputs: Any) -> None:
        """Run all steps; `inputs` has a row for each input."""
        self.shared[: self.n_parameters] = parameters
        first = self.bounds[0]
        first.run(BEFORE, inputs)
        if len(self.slices) == 1:
            first.run(DURING, inputs)
        else:
            self._run_slices(inputs)
        first.run(AFTER, inputs)

    def _run_slices(self, inputs: Any) -> None:
        sums: Any = 0.0
        for part, bound in zip(self.slices, self.bounds, strict=True):
            bound.run(DURING, inputs[:, part])
            sums = sums + self.shared[self.totals]
            for i, column in self.varying.items():
                slot = self.layout.outputs[i][1]  # type: ignore[index]
                column[part] = bound.tables[ROWS][slot]
        self.shared[self.totals] = sums

    def finite(self, inputs: Any) -> bool:
        """Whether all outputs are."""
        count = len(self.layout.outputs)
        if self._slots is not None:
            if not isfinite(np.add.reduce(self.gradient())):
                return False
            count = 1
        return all(bool(np.isfinite(self.output(i, inputs)).all()) for i in range(count))

    def gradient(self) -> Any:
        """Outputs 1, 2, ... as a vector; they are all shared."""
        found = self.shared[self._slots]
        if self._numbers:
            found[list(self._numbers)] = list(self._numbers.values())
        return found

    def _find_gradient(self) -> Any:
        """The slots of outputs 1, 2, ... if all are shared; None if not.

        One that is the same whatever the parameters are has no slot: its number is put in later.
        """
        places = self.layout.outputs[1:]
        self._numbers = {i: x for i, x in enumerate(places) if type(x) is float}
        found = [(SHARED, 0) if type(x) is float else x for x in places]
        if any(space != SHARED for space, _ in found):  # type: ignore[misc]
            return None
        slots = [slot for _, slot in found]  # type: ignore[misc]
        return np.array(slots, dtype=np.intp) if self._numbers else indices(slots)

    def output(self, i: int, inputs: Any) -> Any:
        """Output number i: an array if it varies, else a float."""
        place = self.layout.outputs[i]
        if type(place) is float:
            return place
        space, slot = place  # type: ignore[misc]
        if space == SHARED:
            return float(self.shared[slot])
        if space == INPUT:
            return inputs[slot]
        return self.varying[i] if i in self.varying else self.bounds[0].tables[space][slot]


def indices(slots: list[int]) -> Any:
    """Slots as a slice, if they are side by side, or as an array."""
    if slots and is_progression(slots, 1):
        return slice(slots[0], slots[0] + len(slots))
    return np.array(slots, dtype=np.intp)
