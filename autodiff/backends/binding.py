"""The steps of a layout as calls on views of buffers, for rows in slices of one length."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from itertools import zip_longest

from autodiff.backends.calls import Patch, affine_key, is_progression, scatter, take
from autodiff.backends.emit import emit, emit_pair
from autodiff.program.allocate import Layout
from autodiff.program.group import INPUT
from autodiff.program.node import ROWS, SHARED
from autodiff.program.phases import BEFORE
from autodiff.program.steps import Column, Step

TYPE_CHECKING = False  # importing typing would double the time of `import autodiff`
if TYPE_CHECKING:
    from typing import Any

    Call = tuple[Callable[..., object], Sequence[Any]]

np: Any = import_module("numpy")  # this module is imported by the NumPy backend alone


class Bound:
    """Calls for the steps of some phases, on the shared vector and on tables of its own.

    `phase_of` says when each step runs; `lengths` how long each axis is.
    """

    def __init__(
        self,
        layout: Layout,
        steps: list[Step],
        shared: Any,
        lengths: Mapping[int, int],
        phase_of: list[int],
        wanted: Collection[int],
    ) -> None:
        self.shared = shared
        self.lengths = lengths
        self.tables = {
            axis: np.empty((rows, lengths[axis])) for axis, rows in layout.rows.items() if axis
        }
        self._views: dict[int, list[Any]] = {
            axis: [None] * rows for axis, rows in layout.rows.items()
        }
        self.ones = {slot for slot, number in layout.constants if number == 1.0}
        self.calls: list[list[Call]] = [[], [], []]
        self.patches: list[tuple[list[Any], int, Any, bool]] = []
        self._phase = BEFORE
        pairs = zip_longest(steps, steps[1:], phase_of)
        for step, following, self._phase in pairs:
            if self._phase not in wanted:
                continue
            if following is not None and emit_pair(self, step, following):
                next(pairs)
            else:
                emit(self, step)

    def run(self, phase: int, inputs: Any) -> None:
        """Run the steps of a phase; `inputs` has a row for each input."""
        for patched, i, key, transposed in self.patches:
            patched[i] = inputs[key].T if transposed else inputs[key]
        for f, args in self.calls[phase]:
            f(*args)

    # ------------------------------------------------------------ views

    def call(self, f: Callable[..., object], *args: Any) -> None:
        """Add a call to the phase; where there is an array for the result, it comes last."""
        for arg in args:
            if type(arg) is Patch:
                break
        else:
            self.calls[self._phase].append((f, args))
            return
        found = list(args)
        for i, arg in enumerate(args):
            if type(arg) is Patch:
                self.patches.append((found, i, arg.key, arg.transposed))
        self.calls[self._phase].append((f, found))

    def single(self, column: Column) -> Any:
        """The only number or row of a column, as a 1-d array; many steps share one view."""
        [slot] = column.slots
        views = self._views[column.space]
        view = views[slot]
        if view is None:
            space = column.space
            view = self.shared[slot : slot + 1] if space == SHARED else self.tables[space][slot]
            views[slot] = view
        return view

    def rows(self, column: Column, each: bool = True, transposed: bool = False) -> Any:
        """The rows of a column as a 2-d array; unless `each` counts, one row if all are the
        same.
        """
        key = affine_key(column.slots, each)
        if column.space == INPUT:
            if key is not None:
                return Patch(key, transposed)
            return self.gathered(Patch(slice(None), False), column, transposed)
        if column.space == SHARED:
            return self.matrix(column.slots, len(column.slots), 1)
        table = self.tables[column.space]
        if key is not None:
            return table[key].T if transposed else table[key]
        return self.gathered(table, column, transposed)

    def gathered(self, source: Any, column: Column, transposed: bool) -> Any:
        axis = ROWS if column.space == INPUT else column.space
        copy = np.empty((len(column.slots), self.lengths[axis]))
        self.call(take, source, np.array(column.slots), copy)
        return copy.T if transposed else copy

    def matrix(self, slots: list[int], rows: int, columns: int) -> Any:
        """Shared numbers as a matrix, member after member; a view if they lie regularly."""
        view = self.strided(slots, rows, columns)
        if view is None:
            view = np.empty((rows, columns))
            self.call(take, self.shared, np.array(slots).reshape(rows, columns), view)
        return view

    def strided(self, slots: list[int], rows: int, columns: int) -> Any:
        start = slots[0]
        right = slots[1] - start if columns > 1 else 1
        down = slots[columns] - start if rows > 1 else columns
        if right < 0 or down < 0:
            return None
        if columns == 1:
            regular = is_progression(slots, down)
        else:
            regular = all(
                slots[i * columns] == start + i * down
                and is_progression(slots[i * columns : (i + 1) * columns], right)
                for i in range(rows)
            )
        if not regular:
            return None
        item = self.shared.itemsize
        return np.ndarray(
            (rows, columns),
            buffer=self.shared,
            offset=start * item,
            strides=(down * item, right * item),
        )

    def target(self, step: Step, rows: int, columns: int) -> tuple[Any, Callable[[], None]]:
        """Where results go, as a matrix, and what has to be done when they are there."""
        slots = step.out.slots
        if step.out.space != SHARED:
            return self.tables[step.out.space][slots[0] : slots[0] + len(slots)], lambda: None
        view = self.strided(slots, rows, columns)
        if view is not None:
            return view, lambda: None
        made = np.empty((rows, columns))
        index = np.array(slots).reshape(rows, columns)
        return made, lambda: self.call(scatter, self.shared, index, made)
